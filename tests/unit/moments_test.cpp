#include "cucurbit/moments.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <span>
#include <stdexcept>
#include <utility>
#include <vector>

namespace cucurbit {
namespace {

constexpr double missing = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

std::vector<double> draws(std::size_t count, double offset) {
    std::mt19937_64 random(5);
    std::lognormal_distribution<double> lognormal;
    std::vector<double> values(count);
    for (double& value : values) value = offset + lognormal(random);
    return values;
}

Moments moments_of(std::span<const double> values) {
    Moments moments;
    for (const double value : values) moments.add(value);
    return moments;
}

TEST(Moments, NoOneAndTwoValues) {
    Moments moments;
    EXPECT_EQ(moments.count(), 0u);
    EXPECT_TRUE(std::isnan(moments.mean()));
    EXPECT_TRUE(std::isnan(moments.variance()));
    EXPECT_TRUE(std::isnan(moments.standard_error()));
    moments.add(3.0);
    EXPECT_EQ(moments.count(), 1u);
    EXPECT_EQ(moments.mean(), 3.0);
    EXPECT_TRUE(std::isnan(moments.variance()));
    EXPECT_TRUE(std::isnan(moments.standard_error()));
    moments.add(7.0);
    EXPECT_EQ(moments.count(), 2u);
    EXPECT_EQ(moments.mean(), 5.0);
    EXPECT_EQ(moments.variance(), 8.0);
    EXPECT_EQ(moments.standard_error(), 2.0);
}

TEST(Moments, NotANumberIsNeverHidden) {
    for (const double bad : {missing, infinity}) {
        Moments moments = moments_of(std::vector<double>{1.0, bad, 2.0});
        EXPECT_EQ(moments.count(), 3u);
        EXPECT_FALSE(std::isfinite(moments.mean()));
        EXPECT_FALSE(std::isfinite(moments.variance()));
        Moments merged = moments_of(std::vector<double>{1.0, 2.0});
        merged.merge(moments);
        EXPECT_FALSE(std::isfinite(merged.mean()));
        EXPECT_FALSE(std::isfinite(confidence_interval(merged).low));
    }
}

TEST(Moments, AgreeWithLongDoubleEvenFarFromZero) {
    for (const double offset : {0.0, 1e8}) {
        const auto values = draws(10000, offset);
        long double sum = 0;
        for (const double value : values) sum += value;
        const long double mean = sum / 10000;
        long double deviations = 0;
        for (const double value : values) deviations += (value - mean) * (value - mean);
        const Moments moments = moments_of(values);
        EXPECT_NEAR(moments.mean(), static_cast<double>(mean), 1e-14 * static_cast<double>(mean));
        const double variance = static_cast<double>(deviations / 9999);
        EXPECT_NEAR(moments.variance(), variance, (offset == 0.0 ? 1e-13 : 1e-8) * variance);
    }
}

TEST(Moments, MergingEqualsAdding) {
    const auto values = draws(1000, 1.0);
    const Moments whole = moments_of(values);
    for (const std::size_t block : {1, 7, 64, 999}) {
        Moments merged;
        for (std::size_t first = 0; first < values.size(); first += block) {
            const std::size_t size = std::min(block, values.size() - first);
            merged.merge(moments_of(std::span(values).subspan(first, size)));
        }
        EXPECT_EQ(merged.count(), whole.count());
        EXPECT_NEAR(merged.mean(), whole.mean(), 1e-14 * whole.mean());
        EXPECT_NEAR(merged.variance(), whole.variance(), 1e-13 * whole.variance());
    }
}

TEST(Moments, MergingNothingChangesNoBit) {
    Moments moments = moments_of(draws(17, 0.0));
    const Moments before = moments;
    moments.merge(Moments());
    EXPECT_EQ(moments.count(), before.count());
    EXPECT_EQ(moments.mean(), before.mean());
    EXPECT_EQ(moments.variance(), before.variance());
    Moments empty;
    empty.merge(before);
    EXPECT_EQ(empty.mean(), before.mean());
    EXPECT_EQ(empty.variance(), before.variance());
    Moments nothing;
    nothing.merge(Moments());
    EXPECT_EQ(nothing.count(), 0u);
    EXPECT_TRUE(std::isnan(nothing.mean()));
}

TEST(Moments, SkewnessAndLargestShareByDefinition) {
    const auto values = draws(500, 3.0);
    double mean = 0.0;
    for (const double value : values) mean += value / 500.0;
    double squares = 0.0, cubes = 0.0, most = 0.0;
    for (const double value : values) {
        const double d = value - mean;
        squares += d * d;
        cubes += d * d * d;
        most = std::max(most, d * d);
    }
    const double skewness = cubes / 500.0 / std::pow(squares / 500.0, 1.5);
    for (const std::size_t part : {1, 7, 64, 500}) {
        Moments merged;
        for (std::size_t i = 0; i < values.size(); i += part)
            merged.merge(
                moments_of(std::span(values).subspan(i, std::min(part, values.size() - i))));
        EXPECT_NEAR(merged.skewness(), skewness, 1e-10);
        EXPECT_NEAR(merged.largest_share(), most / squares, 1e-12);
    }
    const Moments constant = moments_of(std::vector<double>{4.0, 4.0, 4.0});
    EXPECT_EQ(constant.skewness(), 0.0);
    EXPECT_EQ(constant.largest_share(), 0.0);
}

TEST(SkewedT, IsUndoneAndGrows) {
    for (const double skewness : {-3.0, -1e-12, 0.0, 0.4, 5.0})
        for (const std::uint64_t count : {10, 1000}) {
            double before = -std::numeric_limits<double>::infinity();
            for (int halves = -80; halves <= 80; ++halves) {
                const double t = 0.5 * halves;
                const double skewed = skewed_t(t, skewness, count);
                EXPECT_NEAR(t_of_skewed(skewed, skewness, count), t, 1e-8 * (1.0 + std::abs(t)));
                EXPECT_GE(skewed, before);
                before = skewed;
            }
        }
}

TEST(Moments, OneWrongValueInAThousandShows) {
    auto values = draws(1000, 1.0);
    const Moments right = moments_of(values);
    values[500] *= 1.0 + 1e-6;
    const Moments wrong = moments_of(values);
    EXPECT_GT(std::abs(wrong.mean() - right.mean()), 1e-14 * right.mean());
    values.pop_back();
    EXPECT_GT(std::abs(moments_of(values).mean() - wrong.mean()), 1e-14 * right.mean());
}

TEST(ConfidenceInterval, StudentsT) {
    // Mean 2, variance 1; with two degrees of freedom the q-quantile is (2q − 1)/√(2q(1 − q)).
    const Moments three = moments_of(std::vector<double>{1.0, 2.0, 3.0});
    for (const double level : {0.5, 0.95, 0.999}) {
        const double q = 0.5 * (1.0 + level);
        const double width = level / std::sqrt(2.0 * q * (1.0 - q)) / std::sqrt(3.0);
        EXPECT_NEAR(confidence_interval(three, level).low, 2.0 - width, 1e-12 * width);
        EXPECT_NEAR(confidence_interval(three, level).high, 2.0 + width, 1e-12 * width);
    }
    EXPECT_EQ(confidence_interval(three).high, confidence_interval(three, 0.95).high);
    const Moments constant = moments_of(std::vector<double>{4.0, 4.0, 4.0});
    EXPECT_EQ(confidence_interval(constant).low, 4.0);
    EXPECT_EQ(confidence_interval(constant).high, 4.0);
}

TEST(ConfidenceInterval, NeedsTwoValues) {
    EXPECT_TRUE(std::isnan(confidence_interval(Moments()).low));
    EXPECT_TRUE(std::isnan(confidence_interval(moments_of(std::vector<double>{1.0})).high));
    for (const double level : {0.0, 1.0, -1.0, 95.0, missing}) {
        EXPECT_THROW(confidence_interval(Moments(), level), std::invalid_argument);
    }
}

/// Sums by their definitions.
void expect_sums(const PairMoments& pair, const std::vector<double>& a,
                 const std::vector<double>& b) {
    const auto mean = [](const std::vector<double>& values) {
        long double sum = 0.0L;
        for (const double value : values) sum += value;
        return sum / static_cast<long double>(values.size());
    };
    const long double of_a = mean(a), of_b = mean(b);
    const auto sum = [&](int i, int k) {
        long double all = 0.0L, size = 0.0L;
        for (std::size_t t = 0; t < a.size(); ++t) {
            const long double part = std::pow(a[t] - of_a, i) * std::pow(b[t] - of_b, k);
            all += part;
            size += std::abs(part);
        }
        return std::pair{static_cast<double>(all), 1e-12 * static_cast<double>(size)};
    };
    const double unit = pair.unit();
    const auto expect = [unit](double found, int power, std::pair<double, double> expected) {
        EXPECT_NEAR(found * std::pow(unit, power), expected.first, expected.second);
    };
    EXPECT_NEAR(unit * pair.above().mean(), static_cast<double>(of_a), 1e-14 * pair.largest());
    EXPECT_NEAR(unit * pair.below().mean(), static_cast<double>(of_b), 1e-14 * pair.largest());
    expect(pair.above().sums().deviations, 2, sum(2, 0));
    expect(pair.below().sums().deviations, 2, sum(0, 2));
    expect(pair.above().sums().cubes, 3, sum(3, 0));
    expect(pair.below().sums().cubes, 3, sum(0, 3));
    expect(pair.cross().ab, 2, sum(1, 1));
    expect(pair.cross().aab, 3, sum(2, 1));
    expect(pair.cross().abb, 3, sum(1, 2));
}

TEST(PairMoments, MergeAsTheirDefinitionsSay) {
    for (const double scale : {1.0, 1e80}) {
        std::vector<double> a = draws(700, 2.0), b = draws(1400, 1.0);
        b.erase(b.begin(), b.begin() + 700);
        for (std::size_t t = 0; t < a.size(); ++t) {
            a[t] = scale * (a[t] * (1.0 + 0.001 * static_cast<double>(t)) + 0.5 * b[t]);
            b[t] *= scale;
        }
        PairMoments all;
        std::size_t first = 0;
        for (const std::size_t count : {1, 300, 0, 7, 200, 192}) {
            const auto part = [&](const std::vector<double>& values) {
                return std::span(values).subspan(first, count);
            };
            all.merge({part(a), part(b)});
            first += count;
        }
        ASSERT_EQ(all.above().count(), 700u);
        expect_sums(all, a, b);

        const double ratio = all.above().mean() / all.below().mean();
        std::vector<double> rest(a.size());
        for (std::size_t t = 0; t < a.size(); ++t) rest[t] = (a[t] - ratio * b[t]) / all.unit();
        const Moments expected = moments_of(rest);
        const Moments difference = all.difference(ratio);
        EXPECT_EQ(difference.count(), 700u);
        EXPECT_NEAR(difference.mean(), 0.0, 1e-12 * all.above().mean());
        EXPECT_NEAR(difference.variance(), expected.variance(), 1e-12 * expected.variance());
        EXPECT_NEAR(difference.skewness(), expected.skewness(), 1e-11);
        EXPECT_EQ(difference.largest_share(), 0.0);
    }
}

TEST(PairMoments, HaveTheUnitOfTheLargestValue) {
    const std::vector<double> zeros{0.0, 0.0}, tiny{1e-200, 3e-200}, plain{1.0, 2.0}, huge{1e200};
    PairMoments moments;
    moments.merge({zeros, {}});
    moments.merge({tiny, {}});
    EXPECT_EQ(moments.unit() * moments.above().mean(), 1e-200);
    EXPECT_GT(moments.above().variance(), 0.0);
    moments.merge({plain, {}});
    EXPECT_EQ(moments.unit(), 1.0);
    EXPECT_DOUBLE_EQ(moments.above().mean(), 0.5);
    moments.merge({huge, {}});
    EXPECT_NEAR(moments.unit() * moments.above().mean(), 1e200 / 7.0, 1e186);
    EXPECT_EQ(moments.largest(), 1e200);
}

TEST(ConfidenceInterval, CoversAsOftenAsItSays) {
    std::mt19937_64 random(11);
    std::normal_distribution<double> normal(3.0, 2.0);
    int covered = 0;
    for (int repeat = 0; repeat < 4000; ++repeat) {
        Moments moments;
        for (int i = 0; i < 5; ++i) moments.add(normal(random));
        const Interval interval = confidence_interval(moments, 0.9);
        if (interval.low <= 3.0 && 3.0 <= interval.high) ++covered;
    }
    EXPECT_NEAR(covered / 4000.0, 0.9, 4.0 * std::sqrt(0.09 / 4000.0));
}

TEST(Quantile, InterpolatesBetweenOrderStatistics) {
    const std::vector<double> values{40.0, 10.0, 30.0, 20.0};
    EXPECT_EQ(quantile(values, 0.0), 10.0);
    EXPECT_EQ(quantile(values, 1.0), 40.0);
    EXPECT_DOUBLE_EQ(quantile(values, 0.5), 25.0);
    EXPECT_DOUBLE_EQ(quantile(values, 0.1), 13.0);
    EXPECT_DOUBLE_EQ(quantile(values, 0.95), 38.5);
    EXPECT_EQ(quantile(std::vector<double>{7.0}, 0.3), 7.0);
    EXPECT_EQ(values.front(), 40.0);
}

TEST(Quantile, MissingAndInfiniteValues) {
    EXPECT_TRUE(std::isnan(quantile({}, 0.5)));
    EXPECT_TRUE(std::isnan(quantile(std::vector<double>{1.0, missing, 2.0}, 0.5)));
    EXPECT_EQ(quantile(std::vector<double>{1.0, 2.0, infinity}, 0.5), 2.0);
    for (const double q : {-0.1, 1.1, missing}) {
        EXPECT_THROW(quantile(std::vector<double>{1.0}, q), std::invalid_argument);
    }
}

}  // namespace
}  // namespace cucurbit
