// The laws against plain fits: rows drawn, normal equations solved, nothing shared with the engine.

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "cucurbit/moments.hpp"
#include "cucurbit/population.hpp"
#include "cucurbit/theory.hpp"

namespace cucurbit {
namespace {

struct Stage {
    std::vector<double> spectrum;
    std::size_t samples;
    double noise_variance;
    double penalty = 0.0;
};

using Random = std::mt19937_64;

// Solves A x = y for a symmetric positive definite A (size × size), overwriting both.
void solve(std::vector<double>& a, std::vector<double>& y) {
    const std::size_t size = y.size();
    for (std::size_t j = 0; j < size; ++j) {
        for (std::size_t i = j; i < size; ++i) {
            double sum = a[i * size + j];
            for (std::size_t k = 0; k < j; ++k) sum -= a[i * size + k] * a[j * size + k];
            a[i * size + j] = i == j ? std::sqrt(sum) : sum / a[j * size + j];
        }
    }
    for (std::size_t i = 0; i < size; ++i) {
        for (std::size_t k = 0; k < i; ++k) y[i] -= a[i * size + k] * y[k];
        y[i] /= a[i * size + i];
    }
    for (std::size_t i = size; i-- > 0;) {
        for (std::size_t k = i + 1; k < size; ++k) y[i] -= a[k * size + i] * y[k];
        y[i] /= a[i * size + i];
    }
}

// Inner products of `count` vectors of the given length plus the penalty on the diagonal.
std::vector<double> inner_products(const std::vector<double>& vectors, std::size_t count,
                                   std::size_t length, double penalty) {
    std::vector<double> gram(count * count);
    for (std::size_t i = 0; i < count; ++i) {
        for (std::size_t j = 0; j <= i; ++j) {
            double sum = i == j ? penalty : 0.0;
            for (std::size_t k = 0; k < length; ++k) {
                sum += vectors[i * length + k] * vectors[j * length + k];
            }
            gram[i * count + j] = sum;
        }
    }
    return gram;
}

std::vector<double> draw_fit(const Stage& stage, const std::vector<double>& labels,
                             Random& random) {
    const std::size_t n = stage.samples;
    const std::size_t p = labels.size();
    std::normal_distribution<double> normal;
    std::vector<double> rows(n * p);
    std::vector<double> columns(p * n);
    std::vector<double> y(n);
    for (std::size_t r = 0; r < n; ++r) {
        for (std::size_t c = 0; c < p; ++c) {
            rows[r * p + c] = columns[c * n + r] = std::sqrt(stage.spectrum[c]) * normal(random);
            y[r] += rows[r * p + c] * labels[c];
        }
        y[r] += std::sqrt(stage.noise_variance) * normal(random);
    }
    const bool dual = n < p;
    std::vector<double> fitted(p);
    if (dual) {
        std::vector<double> gram = inner_products(rows, n, p, stage.penalty);
        solve(gram, y);
    }
    for (std::size_t c = 0; c < p; ++c) {
        for (std::size_t r = 0; r < n; ++r) fitted[c] += columns[c * n + r] * y[r];
    }
    if (!dual) {
        std::vector<double> gram = inner_products(columns, p, n, stage.penalty);
        solve(gram, fitted);
    }
    return fitted;
}

struct Experiment {
    std::vector<Stage> stages;
    std::vector<double> labels;
    std::vector<double> truth;
    std::vector<double> test_spectrum;

    Moments measure(std::size_t trials, std::uint64_t seed) const {
        Random random(seed);
        Moments moments;
        for (std::size_t trial = 0; trial < trials; ++trial) {
            std::vector<double> fitted = labels;
            for (const Stage& stage : stages) fitted = draw_fit(stage, fitted, random);
            double risk = 0.0;
            for (std::size_t i = 0; i < truth.size(); ++i) {
                risk += test_spectrum[i] * std::pow(fitted[i] - truth[i], 2);
            }
            moments.add(risk);
        }
        return moments;
    }

    Prediction predict() const {
        FitLaw law = given_labels(labels);
        for (const Stage& stage : stages) {
            law = fit(law, stage.spectrum, stage.samples, stage.noise_variance, stage.penalty);
        }
        return excess_risk(law, truth, test_spectrum);
    }
};

double deviation(const Moments& measured, double theory) {
    return (measured.mean() - theory) / measured.standard_error();
}

void expect_exact(const Experiment& experiment, std::size_t trials, std::uint64_t seed) {
    const Prediction theory = experiment.predict();
    EXPECT_EQ(theory.kind, TheoryKind::exact);
    const Moments measured = experiment.measure(trials, seed);
    EXPECT_LT(measured.standard_error(), 0.02 * theory.value);
    EXPECT_LT(std::abs(deviation(measured, theory.value)), 4.0)
        << measured.mean() << " against " << theory.value;
}

void expect_equivalent(const Experiment& experiment, double bias, std::size_t trials,
                       std::uint64_t seed) {
    const Prediction theory = experiment.predict();
    EXPECT_EQ(theory.kind, TheoryKind::deterministic_equivalent);
    const Moments measured = experiment.measure(trials, seed);
    EXPECT_LT(measured.standard_error(), 0.015 * theory.value);
    EXPECT_LT(std::abs(measured.mean() - theory.value),
              bias * theory.value + 4.0 * measured.standard_error())
        << measured.mean() << " against " << theory.value;
}

TEST(MonteCarlo, LeastSquaresAndThreePerCentOfError) {
    const auto spectrum = power_law_spectrum(8, 1.5);
    const auto truth = power_law_truth(spectrum, 1.5);
    const Experiment experiment{{{spectrum, 20, 0.5}}, truth, truth, spectrum};
    const Moments measured = experiment.measure(40000, 1);
    const double theory = experiment.predict().value;
    EXPECT_DOUBLE_EQ(theory, 0.5 * 8.0 / 11.0);
    EXPECT_LT(std::abs(deviation(measured, theory)), 4.0);
    EXPECT_GT(std::abs(deviation(measured, 1.03 * theory)), 6.0);
    EXPECT_GT(std::abs(deviation(measured, 0.5 * 8.0 / 12.0)), 6.0);
}

TEST(MonteCarlo, TwoLeastSquaresStagesWithCovarianceShift) {
    const auto first = power_law_spectrum(6, 2.0);
    const auto second = power_law_spectrum(6, 0.5);
    const auto truth = power_law_truth(second, 1.5);
    expect_exact({{{first, 18, 0.4}, {second, 16, 0.2}}, truth, truth, second}, 20000, 2);
}

TEST(MonteCarlo, IsotropicInterpolatorOfASurrogateOnAnyTestSpectrum) {
    const std::vector<double> flat(16, 0.5);
    const auto test_spectrum = power_law_spectrum(16, 1.5);
    const auto truth = power_law_truth(test_spectrum, 2.0);
    std::vector<double> surrogate(truth);
    surrogate[0] *= 1.5;
    surrogate[3] = 0.0;
    expect_exact({{{flat, 6, 0.3}}, surrogate, truth, test_spectrum}, 20000, 3);
}

TEST(MonteCarlo, TwoIsotropicInterpolators) {
    const std::vector<double> first(20, 2.0);
    const std::vector<double> second(20, 0.5);
    const auto test_spectrum = power_law_spectrum(20, 1.0);
    const auto truth = power_law_truth(test_spectrum, 1.5);
    expect_exact({{{first, 12, 0.6}, {second, 9, 0.1}}, truth, truth, test_spectrum}, 20000, 4);
}

TEST(MonteCarlo, IsotropicInterpolatorAfterLeastSquares) {
    const auto first = power_law_spectrum(12, 1.0);
    const std::vector<double> second(12, 1.0);
    const auto truth = power_law_truth(first, 1.5);
    expect_exact({{{first, 24, 0.5}, {second, 5, 0.1}}, truth, truth, first}, 20000, 5);
}

TEST(MonteCarlo, InterpolatorAtTheOptimalSurrogate) {
    const auto spectrum = power_law_spectrum(160, 1.5);
    const auto truth = power_law_truth(spectrum, 1.5);
    const auto surrogate = optimal_surrogate(truth, spectrum, 80);
    expect_equivalent({{{spectrum, 80, 0.1}}, truth, truth, spectrum}, 0.03, 500, 6);
    expect_equivalent({{{spectrum, 80, 0.1}}, surrogate, truth, spectrum}, 0.03, 500, 6);
}

TEST(MonteCarlo, RidgeBelowAndAboveInterpolation) {
    const auto spectrum = power_law_spectrum(60, 1.0);
    const auto truth = power_law_truth(spectrum, 1.5);
    for (const std::size_t n : {40, 60, 90}) {
        expect_equivalent({{{spectrum, n, 0.3, 2.0}}, truth, truth, spectrum}, 0.02, 2000, 7);
    }
}

TEST(MonteCarlo, TwoStagesWithCovarianceShift) {
    const auto first = power_law_spectrum(100, 0.5);
    const auto second = power_law_spectrum(100, 1.5);
    const auto truth = power_law_truth(second, 1.5);
    expect_equivalent({{{first, 60, 0.05}, {second, 50, 0.05}}, truth, truth, second}, 0.04, 800,
                      8);
    expect_equivalent({{{first, 160, 0.3}, {second, 50, 0.0}}, truth, truth, second}, 0.03, 800, 9);
    expect_equivalent({{{first, 60, 0.05, 0.5}, {second, 160, 0.2}}, truth, truth, second}, 0.03,
                      500, 10);
}

}  // namespace
}  // namespace cucurbit
