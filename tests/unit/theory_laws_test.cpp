#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>

#include "cucurbit/population.hpp"
#include "cucurbit/theory.hpp"
#include "host/theory/special.hpp"
#include "tests/unit/theory_random.hpp"

namespace cucurbit {
namespace {

struct TwoStages {
    double surrogate_exponent, target_exponent, signal_exponent;
    std::size_t m, n;
    double surrogate_noise, target_noise;
    double target_risk, surrogate_risk;
};

TEST(Population, PowerLaws) {
    EXPECT_EQ(power_law_spectrum(3, 2.0), (std::vector<double>{1.0, 1.0 / 4.0, 1.0 / 9.0}));
    const auto spectrum = power_law_spectrum(50, 1.3);
    const auto truth = power_law_truth(spectrum, 1.5);
    for (std::size_t i = 0; i < 50; ++i) {
        EXPECT_GT(truth[i], 0.0);
        EXPECT_NEAR(spectrum[i] * truth[i] * truth[i], std::pow(i + 1.0, -1.5), 1e-15);
    }
    EXPECT_EQ((Population{spectrum, truth}.dimension()), 50u);
}

TEST(TargetRisk, KnownValuesOfTheStandardTarget) {
    const auto standard = [](double alpha, double beta, std::size_t n, double noise_variance) {
        const auto spectrum = power_law_spectrum(500, alpha);
        const auto truth = power_law_truth(spectrum, beta);
        const Prediction risk = target_risk(truth, truth, spectrum, n, noise_variance);
        EXPECT_EQ(risk.kind, TheoryKind::deterministic_equivalent);
        return risk.value;
    };
    EXPECT_NEAR(standard(2.0, 1.5, 200, 0.0), 0.1193669839, 5.1e-11);
    EXPECT_NEAR(standard(2.0, 1.5, 100, 0.05), 0.3025529582, 5.1e-11);
    EXPECT_NEAR(standard(1.5, 2.0, 300, 0.1), 0.2125927354, 5.1e-11);
}

TEST(TwoStageRisk, KnownValues) {
    for (const TwoStages& known :
         {TwoStages{1.5, 1.5, 1.5, 150, 100, 0.0, 0.0, 0.2037044866, 0.1072852576},
          TwoStages{0.5, 1.5, 1.5, 200, 150, 0.05, 0.05, 0.3870677411, 0.2384140199},
          TwoStages{2.0, 1.0, 1.6, 600, 120, 0.2, 0.0, 18.03607165, 30.20066890}}) {
        const auto surrogate_spectrum = power_law_spectrum(300, known.surrogate_exponent);
        const auto target_spectrum = power_law_spectrum(300, known.target_exponent);
        const auto truth = power_law_truth(target_spectrum, known.signal_exponent);
        const FitLaw surrogate =
            fit(given_labels(truth), surrogate_spectrum, known.m, known.surrogate_noise);
        const FitLaw target = fit(surrogate, target_spectrum, known.n, known.target_noise);
        EXPECT_NEAR(excess_risk(target, truth, target_spectrum).value, known.target_risk,
                    5.1e-10 * known.target_risk);
        EXPECT_NEAR(excess_risk(surrogate, truth, target_spectrum).value, known.surrogate_risk,
                    5.1e-10 * known.surrogate_risk);
        EXPECT_EQ(surrogate.kind,
                  known.m >= 302 ? TheoryKind::exact : TheoryKind::deterministic_equivalent);
        EXPECT_EQ(target.kind, TheoryKind::deterministic_equivalent);
    }
}

TEST(LeastSquares, ExactVariance) {
    const std::vector<double> spectrum{2.0, 0.5, 1e-12};
    const std::vector<double> labels{1.0, -2.0, 3.0};
    for (const std::size_t n : {5, 6, 1000}) {
        const FitLaw law = fit(given_labels(labels), spectrum, n, 0.7);
        EXPECT_EQ(law.kind, TheoryKind::exact);
        EXPECT_EQ(law.mean, labels);
        const double freedom = static_cast<double>(n) - 4.0;
        for (std::size_t i = 0; i < 3; ++i) {
            EXPECT_DOUBLE_EQ(law.variance[i], 0.7 / (freedom * spectrum[i]));
        }
        EXPECT_NEAR(excess_risk(law, labels, spectrum).value, 0.7 * 3.0 / freedom, 1e-15);
    }
}

TEST(LeastSquares, RiskOfASurrogateIsItsDistancePlusNoise) {
    const std::vector<double> spectrum{1.0, 0.25};
    const std::vector<double> truth{1.0, 2.0};
    const std::vector<double> surrogate{1.5, 0.0};
    const Prediction risk = target_risk(surrogate, truth, spectrum, 10, 0.3);
    EXPECT_EQ(risk.kind, TheoryKind::exact);
    EXPECT_NEAR(risk.value, 0.25 + 0.25 * 4.0 + 0.3 * 2.0 / 7.0, 1e-15);
}

TEST(Interpolation, NoiseHasNoMeanNextToIt) {
    for (const std::size_t p : {2, 3, 50}) {
        const auto spectrum = power_law_spectrum(p, 1.0);
        const auto truth = power_law_truth(spectrum, 2.0);
        for (const std::size_t n : {p - 1, p, p + 1}) {
            const Prediction noisy = target_risk(truth, truth, spectrum, n, 1e-6);
            EXPECT_EQ(noisy.value, infinity) << n << " of " << p;
            EXPECT_EQ(noisy.kind, TheoryKind::exact);
            EXPECT_TRUE(std::isfinite(target_risk(truth, truth, spectrum, n, 0.0).value));
            EXPECT_TRUE(std::isfinite(
                excess_risk(fit(given_labels(truth), spectrum, n, 1e-6, 1e-9), truth, spectrum)
                    .value));
        }
        EXPECT_TRUE(std::isfinite(target_risk(truth, truth, spectrum, p + 2, 1.0).value));
    }
    const std::vector<double> flat(9, 1.0);
    EXPECT_EQ(target_risk(flat, flat, flat, 8, 0.1).value, infinity);
    EXPECT_TRUE(std::isfinite(target_risk(flat, flat, flat, 7, 0.1).value));
}

TEST(Interpolation, NothingIsLeftWithoutNoise) {
    const auto spectrum = power_law_spectrum(20, 2.0);
    const auto truth = power_law_truth(spectrum, 1.5);
    for (const std::size_t n : {20, 21, 22, 500}) {
        const Prediction risk = target_risk(truth, truth, spectrum, n, 0.0);
        EXPECT_EQ(risk.value, 0.0);
        EXPECT_EQ(risk.kind, TheoryKind::exact);
    }
}

TEST(Interpolation, InfiniteVarianceOfOneStageReachesTheNext) {
    const auto spectrum = power_law_spectrum(20, 2.0);
    const auto truth = power_law_truth(spectrum, 1.5);
    for (const std::size_t m : {19, 20, 21}) {
        const FitLaw surrogate = fit(given_labels(truth), spectrum, m, 0.1);
        for (const std::size_t n : {5, 19, 20, 40}) {
            const Prediction risk = excess_risk(fit(surrogate, spectrum, n, 0.0), truth, spectrum);
            EXPECT_EQ(risk.value, infinity);
        }
    }
}

TEST(Isotropic, ExactLawOfTheStandardTarget) {
    const double lambda = 0.3;
    const std::vector<double> spectrum(30, lambda);
    const auto truth = power_law_truth(power_law_spectrum(30, 1.0), 2.0);
    double squares = 0.0;
    for (const double b : truth) squares += b * b;
    for (std::size_t n = 1; n <= 28; ++n) {
        const Prediction risk = target_risk(truth, truth, spectrum, n, 0.4);
        EXPECT_EQ(risk.kind, TheoryKind::exact);
        const double expected = lambda * squares * (1.0 - n / 30.0) + 0.4 * n / (30.0 - n - 1.0);
        EXPECT_NEAR(risk.value, expected, 1e-14 * expected);
    }
}

TEST(Isotropic, SignalPartEqualsTheDeterministicEquivalent) {
    std::vector<double> spectrum(40, 1.0);
    const auto truth = power_law_truth(power_law_spectrum(40, 1.0), 2.0);
    const double exact = target_risk(truth, truth, spectrum, 15, 0.0).value;
    spectrum[7] *= 1.0 + 1e-14;
    const Prediction equivalent = target_risk(truth, truth, spectrum, 15, 0.0);
    EXPECT_EQ(equivalent.kind, TheoryKind::deterministic_equivalent);
    EXPECT_NEAR(equivalent.value, exact, 1e-12 * exact);
}

TEST(Chain, IsExactOnlyIfAllStagesAre) {
    const auto decaying = power_law_spectrum(10, 1.0);
    const std::vector<double> flat(10, 1.0);
    const FitLaw truth = given_labels(decaying);
    const FitLaw exact = fit(truth, decaying, 30, 0.1);
    const FitLaw projected = fit(exact, flat, 5, 0.1);
    const FitLaw equivalent = fit(truth, decaying, 5, 0.1);
    EXPECT_EQ(exact.kind, TheoryKind::exact);
    EXPECT_EQ(projected.kind, TheoryKind::exact);
    EXPECT_EQ(equivalent.kind, TheoryKind::deterministic_equivalent);
    EXPECT_EQ(fit(truth, decaying, 30, 0.1, 1e-3).kind, TheoryKind::deterministic_equivalent);
    EXPECT_EQ(fit(truth, flat, 5, 0.1, 1e-3).kind, TheoryKind::deterministic_equivalent);
    FitLaw unknown = equivalent;
    unknown.kind = TheoryKind::none;
    EXPECT_EQ(fit(unknown, decaying, 5, 0.1).kind, TheoryKind::none);
    EXPECT_EQ(fit(unknown, decaying, 30, 0.1).kind, TheoryKind::none);
    for (const FitLaw& second : {fit(equivalent, decaying, 30, 0.1), fit(equivalent, flat, 5, 0.0),
                                 fit(equivalent, decaying, 10, 0.0)}) {
        EXPECT_EQ(second.kind, TheoryKind::deterministic_equivalent);
        EXPECT_EQ(excess_risk(second, decaying, flat).kind, TheoryKind::deterministic_equivalent);
    }
}

TEST(Ridge, LimitOfNoPenaltyIsRidgeless) {
    const auto spectrum = power_law_spectrum(60, 1.5);
    const auto truth = power_law_truth(spectrum, 1.5);
    for (const std::size_t n : {1, 20, 50, 58}) {
        const double ridgeless = target_risk(truth, truth, spectrum, n, 0.2).value;
        const FitLaw ridge = fit(given_labels(truth), spectrum, n, 0.2, 1e-13);
        EXPECT_NEAR(excess_risk(ridge, truth, spectrum).value, ridgeless, 1e-7 * ridgeless) << n;
    }
    // Above interpolation the equivalent has n − p where the exact law has n − p − 1.
    const FitLaw ridge = fit(given_labels(truth), spectrum, 100, 0.2, 1e-12);
    EXPECT_NEAR(excess_risk(ridge, truth, spectrum).value, 0.2 * 60.0 / 40.0, 1e-8);
}

TEST(Ridge, HugePenaltyFitsNothing) {
    const auto spectrum = power_law_spectrum(20, 1.0);
    const FitLaw law = fit(given_labels(spectrum), spectrum, 10, 0.5, 1e15);
    double signal = 0.0;
    for (const double lambda : spectrum) signal += lambda * lambda * lambda;
    const std::vector<double>& truth = spectrum;
    EXPECT_NEAR(excess_risk(law, truth, spectrum).value, signal, 1e-12);
}

TEST(Fit, SmallestDimensions) {
    const std::vector<double> one{0.5};
    EXPECT_EQ(target_risk(one, one, one, 1, 0.0).value, 0.0);
    EXPECT_EQ(target_risk(one, one, one, 1, 0.1).value, infinity);
    EXPECT_EQ(target_risk(one, one, one, 2, 0.1).value, infinity);
    EXPECT_DOUBLE_EQ(target_risk(one, one, one, 3, 0.1).value, 0.1);
    // One direction of two, uniformly random: half of each coordinate is lost.
    const std::vector<double> flat{1.0, 1.0};
    EXPECT_DOUBLE_EQ(target_risk(flat, flat, flat, 1, 0.0).value, 1.0);
    const std::vector<double> decaying{1.0, 1e-12};
    EXPECT_TRUE(std::isfinite(target_risk(flat, flat, decaying, 1, 0.0).value));
}

TEST(Fit, RefusesMeaninglessArguments) {
    const std::vector<double> two{1.0, 0.5};
    const std::vector<double> three{1.0, 0.5, 0.25};
    const FitLaw labels = given_labels(two);
    EXPECT_THROW(fit(labels, three, 1, 0.0), std::invalid_argument);
    EXPECT_THROW(fit(labels, two, 0, 0.0), std::invalid_argument);
    EXPECT_THROW(fit(labels, two, 1, -0.1), std::invalid_argument);
    EXPECT_THROW(fit(labels, two, 1, std::nan("")), std::invalid_argument);
    EXPECT_THROW(fit(labels, two, 1, 0.1, -1.0), std::invalid_argument);
    EXPECT_THROW(fit(labels, std::vector<double>{1.0, 0.0}, 9, 0.1), std::invalid_argument);
    EXPECT_THROW(excess_risk(labels, three, three), std::invalid_argument);
    EXPECT_THROW(excess_risk(labels, two, three), std::invalid_argument);
    EXPECT_THROW(target_risk(two, three, three, 1, 0.0), std::invalid_argument);
}

TEST(TheoryKind, Names) {
    EXPECT_EQ(to_string(TheoryKind::exact), "exact");
    EXPECT_EQ(to_string(TheoryKind::deterministic_equivalent), "deterministic_equivalent");
    EXPECT_EQ(to_string(TheoryKind::none), "none");
}

RC_GTEST_PROP(FitProperty, StandardRiskIsEffectiveNoiseLessNoise, ()) {
    // For labels by the truth the risk is γ² − σ².
    const auto p = draw_count(3, 60);
    const auto spectrum = draw_spectrum(p, 12.0);
    const auto truth = draw_coefficients(p);
    const auto n = draw_count(1, p - 1);
    const double noise_variance = draw_real(0.0, 2.0);
    const FixedPoint fixed = solve_fixed_point(spectrum, n);
    double gamma_squared = noise_variance;
    for (std::size_t i = 0; i < p; ++i) {
        gamma_squared += spectrum[i] * std::pow(fixed.zeta[i] * truth[i], 2);
    }
    gamma_squared *= static_cast<double>(n) / fixed.effective_excess;
    const Prediction risk = target_risk(truth, truth, spectrum, n, noise_variance);
    RC_ASSERT(std::abs(risk.value - (gamma_squared - noise_variance)) <= 1e-11 * gamma_squared);
}

RC_GTEST_PROP(FitProperty, RiskGrowsWithNoise, ()) {
    const auto p = draw_count(3, 60);
    const auto spectrum = draw_spectrum(p, 12.0);
    const auto truth = draw_coefficients(p);
    const auto n = draw_count(1, 2 * p);
    const double noise_variance = draw_real(0.0, 2.0);
    const double less = target_risk(truth, truth, spectrum, n, noise_variance).value;
    const double more = target_risk(truth, truth, spectrum, n, 2.0 * noise_variance + 0.1).value;
    RC_ASSERT(less >= 0.0);
    RC_ASSERT(more > less || more == infinity);
}

RC_GTEST_PROP(FitProperty, VarianceOfLabelsCountsLikeRandomLabels, ()) {
    // Averaging the law over labels ±s in every coordinate is the law of labels with variance s².
    const auto p = draw_count(3, 40);
    const bool isotropic = *rc::gen::arbitrary<bool>();
    const auto spectrum = draw_spectrum(p, isotropic ? 0.0 : 6.0);
    const auto test_spectrum = draw_spectrum(p, 3.0);
    const auto spread = draw_coefficients(p);
    const auto n = draw_count(1, p - 1);
    FitLaw uncertain = given_labels(std::vector<double>(p, 0.0));
    for (std::size_t i = 0; i < p; ++i) uncertain.variance[i] = spread[i] * spread[i];
    const std::vector<double> zero(p, 0.0);
    const double risk = excess_risk(fit(uncertain, spectrum, n, 0.3), zero, test_spectrum).value;
    const double one_sign =
        excess_risk(fit(given_labels(spread), spectrum, n, 0.3), zero, test_spectrum).value;
    RC_ASSERT(std::abs(risk - one_sign) <= 1e-12 * risk);
}

}  // namespace
}  // namespace cucurbit
