#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>

#include "tests/reference/dense.hpp"

namespace cucurbit::reference {
namespace {

// Columns i and j of a ← their rotation by (c, s).
void rotate(Matrix& a, std::size_t i, std::size_t j, Real c, Real s) {
    for (std::size_t k = 0; k < a.rows(); ++k) {
        const Real left = a(k, i);
        const Real right = a(k, j);
        a(k, i) = c * left - s * right;
        a(k, j) = s * left + c * right;
    }
}

// Makes columns i and j of a orthogonal; false if they already were, to working accuracy, or if one
// of them is so small that rounding made it: what its square is at most.
bool orthogonalise(Matrix& a, Matrix& v, std::size_t i, std::size_t j, Real rounding) {
    Real ii = 0, jj = 0, ij = 0;
    for (std::size_t k = 0; k < a.rows(); ++k) {
        ii += a(k, i) * a(k, i);
        jj += a(k, j) * a(k, j);
        ij += a(k, i) * a(k, j);
    }
    if (ii <= rounding || jj <= rounding) return false;
    const Real tolerance = 4 * std::numeric_limits<Real>::epsilon();
    if (std::abs(ij) <= tolerance * std::sqrt(ii) * std::sqrt(jj)) return false;
    const Real cotangent = (jj - ii) / (2 * ij);  // of twice the angle
    const Real sign = cotangent < 0 ? -1 : 1;
    const Real tangent = sign / (std::abs(cotangent) + std::sqrt(1 + cotangent * cotangent));
    const Real c = 1 / std::sqrt(1 + tangent * tangent);
    rotate(a, i, j, c, c * tangent);
    rotate(v, i, j, c, c * tangent);
    return true;
}

Matrix take_columns(const Matrix& a, const std::vector<std::size_t>& order, const Vector& scale) {
    Matrix b(a.rows(), order.size());
    for (std::size_t i = 0; i < a.rows(); ++i)
        for (std::size_t j = 0; j < order.size(); ++j)
            b(i, j) = scale[order[j]] == 0 ? 0 : a(i, order[j]) / scale[order[j]];
    return b;
}

}  // namespace

Svd jacobi_svd(Matrix a) {
    const std::size_t n = a.cols();
    Matrix v(n, n);
    for (std::size_t j = 0; j < n; ++j) v(j, j) = 1;
    const Real smallest = std::numeric_limits<Real>::epsilon() * frobenius_norm(a);
    bool rotated = true;
    for (int sweep = 0; rotated; ++sweep) {
        if (sweep == 60) throw std::runtime_error("Jacobi iteration did not converge in 60 sweeps");
        rotated = false;
        for (std::size_t i = 0; i < n; ++i)
            for (std::size_t j = i + 1; j < n; ++j)
                if (orthogonalise(a, v, i, j, smallest * smallest)) rotated = true;
    }
    Vector norms(n);
    for (std::size_t j = 0; j < n; ++j) {
        for (std::size_t i = 0; i < a.rows(); ++i) norms[j] += a(i, j) * a(i, j);
        norms[j] = std::sqrt(norms[j]);
    }
    std::vector<std::size_t> order(n);
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t i, std::size_t j) { return norms[i] > norms[j]; });
    Svd svd{take_columns(a, order, norms), Vector(n), take_columns(v, order, Vector(n, 1))};
    for (std::size_t j = 0; j < n; ++j) svd.s[j] = norms[order[j]];
    return svd;
}

}  // namespace cucurbit::reference
