// The draws are standard normal and independent: scores in standard errors, from fixed seeds.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include "cucurbit/random.hpp"
#include "kernels/cpu/random/draw.hpp"

namespace cucurbit {
namespace {

constexpr std::size_t rows = 1024, columns = 512;
constexpr double bound = 4.5;  // standard errors; about 40 scores below

std::vector<double> sample(const Stream& stream, std::uint64_t trial, std::uint64_t first_row = 0) {
    std::vector<double> out(rows * columns);
    draw_block(stream, trial, first_row, rows, columns, nullptr, out.data(), columns);
    return out;
}

const std::vector<double>& draws() {
    static const std::vector<double> drawn = sample({2026, 0, Purpose::samples}, 0);
    return drawn;
}

/// Means of z, z² − 1, z³ and z⁴ − 3 over their standard errors: variances 1, 2, 15 and 96.
std::array<double, 4> moment_scores(std::span<const double> values) {
    std::array<double, 4> sums{};
    for (const double z : values) {
        const double square = z * z;
        sums[0] += z;
        sums[1] += square - 1;
        sums[2] += square * z;
        sums[3] += square * square - 3;
    }
    const double root = std::sqrt(static_cast<double>(values.size()));
    return {sums[0] / root, sums[1] / (root * std::sqrt(2.0)), sums[2] / (root * std::sqrt(15.0)),
            sums[3] / (root * std::sqrt(96.0))};
}

double largest(std::span<const double> scores) {
    double most = 0;
    for (const double score : scores) most = std::max(most, std::fabs(score));
    return most;
}

/// √n times the Kolmogorov–Smirnov distance to the standard normal.
double distance_score(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    const double n = static_cast<double>(values.size());
    double distance = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
        const double below = 0.5 * std::erfc(-values[i] / std::sqrt(2.0));
        const double rank = static_cast<double>(i);
        distance = std::max({distance, below - rank / n, (rank + 1) / n - below});
    }
    return std::sqrt(n) * distance;
}

/// Correlation of a with b, and of their squares, in standard errors.
std::array<double, 2> dependence_scores(std::span<const double> a, std::span<const double> b) {
    double product = 0, of_squares = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        product += a[i] * b[i];
        of_squares += (a[i] * a[i] - 1) * (b[i] * b[i] - 1);
    }
    const double root = std::sqrt(static_cast<double>(a.size()));
    return {product / root, of_squares / (2 * root)};
}

/// Scores of a row's elements against those `distance` columns later.
std::array<double, 2> column_dependence(std::span<const double> values, std::size_t distance) {
    std::vector<double> a, b;
    for (std::size_t r = 0; r < rows; ++r)
        for (std::size_t c = 0; c + distance < columns; c += 2 * distance)
            for (std::size_t i = c; i < c + distance && i + distance < columns; ++i) {
                a.push_back(values[i + r * columns]);
                b.push_back(values[i + distance + r * columns]);
            }
    return dependence_scores(a, b);
}

// 99.9 % of samples lie below 1.95 (Kolmogorov's distribution).
constexpr double distance_bound = 1.95;

TEST(RandomMoments, FirstFourOfAllDraws) {
    EXPECT_LT(largest(moment_scores(draws())), bound);
}

TEST(RandomMoments, FirstFourOfCosinesAndOfSines) {
    std::array<std::vector<double>, 2> halves;
    for (std::size_t e = 0; e < draws().size(); ++e) halves[e / 8 % 2].push_back(draws()[e]);
    EXPECT_LT(largest(moment_scores(halves[0])), bound);
    EXPECT_LT(largest(moment_scores(halves[1])), bound);
}

TEST(RandomMoments, DistanceToTheNormalDistribution) {
    EXPECT_LT(distance_score(draws()), distance_bound);
}

TEST(RandomMoments, TailsBeyondFour) {
    const double probability = std::erfc(4 / std::sqrt(2.0));
    const double expected = probability * static_cast<double>(draws().size());
    const auto beyond =
        std::count_if(draws().begin(), draws().end(), [](double z) { return std::fabs(z) > 4; });
    EXPECT_LT(std::fabs(static_cast<double>(beyond) - expected), bound * std::sqrt(expected));
}

TEST(RandomMoments, ColumnsOfARowAreIndependent) {
    for (const std::size_t distance : {1, 2, 7, 8, 9, 16, 128})
        EXPECT_LT(largest(column_dependence(draws(), distance)), bound) << distance << " columns";
}

TEST(RandomMoments, RowsTrialsStagesPurposesAndKeysAreIndependent) {
    const Stream stream{2026, 0, Purpose::samples};
    const std::vector<double> others[] = {
        sample(stream, 1),
        sample(stream, std::uint64_t{1} << 32),
        sample(stream, 0, rows),
        sample({2026, 1, Purpose::samples}, 0),
        sample({2026, 0, Purpose::label_noise}, 0),
        sample({2027, 0, Purpose::samples}, 0),
    };
    for (const std::vector<double>& other : others)
        EXPECT_LT(largest(dependence_scores(draws(), other)), bound);
    const std::span<const double> all(draws());
    EXPECT_LT(largest(dependence_scores(all.first(all.size() - columns), all.subspan(columns))),
              bound);
}

TEST(RandomMoments, TheScoresSeePlantedErrors) {
    std::vector<double> shifted = draws(), stretched = draws(), skewed = draws(), heavy = draws();
    for (double& z : shifted) z += 0.01;
    for (double& z : stretched) z *= 1.01;
    for (double& z : skewed) z += 0.01 * (z * z - 1);
    for (double& z : heavy) z *= 1 + 0.005 * (z * z - 3);
    EXPECT_GT(std::fabs(moment_scores(shifted)[0]), bound);
    EXPECT_GT(std::fabs(moment_scores(stretched)[1]), bound);
    EXPECT_GT(std::fabs(moment_scores(skewed)[2]), bound);
    EXPECT_GT(std::fabs(moment_scores(heavy)[3]), bound);
    EXPECT_GT(distance_score(shifted), distance_bound);
    EXPECT_GT(distance_score(stretched), distance_bound);

    std::vector<double> mixed = draws(), same_radius = draws();
    for (std::size_t e = 0; e + 1 < mixed.size(); ++e) mixed[e + 1] += 0.02 * mixed[e];
    for (std::size_t e = 0; e < same_radius.size(); e += 2) {
        const double factor = std::hypot(same_radius[e], same_radius[e + 1]) / std::sqrt(2.0);
        same_radius[e] *= factor;
        same_radius[e + 1] *= factor;
    }
    EXPECT_GT(std::fabs(column_dependence(mixed, 1)[0]), bound);
    EXPECT_GT(std::fabs(column_dependence(same_radius, 1)[1]), bound);
}

}  // namespace
}  // namespace cucurbit
