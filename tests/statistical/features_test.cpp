// Measured test errors of heads on Gaussian features against the prediction, over independent data
// sets: a prediction is made of one set's statistics, and what it stands for is the mean over sets.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <iostream>
#include <tuple>

#include "tests/statistical/curve.hpp"
#include "tests/support/gaussian_features.hpp"

namespace cucurbit {
namespace {

using Key = std::tuple<std::string, double, double>;  // arm, n, n_pseudo

struct Comparison {
    Moments measured, gap;  ///< over data sets
};

std::map<Key, Comparison> compare(GaussianFeatures features, std::size_t sets) {
    std::map<Key, Comparison> found;
    for (std::size_t k = 0; k < sets; ++k) {
        features.seed = 100 + k;
        features.split_seed = 1000 + k;
        const Study study = features.study();
        for (const Measured& series : measure(study, 32)) {
            const Prediction prediction =
                predicted(study, series.point, series.arm, series.estimand);
            EXPECT_EQ(prediction.kind, TheoryKind::approximation) << series.arm;
            Comparison& at =
                found[{series.arm, series.point.parameters[0], series.point.parameters[1]}];
            at.measured.add(series.moments.mean());
            at.gap.add(series.moments.mean() - prediction.value);
        }
    }
    return found;
}

/// Three geometries, features that labels depend on and a model lacks in all of them, two outputs.
std::vector<GaussianFeatures> geometries(std::size_t samples) {
    std::vector<GaussianFeatures> all;
    for (const auto& [weak, strong, shared] :
         {std::tuple<std::size_t, std::size_t, std::size_t>{12, 8, 4}, {6, 14, 6}, {9, 9, 0}}) {
        GaussianFeatures features;
        features.samples = samples;
        features.weak = weak;
        features.strong = strong;
        features.shared = shared;
        features.outputs = 2;
        features.n = "[30, 70]";
        features.n_pseudo = "[26, 250]";
        features.test = 80;
        all.push_back(features);
    }
    return all;
}

/// What the student's prediction may lack, relative to it: its terms come from the very samples
/// that the labels' projections were fitted to.
double fitted_share(const GaussianFeatures& features) {
    return static_cast<double>(features.weak + features.strong) /
           static_cast<double>(features.samples);
}

TEST(FeaturePrediction, HoldsOnGaussianFeatures) {
    double worst = 0.0;
    for (const GaussianFeatures& features : geometries(1500))
        for (const auto& [key, at] : compare(features, 60)) {
            const auto& [arm, n, n_pseudo] = key;
            const double allowed = arm == "w2s" ? fitted_share(features) * at.measured.mean() : 0.0;
            const double beyond = std::max(0.0, std::abs(at.gap.mean()) - allowed);
            const double z = beyond / at.gap.standard_error();
            worst = std::max(worst, z);
            EXPECT_LE(z, 4.0) << arm << " n = " << n << " n_pseudo = " << n_pseudo << ": "
                              << at.measured.mean() << " gap " << at.gap.mean() << " ± "
                              << at.gap.standard_error();
            // Otherwise the bound would be no test.
            EXPECT_LE(at.gap.standard_error(), 0.015 * at.measured.mean()) << arm;
        }
    std::cout << fmt::format("largest |z| {:.2f}\n", worst);
}

// What the student's prediction lacks is of order 1/samples.
TEST(FeaturePrediction, GapFallsWithTheSamplesOfTheFiles) {
    double few = 0.0, many = 0.0;
    for (const std::size_t samples : {400, 3200})
        for (const GaussianFeatures& features : geometries(samples))
            for (const auto& [key, at] : compare(features, 25))
                if (std::get<0>(key) == "w2s" && std::get<2>(key) == 250.0)
                    (samples == 400 ? few : many) += at.gap.mean() / at.measured.mean() / 6.0;
    std::cout << fmt::format("mean relative gap {:.4f} of 400, {:.4f} of 3200\n", few, many);
    EXPECT_GT(few, 0.01);
    EXPECT_LT(std::abs(many), few / 4.0);
}

// The deterministic equivalents of ridge and of fewer samples than features, within their order.
TEST(FeaturePrediction, HoldsWithFewerSamplesAndWithRidge) {
    GaussianFeatures features;
    features.samples = 900;
    features.weak = features.strong = 60;
    features.shared = 0;
    features.decay = 0.97;
    features.n = "30";
    features.n_pseudo = "90";
    features.surrogates = R"(["optimal_surrogate", "mask"])";
    for (const bool ridge : {false, true}) {
        features.penalty = ridge ? "4.0" : "0.0";
        std::size_t compared = 0;
        for (std::size_t k = 0; k < 12; ++k) {
            features.seed = 300 + k;
            const Study study = features.study();
            for (const Measured& series : measure(study, 32)) {
                if (series.arm == "w2s") continue;
                const double theory =
                    predicted(study, series.point, series.arm, series.estimand).value;
                const double gap = (series.moments.mean() - theory) / theory;
                const double noise = series.moments.standard_error() / theory;
                EXPECT_LE(std::abs(gap), 4.0 * noise + 3.0 / 30.0 + 3.0 / 30.0) << series.arm;
                ++compared;
            }
        }
        EXPECT_EQ(compared, 12u * 5u);
    }
}

// Fewer samples than the law needs: the table says so.
TEST(FeaturePrediction, SaysWhereThereIsNoLaw) {
    GaussianFeatures features;
    features.n = "[3, 7, 20]";
    features.n_pseudo = "[6, 40]";
    features.penalty = "[0.0, 1.0]";
    const Study study = features.study();
    const Design design = study.setting->designs().at(0);
    for (const Point& point : design.points)
        for (const TheoryRow& row : study.setting->theory(point)) {
            if (row.estimand != "test_error") continue;
            const double n = point.parameters[0], pseudo = point.parameters[1];
            const bool ridge = point.parameters[2] > 0.0;
            const auto no_law = [&](double samples, double d) {
                return !ridge && std::abs(samples - d) <= 1.0;
            };
            const bool expected = row.arm == "weak"       ? no_law(n, 6)
                                  : row.arm == "baseline" ? no_law(n, 5)
                                  : row.arm == "ceiling"  ? no_law(n + pseudo, 5)
                                                          : ridge || n <= 7 || pseudo <= 6;
            EXPECT_EQ(std::isnan(row.prediction.value), expected) << row.arm << n << " " << pseudo;
            EXPECT_EQ(row.prediction.kind == TheoryKind::none, expected);
            EXPECT_EQ(row.flags.find("no_law") != std::string::npos, expected) << row.arm;
        }
}

}  // namespace
}  // namespace cucurbit
