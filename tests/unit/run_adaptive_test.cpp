// Runs to a wanted precision.

#include <gtest/gtest.h>

#include "host/run/precision.hpp"
#include "tests/unit/run_fake.hpp"

namespace cucurbit {
namespace {

using fake::Options;
using fake::row_of;
using fake::table_after;

TEST(Adaptive, EndsAtTheFirstPreciseRound) {
    // Standard error of uniform values: spread/√(12 trials), 0.0104 at 768 and 0.00964 at 896;
    // means are 1 to 3.
    const Study study = fake::adaptive_study({}, 0.01, 100'000);
    const Table table = table_after(study);
    for (const Row& row : table.rows)
        EXPECT_EQ(row.n_trials, row.estimand == "excess_risk" ? 896u : 0u);
}

TEST(Adaptive, PointsApartEndEachAtItsOwnRound) {
    Options options;
    options.apart = true;
    const auto log = std::make_shared<fake::Log>();
    const Study study = fake::adaptive_study(options, 0.005, 100'000, log);
    const Folder folder;
    fake::run_into(folder.path(), study);
    // Variances relative to squared means of 1, 4 and 9: 3333, 833 and 370 trials.
    const Table table = summarize(Store::open_to_read(folder.path()), study);
    for (const auto& [n, trials] : {std::pair{10.0, 3584u}, {20.0, 896u}, {30.0, 384u}})
        for (const std::string& arm : options.arms)
            EXPECT_EQ(row_of(table, n, arm).n_trials, trials) << n;
    EXPECT_EQ(log->values, options.arms.size() * (3584u + 896u + 384u));
    const DesignStatus now = status(Store::open_to_read(folder.path()), study)[0];
    EXPECT_EQ(now.trials_done, 3584u);
    EXPECT_EQ(now.trials_wanted, 3584u);
    // Together they take what the worst takes.
    options.apart = false;
    EXPECT_EQ(
        row_of(table_after(fake::adaptive_study(options, 0.005, 100'000)), 30, "mask").n_trials,
        3584u);
}

TEST(Adaptive, RoundsAreQuartersOfDoublings) {
    Precision precision;
    precision.rel_std_err = 0.1;
    precision.max_trials = 1500;
    EXPECT_EQ(rounds(precision), (std::vector<std::uint64_t>{256, 320, 384, 448, 512, 640, 768, 896,
                                                             1024, 1280, 1500}));
    precision.keep = Keep::moments;
    EXPECT_EQ(rounds(precision), (std::vector<std::uint64_t>{256, 512, 1024, 1500}));
    precision.max_trials = 100;
    EXPECT_EQ(rounds(precision), (std::vector<std::uint64_t>{100}));
}

TEST(Adaptive, EndsAtMaxTrials) {
    const Table table = table_after(fake::adaptive_study({}, 1e-9, 700));
    EXPECT_EQ(row_of(table, 10, "mask").n_trials, 700u);
    EXPECT_EQ(row_of(table_after(fake::adaptive_study({}, 1e-9, 100)), 10, "mask").n_trials, 100u);
}

TEST(Adaptive, AbsoluteErrorSuffices) {
    Study study = fake::adaptive_study({}, 1e-9, 100'000);
    study.precision.abs_std_err = 0.02;
    EXPECT_EQ(row_of(table_after(study), 10, "mask").n_trials, 256u);
}

TEST(Adaptive, WhatHasNoRelativeErrorDoesNotDecide) {
    Options options;
    options.samples = {10, 20, 30};
    options.zero_risk = 10;
    options.near_interpolation = 20;
    options.spread = 0.1;
    EXPECT_EQ(
        row_of(table_after(fake::adaptive_study(options, 0.01, 100'000)), 30, "mask").n_trials,
        256u);
    options.with_theory = false;  // now the zero risk counts: 0.58/√trials
    EXPECT_EQ(row_of(table_after(fake::adaptive_study(options, 0.01, 2000)), 30, "mask").n_trials,
              2000u);
}

// A mean without a variance is never precise: it decides nothing once its trials show that.
TEST(Adaptive, HeavyTailsDoNotDecide) {
    Options options;
    options.ratio = 10;
    options.tail_exponent = std::numeric_limits<double>::infinity();
    options.spread = 0.1;
    const Table table = table_after(fake::adaptive_study(options, 0.01, 1'000'000));
    const Row& ratio = row_of(table, 10, "mask");
    EXPECT_EQ(ratio.flags, "heavy_tail");
    EXPECT_LE(ratio.n_trials, 4096u);
    EXPECT_TRUE(std::isnan(ratio.std_err));
    // Of a law that knows the tail, the other rows decide as before.
    EXPECT_EQ(row_of(table, 20, "mask").flags, "");
    options.ratio = 0;
    options.spread = 1.0;
    EXPECT_EQ(
        row_of(table_after(fake::adaptive_study(options, 0.01, 100'000)), 10, "mask").n_trials,
        896u);
}

TEST(Adaptive, HistoryDoesNotChangeTheTable) {
    const Study study = fake::adaptive_study({}, 0.01, 100'000);
    const std::string direct = fake::bytes_of(table_after(study));
    const Folder folder;
    fake::run_into(folder.path(), fake::study({}, 300));
    fake::run_into(folder.path(), study, 1);
    EXPECT_EQ(fake::table_of(folder.path(), study), direct);
    fake::run_into(folder.path(), fake::study({}, 3000));
    EXPECT_EQ(fake::table_of(folder.path(), study), direct);
}

}  // namespace
}  // namespace cucurbit
