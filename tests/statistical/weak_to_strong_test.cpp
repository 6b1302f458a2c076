// Weak to strong in subspaces: z-scores of independent designs against the exact finite-sample
// laws, and the two samplers against each other. Laws here are written out again (Dong et al.
// 2025), not taken from the library.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <iostream>
#include <map>
#include <numeric>

#include "tests/statistical/curve.hpp"

namespace cucurbit {
namespace {

constexpr std::size_t trials = 1024;

/// One design of one point.
struct Subspaces {
    std::size_t weak, strong;
    std::vector<double> cosines;
    std::string of;  ///< strong or weak
    double outside_norm;
    std::size_t n, n_pseudo;
    double noise_std;
    std::uint64_t seed;

    Study study(const std::string& sampler) const {
        return study_of(fmt::format(R"(
            schema = 1
            [study]
            name = "calibration"
            kind = "weak_to_strong"
            seed = {}
            [population]
            p = 100
            signal = {{ kind = "subspace", of = "{}", norm = 1.5, outside_norm = {} }}
            [weak]
            d = {}
            n = {}
            noise_std = {}
            [strong]
            d = {}
            n_pseudo = {}
            overlap = {{ cosines = [{}] }}
            [precision]
            trials = {}
            sampler = "{}"
        )",
                                    seed, of, outside_norm, weak, n, noise_std, strong, n_pseudo,
                                    fmt::join(cosines, ", "), trials, sampler));
    }

    /// Expected values by arm and estimand, for n ≥ d_w + 2, n ≥ d_s + 2 and n_pseudo ≥ d_s + 2.
    std::map<std::string, double> means() const {
        const double d_w = static_cast<double>(weak), d_s = static_cast<double>(strong);
        const double labelled = static_cast<double>(n), pseudo = static_cast<double>(n_pseudo);
        double overlap = 0.0, missed = 0.0, kept = 0.0, outside_strong = 0.0;
        // The truth has coefficient `each` along every principal vector of its subspace.
        const double each = 1.5 / std::sqrt(of == "strong" ? d_s : d_w);
        for (std::size_t j = 0; j < (of == "strong" ? strong : weak); ++j) {
            const double c2 = j < cosines.size() ? cosines[j] * cosines[j] : 0.0;
            missed += each * each * (1.0 - c2);
            // P_wθ* has c² or 1 of that along u_j, of which c lies in V_s.
            const double along = of == "strong" ? c2 : 1.0;
            kept += each * each * (of == "strong" ? (1.0 - c2) * (1.0 - c2) : 1.0 - c2);
            outside_strong += each * each * along * (1.0 - c2);
        }
        for (const double c : cosines) overlap += c * c;
        const double outside = outside_norm * outside_norm;
        const double rho_w = outside + (of == "strong" ? missed : 0.0);
        const double rho_s = outside + (of == "strong" ? 0.0 : missed);
        const double sigma = noise_std * noise_std;
        const double s_w = (sigma + rho_w) / (labelled - d_w - 1.0);
        const double factor = d_s / (pseudo - d_s - 1.0);
        std::map<std::string, double> mean;
        mean["weak excess_risk"] = rho_w + s_w * d_w;
        mean["weak variance"] = s_w * d_w;
        mean["baseline excess_risk"] = rho_s + (sigma + rho_s) * d_s / (labelled - d_s - 1.0);
        mean["ceiling excess_risk"] =
            rho_s + (sigma + rho_s) * d_s / (labelled + pseudo - d_s - 1.0);
        mean["w2s variance_inherited"] = s_w * overlap;
        mean["w2s variance_discrepancy"] = factor * s_w * (d_w - overlap);
        mean["w2s variance_bias_driven"] = factor * outside_strong;
        mean["w2s variance"] = s_w * overlap + factor * (outside_strong + s_w * (d_w - overlap));
        // ‖P_sP_wθ* − θ*‖²: for a truth in V_s (1 − c²)² of each part; in V_w, 1 − c².
        mean["w2s excess_risk"] = outside + kept + mean["w2s variance"];
        return mean;
    }
};

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
    ASSERT_EQ(scores.size(), 9u);
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
    ASSERT_EQ(z.size(), 7u);
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

/// log excess risk of every arm: [arm][trial].
std::vector<std::vector<double>> log_risks(const Subspaces& design, const std::string& sampler,
                                           std::size_t count) {
    const Study study = design.study(sampler);
    const Design of = study.setting->designs().at(0);
    const EnginePointer engine = make_engine("auto");
    const auto values = simulate(study, of, *engine, first_trials(count), 64);
    std::vector<std::vector<double>> risks;
    for (std::size_t s = 0; s < of.series.size(); ++s) {
        if (of.series[s].estimand != "excess_risk") continue;
        risks.emplace_back(values.values.begin() + static_cast<std::ptrdiff_t>(s * count),
                           values.values.begin() + static_cast<std::ptrdiff_t>((s + 1) * count));
        for (double& risk : risks.back()) risk = std::log(risk);
    }
    return risks;
}

/// Kolmogorov and Smirnov's distance times √(T/2): above 1.95 with probability 0.001.
double distance(std::vector<double> a, std::vector<double> b) {
    std::sort(a.begin(), a.end());
    std::sort(b.begin(), b.end());
    std::ptrdiff_t largest = 0;
    std::size_t j = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        while (j < b.size() && b[j] <= a[i]) ++j;
        largest = std::max(
            largest, std::abs(static_cast<std::ptrdiff_t>(i + 1) - static_cast<std::ptrdiff_t>(j)));
    }
    return static_cast<double>(largest) / std::sqrt(2.0 * static_cast<double>(a.size()));
}

double correlation(const std::vector<double>& a, const std::vector<double>& b) {
    const auto n = static_cast<double>(a.size());
    const double mean_a = std::accumulate(a.begin(), a.end(), 0.0) / n;
    const double mean_b = std::accumulate(b.begin(), b.end(), 0.0) / n;
    double ab = 0.0, aa = 0.0, bb = 0.0;
    for (std::size_t t = 0; t < a.size(); ++t) {
        ab += (a[t] - mean_a) * (b[t] - mean_b);
        aa += (a[t] - mean_a) * (a[t] - mean_a);
        bb += (b[t] - mean_b) * (b[t] - mean_b);
    }
    return ab / std::sqrt(aa * bb);
}

// One factor for each arm would pass every test of means and distributions and fail that of
// correlations.
TEST(WeakToStrongSamplers, AgreeInLaw) {
    constexpr std::size_t count = 10240;
    const std::vector<Subspaces> designs{
        {6, 4, {1.0, 0.6}, "strong", 0.0, 20, 30, 0.5, 11},
        {4, 7, {1.0, 1.0, 0.8}, "weak", 0.4, 15, 40, 0.8, 12},
        {12, 9, {1.0, 0.5, 0.5}, "strong", 0.0, 5, 4, 0.5, 13},  // both interpolate
        {8, 8, std::vector<double>(8, 1.0), "strong", 0.0, 14, 300, 1.0, 14}};
    for (std::size_t k = 0; k < designs.size(); ++k) {
        Subspaces other = designs[k];
        other.seed += 50;
        const auto a = log_risks(designs[k], "sufficient", count);
        const auto b = log_risks(other, "direct", count);
        ASSERT_EQ(a.size(), 4u);
        for (std::size_t arm = 0; arm < a.size(); ++arm) {
            EXPECT_LE(distance(a[arm], b[arm]), 1.95) << "design " << k << ", arm " << arm;
            for (std::size_t more = 0; more < arm; ++more) {
                const double gap = std::atanh(std::min(correlation(a[arm], a[more]), 1 - 1e-9)) -
                                   std::atanh(std::min(correlation(b[arm], b[more]), 1 - 1e-9));
                EXPECT_LE(std::abs(gap), 4.5 * std::sqrt(2.0 / count))
                    << "design " << k << ", arms " << arm << " and " << more;
            }
        }
    }
}

TEST(WeakToStrongSamplers, TheCheckSeesAnotherLawAndLostPairing) {
    const Subspaces design{6, 4, {1.0, 0.6}, "strong", 0.0, 20, 30, 0.5, 11};
    Subspaces other = design;
    other.n = 21;
    const auto a = log_risks(design, "sufficient", 10240), b = log_risks(other, "direct", 10240);
    EXPECT_GT(distance(a[0], b[0]), 1.95);
    std::vector<double> unpaired = a[1];
    std::rotate(unpaired.begin(), unpaired.begin() + 1, unpaired.end());
    EXPECT_GT(correlation(a[0], a[1]) - correlation(a[0], unpaired), 0.1);
}

}  // namespace
}  // namespace cucurbit
