// Runs to a wanted precision.

#include <gtest/gtest.h>

#include "tests/unit/run_fake.hpp"

namespace cucurbit {
namespace {

using fake::Options;
using fake::row_of;
using fake::table_after;

TEST(Adaptive, EndsAtTheFirstPreciseRound) {
    // Standard error of uniform values: spread/√(12 trials), 0.00902 at 1024 and 0.0128 at 512;
    // means are 1 to 3.
    const Study study = fake::adaptive_study({}, 0.01, 100'000);
    const Table table = table_after(study);
    for (const Row& row : table.rows)
        EXPECT_EQ(row.n_trials, row.estimand == "excess_risk" ? 1024u : 0u);
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
