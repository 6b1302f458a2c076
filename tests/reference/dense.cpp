#include "tests/reference/dense.hpp"

#include <cmath>

namespace cucurbit::reference {

Matrix transposed(const Matrix& a) {
    Matrix t(a.cols(), a.rows());
    for (std::size_t i = 0; i < a.rows(); ++i)
        for (std::size_t j = 0; j < a.cols(); ++j) t(j, i) = a(i, j);
    return t;
}

Matrix product(const Matrix& a, const Matrix& b) {
    Matrix c(a.rows(), b.cols());
    for (std::size_t i = 0; i < a.rows(); ++i)
        for (std::size_t k = 0; k < a.cols(); ++k)
            for (std::size_t j = 0; j < b.cols(); ++j) c(i, j) += a(i, k) * b(k, j);
    return c;
}

Vector product(const Matrix& a, std::span<const Real> x) {
    Vector y(a.rows());
    for (std::size_t i = 0; i < a.rows(); ++i) y[i] = dot(a.row(i), x);
    return y;
}

Vector transposed_product(const Matrix& a, std::span<const Real> x) {
    Vector y(a.cols());
    for (std::size_t i = 0; i < a.rows(); ++i)
        for (std::size_t j = 0; j < a.cols(); ++j) y[j] += a(i, j) * x[i];
    return y;
}

Real dot(std::span<const Real> a, std::span<const Real> b) {
    Real sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
    return sum;
}

Real frobenius_norm(const Matrix& a) {
    Real sum = 0;
    for (std::size_t i = 0; i < a.rows(); ++i) sum += dot(a.row(i), a.row(i));
    return std::sqrt(sum);
}

namespace {

// v such that (I − 2 v vᵀ/vᵀv) sends column k of a, below row k, to a multiple of e_k.
Vector householder_vector(const Matrix& a, std::size_t k) {
    Vector v(a.rows());
    Real squares = 0;
    for (std::size_t i = k; i < a.rows(); ++i) {
        v[i] = a(i, k);
        squares += v[i] * v[i];
    }
    const Real norm = std::sqrt(squares);
    v[k] += v[k] < 0 ? -norm : norm;
    return v;
}

// a ← (I − 2 v vᵀ/vᵀv) a, v zero above row `first`.
void reflect(Matrix& a, const Vector& v, std::size_t first) {
    const Real squares = dot(v, v);
    if (squares == 0) return;
    Vector projections(a.cols());
    for (std::size_t i = first; i < a.rows(); ++i)
        for (std::size_t j = 0; j < a.cols(); ++j) projections[j] += v[i] * a(i, j);
    for (std::size_t i = first; i < a.rows(); ++i)
        for (std::size_t j = 0; j < a.cols(); ++j) a(i, j) -= 2 * v[i] * projections[j] / squares;
}

}  // namespace

ThinQr householder_qr(Matrix a) {
    const std::size_t n = a.cols();
    std::vector<Vector> reflectors;
    for (std::size_t k = 0; k < n; ++k) {
        reflectors.push_back(householder_vector(a, k));
        reflect(a, reflectors.back(), k);
    }
    ThinQr factors{Matrix(a.rows(), n), Matrix(n, n)};
    for (std::size_t i = 0; i < n; ++i) {
        factors.q(i, i) = 1;
        for (std::size_t j = i; j < n; ++j) factors.r(i, j) = a(i, j);
    }
    for (std::size_t k = n; k-- > 0;) reflect(factors.q, reflectors[k], k);
    return factors;
}

namespace {

// Solves r z = y for upper triangular r.
Vector solve_upper(const Matrix& r, Vector y) {
    for (std::size_t i = r.rows(); i-- > 0;) {
        for (std::size_t j = i + 1; j < r.rows(); ++j) y[i] -= r(i, j) * y[j];
        y[i] /= r(i, i);
    }
    return y;
}

// Solves rᵀ z = y for upper triangular r.
Vector solve_upper_transposed(const Matrix& r, Vector y) {
    for (std::size_t i = 0; i < r.rows(); ++i) {
        for (std::size_t j = 0; j < i; ++j) y[i] -= r(j, i) * y[j];
        y[i] /= r(i, i);
    }
    return y;
}

}  // namespace

MinimumNorm MinimumNorm::of_full_rank(const Matrix& x) {
    MinimumNorm fit;
    fit.wide_ = x.rows() < x.cols();
    fit.samples_ = x.rows();
    fit.qr_ = householder_qr(fit.wide_ ? transposed(x) : x);
    fit.rank_ = fit.qr_.r.rows();
    return fit;
}

MinimumNorm MinimumNorm::truncated(const Matrix& x, Real relative_cut_off) {
    MinimumNorm fit;
    fit.wide_ = x.rows() < x.cols();
    fit.truncated_ = true;
    fit.samples_ = x.rows();
    fit.svd_ = jacobi_svd(fit.wide_ ? transposed(x) : x);
    const Vector& s = fit.svd_.s;
    while (fit.rank_ < s.size() && s[fit.rank_] > relative_cut_off * s[0]) ++fit.rank_;
    return fit;
}

Vector MinimumNorm::solve(std::span<const Real> y) const {
    if (!truncated_) {
        if (wide_) return product(qr_.q, solve_upper_transposed(qr_.r, {y.begin(), y.end()}));
        return solve_upper(qr_.r, transposed_product(qr_.q, y));
    }
    const Matrix& from = wide_ ? svd_.v : svd_.u;
    const Matrix& to = wide_ ? svd_.u : svd_.v;
    Vector z = transposed_product(from, y);
    for (std::size_t k = 0; k < z.size(); ++k) z[k] = k < rank_ ? z[k] / svd_.s[k] : 0;
    return product(to, z);
}

Matrix MinimumNorm::pseudo_inverse() const {
    Matrix columns(samples_, 0);
    Vector unit(samples_);
    for (std::size_t i = 0; i < samples_; ++i) {
        unit[i] = 1;
        const Vector w = solve(unit);
        unit[i] = 0;
        if (i == 0) columns = Matrix(w.size(), samples_);
        for (std::size_t j = 0; j < w.size(); ++j) columns(j, i) = w[j];
    }
    return columns;
}

}  // namespace cucurbit::reference
