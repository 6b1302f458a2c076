// The doctor's checks of operations: complete, and blind to nothing.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <limits>
#include <regex>
#include <set>

#include "cucurbit/costs.hpp"
#include "host/cli/operation_checks.hpp"
#include "kernels/costs/counting_engine.hpp"
#include "kernels/cpu/engine.hpp"
#include "tests/support/simulate.hpp"

namespace cucurbit::cli {
namespace {

TEST(OperationChecks, CoverTheContract) {
    std::ifstream file(CUCURBIT_SOURCE "/kernels/contract.hpp");
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    const std::string engine = text.substr(text.find("class Engine {"));
    const std::regex declaration(R"(virtual\s+[\w:<>\s]*?(\w+)\()");
    std::set<std::string> operations;
    for (std::sregex_iterator found(engine.begin(), engine.end(), declaration), end; found != end;
         ++found)
        operations.insert((*found)[1]);
    // What every check goes through.
    for (const char* serving : {"Engine", "preferred_lanes", "prefers_adjacent_labels", "allocate",
                                "indices", "upload", "download"})
        operations.erase(serving);
    std::set<std::string> checked;
    for (const OperationCheck& check : operation_checks()) checked.emplace(check.name);
    EXPECT_EQ(checked, operations);
    EXPECT_GE(operations.size(), 29u);
}

TEST(OperationChecks, DoWhatTheySay) {
    for (const OperationCheck& check : operation_checks()) {
        CountingEngine engine(std::size_t{1} << 24);
        Worktable on(engine);
        check.run(on, 33);
        EXPECT_EQ(
            std::count(engine.operations().begin(), engine.operations().end(), check.name) > 0,
            true)
            << check.name;
        EXPECT_FALSE(on.taken().empty()) << check.name;
    }
}

/// The CPU's engine, but for one number of whatever comes back.
class WrongEngine final : public CpuEngine {
public:
    explicit WrongEngine(double (*spoil)(double)) : spoil_(spoil) {}
    void download(const double* from, std::span<double> to) override {
        CpuEngine::download(from, to);
        double& largest = *std::max_element(to.begin(), to.end());
        largest = spoil_(largest);
    }

private:
    double (*spoil_)(double);
};

TEST(OperationChecks, FindPlantedErrors) {
    CpuEngine right;
    WrongEngine slightly([](double value) { return value * (1.0 + 1e-9); });
    WrongEngine not_at_all([](double) { return std::numeric_limits<double>::quiet_NaN(); });
    for (OperationCheck check : operation_checks()) {
        check.largest = 65;
        EXPECT_EQ(examine_operation(check, right, right).health, Health::good) << check.name;
        EXPECT_EQ(examine_operation(check, right, slightly).health, Health::bad) << check.name;
        EXPECT_EQ(examine_operation(check, right, not_at_all).health, Health::bad) << check.name;
    }
}

TEST(OperationChecks, WantTheSameBitsOfCopiesAndDraws) {
    CpuEngine right;
    WrongEngine in_the_last_bit([](double value) { return std::nextafter(value, 1e300); });
    for (OperationCheck check : copy_checks()) {
        check.largest = 65;
        EXPECT_EQ(examine_operation(check, right, in_the_last_bit).health, Health::bad)
            << check.name;
    }
}

TEST(Differences, OfTrialsAreFound) {
    const Study study = study_of(R"(
        schema = 1
        study = { name = "bench", kind = "model_shift", seed = 1 }
        population = { p = 8, spectrum = { kind = "power_law", exponent = 1.0 }, signal = { kind = "power_law", exponent = 1.5 } }
        target = { n = [3, 20], noise_std = [0.0, 0.2], arms = ["standard"] }
        precision = { trials = 16 }
    )");
    const Design design = study.setting->designs().at(0);
    const EnginePointer engine = make_engine("cpu");
    const TrialValues right = simulate(study, design, *engine, first_trials(4), 4);
    EXPECT_EQ(largest_difference(study, design, right, right), 0.0);
    for (std::size_t s = 0; s < design.series.size(); ++s) {
        const auto& point = design.points[design.series[s].point].parameters;
        const bool zero = point[1] > point[0] && point[2] == 0.0;  // least squares without noise
        TrialValues wrong = right;
        wrong.values[4 * s + 3] *= 1.0 + 1e-6;
        const double found = largest_difference(study, design, right, wrong);
        EXPECT_NEAR(found, zero ? 0.0 : 1e-6, 1e-9) << s;
        EXPECT_EQ(found > allowed_difference, !zero) << s;
        wrong.outcomes[4 * s + 3].status = Status::not_finite;
        const double lost = largest_difference(study, design, wrong, right);
        EXPECT_EQ(std::isinf(lost), !zero) << s;
    }
}

TEST(Differences, DecideHowManyTrialsAreNeeded) {
    const Study study = study_of(R"(
        schema = 1
        study = { name = "bench", kind = "model_shift", seed = 1 }
        population = { p = 8, spectrum = { kind = "power_law", exponent = 1.0 }, signal = { kind = "power_law", exponent = 1.5 } }
        target = { n = [3, 8], noise_std = 0.2, arms = ["standard"] }
        precision = { trials = 16 }
    )");
    const Design design = study.setting->designs().at(0);
    std::vector<Moments> moments(2);
    for (const double value : {1.0, 3.0}) moments[0].add(value);    // variance 2, mean 2
    for (const double value : {0.0, 100.0}) moments[1].add(value);  // n = p has no variance
    EXPECT_NEAR(trials_for(0.01, study, design, moments), 5000.0, 1e-9);
}

}  // namespace
}  // namespace cucurbit::cli
