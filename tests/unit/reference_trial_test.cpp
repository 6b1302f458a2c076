#include <gtest/gtest.h>

#include <cmath>

#include "cucurbit/random.hpp"
#include "tests/reference/trial.hpp"

// Cases small enough for a formula, written with the same draws.

namespace cucurbit::reference {
namespace {

constexpr Address address{0x1234, 17};
constexpr Real tolerance = 1e-17L;

Real sample(std::uint8_t stage, std::size_t row, std::size_t column, double lambda) {
    const double x = std::sqrt(lambda) * draw_normal({address.key, stage, Purpose::samples},
                                                     address.trial, row, column);
    return x;
}

Real label_noise(std::uint8_t stage, std::size_t i) {
    return draw_normal({address.key, stage, Purpose::label_noise}, address.trial, 0, i);
}

void expect_close(Real actual, Real expected) {
    EXPECT_LE(std::abs(actual - expected), tolerance * (1 + std::abs(expected)))
        << static_cast<double>(actual) << " against " << static_cast<double>(expected);
}

// n = p = 1: the fit is b + σ z/x, the risk λ (b − β + σ z/x)².
TEST(ReferenceModelShift, OneSampleInOneDimension) {
    const std::vector<double> lambda{0.7}, truth{1.5}, b{1.1};
    const StageFit target(lambda, address, 0, 1);
    const Real x = sample(0, 0, 0, 0.7);
    const Real error = Real(b[0]) - truth[0] + Real(0.3) * label_noise(0, 0) / x;
    expect_close(model_shift_risk(target, b, truth, lambda, 0.3, LabelNoise::sample),
                 Real(lambda[0]) * error * error);
    const Real bias = Real(b[0]) - truth[0];
    expect_close(model_shift_risk(target, b, truth, lambda, 0.3, LabelNoise::integrate),
                 Real(lambda[0]) * (bias * bias + Real(0.3) * Real(0.3) / (x * x)));
}

// n = 1, p = 2: the fit is x (xᵀb + σz)/‖x‖².
TEST(ReferenceModelShift, OneSampleInTwoDimensions) {
    const std::vector<double> lambda{1.0, 0.25}, truth{1.0, -2.0}, b{0.5, -1.0};
    const StageFit target(lambda, address, 0, 1);
    const Real x0 = sample(0, 0, 0, 1.0), x1 = sample(0, 0, 1, 0.25);
    const Real squares = x0 * x0 + x1 * x1;
    const auto risk = [&](Real noise) {
        const Real y = x0 * Real(0.5) - x1 + noise;
        const Real e0 = x0 * y / squares - 1, e1 = x1 * y / squares + 2;
        return e0 * e0 + Real(0.25) * e1 * e1;
    };
    expect_close(model_shift_risk(target, b, truth, lambda, 0.5, LabelNoise::sample),
                 risk(Real(0.5) * label_noise(0, 0)));
    // The risk is a quadratic in the noise, so its mean is that of noise ±σ.
    expect_close(model_shift_risk(target, b, truth, lambda, 0.5, LabelNoise::integrate),
                 (risk(0.5L) + risk(-0.5L)) / 2);
}

// n = 3, p = 1: least squares Σ x_i y_i/Σ x_i², and x⁺ has squared norm 1/Σ x_i².
TEST(ReferenceModelShift, ThreeSamplesInOneDimension) {
    const std::vector<double> lambda{2.0}, truth{1.0}, b{1.0};
    const StageFit target(lambda, address, 0, 3);
    Real squares = 0, noise = 0;
    for (std::size_t i = 0; i < 3; ++i) {
        const Real x = sample(0, i, 0, 2.0);
        squares += x * x;
        noise += x * label_noise(0, i);
    }
    expect_close(model_shift_risk(target, b, truth, lambda, 1.0, LabelNoise::sample),
                 2 * (noise / squares) * (noise / squares));
    expect_close(model_shift_risk(target, b, truth, lambda, 1.0, LabelNoise::integrate),
                 2 / squares);
}

// With n ≥ p and no noise the fit is b itself.
TEST(ReferenceModelShift, LeastSquaresRecoversItsLabels) {
    const std::vector<double> lambda{1.0, 0.5, 0.1}, truth{1.0, 2.0, 3.0}, b{0.5, 0.0, 4.0};
    const Real expected = Real(0.25) + Real(0.5) * 4 + Real(lambda[2]);
    for (const std::size_t n : {3, 4, 5})
        for (const LabelNoise mode : {LabelNoise::sample, LabelNoise::integrate})
            EXPECT_NEAR(static_cast<double>(model_shift_risk(StageFit(lambda, address, 0, n), b,
                                                             truth, lambda, 0.0, mode)),
                        static_cast<double>(expected), 1e-14)
                << n;
}

TEST(ReferenceStage, BothRoutesAgreeAtFullRank) {
    const std::vector<double> lambda{1.0, 0.5, 0.25, 0.1, 0.05}, truth(5, 1.0);
    for (const std::size_t n : {1, 2, 4, 5, 6, 9}) {
        const StageFit direct(lambda, address, 0, n);
        const StageFit decided(lambda, address, 0, n, Route::truncated);
        EXPECT_EQ(decided.rank(), std::min<std::size_t>(n, 5));
        for (const LabelNoise mode : {LabelNoise::sample, LabelNoise::integrate}) {
            const Real a = model_shift_risk(direct, truth, truth, lambda, 0.7, mode);
            const Real b = model_shift_risk(decided, truth, truth, lambda, 0.7, mode);
            EXPECT_LE(std::abs(a - b), 1e-14L * a) << n;
        }
    }
}

// λ = (1, 1e-40): beyond two samples the second direction lies below the cut-off and is left at
// zero.
TEST(ReferenceStage, TruncatesWhatDoubleCannotSee) {
    const std::vector<double> lambda{1.0, 1e-40};
    EXPECT_EQ(StageFit(lambda, address, 0, 1, Route::truncated).rank(), 1u);
    const StageFit stage(lambda, address, 0, 4, Route::truncated);
    EXPECT_EQ(stage.rank(), 1u);
    const Vector w = stage.fit(Vector{1, 1}, 0);
    EXPECT_LE(std::abs(w[0] - 1), 1e-15L);
    EXPECT_LE(std::abs(w[1]), 1e-15L);
}

TEST(ReferenceStage, ConditionIsThatOfTheRows) {
    const std::vector<double> lambda{1.0, 0.25};
    // One row: ‖x‖ · ‖x‖/‖x‖² = 1. Two rows: at least the condition number, at most twice it.
    expect_close(StageFit(lambda, address, 0, 1).condition(), 1);
    const StageFit stage(lambda, address, 0, 2);
    const Svd svd = jacobi_svd(stage.samples());
    const Real number = svd.s[0] / svd.s[1];
    EXPECT_GE(stage.condition(), number);
    EXPECT_LE(stage.condition(), 2 * number);
}

// m = n = p = 1: surrogate β + σ_s z₀/x₀, target the same plus σ_t z₁/x₁, standard β + σ_t z₁/x₁.
TEST(ReferenceTwoStage, OneSampleInOneDimension) {
    const std::vector<double> spectrum{0.5}, target_spectrum{2.0}, truth{1.5};
    const StageFit surrogate(spectrum, address, 0, 1), target(target_spectrum, address, 1, 1);
    const Real first = Real(0.4) * label_noise(0, 0) / sample(0, 0, 0, 0.5);
    const Real second = Real(0.3) * label_noise(1, 0) / sample(1, 0, 0, 2.0);
    const TwoStageRisks sampled =
        two_stage_risks(surrogate, target, truth, target_spectrum, 0.4, 0.3, LabelNoise::sample);
    expect_close(sampled.surrogate, 2 * first * first);
    expect_close(sampled.target, 2 * (first + second) * (first + second));
    expect_close(sampled.standard, 2 * second * second);
    const TwoStageRisks mean =
        two_stage_risks(surrogate, target, truth, target_spectrum, 0.4, 0.3, LabelNoise::integrate);
    const Real gain_s = std::pow(Real(0.4) / sample(0, 0, 0, 0.5), 2);
    const Real gain_t = std::pow(Real(0.3) / sample(1, 0, 0, 2.0), 2);
    expect_close(mean.surrogate, 2 * gain_s);
    expect_close(mean.target, 2 * (gain_s + gain_t));
    expect_close(mean.standard, 2 * gain_t);
}

// m = n = 1, p = 2: two projections one after the other, w₁ = x(xᵀβ + z)/‖x‖², w₂ = u(uᵀw₁ +
// z')/‖u‖². The risks are quadratics without a cross term between z and z', so their means are over
// z, z' = ±σ.
TEST(ReferenceTwoStage, OneSampleInTwoDimensions) {
    const std::vector<double> spectrum{1.0, 0.5}, target_spectrum{0.5, 2.0}, truth{1.0, -1.0};
    const StageFit surrogate(spectrum, address, 0, 1), target(target_spectrum, address, 1, 1);
    const Real x0 = sample(0, 0, 0, 1.0), x1 = sample(0, 0, 1, 0.5);
    const Real u0 = sample(1, 0, 0, 0.5), u1 = sample(1, 0, 1, 2.0);
    const auto risk = [](Real w0, Real w1) {
        return Real(0.5) * (w0 - 1) * (w0 - 1) + 2 * (w1 + 1) * (w1 + 1);
    };
    const auto risks = [&](Real z, Real z_next) {
        const Real first = (x0 - x1 + z) / (x0 * x0 + x1 * x1);
        const Real onto = 1 / (u0 * u0 + u1 * u1);
        const Real second = (u0 * x0 * first + u1 * x1 * first + z_next) * onto;
        const Real direct = (u0 - u1 + z_next) * onto;
        return TwoStageRisks{risk(x0 * first, x1 * first), risk(u0 * second, u1 * second),
                             risk(u0 * direct, u1 * direct)};
    };
    const TwoStageRisks sampled =
        two_stage_risks(surrogate, target, truth, target_spectrum, 0.4, 0.3, LabelNoise::sample);
    const TwoStageRisks expected =
        risks(Real(0.4) * label_noise(0, 0), Real(0.3) * label_noise(1, 0));
    expect_close(sampled.surrogate, expected.surrogate);
    expect_close(sampled.target, expected.target);
    expect_close(sampled.standard, expected.standard);
    const TwoStageRisks mean =
        two_stage_risks(surrogate, target, truth, target_spectrum, 0.4, 0.3, LabelNoise::integrate);
    TwoStageRisks average{0, 0, 0};
    for (const Real z : {Real(0.4), -Real(0.4)})
        for (const Real z_next : {Real(0.3), -Real(0.3)}) {
            const TwoStageRisks at = risks(z, z_next);
            average.surrogate += at.surrogate / 4;
            average.target += at.target / 4;
            average.standard += at.standard / 4;
        }
    expect_close(mean.surrogate, average.surrogate);
    expect_close(mean.target, average.target);
    expect_close(mean.standard, average.standard);
}

}  // namespace
}  // namespace cucurbit::reference
