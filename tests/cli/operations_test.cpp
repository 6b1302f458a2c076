// The doctor's checks of operations: complete, and blind to nothing.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <limits>
#include <regex>
#include <set>

#include "host/cli/operation_checks.hpp"
#include "kernels/costs/counting_engine.hpp"
#include "kernels/cpu/engine.hpp"

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
    for (const char* serving :
         {"Engine", "preferred_lanes", "allocate", "indices", "upload", "download"})
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

}  // namespace
}  // namespace cucurbit::cli
