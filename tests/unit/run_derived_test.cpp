// Rows made of several series: ratios of means with the error that their covariance gives.

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "host/run/summary.hpp"
#include "tests/unit/run_fake.hpp"

namespace cucurbit {
namespace {

using Terms = std::vector<DerivedRow::Term>;

std::vector<BlockValues> blocks(const std::vector<double>& values) {
    const std::size_t half = values.size() / 2;
    const auto part = [&](std::size_t first, std::size_t last) {
        return BlockValues{first,
                           {values.begin() + static_cast<std::ptrdiff_t>(first),
                            values.begin() + static_cast<std::ptrdiff_t>(last)},
                           std::vector<Outcome>(last - first)};
    };
    return {part(0, half), part(half, values.size())};
}

const DerivedRow ratio{"w2s", "opr", Terms{{1.0, "a", "r"}}, Terms{{1.0, "b", "r"}}};

TEST(Derived, RatioOfMeansByTheDeltaMethod) {
    std::vector<double> a, b;
    for (int t = 0; t < 300; ++t) {
        a.push_back(2.0 + std::sin(t));
        b.push_back(4.0 + std::sin(t) + 0.5 * std::cos(3.0 * t));
    }
    const SeriesSummary summary = summarize_derived(ratio, {blocks(a), blocks(b)}, 300);
    double mean_a = 0, mean_b = 0, aa = 0, ab = 0, bb = 0;
    for (int t = 0; t < 300; ++t) mean_a += a[t] / 300, mean_b += b[t] / 300;
    for (int t = 0; t < 300; ++t) {
        aa += (a[t] - mean_a) * (a[t] - mean_a) / 299;
        ab += (a[t] - mean_a) * (b[t] - mean_b) / 299;
        bb += (b[t] - mean_b) * (b[t] - mean_b) / 299;
    }
    const double r = mean_a / mean_b;
    EXPECT_NEAR(summary.moments.mean(), r, 1e-12);
    EXPECT_NEAR(summary.moments.standard_error(),
                std::sqrt((aa - 2 * r * ab + r * r * bb) / 300) / mean_b, 1e-12);
    EXPECT_EQ(summary.trials, 300u);
    EXPECT_EQ(summary.failed, 0u);
    // Only the study's trials count.
    EXPECT_EQ(summarize_derived(ratio, {blocks(a), blocks(b)}, 100).trials, 100u);
}

TEST(Derived, ADifferenceIsPaired) {
    std::vector<double> a, b;
    for (int t = 0; t < 200; ++t) {
        a.push_back(5.0 + 3.0 * std::sin(t));
        b.push_back(2.0 + 3.0 * std::sin(t));
    }
    const DerivedRow row{"w", "bias", Terms{{1.0, "a", "r"}, {-1.0, "b", "r"}}, {}};
    const SeriesSummary summary = summarize_derived(row, {blocks(a), blocks(b)}, 200);
    EXPECT_NEAR(summary.moments.mean(), 3.0, 1e-12);
    EXPECT_LE(summary.moments.standard_error(), 1e-15);
}

TEST(Derived, SeriesNeedNotHaveTheSameBlocks) {
    const auto counted = [](std::uint64_t first, std::size_t count) {
        BlockValues block{first, {}, std::vector<Outcome>(count)};
        for (std::size_t i = 0; i < count; ++i)
            block.values.push_back(static_cast<double>(first + i));
        return block;
    };
    const DerivedRow sum{"w", "sum", Terms{{1.0, "a", "r"}, {1.0, "b", "r"}}, {}};
    // Trials 10 to 19, 45 and 60 to 64 are of both.
    const std::vector<BlockValues> a{counted(0, 20), counted(45, 1), counted(60, 40)};
    const std::vector<BlockValues> b{counted(10, 30), counted(41, 24)};
    const SeriesSummary summary = summarize_derived(sum, {a, b}, 1000);
    EXPECT_EQ(summary.trials, 16u);
    EXPECT_DOUBLE_EQ(summary.mean(), 2.0 * (145.0 + 45.0 + 310.0) / 16.0);
    EXPECT_EQ(summarize_derived(sum, {a, b}, 61).trials, 12u);
    EXPECT_EQ(summarize_derived(sum, {b, a}, 45).trials, 10u);
    EXPECT_EQ(summarize_derived(sum, {a, {}}, 45).trials, 0u);
}

TEST(Derived, TrialsThatAnySeriesFailedAreLeftOut) {
    std::vector<double> a(100, 2.0), b(100, 4.0);
    a[7] = std::numeric_limits<double>::quiet_NaN();
    a[20] = 1e9;
    auto stored = blocks(a);
    stored[0].outcomes[20].status = Status::not_converged;
    auto below = blocks(b);
    below[1].values.pop_back();  // one series lacks its last trial
    below[1].outcomes.pop_back();
    for (double& value : below[0].values) value += 1e-3 * (&value - below[0].values.data());
    const SeriesSummary summary = summarize_derived(ratio, {stored, below}, 100);
    EXPECT_EQ(summary.trials, 99u);
    EXPECT_EQ(summary.failed, 2u);
    EXPECT_EQ(summary.moments.count(), 97u);
    EXPECT_NEAR(summary.moments.mean(), 0.5, 0.01);
}

TEST(Derived, NoRatioOverAnUnclearDenominator) {
    std::vector<double> a(100, 1.0), b;
    for (int t = 0; t < 100; ++t) b.push_back(t % 2 == 0 ? 1.4 : -1.0);  // mean 1.7 errors above 0
    EXPECT_EQ(summarize_derived(ratio, {blocks(a), blocks(b)}, 100).moments.count(), 0u);
    for (double& value : b) value += 0.4;
    EXPECT_EQ(summarize_derived(ratio, {blocks(a), blocks(b)}, 100).moments.count(), 100u);
    for (double& value : b) value -= 5.0;
    EXPECT_EQ(summarize_derived(ratio, {blocks(a), blocks(b)}, 100).moments.count(), 0u);
}

// Of 400 intervals of a ratio of correlated means 95 % cover it; averages of ratios would not.
TEST(Derived, IntervalsCoverTheRatio) {
    std::mt19937 generator(5);
    std::normal_distribution<double> normal;
    int covered = 0;
    for (int run = 0; run < 400; ++run) {
        std::vector<double> a, b;
        for (int t = 0; t < 400; ++t) {
            const double shared = std::exp(0.8 * normal(generator));
            a.push_back(shared * (1.0 + 0.2 * normal(generator)));
            b.push_back(2.0 * shared * std::exp(0.5 * normal(generator) - 0.125));
        }
        const Moments moments = summarize_derived(ratio, {blocks(a), blocks(b)}, 400).moments;
        const Interval interval = confidence_interval(moments);
        covered += interval.low <= 0.5 && 0.5 <= interval.high;
    }
    EXPECT_NEAR(covered, 380, 18);
}

TEST(Derived, RowsFollowTheirSeriesWithTheirOwnTheory) {
    fake::Options options;
    options.samples = {30};
    options.derived = {{"mask", "share", Terms{{1.0, "mask", "excess_risk"}},
                        Terms{{2.0, "standard", "excess_risk"}}},
                       {"mask",
                        "gain",
                        Terms{{1.0, "standard", "excess_risk"}, {-1.0, "mask", "excess_risk"}},
                        {}},
                       {"mask", "undefined", Terms{{1.0, "mask", "excess_risk"}},
                        Terms{{1.0, "standard", "excess_risk"}, {-1.0, "mask", "excess_risk"}}},
                       {"mask", "lost", Terms{{1.0, "mask", "another"}}, {}}};
    const Folder folder;
    const Study study = fake::study(options, 500);
    fake::run_into(folder.path(), study);
    const Table table = summarize(Store::open_to_read(folder.path()), study);
    ASSERT_EQ(table.rows.size(), 6u);  // two series, three derived, theory's xi
    const Row &share = table.rows[2], &gain = table.rows[3], &undefined = table.rows[4];
    EXPECT_EQ(share.estimand, "share");
    EXPECT_EQ(share.theory, 0.5);
    EXPECT_EQ(share.theory_kind, TheoryKind::exact);
    EXPECT_LE(std::abs(share.z), 4.0);
    EXPECT_LT(share.ci95_low, share.estimate);
    EXPECT_NEAR(gain.estimate, table.rows[0].estimate - table.rows[1].estimate, 1e-12);
    EXPECT_EQ(undefined.flags, "unclear_denominator");
    EXPECT_TRUE(std::isnan(undefined.estimate));
    EXPECT_TRUE(std::isnan(undefined.theory));
    options.near_interpolation = 30;
    const Table near = theory_table(fake::study(options, 500));
    EXPECT_EQ(near.rows[2].flags, "near_interpolation");
}

}  // namespace
}  // namespace cucurbit
