#pragma once
// LAPACK for the dense laws.

#include <vector>

#include "cucurbit/chain.hpp"

namespace cucurbit {

/// Eigenvalues of a symmetric matrix, descending, and its eigenvectors as columns. Throws
/// std::runtime_error when the iteration does not converge.
struct Eigen {
    std::vector<double> values;
    DenseMatrix vectors;
};
Eigen symmetric_eigen(DenseMatrix a);

}  // namespace cucurbit
