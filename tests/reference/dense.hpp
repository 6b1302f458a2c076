#pragma once
// Plain dense linear algebra in long double: textbook loops in textbook order, the specification
// that every engine is held to. Never optimised.

#include <cstddef>
#include <span>
#include <vector>

namespace cucurbit::reference {

using Real = long double;
using Vector = std::vector<Real>;

/// A dense matrix, row-major, zero at first.
class Matrix {
public:
    Matrix() = default;
    Matrix(std::size_t rows, std::size_t cols) : rows_(rows), cols_(cols), values_(rows * cols) {}
    std::size_t rows() const { return rows_; }
    std::size_t cols() const { return cols_; }
    Real& operator()(std::size_t i, std::size_t j) { return values_[i * cols_ + j]; }
    Real operator()(std::size_t i, std::size_t j) const { return values_[i * cols_ + j]; }
    std::span<const Real> row(std::size_t i) const { return {&values_[i * cols_], cols_}; }

private:
    std::size_t rows_ = 0;
    std::size_t cols_ = 0;
    std::vector<Real> values_;
};

Matrix transposed(const Matrix& a);
Matrix product(const Matrix& a, const Matrix& b);
Vector product(const Matrix& a, std::span<const Real> x);
/// aᵀ x.
Vector transposed_product(const Matrix& a, std::span<const Real> x);
Real dot(std::span<const Real> a, std::span<const Real> b);
Real frobenius_norm(const Matrix& a);

/// a = q r with a: k×n, k ≥ n, q: k×n with orthonormal columns, r: n×n upper triangular, by
/// Householder reflections (Golub and Van Loan, Matrix Computations,
/// algorithms 5.1.1, 5.1.5, 5.2.1).
struct ThinQr {
    Matrix q;
    Matrix r;
};
ThinQr householder_qr(Matrix a);

/// a = u diag(s) vᵀ with a: k×n, k ≥ n, u: k×n (zero columns where s is zero), s: [n] descending,
/// v: n×n, by one-sided Jacobi rotations (Hestenes 1958). Throws std::runtime_error when 60 sweeps
/// do not suffice.
struct Svd {
    Matrix u;
    Vector s;
    Matrix v;
};
Svd jacobi_svd(Matrix a);

/// The minimum-norm least-squares solution w = x⁺ y for one factored design matrix x: n×p.
class MinimumNorm {
public:
    /// Householder QR of x (n ≥ p) or LQ (n < p); x must have full rank.
    static MinimumNorm of_full_rank(const Matrix& x);
    /// Singular values ≤ relative_cut_off · max(s) count as zero.
    static MinimumNorm truncated(const Matrix& x, Real relative_cut_off);

    /// w: [p] for y: [n].
    Vector solve(std::span<const Real> y) const;
    /// x⁺: p×n, column by column.
    Matrix pseudo_inverse() const;
    std::size_t rank() const { return rank_; }

private:
    bool wide_ = false;
    bool truncated_ = false;
    std::size_t samples_ = 0;
    std::size_t rank_ = 0;
    ThinQr qr_;  // of x, or of xᵀ where wide_
    Svd svd_;    // likewise
};

}  // namespace cucurbit::reference
