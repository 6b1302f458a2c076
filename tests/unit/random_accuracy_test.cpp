// The normals' polynomials against the long double functions of libm.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numbers>
#include <vector>

#include "kernels/common/normal.hpp"

namespace cucurbit {
namespace {

struct Reference {
    long double cosine;
    long double sine;
};

/// The definition in kernels/common/normal.hpp, the angle taken apart exactly so that no digit of a
/// small sine is lost.
Reference reference(const PhiloxWords& words) {
    const long double u = static_cast<double>(words.first | 1) * 0x1p-64L;
    const long double radius = std::sqrt(-2 * std::log(u));
    const long double fraction =
        static_cast<long double>((words.second >> 10) & 0xfffffffffffff) * 0x1p-52L - 0.5L;
    const long double angle = fraction * std::numbers::pi_v<long double> / 2;
    const long double c = radius * std::cos(angle), s = radius * std::sin(angle);
    switch (words.second >> 62) {
        case 0:
            return {c, s};
        case 1:
            return {-s, c};
        case 2:
            return {-c, -s};
        default:
            return {s, -c};
    }
}

double error_in_ulp(double value, long double of) {
    const double near = std::fabs(static_cast<double>(of));
    const double ulp = std::nextafter(near, std::numeric_limits<double>::infinity()) - near;
    return static_cast<double>(std::fabs(value - of) / ulp);
}

double worst_error(const PhiloxWords& words) {
    const Pair<ScalarLane> pair = normal_pair(words);
    const Reference of = reference(words);
    return std::max(error_in_ulp(pair.cosine, of.cosine), error_in_ulp(pair.sine, of.sine));
}

TEST(RandomAccuracy, CloseToTheDefinition) {
    const PhiloxRow row{0x243f6a8885a308d3, 1, 2, 3};
    double worst = 0, sum = 0;
    constexpr std::uint32_t draws = 400000;
    for (std::uint32_t i = 0; i < draws; ++i) {
        const double error = worst_error(philox(row, i));
        worst = std::max(worst, error);
        sum += error;
    }
    RecordProperty("worst_ulp", std::to_string(worst));
    RecordProperty("mean_ulp", std::to_string(sum / draws));
    EXPECT_LT(worst, 4.5);
    EXPECT_LT(sum / draws, 0.9);
}

TEST(RandomAccuracy, TheEdgesOfEveryPieceToo) {
    constexpr std::uint64_t all = ~std::uint64_t{0};
    std::vector<std::uint64_t> firsts, seconds;
    for (int shift = 0; shift < 64; ++shift) {
        const std::uint64_t power = std::uint64_t{1} << shift;
        // Where the exponent changes, and where the mantissa passes √½.
        const auto root_half = static_cast<std::uint64_t>(std::ldexp(std::sqrt(0.5L), shift + 1));
        for (const std::uint64_t near : {power, root_half})
            for (const std::uint64_t step : {0, 1, 2, 3, 1000}) {
                firsts.push_back(near + step);
                firsts.push_back(near - step);
                seconds.push_back(near + (step << 10));
                seconds.push_back(near - (step << 10));
            }
    }
    for (std::uint64_t eighth = 0; eighth < 8; ++eighth) seconds.push_back((eighth << 61) | 1024);
    for (std::uint64_t below = 1; below < 4096; below *= 2) firsts.push_back(all - below);
    double worst = 0;
    for (const std::uint64_t first : firsts)
        for (const std::uint64_t second : {std::uint64_t{0x5a5a5a5a5a5a5a5a}, all / 3})
            worst = std::max(worst, worst_error({first, second}));
    for (const std::uint64_t second : seconds)
        worst = std::max(worst, worst_error({all / 5, second}));
    EXPECT_LT(worst, 4.5);
}

TEST(RandomAccuracy, TheExtremeWordsAreFinite) {
    constexpr std::uint64_t all = ~std::uint64_t{0};
    for (const std::uint64_t second : {std::uint64_t{0}, all, all >> 1, std::uint64_t{1} << 61}) {
        const Pair<ScalarLane> largest = normal_pair({0, second});
        EXPECT_NEAR(std::hypot(largest.cosine, largest.sine), std::sqrt(128 * std::numbers::ln2),
                    1e-14);
        const Pair<ScalarLane> smallest = normal_pair({all, second});
        EXPECT_EQ(std::hypot(smallest.cosine, smallest.sine), 0.0);
    }
    EXPECT_EQ(normal_pair({1, std::uint64_t{1} << 61}).sine, 0.0);
}

TEST(RandomAccuracy, TheMeasureSeesOneWrongUlp) {
    const Reference of = reference({0x1234567890abcdef, 0xfedcba0987654321});
    const double rounded = static_cast<double>(of.cosine);
    EXPECT_LE(error_in_ulp(rounded, of.cosine), 0.51);
    EXPECT_GE(error_in_ulp(std::nextafter(rounded, 9.0), of.cosine), 0.49);
    EXPECT_GT(error_in_ulp(rounded * (1 + 2e-15), of.cosine), 4.5);
}

}  // namespace
}  // namespace cucurbit
