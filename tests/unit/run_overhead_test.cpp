// Store and driver cost less than 1 % of trials that take 1 ms.

#include <gtest/gtest.h>

#include <ctime>

#include "tests/unit/run_fake.hpp"

namespace cucurbit {
namespace {

constexpr std::size_t series_count = 144;  // 24 points with 6 arms

/// Trials that take 1 ms and no processor.
class IdleSimulation final : public Simulation {
public:
    void run(std::span<const std::uint64_t> trials, TrialValues& out) override {
        if (out.trials != trials.size()) {
            out.trials = trials.size();
            out.values.assign(trials.size() * series_count, 0.5);
            out.outcomes.assign(out.values.size(), Outcome{Status::ok, Rung::cholesky, 0});
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(1) * trials.size());
    }
};

class IdleSetting final : public Setting {
public:
    std::string_view kind() const override { return "idle"; }
    std::vector<std::string> parameters() const override { return {"n", "noise_std"}; }
    std::vector<bool> whole_parameters() const override { return {true, false}; }
    std::string identity() const override { return "idle"; }
    std::vector<Design> designs() const override {
        Design design;
        design.canonical = "idle";
        for (std::size_t s = 0; s < series_count; ++s) {
            if (s % 6 == 0) design.points.push_back({{static_cast<double>(s), 0.2}});
            const std::string arm = "arm" + std::to_string(s % 6);
            design.series.push_back({s / 6, arm, arm, "excess_risk"});
        }
        return {design};
    }
    std::unique_ptr<Simulation> simulation(const Design&, Engine&, std::size_t) const override {
        return std::make_unique<IdleSimulation>();
    }
    std::vector<TheoryRow> theory(const Point&) const override { return {}; }
    Coordinates coordinates(const Point&) const override { return {}; }
};

double processor_seconds() {
    timespec time{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

TEST(Overhead, StoreAndDriverTakeLessThanOnePercent) {
    constexpr std::uint64_t trials = 6400;
    Study study = fake::study({}, trials);
    study.setting = std::make_shared<IdleSetting>();
    double least = 1.0;
    for (int i = 0; i < 3 && least >= 0.01; ++i) {  // other processes slow this one down
        const Folder folder;
        fake::run_into(folder.path(), fake::study({}, 1));     // what a process does once
        std::this_thread::sleep_for(std::chrono::seconds(1));  // until the BLAS's own threads rest
        const double before = processor_seconds();
        fake::run_into(folder.path() / "run", study, 2);
        const double share = (processor_seconds() - before) / (1e-3 * trials);
        std::printf("store and driver: %.2f %% of 1 ms trials\n", 100 * share);
        least = std::min(least, share);
    }
    EXPECT_LT(least, 0.01);
}

}  // namespace
}  // namespace cucurbit
