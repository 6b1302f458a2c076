// Time spread over designs: where it goes, and that no clock is in the table.

#include "host/run/budget.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "host/run/precision.hpp"
#include "tests/unit/run_fake.hpp"

namespace cucurbit {
namespace {

TEST(Forecast, SpendsByVarianceTimesCost) {
    // Errors 0.08, 0.02 and 0.01 after 256 trials: relative variances of 64 : 4 : 1.
    const std::vector<Spent> designs{{256, 0.08, 0.001}, {256, 0.02, 0.01}, {256, 0.01, 0.1}};
    Precision precision;
    precision.rel_std_err = 0.5;
    const Forecast all = forecast(designs, 15.01 * 0.256, precision);
    EXPECT_DOUBLE_EQ(all.error, 0.02);
    EXPECT_DOUBLE_EQ(all.seconds, 15 * 0.256);  // the first alone, 16 times its trials
    EXPECT_EQ(all.trials, 4096u);
    const Forecast some = forecast(designs, 0.065, precision);
    EXPECT_DOUBLE_EQ(some.error, 0.08 * std::sqrt(256.0 / 320.0));
    EXPECT_DOUBLE_EQ(some.seconds, 0.064);
    const Forecast none = forecast(designs, 0.063, precision);
    EXPECT_DOUBLE_EQ(none.error, 0.08);
    EXPECT_EQ(none.seconds, 0.0);
    EXPECT_EQ(none.trials, 256u);
    const Forecast most = forecast(designs, 63 * 0.256 + 3 * 2.56 + 0.1, precision);
    EXPECT_NEAR(most.error, 0.01, 1e-15);
    precision.keep = Keep::moments;  // of doublings alone
    EXPECT_EQ(forecast(designs, 0.255, precision).seconds, 0.0);
    EXPECT_DOUBLE_EQ(forecast(designs, 0.257, precision).seconds, 0.256);
    EXPECT_EQ(forecast({}, 1.0, precision).error, 0.0);
    EXPECT_EQ(forecast({{256, 0.0, 1.0}}, 1e9, precision).seconds, 0.0);  // nothing decides
}

// Means near zero: by their size no number of trials would do, by abs_std_err as many as of others.
TEST(Budget, MeansNearZeroCountByTheirAbsoluteError) {
    const auto of = [](double mean, double error) {
        SeriesSummary summary;
        summary.moments.add(mean - error);
        summary.moments.add(mean + error);
        return summary;
    };
    Precision asked;
    asked.rel_std_err = 0.01;
    asked.abs_std_err = 0.005;
    EXPECT_NEAR(relative_error(of(10.0, 0.5), asked), 0.05, 1e-12);
    EXPECT_NEAR(relative_error(of(1e-9, 0.02), asked), 0.04, 1e-12);
    EXPECT_EQ(relative_error(of(1e-9, 0.005), asked), 0.0);
    for (const double mean : {10.0, 1e-9})
        for (const double error : {0.5, 0.02, 0.0051, 0.004}) {
            const double least = relative_error(of(mean, error), asked);
            EXPECT_TRUE(
                is_precise(of(mean, error), to_relative_error(asked, least * (1.0 + 1e-9))));
            if (least > 0.0) {
                EXPECT_FALSE(is_precise(of(mean, error), to_relative_error(asked, 0.99 * least)));
            }
        }
    EXPECT_EQ(to_relative_error(asked, 0.02).abs_std_err, 0.01);
    EXPECT_EQ(to_relative_error(asked, 0.001).abs_std_err, 0.005);
    asked.abs_std_err.reset();
    EXPECT_NEAR(relative_error(of(0.5, 0.02), asked), 0.04, 1e-12);
}

// Ratios without a variance neither take the budget nor count in what it reached.
TEST(Budget, IsNotSpentOnHeavyTails) {
    fake::Options options;
    options.designs = {100};
    options.ratio = 10;
    options.pause = std::chrono::microseconds(20);
    const auto to_precision = [&](const Precision& to) {
        return fake::adaptive_study(options, *to.rel_std_err, to.max_trials);
    };
    const Folder folder;
    RunOptions within;
    within.directory = folder.path();
    within.device = "cpu";
    within.threads = 2;
    const Budgeted done = run_within(1.0, {}, to_precision, within, [](const Forecast&) {});
    ASSERT_EQ(done.end, RunEnd::complete);
    double worst = 0.0;
    const Table table = summarize(Store::open_to_read(folder.path()), done.study);
    for (const Row& row : table.rows)
        if (std::isfinite(row.std_err)) worst = std::max(worst, row.std_err / row.estimate);
    EXPECT_EQ(fake::row_of(table, 10, "mask").flags, "heavy_tail");
    EXPECT_DOUBLE_EQ(worst, done.error);
    EXPECT_LT(done.error, 0.02);
}

TEST(Budget, IsAStudyToThePrecisionReached) {
    fake::Options options;
    options.designs = {100, 101, 102};
    options.pause = std::chrono::microseconds(50);
    const auto to_precision = [&](const Precision& to) {
        return fake::adaptive_study(options, *to.rel_std_err, to.max_trials);
    };
    const Precision asked;
    const Folder folder;
    RunOptions within;
    within.directory = folder.path();
    within.device = "cpu";
    within.threads = 2;
    std::size_t forecasts = 0;
    const Budgeted done = run_within(1.0, asked, to_precision, within, [&](const Forecast& next) {
        EXPECT_GT(next.seconds, 0.0);
        ++forecasts;
    });
    ASSERT_EQ(done.end, RunEnd::complete);
    EXPECT_GT(forecasts, 0u);
    double worst = 0.0;
    const Table table = summarize(Store::open_to_read(folder.path()), done.study);
    for (const Row& row : table.rows)
        if (row.estimand == "excess_risk") {
            EXPECT_GE(row.n_trials, 320u);
            worst = std::max(worst, row.std_err / row.estimate);
        }
    EXPECT_DOUBLE_EQ(worst, done.error);
    // The same study computes the same table, without a clock.
    options.pause = std::chrono::microseconds(0);
    const Study again = to_precision(done.study.precision);
    EXPECT_EQ(fake::bytes_of(fake::table_after(again)), fake::bytes_of(table));
    EXPECT_EQ(status(Store::open_to_read(folder.path()), done.study)[0].trials_done,
              status(Store::open_to_read(folder.path()), done.study)[0].trials_wanted);

    EXPECT_EQ(run_within(1e-6, asked, to_precision, within, [](const Forecast&) {}).end,
              RunEnd::complete);  // all is there
    const Folder fresh;
    within.directory = fresh.path();
    options.pause = std::chrono::milliseconds(1);
    EXPECT_EQ(run_within(1e-6, asked, to_precision, within, [](const Forecast&) {}).end,
              RunEnd::stopped);
}

}  // namespace
}  // namespace cucurbit
