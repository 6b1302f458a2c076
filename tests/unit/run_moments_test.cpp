// Runs that keep moments: the table of all trials, from a store that hardly grows.

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>

#include "host/run/kept.hpp"
#include "host/store/units.hpp"
#include "host/table/flags.hpp"
#include "tests/unit/run_fake.hpp"

namespace cucurbit {
namespace {

using fake::Options;

Options with_derived_rows() {
    Options options;
    options.samples = {10, 20, 30, 40};
    options.near_interpolation = 40;
    options.outcomes = {{5, {Status::not_converged, Rung::truncated, 3}},
                        {700, {Status::ok, Rung::orthogonal, 1}}};
    options.not_a_number = {64, 65, 1999};
    const DerivedRow::Term standard{1.0, "standard", "excess_risk"};
    const DerivedRow::Term mask{1.0, "mask", "excess_risk"};
    const DerivedRow::Term lost{-1.0, "mask", "excess_risk"};
    options.derived = {{"mask", "gain", {standard, lost}, {}},
                       {"mask", "opr", {standard}, {mask}},
                       {"mask", "unclear", {standard}, {mask, lost}}};
    return options;
}

Study keeping_moments(Study study) {
    study.precision.keep = Keep::moments;
    study.identity += " keep=moments";
    return study;
}

Study moments_study(const Options& options, std::uint64_t trials) {
    return keeping_moments(fake::study(options, trials));
}

void expect_close(double found, double expected, double size) {
    if (std::isnan(expected))
        EXPECT_TRUE(std::isnan(found));
    else
        EXPECT_NEAR(found, expected, 1e-12 * size);
}

TEST(MomentsRun, HasTheTableOfAllTrials) {
    for (const double spread : {1.0, 1e-3, 1e80}) {
        Options options = with_derived_rows();
        options.spread = spread;
        const Table all = fake::table_after(fake::study(options, 2048));
        const Table table = fake::table_after(moments_study(options, 2048));
        ASSERT_EQ(table.rows.size(), all.rows.size());
        for (std::size_t i = 0; i < all.rows.size(); ++i) {
            const Row &row = table.rows[i], &expected = all.rows[i];
            SCOPED_TRACE(expected.arm + " " + expected.estimand);
            EXPECT_EQ(row.estimand, expected.estimand);
            EXPECT_EQ(row.n_trials, expected.n_trials);
            EXPECT_EQ(row.n_failed, expected.n_failed);
            if (has_flag(row.flags, "moments_only")) {  // a quantile
                EXPECT_TRUE(std::isnan(row.estimate));
                EXPECT_EQ(expected.flags + " moments_only",
                          row.flags.substr(0, expected.flags.find(" conditional_mean")) +
                              " conditional_mean moments_only");
                continue;
            }
            EXPECT_EQ(row.flags, expected.flags);
            const double size = std::abs(expected.estimate);
            expect_close(row.estimate, expected.estimate, size);
            expect_close(row.std_err, expected.std_err, expected.std_err);
            expect_close(row.ci95_low, expected.ci95_low, size);
            expect_close(row.ci95_high, expected.ci95_high, size);
            expect_close(row.z, expected.z, size / expected.std_err);
            expect_close(row.skewness, expected.skewness, 1.0);
        }
    }
}

TEST(MomentsRun, IsTheSameBitsForAllThreadsShardsAndGrowth) {
    const Options options = with_derived_rows();
    const Study study = moments_study(options, 3008);
    const std::string expected = fake::bytes_of(fake::table_after(study));
    for (const std::size_t threads : {1, 3}) {
        const Folder grown;
        for (const std::uint64_t trials : {64, 960, 3008})
            fake::run_into(grown.path(), moments_study(options, trials), threads);
        EXPECT_EQ(fake::table_of(grown.path(), study), expected);
    }
    for (const std::size_t count : {2, 3}) {
        const Folder folder;
        Store joined = Store::open_to_write(folder.path() / "joined", study);
        for (std::size_t index = count; index-- > 0;) {
            RunOptions shard;
            shard.directory = folder.path() / std::to_string(index);
            shard.device = "cpu";
            shard.threads = 2;
            shard.shard = {index, count, {}};
            EXPECT_EQ(run(study, shard), RunEnd::complete);
            joined.merge(Store::open_to_read(shard.directory), allowed_differences(study));
        }
        EXPECT_EQ(fake::bytes_of(summarize(joined, study)), expected);
    }
}

// A stopped run keeps whole blocks alone, and is continued to the same bits.
TEST(MomentsRun, IsContinued) {
    Options options = with_derived_rows();
    const Study study = moments_study(options, 1024);
    const std::string expected = fake::bytes_of(fake::table_after(study));
    options.pause = std::chrono::microseconds(1000);
    const Study slow = moments_study(options, 1024);
    const Folder folder;
    std::atomic<int> stop{0};
    RunOptions stopped;
    stopped.directory = folder.path();
    stopped.device = "cpu";
    stopped.threads = 2;
    stopped.stop = &stop;
    stopped.report = [&stop](const Progress& progress) {
        if (progress.trials_done > 0) stop = 1;
    };
    EXPECT_EQ(run(slow, stopped), RunEnd::stopped);
    const std::uint64_t done = status(Store::open_to_read(folder.path()), study)[0].trials_done;
    EXPECT_EQ(done % unit_trials, 0u);
    fake::run_into(folder.path(), study);
    EXPECT_EQ(fake::table_of(folder.path(), study), expected);
}

// An arm that comes later brings rows that the stored moments cannot be made into.
TEST(MomentsRun, GrowsByArms) {
    Options options = with_derived_rows();
    const Study study = moments_study(options, 512);
    options.arms = {"mask"};
    const auto log = std::make_shared<fake::Log>();
    const Folder folder;
    fake::run_into(folder.path(), moments_study(options, 512));
    const std::string expected = fake::bytes_of(fake::table_after(study));
    fake::run_into(folder.path(), study);
    EXPECT_EQ(fake::table_of(folder.path(), study), expected);
    EXPECT_EQ(status(Store::open_to_read(folder.path()), study)[0].trials_done, 512u);
}

TEST(MomentsRun, LooksAtTheSameRoundsToAPrecision) {
    Options options;
    options.designs = {100, 101, 102};
    for (const double error : {0.02, 0.004}) {
        const Study all = fake::adaptive_study(options, error, 4096);
        const Table expected = fake::table_after(all);
        const Table table = fake::table_after(keeping_moments(all));
        ASSERT_EQ(table.rows.size(), expected.rows.size());
        for (std::size_t i = 0; i < table.rows.size(); ++i)
            EXPECT_EQ(table.rows[i].n_trials, expected.rows[i].n_trials);
        EXPECT_GT(table.rows[0].n_trials, 0u);
    }
}

TEST(MomentsRun, IsCutOnlyWhereItsUnitsEnd) {
    const Folder folder;
    const Options options;
    fake::run_into(folder.path(), moments_study(options, 2048));
    const Study half = moments_study(options, 1024), odd = moments_study(options, 1088);
    const std::string expected = fake::bytes_of(fake::table_after(half));
    EXPECT_THROW(fake::run_into(folder.path(), odd), StudyError);
    EXPECT_NO_THROW(fake::run_into(folder.path(), half));
    EXPECT_EQ(fake::table_of(folder.path(), half), expected);
    const Store store = Store::open_to_read(folder.path());
    EXPECT_THROW(summarize(store, odd), StudyError);
    EXPECT_THROW(trial_columns(store, half), std::invalid_argument);
    EXPECT_THROW(replay(store, half, {}, {0}, "cpu"), std::invalid_argument);
}

TEST(MomentsRun, StoresTheSameFewRowsForMoreTrials) {
    std::uintmax_t bytes[2] = {};
    for (const int more : {0, 1}) {
        const Folder folder;
        fake::run_into(folder.path(), moments_study({}, more ? 64 * 4096 : 64 * 64));
        bytes[more] = std::filesystem::file_size(folder.path() / "store.sqlite");
    }
    EXPECT_LT(bytes[1], 4 * bytes[0]);
    EXPECT_LT(bytes[1], 64u * 4096u);
}

}  // namespace
}  // namespace cucurbit
