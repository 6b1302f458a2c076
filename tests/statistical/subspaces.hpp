#pragma once
// One design of weak to strong in subspaces with its exact finite-sample laws (Dong et al. 2025),
// written out again, not taken from the library.

#include <fmt/format.h>

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "tests/statistical/curve.hpp"

namespace cucurbit {

/// One design of one point.
struct Subspaces {
    std::size_t weak, strong;
    std::vector<double> cosines;
    std::string of;  ///< strong or weak
    double outside_norm;
    std::size_t n, n_pseudo;
    double noise_std;
    std::uint64_t seed;

    Study study(const std::string& sampler, std::size_t trials = 1024) const {
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
        // On its own inputs the factor is d_s/N: of a truth in V_w, (I − P_s)P_wθ* is what the
        // student cannot express of θ* itself.
        mean["w2s in_sample_risk"] =
            outside + kept + s_w * overlap +
            d_s / pseudo *
                (s_w * (d_w - overlap) + (of == "strong" ? outside_strong : -outside_strong));
        return mean;
    }
};

}  // namespace cucurbit
