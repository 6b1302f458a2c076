// Where the mean of a risk is known exactly, z-scores of independent designs must be standard
// normal: neither mean nor standard error may be off. Theory here is written out again, not taken
// from the library.

#include <fmt/format.h>
#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include <cmath>
#include <iostream>

#include "cucurbit/population.hpp"
#include "tests/statistical/curve.hpp"

namespace cucurbit {
namespace {

constexpr std::size_t trials = 1024;
constexpr std::size_t designs = 400;

/// One design of one point, with the exact mean of its risk.
struct ExactCase {
    std::size_t n, p;
    double noise_std;
    std::string spectrum;
    LabelNoise label_noise;
    double expected;
    std::uint64_t seed;

    Study study() const {
        return study_of(fmt::format(R"(
            schema = 1
            [study]
            name = "calibration"
            kind = "model_shift"
            seed = {}
            [population]
            p = {}
            spectrum = {}
            signal = {{ kind = "uniform", norm = 1.5 }}
            [target]
            n = {}
            noise_std = {}
            arms = ["standard"]
            [precision]
            trials = {}
            label_noise = "{}"
        )",
                                    seed, p, spectrum, n, noise_std, trials,
                                    label_noise == LabelNoise::sample ? "sample" : "integrate"));
    }
    double z() const {
        const Moments risk = measure(study(), trials).at(0).moments;
        return (risk.mean() - expected) / risk.standard_error();
    }
};

/// n ≥ p + 8: E R = σ² p/(n − p − 1), whatever the spectrum.
ExactCase least_squares(std::size_t k) {
    const std::size_t p = 2 + (k * 7) % 29;
    const std::size_t n = p + 8 + (k * 11) % 53;
    const double sigma = 0.1 + 0.3 * static_cast<double>(k % 5);
    const double exponent = 0.5 * static_cast<double>(k % 7);
    const double mean = sigma * sigma * static_cast<double>(p) / static_cast<double>(n - p - 1);
    return {n,
            p,
            sigma,
            fmt::format("{{ kind = \"power_law\", exponent = {} }}", exponent),
            k % 2 == 0 ? LabelNoise::sample : LabelNoise::integrate,
            mean,
            1000 + k};
}

/// Σ = I, n ≤ p − 8: E R = ‖β*‖²(1 − n/p) + σ² n/(p − n − 1). Noise may be absent: the rows alone
/// vary.
ExactCase isotropic(std::size_t k) {
    const std::size_t n = 1 + (k * 5) % 31;
    const std::size_t p = n + 8 + (k * 13) % 47;
    const double sigma = 0.25 * static_cast<double>(k % 5);
    const auto rows = static_cast<double>(n), dimension = static_cast<double>(p);
    const double mean =
        2.25 * (1.0 - rows / dimension) + sigma * sigma * rows / (dimension - rows - 1.0);
    return {n,
            p,
            sigma,
            "{ kind = \"isotropic\" }",
            k % 2 == 0 ? LabelNoise::sample : LabelNoise::integrate,
            mean,
            5000 + k};
}

void expect_calibrated(const Moments& z) {
    EXPECT_GE(z.count(), 100u);
    const double scale = std::sqrt(400.0 / static_cast<double>(z.count()));
    EXPECT_LE(std::abs(z.mean()), 0.2 * scale) << "over " << z.count() << " designs";
    EXPECT_GE(std::sqrt(z.variance()), 1.0 - 0.13 * scale) << "over " << z.count() << " designs";
    EXPECT_LE(std::sqrt(z.variance()), 1.0 + 0.13 * scale) << "over " << z.count() << " designs";
}

TEST(Calibration, ExactLaws) {
    Moments all, sampled, integrated, square, wide;
    for (std::size_t k = 0; k < designs / 2; ++k)
        for (const ExactCase& exact : {least_squares(k), isotropic(k)}) {
            const double z = exact.z();
            ASSERT_TRUE(std::isfinite(z)) << exact.n << " " << exact.p;
            all.add(z);
            (exact.label_noise == LabelNoise::sample ? sampled : integrated).add(z);
            (exact.n > exact.p ? square : wide).add(z);
        }
    ASSERT_EQ(all.count(), designs);
    std::cout << fmt::format("{} designs: mean z {:+.3f}, spread {:.3f}\n", all.count(), all.mean(),
                             std::sqrt(all.variance()));
    for (const Moments& z : {all, sampled, integrated, square, wide}) expect_calibrated(z);
}

// The checker itself: a mean off by half a standard error, or a spread off by a fifth, is not
// calibrated.
TEST(Calibration, SeesAPlantedError) {
    const auto judged = [](double shift, double stretch) {
        Moments z;
        for (std::size_t i = 0; i < designs;
             ++i)  // quantiles of the logistic law, scaled to variance one
            z.add(shift + stretch *
                              std::log((static_cast<double>(i) + 0.5) /
                                       (static_cast<double>(designs - i) - 0.5)) /
                              1.8138);
        testing::TestPartResultArray failures;
        {
            const testing::ScopedFakeTestPartResultReporter reporter(
                testing::ScopedFakeTestPartResultReporter::INTERCEPT_ONLY_CURRENT_THREAD,
                &failures);
            expect_calibrated(z);
        }
        return failures.size();
    };
    EXPECT_EQ(judged(0.0, 1.0), 0);
    EXPECT_GT(judged(0.5, 1.0), 0);
    EXPECT_GT(judged(-0.5, 1.0), 0);
    EXPECT_GT(judged(0.0, 1.2), 0);
    EXPECT_GT(judged(0.0, 0.8), 0);
}

}  // namespace
}  // namespace cucurbit
