#pragma once
// LAPACK for the dense laws.

#include <complex>
#include <vector>

#include "cucurbit/chain.hpp"

namespace cucurbit {

DenseMatrix transposed(const DenseMatrix& a);

/// right becomes a⁻¹ right, and a, column-major, is destroyed; false where a is singular.
bool solve_in_place(std::vector<double>& a, std::vector<double>& right);
bool solve_in_place(std::vector<std::complex<double>>& a, std::vector<std::complex<double>>& right);

/// Eigenvalues of a symmetric matrix, descending, and its eigenvectors as columns. Throws
/// std::runtime_error when the iteration does not converge.
struct Eigen {
    std::vector<double> values;
    DenseMatrix vectors;
};
Eigen symmetric_eigen(DenseMatrix a);

/// a = U S Vᵀ without what rounding makes of zero singular values.
struct SingularValues {
    std::vector<double> squares;  ///< s², descending
    DenseMatrix right;            ///< V, columns×rank
    DenseMatrix scaled_left;      ///< U S = a V, rows×rank
};
/// From the eigenvectors of aᵀa where all min(rows, columns) of its eigenvalues stand clear of
/// rounding; otherwise by Jacobi's method, which finds small values to all digits whatever the
/// lengths of the rows. The rank is that of the rows scaled to length one: a short row counts as
/// much as a long one. Throws std::runtime_error when the iteration does not converge.
SingularValues singular_values(const DenseMatrix& a);

}  // namespace cucurbit
