// Feature spaces and the prediction on them against plain loops in long double.

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <stdexcept>

#include "host/theory/feature_law.hpp"
#include "tests/reference/features.hpp"
#include "tests/support/gaussian_features.hpp"

namespace cucurbit {
namespace {

using reference::Matrix;
using reference::Real;

struct Sides {
    FeatureSpace space;
    reference::TruncatedFeatures expected;
};

/// The same features, [row][column], both ways.
Sides both(std::size_t rows, std::size_t cols, const std::vector<double>& values, double tau) {
    Matrix matrix(rows, cols);
    for (std::size_t i = 0; i < rows; ++i)
        for (std::size_t j = 0; j < cols; ++j) matrix(i, j) = values[i * cols + j];
    const FeatureMatrix features{rows, cols,
                                 [&](std::size_t row, std::size_t row_count, std::size_t col,
                                     std::size_t col_count, double* to) {
                                     for (std::size_t j = 0; j < col_count; ++j)
                                         for (std::size_t i = 0; i < row_count; ++i)
                                             to[i + j * row_count] =
                                                 values[(row + i) * cols + col + j];
                                 }};
    return {feature_space(features, tau), reference::truncate_features(matrix, tau)};
}

GaussianFeatures decaying() {
    GaussianFeatures features;
    features.samples = 60;
    features.weak = 12;
    features.strong = 9;
    features.shared = 5;
    features.outputs = 2;
    features.decay = 0.7;
    return features;
}

TEST(FeatureSpace, DirectionsAndDimensionsAreTheSvds) {
    const GaussianFeatures of = decaying();
    for (const double tau : {0.0, 0.01, 0.2})
        for (const bool wide : {false, true}) {
            // Twelve features of 60 samples, or of 8.
            const std::size_t rows = wide ? 8 : of.samples;
            const Sides sides = both(rows, of.weak, of.weak_features(), tau);
            const std::size_t d = sides.expected.squares.size();
            ASSERT_EQ(sides.space.dimension(), d);
            ASSERT_EQ(sides.space.samples(), rows);
            for (std::size_t k = 0; k < d; ++k) {
                const auto variance =
                    static_cast<double>(sides.expected.squares[k] / static_cast<Real>(rows));
                EXPECT_NEAR(sides.space.spectrum[k], variance, 1e-12 * variance + 1e-15);
                double sign = 0.0;
                for (std::size_t i = 0; i < rows; ++i) {
                    const auto right = static_cast<double>(sides.expected.vectors(i, k)) *
                                       std::sqrt(static_cast<double>(rows));
                    if (sign == 0.0) sign = right * sides.space.whitened(k, i) > 0.0 ? 1.0 : -1.0;
                    EXPECT_NEAR(sides.space.whitened(k, i), sign * right, 1e-9);
                }
            }
        }
}

TEST(FeatureSpace, IntrinsicDimensionIsTheLeastWithTheShare) {
    // Squared singular values 64, 32, 3, 1 of a diagonal matrix.
    std::vector<double> values(16, 0.0);
    const double squares[] = {3.0, 64.0, 1.0, 32.0};
    for (std::size_t k = 0; k < 4; ++k) values[5 * k] = std::sqrt(squares[k]);
    for (const auto& [tau, dimension] : {std::pair<double, std::size_t>{0.5, 1},
                                         {0.37, 1},
                                         {0.35, 2},
                                         {0.041, 2},
                                         {0.039, 3},
                                         {0.011, 3},
                                         {0.009, 4},
                                         {0.0, 4}})
        EXPECT_EQ(both(4, 4, values, tau).space.dimension(), dimension) << tau;
}

TEST(FeatureSpace, DependentFeaturesAndZerosAreLeftOut) {
    const GaussianFeatures of = decaying();
    std::vector<double> values;
    const std::vector<double> once = of.weak_features();
    for (std::size_t i = 0; i < of.samples; ++i) {
        for (std::size_t k = 0; k < 4; ++k) values.push_back(once[i * of.weak + k]);
        values.push_back(values[i * 6] - 2.0 * values[i * 6 + 1]);
        values.push_back(0.0);
    }
    EXPECT_EQ(both(of.samples, 6, values, 0.0).space.dimension(), 4u);
    const FeatureMatrix zero{3, 2, [](auto, std::size_t rows, auto, std::size_t cols, double* to) {
                                 std::fill_n(to, rows * cols, 0.0);
                             }};
    EXPECT_THROW(feature_space(zero, 0.0), std::invalid_argument);
    const FeatureMatrix huge{3, 2, [](auto, std::size_t rows, auto, std::size_t cols, double* to) {
                                 std::fill_n(to, rows * cols, 1e200);
                             }};
    EXPECT_THROW(feature_space(huge, 0.0), std::invalid_argument);
    EXPECT_THROW(feature_space({5000, 5000, zero.read}, 0.0), std::invalid_argument);
}

TEST(FeatureSpace, TheMeansShareIsThatOfTheSquares) {
    // Three samples with the mean (2, 0): squares 3 · 4 of the mean and 2 + 6 around it.
    const std::vector<double> values{3.0, 1.0, 1.0, 1.0, 2.0, -2.0};
    EXPECT_NEAR(mean_share(both(3, 2, values, 0.0).space), 12.0 / 20.0, 1e-12);
    const std::vector<double> centred{1.0, 1.0, -1.0, 1.0, 0.0, -2.0};
    EXPECT_NEAR(mean_share(both(3, 2, centred, 0.0).space), 0.0, 1e-12);
    // More features than samples: the mean of two samples (1, 0, 2) and (1, 2, 0) is (1, 1, 1).
    EXPECT_NEAR(mean_share(both(2, 3, {1.0, 0.0, 2.0, 1.0, 2.0, 0.0}, 0.0).space), 6.0 / 10.0,
                1e-12);
}

struct Files {
    Sides weak, strong;
    DenseMatrix labels;
    Matrix expected_labels;
};

Files files(const GaussianFeatures& of) {
    Files all{both(of.samples, of.weak, of.weak_features(), 0.02),
              both(of.samples, of.strong, of.strong_features(), 0.02),
              DenseMatrix(of.samples, of.outputs), Matrix(of.samples, of.outputs)};
    const std::vector<double> labels = of.labels();
    for (std::size_t i = 0; i < of.samples; ++i)
        for (std::size_t c = 0; c < of.outputs; ++c)
            all.expected_labels(i, c) = all.labels(i, c) = labels[i * of.outputs + c];
    return all;
}

void expect_close(double value, Real expected) {
    EXPECT_NEAR(value, static_cast<double>(expected),
                1e-11 * std::abs(static_cast<double>(expected)));
}

TEST(FeatureLaw, TermsAreThoseOfTheDefinition) {
    const Files of = files(decaying());
    const reference::FeatureTerms expected =
        feature_terms(of.weak.expected, of.strong.expected, of.expected_labels);
    const StudentTerms terms = student_terms(of.weak.space, of.strong.space, of.labels);
    expect_close(terms.missed, expected.missed);
    expect_close(terms.unexplained, expected.unexplained);
    expect_close(terms.correlation_dimension, expected.correlation_dimension);
    expect_close(feature_labels(of.weak.space, of.labels).all_noise(), expected.weak_noise);
    expect_close(feature_labels(of.strong.space, of.labels).all_noise(), expected.strong_noise);
}

TEST(FeatureLaw, IsThePapersFormula) {
    const Files of = files(decaying());
    const reference::FeatureTerms terms =
        feature_terms(of.weak.expected, of.strong.expected, of.expected_labels);
    const FeatureLabels weak = feature_labels(of.weak.space, of.labels);
    const FeatureLabels strong = feature_labels(of.strong.space, of.labels);
    const StudentTerms student = student_terms(of.weak.space, of.strong.space, of.labels);
    const auto d_w = static_cast<Real>(of.weak.space.dimension());
    const auto d_s = static_cast<Real>(of.strong.space.dimension());
    for (const std::size_t n : {15, 20, 33}) {
        const auto rows = static_cast<Real>(n);
        expect_close(supervised_error(of.weak.space, weak, weak.truth, n, 0.0),
                     terms.weak_noise * (rows - 1) / (rows - d_w - 1));
        expect_close(supervised_error(of.strong.space, strong, strong.truth, n, 0.0),
                     terms.strong_noise * (rows - 1) / (rows - d_s - 1));
        for (const std::size_t pseudo : {14, 40}) {
            const Real s = terms.weak_noise / (rows - d_w - 1);
            const Real rest = d_w - terms.correlation_dimension;
            const Real law = terms.missed + s * terms.correlation_dimension +
                             d_s / (static_cast<Real>(pseudo) - d_s - 1) *
                                 (terms.unexplained - terms.weak_noise * rest / 60 + s * rest);
            expect_close(student_error(of.weak.space, of.strong.space, weak, student, n, pseudo),
                         law);
        }
    }
    const auto weak_d = of.weak.space.dimension(), strong_d = of.strong.space.dimension();
    const auto lawless = [&](std::size_t n, std::size_t pseudo) {
        return std::isnan(student_error(of.weak.space, of.strong.space, weak, student, n, pseudo));
    };
    EXPECT_TRUE(lawless(weak_d + 1, 40));
    EXPECT_FALSE(lawless(weak_d + 2, strong_d + 2));
    EXPECT_TRUE(lawless(40, strong_d + 1));
}

TEST(FeatureLaw, SurrogatesChangeTheTruthAlongTheSpectrumAlone) {
    const Files of = files(decaying());
    const DenseMatrix truth = whitened_coefficients(of.strong.space, of.labels);
    const std::size_t d = of.strong.space.dimension();
    const DenseMatrix optimal = best_surrogate(of.strong.space, truth, 3, false);
    const DenseMatrix mask = best_surrogate(of.strong.space, truth, 3, true);
    Real omega = 0;
    reference::Vector spectrum(of.strong.space.spectrum.begin(), of.strong.space.spectrum.end());
    const Real xi = reference::fixed_point_xi(spectrum, 3);
    for (const Real each : spectrum) omega += each * each / ((each + xi) * (each + xi)) / 3;
    for (std::size_t i = 0; i < d; ++i) {
        const Real zeta = xi / (spectrum[i] + xi);
        const Real factor =
            (1 - zeta) / ((1 - zeta) * (1 - zeta) + omega / (1 - omega) * zeta * zeta);
        for (std::size_t c = 0; c < 2; ++c) {
            EXPECT_NEAR(optimal(i, c) / truth(i, c), static_cast<double>(factor), 1e-9);
            EXPECT_EQ(mask(i, c), 1 - zeta * zeta > omega ? truth(i, c) : 0.0);
        }
    }
    EXPECT_EQ(best_surrogate(of.strong.space, truth, d, false).values, truth.values);
}

}  // namespace
}  // namespace cucurbit
