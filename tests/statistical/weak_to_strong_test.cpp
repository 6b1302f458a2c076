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

}  // namespace
}  // namespace cucurbit
