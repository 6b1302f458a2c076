#pragma once
// What a feature matrix spans: its leading singular directions over the samples, and how two such
// spaces and their labels lie to each other.

#include <cstddef>
#include <functional>
#include <vector>

#include "cucurbit/chain.hpp"

namespace cucurbit {

/// A matrix with a sample in each row that is read in blocks, so that it need not fit in memory.
struct FeatureMatrix {
    std::size_t rows = 0;
    std::size_t cols = 0;
    /// Writes a block (row, row_count, col, col_count), column-major, to the last argument.
    std::function<void(std::size_t, std::size_t, std::size_t, std::size_t, double*)> read;
};

/// The leading left singular vectors q_1 … q_d of a feature matrix Φ of M rows, s_k its singular
/// values.
struct FeatureSpace {
    std::vector<double> spectrum;  ///< [d] s_k²/M: variances of the d features, descending
    DenseMatrix whitened;          ///< d×M: a sample in each column, √M q_k(sample)

    std::size_t dimension() const { return spectrum.size(); }
    std::size_t samples() const { return whitened.cols; }
};

/// Largest of min(rows, columns) that feature_space takes: its Gram matrix is decomposed at once.
inline constexpr std::size_t largest_feature_gram = 4096;

/// The space of the intrinsic dimension d: the least d whose leading singular values hold a share
/// of at least 1 − tau of ‖Φ‖_F² (Dong et al. 2025, intrinsic dimension). Singular values of at
/// most 1e-6 of the largest count as zero: tau = 0 keeps all others. Two passes over the matrix.
/// Throws std::invalid_argument where Φ is zero, its squares overflow or min(rows, columns) is
/// above largest_feature_gram.
FeatureSpace feature_space(const FeatureMatrix& features, double tau);

/// The share of the space's Σ s_k² that the mean of all samples holds, from 0 to 1: 0 for centred
/// features.
double mean_share(const FeatureSpace& space);

/// Least-squares coefficients on the whitened features over all samples: d×outputs, of labels
/// M×outputs.
DenseMatrix whitened_coefficients(const FeatureSpace& space, const DenseMatrix& labels);

/// What is left of labels, M×outputs, without their projection on the space.
DenseMatrix residual(const FeatureSpace& space, const DenseMatrix& labels);

/// ‖Q_wᵀQ_s‖_F², the correlation dimension over the samples (Dong et al. 2025); about d_w d_s/M too
/// large as an estimate of the population's.
double correlation_dimension(const FeatureSpace& weak, const FeatureSpace& strong);

/// ‖Z‖_F².
double squared_norm(const DenseMatrix& z);

}  // namespace cucurbit
