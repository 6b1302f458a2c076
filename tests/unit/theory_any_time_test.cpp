// Verdicts and intervals that may be looked at while a run goes on.

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "cucurbit/moments.hpp"
#include "cucurbit/run.hpp"

namespace cucurbit {
namespace {

using Kind = Verdict::Kind;

/// A row as the table has it after the trials so far.
Row row_of(const Moments& moments, double theory) {
    Row row;
    row.arm = "standard";
    row.estimand = "excess_risk";
    row.theory = theory;
    row.theory_kind = TheoryKind::exact;
    row.n_trials = moments.count();
    row.estimate = moments.mean();
    row.std_err = moments.standard_error();
    row.skewness = moments.skewness();
    const Interval once = confidence_interval(moments);
    row.ci95_low = once.low;
    row.ci95_high = once.high;
    return row;
}

bool holds(double low, double high, double truth) {
    return low <= truth && truth <= high;
}

/// How many of so many runs of 4,096 trials missed their mean at some look, of which there is one
/// after each 64 trials. Values are exponential, as skewed as risks are.
struct Missed {
    std::size_t at_any_time = 0;  ///< by the intervals of 95 %
    std::size_t once = 0;         ///< by those that hold for one look
    std::size_t failed = 0;       ///< by a verdict
};
Missed looks_at(double law, std::size_t runs) {
    const AnyTime any_time{512.0};
    std::mt19937_64 random(20261128);
    std::exponential_distribution<double> draw(1.0);
    Missed missed;
    for (std::size_t run = 0; run < runs; ++run) {
        Moments moments;
        bool any = false, one = false, failed = false;
        for (std::size_t trial = 1; trial <= 4096; ++trial) {
            moments.add(draw(random));
            if (trial % 64 != 0 || trial < AnyTime::first_look) continue;
            Table table{{}, {}, {row_of(moments, law)}};
            const Row& row = table.rows.front();
            const Interval wide = interval(row, any_time);
            any = any || !holds(wide.low, wide.high, 1.0);
            one = one || !holds(row.ci95_low, row.ci95_high, 1.0);
            failed = failed || compare(table, any_time).front().kind == Kind::failed;
        }
        missed.at_any_time += any;
        missed.once += one;
        missed.failed += failed;
    }
    return missed;
}

// 50 of 1,000 may miss; more than 80 do by chance once in 10^4 times.
TEST(AnyTime, IntervalsHoldAtAllLooksTogether) {
    const Missed missed = looks_at(1.0, 1000);
    EXPECT_LE(missed.at_any_time, 80u);
    EXPECT_GT(missed.at_any_time, 0u);
    EXPECT_GT(missed.once, 250u);  // what peeking at intervals for one look costs
    EXPECT_LE(missed.failed, 6u);  // one may, at a significance of 1e-3
}

TEST(AnyTime, AWrongLawFails) {
    EXPECT_GE(looks_at(1.15, 200).failed, 198u);
}

TEST(AnyTime, BoundariesAndPValuesAreInverses) {
    const AnyTime any_time{1000.0};
    for (const std::uint64_t count : {256, 1000, 1'000'000})
        for (const double significance : {0.05, 1e-3, 1e-9})
            EXPECT_NEAR(
                any_time.p_value(any_time.boundary(significance, count), count) / significance, 1.0,
                1e-9);
    // Of one look 3.29 standard errors; the law of the iterated logarithm takes the rest.
    EXPECT_NEAR(any_time.boundary(1e-3, 1000), 4.21, 0.01);
    EXPECT_NEAR(any_time.boundary(1e-3, 1'000'000), 4.84, 0.02);
}

TEST(AnyTime, AllExactRowsShareTheirSignificance) {
    Moments moments;
    for (int trial = 0; trial < 1024; ++trial) moments.add(trial % 2 == 0 ? 0.5 : 1.5);
    // 4.5 standard errors off: alone a failure, not among a hundred.
    const double law = 1.0 + 4.5 * moments.standard_error();
    Table table{{}, {}, {row_of(moments, law)}};
    EXPECT_EQ(compare(table, {1024.0})[0].kind, Kind::failed);
    Row early = row_of(moments, 1.0);
    early.n_trials = 100;
    for (int more = 0; more < 99; ++more) table.rows.push_back(early);
    const std::vector<Verdict> verdicts = compare(table, {1024.0});
    EXPECT_EQ(verdicts[0].kind, Kind::confirmed);
    EXPECT_EQ(verdicts[1].kind, Kind::none);
    EXPECT_EQ(verdicts[1].reason, "fewer than 256 trials so far");
    EXPECT_TRUE(std::isnan(interval(early, {1024.0}).low));
}

}  // namespace
}  // namespace cucurbit
