// χ² draws: their law, their logarithm, their addresses, and their bits for ever.

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/math/distributions/chi_squared.hpp>
#include <cmath>
#include <stdexcept>
#include <vector>

#include "kernels/common/chi_square.hpp"
#include "random_hash.hpp"

namespace cucurbit {
namespace {

constexpr Stream squares{0x6375637572626974, 1, Purpose::chi_square};

std::vector<double> draws(std::uint64_t freedom, std::size_t count) {
    std::vector<double> values(count);
    for (std::size_t t = 0; t < count; ++t) values[t] = draw_chi_square(squares, t, 5, freedom);
    return values;
}

/// Kolmogorov's distance from the law times √count: above 1.95 with probability 0.001.
template <class Cdf>
double distance(std::vector<double> values, Cdf cdf) {
    std::sort(values.begin(), values.end());
    const auto count = static_cast<double>(values.size());
    double largest = 0.0;
    for (std::size_t i = 0; i < values.size(); ++i) {
        const double u = cdf(values[i]);
        largest = std::max(
            {largest, u - static_cast<double>(i) / count, static_cast<double>(i + 1) / count - u});
    }
    return largest * std::sqrt(count);
}

double distance_from_law(const std::vector<double>& values, double freedom) {
    const boost::math::chi_squared law(freedom);
    return distance(values, [&](double x) { return boost::math::cdf(law, x); });
}

TEST(ChiSquare, HasItsLaw) {
    for (const std::uint64_t freedom : {1, 2, 3, 4, 7, 30, 1000, 1000000})
        EXPECT_LE(distance_from_law(draws(freedom, 20000), static_cast<double>(freedom)), 1.95)
            << freedom;
}

// Too many degrees of freedom for a distribution function: (χ² − k)/√(2k) is normal to 1e-5.
TEST(ChiSquare, HasItsLawAtABillion) {
    std::vector<double> values = draws(1000000000, 20000);
    for (double& value : values) value = (value - 1e9) / std::sqrt(2e9);
    EXPECT_LE(distance(values, [](double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }),
              1.95);
}

TEST(ChiSquare, TheCheckSeesAnotherLaw) {
    EXPECT_GT(distance_from_law(draws(7, 20000), 7.15), 1.95);
    std::vector<double> values = draws(30, 20000);
    for (double& value : values) value = 30.0 + 1.06 * (value - 30.0);
    EXPECT_GT(distance_from_law(values, 30.0), 1.95);
}

TEST(ChiSquare, RowsAndTrialsAreIndependent) {
    double sum = 0.0;
    constexpr std::size_t count = 20000;
    for (std::size_t t = 0; t < count; ++t)
        sum +=
            (draw_chi_square(squares, t, 5, 8) - 8.0) * (draw_chi_square(squares, t, 6, 8) - 8.0) +
            (draw_chi_square(squares, t, 7, 8) - 8.0) *
                (draw_chi_square(squares, t + count, 7, 8) - 8.0);
    EXPECT_LE(std::abs(sum) / (16.0 * std::sqrt(2.0 * count)), 4.0);
}

TEST(ChiSquare, LogarithmIsAccurate) {
    double x = 0x1p-64;
    for (int step = 0; step < 66'800; ++step) {
        const auto exact = std::log(static_cast<long double>(x));
        EXPECT_LE(std::abs(natural_log(x) - exact), 4e-16L * std::abs(exact) + 0x1p-53L) << x;
        x *= 1.0009765;
    }
    EXPECT_EQ(natural_log(1.0), 0.0);
}

TEST(ChiSquare, TriangularFactorsTakeTheirDrawsFromTheirAddresses) {
    constexpr std::size_t rows = 37, columns = 21, ld = 40;
    for (const std::uint64_t samples : {std::uint64_t{21}, std::uint64_t{1000000000}}) {
        std::vector<double> out(ld * columns, -7.0), lanes(ld * columns * interleaved_trials, -7.0);
        draw_triangular_block(9, 2, 123456789012, samples, rows, columns, out.data(), ld);
        const std::uint64_t trials[interleaved_trials] = {4, 3, 123456789012, 0, 1, 5, 6, 7};
        draw_triangular_interleaved(9, 2, trials, samples, rows, columns, lanes.data(), ld);
        for (std::size_t j = 0; j < columns; ++j)
            for (std::size_t i = 0; i < ld; ++i) {
                const double diagonal = std::sqrt(
                    draw_chi_square({9, 2, Purpose::chi_square}, 123456789012, j, samples - j));
                const double expected =
                    i >= rows ? -7.0
                    : i < j   ? 0.0
                    : i == j  ? diagonal
                              : draw_normal({9, 2, Purpose::samples}, 123456789012, j, i);
                ASSERT_EQ(out[i + j * ld], expected) << i << " " << j;
                ASSERT_EQ(lanes[(i + j * ld) * interleaved_trials + 2], expected) << i << " " << j;
            }
    }
}

TEST(ChiSquare, RefusesWhatDoesNotFit) {
    EXPECT_THROW(draw_chi_square(squares, max_trial + 1, 0, 3), std::out_of_range);
    EXPECT_THROW(draw_chi_square(squares, 0, max_row + 1, 3), std::out_of_range);
    EXPECT_THROW(draw_chi_square(squares, 0, 0, 0), std::invalid_argument);
}

TEST(ChiSquare, HasThePinnedBits) {
    EXPECT_EQ(hash_of_chi_squares(), pinned_chi_square_hash) << std::hex << hash_of_chi_squares();
}

}  // namespace
}  // namespace cucurbit
