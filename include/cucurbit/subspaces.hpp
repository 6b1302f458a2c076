#pragma once
// Weak-to-strong regression in subspaces, and its exact finite-sample laws.
//
// [D] Dong et al., "Discrepancies are Virtue: Weak-to-Strong Generalization through Lens of
// Intrinsic Dimension", ICML 2025.

#include <cstddef>
#include <vector>

#include "cucurbit/theory.hpp"

namespace cucurbit {

/// The feature subspaces V_w (weak) and V_s (strong) of z ~ N(0, I), by their principal vectors u_j
/// and v_j, and the truth f*(z) = θ*ᵀz.
struct SubspacePair {
    std::size_t weak = 0;              ///< dimension of V_w
    std::size_t strong = 0;            ///< dimension of V_s
    std::vector<double> cosines;       ///< [min(weak, strong)] u_jᵀv_j, in [0, 1]
    std::vector<double> weak_truth;    ///< [weak] u_jᵀθ*
    std::vector<double> strong_truth;  ///< [strong] v_jᵀθ*
    double weak_unexplained = 0.0;     ///< ρ_w² = ‖(I − P_w)θ*‖²
    double strong_unexplained = 0.0;   ///< ρ_s² = ‖(I − P_s)θ*‖²

    /// c_j, 0 for a principal vector without partner.
    double cosine(std::size_t j) const { return j < cosines.size() ? cosines[j] : 0.0; }
    /// 1 − c_j² without cancellation.
    double discrepancy(std::size_t j) const { return (1.0 - cosine(j)) * (1.0 + cosine(j)); }
    /// ‖U_wᵀU_s‖_F² = Σ c_j² ([D], correlation dimension).
    double correlation_dimension() const;
    /// ‖θ*‖².
    double squared_truth() const;
    /// Dimension of V_w + V_s.
    std::size_t joint() const;
};

/// Expected excess risk ‖f − θ*‖², its part ‖E f − θ*‖² and the rest; infinite where no second
/// moment exists. mean_factor: E f = mean_factor · (projection of the labels on the features), 1
/// for at least as many samples as features.
struct RiskLaw {
    double bias = 0.0;
    double variance = 0.0;
    double mean_factor = 1.0;

    double excess_risk() const { return bias + variance; }
};

/// Ridgeless fits of [D]: weak on n noisy labels, w2s (strong features) on n_pseudo labels of the
/// weak fit, baseline (strong features) on the weak fit's own labels, ceiling (strong features) on
/// all n + n_pseudo noisy labels. The student's variance splits into what its mean map takes over
/// from the weak fit's variance (inherited), and what that map's fluctuation makes of the weak
/// fit's variance (discrepancy) and of its mean (bias_driven).
struct WeakToStrongLaw {
    RiskLaw weak, w2s, baseline, ceiling;
    double inherited = 0.0;
    double discrepancy = 0.0;
    double bias_driven = 0.0;
    /// The student's expected mean squared error against f* on its own n_pseudo inputs, where its
    /// fit is the projection H of the weak fit's labels on d_s directions of n_pseudo: for n_pseudo
    /// ≥ d_s ‖P_s(f_w − θ*)‖² + ‖(I − P_s)θ*‖² + (d_s/n_pseudo) ⟨(I − P_s)f_w, (I − P_s)(f_w −
    /// 2θ*)⟩ in the mean over f_w, whose factor is [D]'s dim(V_s)/N; the weak fit's own risk below,
    /// where the student reproduces its labels.
    double in_sample = 0.0;
    /// Of one weak principal direction with deviation 1: E‖(T − E T)u_j‖² = factor(explained)·c_j²
    /// + factor(unexplained)·(1 − c_j²), T the student's map of its labels' coefficients.
    double explained_factor = 0.0;
    double unexplained_factor = 0.0;
    /// The weak fit's variance along u_j is weak_variance + weak_own · (u_jᵀθ*)².
    double weak_variance = 0.0;
    double weak_own = 0.0;
};

/// Exact for every n and n_pseudo: with d features, s = σ² + ‖unexplained labels‖²,
/// - n ≥ d + 2: mean the projected labels, variance s d/(n − d − 1); hence [D]'s statement with its
///   finite-sample constants, variance_inherited + variance_discrepancy = s_w² (d_{s∧w} +
///   d_s/(n_pseudo − d_s − 1)·(d_w − d_{s∧w})), s_w² = (σ² + ρ_w²)/(n − d_w − 1);
/// - n < d: projection on n uniformly random directions and inverse Wishart noise, as fit() of
///   cucurbit/theory.hpp for an isotropic spectrum;
/// - n ∈ {d − 1, d, d + 1}: infinite where s > 0.
/// Throws std::invalid_argument for n or n_pseudo = 0, a negative or infinite noise variance, and
/// vectors of other lengths.
WeakToStrongLaw weak_to_strong_law(const SubspacePair& pair, std::size_t n, std::size_t n_pseudo,
                                   double noise_variance);

}  // namespace cucurbit
