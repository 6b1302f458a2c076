#pragma once
// Predicted test errors of heads on real features: what weak to strong in subspaces (Dong et al.
// 2025) and model shift (Ildiz et al. 2025) say where features were Gaussian and labels linear in
// them with independent noise, with what a finite set of samples shows put in for the population.

#include <cstddef>
#include <vector>

#include "cucurbit/theory.hpp"
#include "host/theory/feature_space.hpp"

namespace cucurbit {

/// Labels as a space sees them.
struct FeatureLabels {
    DenseMatrix truth;          ///< d×outputs: whitened_coefficients of the labels
    std::vector<double> noise;  ///< [outputs] τ² = ‖y − QQᵀy‖²/(M − d); all NaN for M ≤ d
    double all_noise() const;  ///< summed over outputs
};
FeatureLabels feature_labels(const FeatureSpace& space, const DenseMatrix& labels);

/// What the student's prediction needs, summed over outputs; ŷ_w = Q_wQ_wᵀy.
struct StudentTerms {
    double missed = 0.0;       ///< ‖y − Q_sQ_sᵀŷ_w‖²/M
    double unexplained = 0.0;  ///< ‖ŷ_w − Q_sQ_sᵀŷ_w‖²/M
    double correlation_dimension = 0.0;
};
StudentTerms student_terms(const FeatureSpace& weak, const FeatureSpace& strong,
                           const DenseMatrix& labels);

/// Test mean squared error, summed over outputs, of a head with this ridge penalty (0: ridgeless)
/// on n samples with labels surrogate·φ + noise; surrogate: d×outputs, whitened. With surrogate =
/// truth and n ≥ d + 2 it is τ²(n − 1)/(n − d − 1); with fewer samples or a penalty the
/// deterministic equivalent of a diagonal covariance (Ildiz et al. 2025, section 3) plus τ². NaN
/// where there is no law: |n − d| ≤ 1 without penalty, M ≤ d.
double supervised_error(const FeatureSpace& space, const FeatureLabels& labels,
                        const DenseMatrix& surrogate, std::size_t n, double penalty);

/// Test mean squared error of the ridgeless strong head on N samples that the ridgeless weak head
/// labels, itself fitted on n samples:
///     missed + τ_w² d_{s∧w}/(n − d_w − 1) + d_s/(N − d_s − 1) · [unexplained
///         − τ_w²(d_w − d_{s∧w})/M + τ_w²(d_w − d_{s∧w})/(n − d_w − 1)],
/// the law of Dong et al. 2025 with its finite-sample constants, less what label noise adds to
/// `unexplained`. NaN unless n > d_w + 1 and N > d_s + 1.
double student_error(const FeatureSpace& weak, const FeatureSpace& strong,
                     const FeatureLabels& weak_labels, const StudentTerms& terms, std::size_t n,
                     std::size_t n_pseudo);

/// Whitened coefficients of the surrogates that would make the target best with n samples (Ildiz et
/// al. 2025): the optimal one, or the best 0–1 mask of the truth; the truth itself for n ≥ d.
DenseMatrix best_surrogate(const FeatureSpace& space, const DenseMatrix& truth, std::size_t n,
                           bool mask);

}  // namespace cucurbit
