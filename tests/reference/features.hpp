#pragma once
// Test errors of one trial of heads on features, from the definition: split the samples, fit,
// predict. And what the files say without any trial.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tests/reference/dense.hpp"

namespace cucurbit::reference {

/// Leading singular directions of features: scores u_k s_k of every sample, and s_k².
struct TruncatedFeatures {
    Matrix scores;   // samples×d
    Matrix vectors;  // samples×d, orthonormal columns
    Vector squares;  // [d]
};
/// Least d with a share of 1 − tau of the squared norm; all directions for tau = 0.
TruncatedFeatures truncate_features(const Matrix& features, Real tau);

/// The solution of Σ λ_i/(λ_i + ξ) = n by bisection, n below the number of λ.
Real fixed_point_xi(const Vector& spectrum, std::size_t n);

struct FeatureTrial {
    TruncatedFeatures weak, strong;
    Matrix labels;                     // samples×outputs
    std::vector<std::size_t> classes;  // [sample], or empty
    std::uint64_t key = 0, trial = 0;
    std::size_t n = 0, n_pseudo = 0, test = 0;
    Real penalty = 0;
    bool truncated = false;  // singular values of 1e-12 of the largest count as zero in fits

    /// By "arm estimand": test_error, and misclassification of classes.
    std::map<std::string, Real> values() const;

private:
    std::vector<std::size_t> order() const;
    /// d×outputs by least squares, minimum norm or ridge.
    Matrix fit(const Matrix& features, const Matrix& targets) const;
    Matrix surrogate_labels(bool mask) const;
};

/// Q_w and Q_s against each other and the labels: the terms of the student's prediction.
struct FeatureTerms {
    Real weak_noise, strong_noise, missed, unexplained, correlation_dimension;
};
FeatureTerms feature_terms(const TruncatedFeatures& weak, const TruncatedFeatures& strong,
                           const Matrix& labels);

}  // namespace cucurbit::reference
