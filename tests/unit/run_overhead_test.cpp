// Store and driver cost less than 1 % of trials that take 1 ms, and less than 10 % of 20 µs.

#include <gtest/gtest.h>

#include <atomic>
#include <ctime>

#include "tests/unit/run_fake.hpp"

namespace cucurbit {
namespace {

/// A trial's time and values.
struct Trial {
    std::chrono::microseconds time;
    std::size_t series;
};

double seconds_of(clockid_t clock) {
    timespec time{};
    ::clock_gettime(clock, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

/// Trials that take their time, and no processor but for writing their values.
class IdleSimulation final : public Simulation {
public:
    explicit IdleSimulation(Trial trial) : trial_(trial) {}
    void run(std::span<const std::uint64_t> trials, TrialValues& out) override {
        const double before = seconds_of(CLOCK_THREAD_CPUTIME_ID);
        if (out.trials != trials.size()) {
            out.trials = trials.size();
            out.values.assign(trials.size() * trial_.series, 0.5);
            out.outcomes.assign(out.values.size(), Outcome{Status::ok, Rung::cholesky, 0});
        }
        std::this_thread::sleep_for(trial_.time * trials.size());
        own_seconds += seconds_of(CLOCK_THREAD_CPUTIME_ID) - before;
    }
    /// Processor seconds of all simulations so far, which are not the store's or the driver's.
    static inline std::atomic<double> own_seconds = 0.0;

private:
    Trial trial_;
};

double overhead_seconds() {
    return seconds_of(CLOCK_PROCESS_CPUTIME_ID) - IdleSimulation::own_seconds;
}

class IdleSetting final : public Setting {
public:
    explicit IdleSetting(Trial trial) : trial_(trial) {}
    std::string_view kind() const override { return "idle"; }
    std::vector<std::string> parameters() const override { return {"n", "noise_std"}; }
    std::vector<bool> whole_parameters() const override { return {true, false}; }
    std::string identity() const override { return "idle"; }
    std::vector<Design> designs() const override {
        Design design;
        design.canonical = "idle";
        for (std::size_t s = 0; s < trial_.series; ++s) {
            if (s % 6 == 0) design.points.push_back({{static_cast<double>(s), 0.2}});
            const std::string arm = "arm" + std::to_string(s % 6);
            design.series.push_back({s / 6, arm, arm, "excess_risk"});
        }
        return {design};
    }
    std::unique_ptr<Simulation> simulation(const Design&, Engine&, std::size_t) const override {
        return std::make_unique<IdleSimulation>(trial_);
    }
    std::vector<TheoryRow> theory(const Point&) const override { return {}; }
    Coordinates coordinates(const Point&) const override { return {}; }

private:
    Trial trial_;
};

/// What store and driver take of so many trials, at best: other processes slow this one down.
double share_of(Trial trial, std::uint64_t trials, double enough) {
    Study study = fake::study({}, trials);
    study.setting = std::make_shared<IdleSetting>(trial);
    const double seconds =
        std::chrono::duration<double>(trial.time).count() * static_cast<double>(trials);
    double least = 1.0;
    for (int i = 0; i < 3 && least >= enough; ++i) {
        const Folder folder;
        fake::run_into(folder.path(), fake::study({}, 1));     // what a process does once
        std::this_thread::sleep_for(std::chrono::seconds(1));  // until the BLAS's own threads rest
        const double before = overhead_seconds();
        fake::run_into(folder.path() / "run", study, 2);
        least = std::min(least, (overhead_seconds() - before) / seconds);
        std::printf("store and driver: %.2f %% of %d us trials\n", 100 * least,
                    static_cast<int>(trial.time.count()));
    }
    return least;
}

// So many trials that opening and closing the store, some 20 ms in all, are a small part.
TEST(Overhead, StoreAndDriverTakeLessThanOnePercent) {
    constexpr Trial of_24_points_with_6_arms{std::chrono::milliseconds(1), 144};
    EXPECT_LT(share_of(of_24_points_with_6_arms, 25'600, 0.01), 0.01);
}

TEST(Overhead, OfShortTrialsLessThanTenPercent) {
    constexpr Trial of_2_points_with_6_arms{std::chrono::microseconds(20), 12};
    EXPECT_LT(share_of(of_2_points_with_6_arms, 409'600, 0.1), 0.1);
}

}  // namespace
}  // namespace cucurbit
