#pragma once
// The law of any chain of ridgeless or ridge fits: covariances and features that need not commute.
//
// Derived from the one-fit equivalent of Ildiz et al., "High-dimensional Analysis of Knowledge
// Distillation", ICLR 2025, section 3, applied in whitened coordinates stage after stage.

#include <cstddef>
#include <vector>

#include "cucurbit/theory.hpp"

namespace cucurbit {

/// A dense matrix, column-major.
struct DenseMatrix {
    std::size_t rows = 0;
    std::size_t cols = 0;
    std::vector<double> values;  ///< [rows·cols]

    DenseMatrix() = default;
    DenseMatrix(std::size_t row_count, std::size_t col_count)
        : rows(row_count), cols(col_count), values(row_count * col_count, 0.0) {}
    double& operator()(std::size_t i, std::size_t j) { return values[i + j * rows]; }
    double operator()(std::size_t i, std::size_t j) const { return values[i + j * rows]; }
};

/// Mean and covariance of the coefficients that a stage hands on.
struct DenseLaw {
    std::vector<double> mean;  ///< [D]
    DenseMatrix covariance;    ///< D×D
    TheoryKind kind = TheoryKind::exact;
    bool finite = true;           ///< false: no second moment exists
    double relative_error = 0.0;  ///< as FitLaw's
};

/// The law of given, deterministic coefficients.
DenseLaw given_dense_labels(const std::vector<double>& coefficients);

/// A stage's samples x = R g, g ~ N(0, I_D), seen as features φ = A x: what its law needs of them,
/// K = RᵀAᵀA R on its range, computed once for all n, noise levels and penalties.
class FeatureMap {
public:
    /// root: R, D×D; features: A, q×D of any rank. Throws std::invalid_argument where shapes do not
    /// fit or A R is zero.
    FeatureMap(const DenseMatrix& root, const DenseMatrix& features);

    std::size_t rank() const { return eigenvalues_.size(); }

    /// The law of b = Aᵀθ, θ the ridge fit (penalty μ ≥ 0 added to the sum of squares; 0: minimum
    /// norm) to n rows with labels xᵀb' + z, b' ~ labels, z ~ N(0, noise_variance). With κ solving
    /// tr K(K + κ)⁻¹ + μ/κ = n (κ = 0 where μ = 0 and n ≥ rank), S = K(K + κ)⁻¹,
    /// T = AᵀA R (K + κ)⁻¹ Rᵀ, G = AᵀA R (K + κ)⁻¹ and e² = σ² + E‖(I − S)Rᵀb'‖²:
    ///     E b = T E b',  Cov b = T Cov b' Tᵀ + g² G Gᵀ,  g² = e²/(n − tr S²),
    /// for κ = 0 g² = e²/(n − rank − 1), which is exact; infinite for n ∈ {rank − 1, rank, rank +
    /// 1} with noise or labels that the features cannot express. Exact too for penalty 0 and n <
    /// rank where the eigenvalues of K are all equal (a uniformly random projection), else a
    /// deterministic equivalent. Throws std::invalid_argument as fit() of cucurbit/theory.hpp.
    DenseLaw fit(const DenseLaw& labels, std::size_t samples, double noise_variance,
                 double penalty) const;

private:
    DenseLaw fit_projection(const DenseLaw& labels, const std::vector<double>& explained,
                            const DenseMatrix& spread, std::size_t samples,
                            double unexplained) const;

    DenseMatrix whitened_;  ///< VᵀRᵀ, rank×D: labels → their explained whitened coordinates
    DenseMatrix hand_on_;   ///< AᵀA R V, D×rank
    DenseMatrix transposed_root_;
    std::vector<double> eigenvalues_;  ///< of K, positive, descending
    bool isotropic_ = false;           ///< all eigenvalues equal
    bool complete_ = false;            ///< the features express every label
};

/// (mean − truth)ᵀ Σ (mean − truth) + tr(Σ covariance), Σ = R Rᵀ: test_root is R, D×D. Infinite for
/// a law that is not finite.
Prediction excess_risk(const DenseLaw& law, const std::vector<double>& truth,
                       const DenseMatrix& test_root);

/// The same by coordinates of the root: squares of Rᵀ(b − truth).
CoordinateRisks risks_by_coordinate(const DenseLaw& law, const std::vector<double>& truth,
                                    const DenseMatrix& test_root);

/// a b, with either transposed. Throws std::invalid_argument where shapes do not fit.
DenseMatrix product(const DenseMatrix& a, bool transpose_a, const DenseMatrix& b, bool transpose_b);

}  // namespace cucurbit
