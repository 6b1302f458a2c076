// Weak to strong in subspaces: z-scores of independent designs against the exact finite-sample
// laws.

#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>

#include "tests/statistical/subspaces.hpp"

namespace cucurbit {
namespace {

constexpr std::size_t trials = 1024;

Subspaces regime(std::size_t k) {
    Subspaces design;
    design.weak = 1 + (7 * k) % 17;
    design.strong = 1 + (11 * k + k / 40) % 19;
    const std::size_t angles = std::min(design.weak, design.strong);
    switch (k % 5) {
        case 0:
            design.cosines.assign(angles, 0.0);
            break;
        case 1:
            design.cosines.assign(angles, 1.0);
            break;
        case 2:
            design.cosines.assign((angles + 1) / 2, 1.0);
            break;
        default:
            for (std::size_t j = 0; j < angles; ++j)
                design.cosines.push_back(1.0 - static_cast<double>(j) /
                                                   static_cast<double>(angles + k % 3));
    }
    design.of = k % 3 == 0 ? "weak" : "strong";
    design.outside_norm = k % 4 == 0 ? 0.7 : 0.0;
    design.n = std::max(design.weak, design.strong) + 8 + (13 * k) % 90;
    design.n_pseudo = design.strong + 8 + (k % 7 == 0 ? 1000000 : (17 * k) % 150);
    design.noise_std = 0.2 + 0.3 * static_cast<double>(k % 4);
    design.seed = 7000 + k;
    return design;
}

/// z-scores by arm and estimand over independent designs.
std::map<std::string, Moments> scores(const std::string& sampler, std::size_t designs,
                                      std::size_t stride) {
    std::map<std::string, Moments> z;
    for (std::size_t k = 0; k < designs; ++k) {
        Subspaces design = regime(stride * k);
        if (sampler == "direct") {
            design.seed += 100000;
            design.n_pseudo = std::min<std::size_t>(design.n_pseudo, design.strong + 300);
        }
        const auto expected = design.means();
        for (const Measured& series : measure(design.study(sampler), trials)) {
            const std::string name = series.arm + " " + series.estimand;
            const auto mean = expected.find(name);
            if (mean == expected.end()) continue;
            if (mean->second == 0.0)
                EXPECT_LE(series.moments.mean(), 1e-20) << name << " " << k;
            else
                z[name].add((series.moments.mean() - mean->second) /
                            series.moments.standard_error());
        }
    }
    return z;
}

/// |mean z| ≤ 0.2 and spread in [0.87, 1.13] over 400 designs, wider in proportion over fewer.
bool is_calibrated(const Moments& z) {
    const double scale = std::sqrt(400.0 / static_cast<double>(z.count()));
    return std::abs(z.mean()) <= 0.2 * scale &&
           std::abs(std::sqrt(z.variance()) - 1.0) <= 0.13 * scale;
}

void expect_calibrated(const std::map<std::string, Moments>& scores, std::size_t least) {
    ASSERT_EQ(scores.size(), 10u);
    for (const auto& [name, z] : scores) {
        EXPECT_GE(z.count(), least) << name;
        EXPECT_TRUE(is_calibrated(z)) << name;
        std::cout << fmt::format("{}: {} designs, mean z {:+.3f}, spread {:.3f}\n", name, z.count(),
                                 z.mean(), std::sqrt(z.variance()));
    }
}

TEST(WeakToStrongCalibration, SufficientFactors) {
    expect_calibrated(scores("sufficient", 400, 1), 150);
}

TEST(WeakToStrongCalibration, DirectRows) {
    expect_calibrated(scores("direct", 60, 7), 25);
}

// A study where the two disagree on whether weak to strong works: the student is
// worse than its teacher in population and better on its own inputs.
TEST(WeakToStrongInSample, CanDisagreeWithPopulation) {
    Subspaces design{25, 10, {1.0}, "strong", 0.0, 35, 18, 0.5, 5};
    const auto expected = design.means();
    EXPECT_GT(expected.at("w2s excess_risk"), expected.at("weak excess_risk"));
    EXPECT_LT(expected.at("w2s in_sample_risk"), expected.at("weak excess_risk"));
    for (const char* sampler : {"sufficient", "direct"})
        for (const Measured& series : measure(design.study(sampler), 1024)) {
            if (series.estimand != "in_sample_risk") continue;
            const double mean = expected.at("w2s in_sample_risk");
            EXPECT_LE(std::abs(series.moments.mean() - mean),
                      4.0 * series.moments.standard_error());
            EXPECT_LE(series.moments.standard_error(), 0.05 * mean);
        }
}

// Fewer samples than features in either stage, or in both: the laws of a random projection.
TEST(WeakToStrongCalibration, Interpolation) {
    std::map<std::string, Moments> z;
    for (std::size_t k = 0; k < 200; ++k) {
        Subspaces design = regime(k);
        design.weak += k % 3 == 0 ? 0 : 9;
        design.strong += k % 3 == 1 ? 0 : 9;
        design.n = k % 3 == 0 ? design.n : 1 + (5 * k) % (design.weak - 8);
        design.n_pseudo = k % 3 == 1 ? design.n_pseudo : 1 + (7 * k) % (design.strong - 8);
        design.n_pseudo = std::min<std::size_t>(design.n_pseudo, 400);
        const Study study = design.study(k % 2 == 0 ? "sufficient" : "direct");
        for (const Measured& series : measure(study, trials)) {
            if (series.arm != "weak" && series.arm != "w2s") continue;
            const double mean = predicted(study, series.point, series.arm, series.estimand).value;
            if (mean == 0.0)
                EXPECT_LE(series.moments.mean(), 1e-20) << series.estimand << " " << k;
            else if (series.moments.standard_error() > 1e-9 * mean)
                z[series.arm + " " + series.estimand].add((series.moments.mean() - mean) /
                                                          series.moments.standard_error());
        }
    }
    ASSERT_EQ(z.size(), 8u);
    for (const auto& [name, score] : z) {
        EXPECT_GE(score.count(), 100u) << name;
        EXPECT_TRUE(is_calibrated(score)) << name << " " << score.mean() << " " << score.variance();
    }
}

TEST(WeakToStrongCalibration, TheCheckSeesAPlantedError) {
    const auto judged = [](double shift, double stretch) {
        Moments z;  // quantiles of the logistic law, scaled to variance one
        for (std::size_t i = 0; i < 400; ++i)
            z.add(shift + stretch *
                              std::log((static_cast<double>(i) + 0.5) /
                                       (static_cast<double>(400 - i) - 0.5)) /
                              1.8138);
        return is_calibrated(z);
    };
    EXPECT_TRUE(judged(0.0, 1.0));
    for (const auto& [shift, stretch] :
         {std::pair{0.25, 1.0}, {-0.25, 1.0}, {0.0, 1.15}, {0.0, 0.85}})
        EXPECT_FALSE(judged(shift, stretch));
}

// What n_pseudo cuts, variance_discrepancy, falls with the factor d_s/(N − d_s − 1) from N = d_s +
// 8 on over more than two decades; what it does not touch, variance_inherited, stays.
TEST(WeakToStrongFactor, IsRecoveredOverTwoDecades) {
    Subspaces design{12, 10, {1.0, 1.0, 1.0, 0.5}, "strong", 0.0, 40, 0, 0.5, 0};
    for (const std::size_t n_pseudo : {18, 30, 60, 200, 600, 2000, 6000}) {
        design.n_pseudo = n_pseudo;
        design.seed = 9000 + n_pseudo;
        double cut = 0.0, spread = 0.0;
        for (const Measured& series : measure(design.study("sufficient"), 4096)) {
            if (series.estimand != "variance_discrepancy") continue;
            const double s_w = (0.25 + 1.5 * 1.5 * (10.0 - 3.25) / 10.0) / (40.0 - 12.0 - 1.0);
            cut = series.moments.mean() / (s_w * (12.0 - 3.25));
            spread = series.moments.standard_error() / (s_w * (12.0 - 3.25));
        }
        const double factor = 10.0 / (static_cast<double>(n_pseudo) - 11.0);
        EXPECT_LE(std::abs(cut - factor), 3.5 * spread) << n_pseudo;
        EXPECT_LE(spread, 0.05 * factor) << n_pseudo;
    }
}

}  // namespace
}  // namespace cucurbit
