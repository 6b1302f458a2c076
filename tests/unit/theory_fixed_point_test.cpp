#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "cucurbit/population.hpp"
#include "cucurbit/theory.hpp"
#include "host/theory/special.hpp"
#include "tests/unit/theory_random.hpp"

namespace cucurbit {
namespace {

// How far log ξ is from the root, by one Newton step in long double with compensated sums.
double error_of_log_xi(const std::vector<double>& spectrum, std::size_t samples, double penalty,
                       double xi) {
    const long double x = xi;
    long double excess = penalty / x;
    long double residual = penalty / x - static_cast<long double>(samples);
    long double lost = 0;
    for (const double lambda : spectrum) {
        const long double kept = lambda / (lambda + x);
        const long double term = kept - lost;
        const long double sum = residual + term;
        lost = (sum - residual) - term;
        residual = sum;
        excess += kept * (1.0L - kept);
    }
    return static_cast<double>(std::abs(residual / excess));
}

void expect_consistent(const FixedPoint& fixed, const std::vector<double>& spectrum,
                       std::size_t samples, double penalty) {
    EXPECT_LE(error_of_log_xi(spectrum, samples, penalty, fixed.xi), 1e-12);
    const long double n = samples;
    const long double xi = fixed.xi;
    long double kept_twice = 0;
    long double excess = penalty / xi;
    for (std::size_t i = 0; i < spectrum.size(); ++i) {
        const long double zeta = xi / (spectrum[i] + xi);
        EXPECT_NEAR(fixed.zeta[i], static_cast<double>(zeta), 1e-15 * static_cast<double>(zeta));
        kept_twice += (1 - zeta) * (1 - zeta);
        excess += zeta * (1 - zeta);
    }
    EXPECT_NEAR(fixed.omega, static_cast<double>(kept_twice / n), 1e-13 * fixed.omega);
    EXPECT_NEAR(fixed.effective_excess, static_cast<double>(excess),
                1e-13 * fixed.effective_excess);
    EXPECT_NEAR(samples * (1.0 - fixed.omega), fixed.effective_excess, 1e-11 * samples);
}

TEST(FixedPoint, KnownValues) {
    struct Known {
        double exponent;
        std::size_t p, samples;
        double xi, omega;
    };
    for (const Known& known : {Known{2.0, 500, 200, 3.973373216e-05, 0.6129848549},
                               Known{2.0, 500, 100, 0.0002028645352, 0.5457943717},
                               Known{1.5, 500, 300, 0.0001995794984, 0.6760616526}}) {
        const auto spectrum = power_law_spectrum(known.p, known.exponent);
        const FixedPoint fixed = solve_fixed_point(spectrum, known.samples);
        EXPECT_NEAR(fixed.xi, known.xi, 5.1e-10 * known.xi);
        EXPECT_NEAR(fixed.omega, known.omega, 5.1e-11);
    }
}

TEST(FixedPoint, IsotropicSpectrumHasAClosedForm) {
    for (const std::size_t n : {1, 2, 50, 98, 99}) {
        const std::vector<double> spectrum(100, 0.25);
        const FixedPoint fixed = solve_fixed_point(spectrum, n);
        const double xi = 0.25 * static_cast<double>(100 - n) / static_cast<double>(n);
        EXPECT_NEAR(fixed.xi, xi, 1e-14 * xi);
        EXPECT_NEAR(fixed.omega, n / 100.0, 1e-14);
        EXPECT_NEAR(fixed.effective_excess, n * (1.0 - n / 100.0), 1e-13);
    }
}

TEST(FixedPoint, RidgeOnOneCoordinateSolvesAQuadratic) {
    // λ/(λ + ξ) + μ/ξ = n: nξ² + (nλ − λ − μ)ξ − μλ = 0.
    const std::vector<double> spectrum{2.0};
    for (const double penalty : {1e-12, 1e-3, 1.0, 1e6}) {
        for (const double n : {1.0, 2.0, 1000.0}) {
            const double b = (n - 1.0) * 2.0 - penalty;
            const double root = std::sqrt(b * b + 8.0 * n * penalty);
            const double xi = b > 0 ? 4.0 * penalty / (b + root) : (root - b) / (2.0 * n);
            const auto fixed = solve_fixed_point(spectrum, static_cast<std::size_t>(n), penalty);
            EXPECT_NEAR(fixed.xi, xi, 1e-12 * xi) << penalty << " " << n;
        }
    }
}

TEST(FixedPoint, NoShrinkageWithoutPenaltyFromInterpolationOn) {
    const std::vector<double> spectrum{1.0, 0.1, 1e-12};
    for (const std::size_t n : {3, 4, 5, 1000}) {
        const FixedPoint fixed = solve_fixed_point(spectrum, n);
        EXPECT_EQ(fixed.xi, 0.0);
        EXPECT_EQ(fixed.zeta, std::vector<double>(3, 0.0));
        EXPECT_DOUBLE_EQ(fixed.omega, 3.0 / static_cast<double>(n));
        EXPECT_EQ(fixed.effective_excess, static_cast<double>(n - 3));
    }
}

TEST(FixedPoint, TwelveDecadesAtEverySampleCount) {
    std::vector<double> spectrum(60);
    for (std::size_t i = 0; i < 60; ++i) spectrum[i] = std::pow(10.0, -12.0 * i / 59.0);
    std::reverse(spectrum.begin() + 20, spectrum.end());
    for (std::size_t n = 1; n < 60; ++n) {
        expect_consistent(solve_fixed_point(spectrum, n), spectrum, n, 0.0);
    }
}

TEST(FixedPoint, GapOfTwelveDecadesAtTheSampleCount) {
    // Here Σ λ_i/(λ_i + ξ) barely depends on ξ: summed plainly it would lose six digits.
    std::vector<double> spectrum(4000, 1e-12);
    std::fill(spectrum.begin(), spectrum.begin() + 2000, 1.0);
    const FixedPoint fixed = solve_fixed_point(spectrum, 2000);
    EXPECT_NEAR(fixed.xi, 1e-6, 1e-18);
}

TEST(FixedPoint, MillionCoordinates) {
    for (const double exponent : {0.0, 1.0, 2.0}) {
        const std::vector<double> spectrum = power_law_spectrum(1000000, exponent);
        for (const std::size_t n : {std::size_t{1}, std::size_t{1000}, std::size_t{999999}}) {
            const FixedPoint fixed = solve_fixed_point(spectrum, n);
            EXPECT_LE(error_of_log_xi(spectrum, n, 0.0, fixed.xi), 1e-12) << exponent << " " << n;
        }
    }
}

TEST(FixedPoint, RefusesMeaninglessArguments) {
    const std::vector<double> fine{1.0, 0.5};
    const double nan = std::numeric_limits<double>::quiet_NaN();
    EXPECT_THROW(solve_fixed_point({}, 1), std::invalid_argument);
    EXPECT_THROW(solve_fixed_point(fine, 0), std::invalid_argument);
    EXPECT_THROW(solve_fixed_point(fine, 1, -1e-300), std::invalid_argument);
    EXPECT_THROW(solve_fixed_point(fine, 1, nan), std::invalid_argument);
    EXPECT_THROW(solve_fixed_point(fine, 1, infinity), std::invalid_argument);
    for (const double bad : {0.0, -1.0, nan, infinity}) {
        EXPECT_THROW(solve_fixed_point(std::vector<double>{1.0, bad}, 1), std::invalid_argument);
        EXPECT_THROW(solve_fixed_point(std::vector<double>{1.0, bad}, 9), std::invalid_argument);
    }
}

RC_GTEST_PROP(FixedPointProperty, SolvesItsEquation, ()) {
    const auto p = draw_count(1, 80);
    const auto spectrum = draw_spectrum(p, 12.0);
    const auto samples = draw_count(1, 2 * p + 1);
    const bool ridge = samples >= p || *rc::gen::arbitrary<bool>();
    const double penalty = ridge ? std::pow(10.0, draw_real(-14.0, 4.0)) : 0.0;
    const FixedPoint fixed = solve_fixed_point(spectrum, samples, penalty);
    RC_ASSERT(error_of_log_xi(spectrum, samples, penalty, fixed.xi) <= 1e-12);
    RC_ASSERT(fixed.omega > 0.0);
    RC_ASSERT(fixed.omega < 1.0);
    RC_ASSERT(fixed.effective_excess > 0.0);
}

RC_GTEST_PROP(FixedPointProperty, DecreasesWithSamplesAndGrowsWithPenalty, ()) {
    const auto p = draw_count(3, 80);
    const auto spectrum = draw_spectrum(p, 12.0);
    const auto samples = draw_count(1, p - 1);
    const double penalty = std::pow(10.0, draw_real(-14.0, 4.0));
    const double xi = solve_fixed_point(spectrum, samples).xi;
    RC_ASSERT(solve_fixed_point(spectrum, samples + 1).xi < xi);
    const double ridge = solve_fixed_point(spectrum, samples, penalty).xi;
    RC_ASSERT(ridge >= xi);
    RC_ASSERT(solve_fixed_point(spectrum, samples, 2.0 * penalty).xi > ridge);
}

RC_GTEST_PROP(FixedPointProperty, ScalesWithTheSpectrum, ()) {
    const auto p = draw_count(2, 80);
    auto spectrum = draw_spectrum(p, 12.0);
    const auto samples = draw_count(1, p);
    const double xi = solve_fixed_point(spectrum, samples).xi;
    for (double& lambda : spectrum) lambda *= 1024.0;
    RC_ASSERT(std::abs(solve_fixed_point(spectrum, samples).xi / (1024.0 * xi) - 1.0) < 1e-12);
}

}  // namespace
}  // namespace cucurbit
