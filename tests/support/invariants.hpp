#pragma once
// What defines a minimum-norm least-squares fit, as residuals in units of rounding error: eps ·
// max(n, p) times the norms that enter. A fit is right when each is below a small constant; a NaN
// anywhere in the fit makes them NaN, which is below nothing. x is n×p and row-major (one sample
// after the other).

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

namespace cucurbit::invariants {

template <class Real>
struct Problem {
    std::size_t n = 0;
    std::size_t p = 0;
    std::span<const Real> x;  // [n][p]
    std::span<const Real> y;  // [n]

    std::span<const Real> row(std::size_t i) const { return x.subspan(i * p, p); }
    Real rounding() const {
        return std::numeric_limits<Real>::epsilon() * static_cast<Real>(std::max(n, p));
    }
};

template <class Real>
Real inner(std::span<const Real> a, std::span<const Real> b) {
    Real sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
    return sum;
}

template <class Real>
Real norm(std::span<const Real> a) {
    return std::sqrt(inner(a, a));
}

template <class Real>
std::vector<Real> residual(const Problem<Real>& problem, std::span<const Real> w) {
    std::vector<Real> r(problem.n);
    for (std::size_t i = 0; i < problem.n; ++i) r[i] = inner(problem.row(i), w) - problem.y[i];
    return r;
}

// 0/0 counts as 0: nothing is wrong with a fit to zero data that is zero.
template <class Real>
Real in_units(Real value, Real unit) {
    return value == 0 ? 0 : value / unit;
}

/// ‖Xᵀ(Xw − y)‖ in units of rounding · ‖X‖ (‖X‖‖w‖ + ‖y‖): zero for every least-squares fit.
template <class Real>
Real normal_equations(const Problem<Real>& problem, std::span<const Real> w) {
    const std::vector<Real> r = residual(problem, w);
    std::vector<Real> gradient(problem.p);
    for (std::size_t i = 0; i < problem.n; ++i)
        for (std::size_t j = 0; j < problem.p; ++j) gradient[j] += problem.row(i)[j] * r[i];
    const Real scale = norm(problem.x);
    const Real unit = problem.rounding() * scale * (scale * norm(w) + norm(problem.y));
    return in_units(norm<Real>(gradient), unit);
}

/// ‖Xw − y‖ in units of rounding · (‖X‖‖w‖ + ‖y‖): zero for n ≤ p at full row rank.
template <class Real>
Real interpolation(const Problem<Real>& problem, std::span<const Real> w) {
    const std::vector<Real> r = residual(problem, w);
    const Real unit = problem.rounding() * (norm(problem.x) * norm(w) + norm(problem.y));
    return in_units(norm<Real>(r), unit);
}

/// The part of v orthogonal to the rows of X, by Gram–Schmidt done twice; rows that depend on
/// earlier ones are passed over.
template <class Real>
std::vector<Real> null_part(const Problem<Real>& problem, std::span<const Real> v) {
    std::vector<std::vector<Real>> basis;
    const auto strip = [&basis](std::vector<Real> a) {
        for (int pass = 0; pass < 2; ++pass)
            for (const auto& q : basis) {
                const Real projection = inner<Real>(q, a);
                for (std::size_t j = 0; j < a.size(); ++j) a[j] -= projection * q[j];
            }
        return a;
    };
    for (std::size_t i = 0; i < problem.n; ++i) {
        std::vector<Real> q = strip({problem.row(i).begin(), problem.row(i).end()});
        const Real length = norm<Real>(q);
        if (!(length > problem.rounding() * norm(problem.row(i)))) continue;
        for (Real& value : q) value /= length;
        basis.push_back(std::move(q));
    }
    if (basis.size() == problem.p) return std::vector<Real>(problem.p);
    return strip({v.begin(), v.end()});
}

/// Distance of w from the row space of X in units of rounding · ‖w‖ · condition: zero for the fit
/// of minimum norm. condition: an upper bound of X's condition number (1 for orthogonal rows).
template <class Real>
Real row_space(const Problem<Real>& problem, std::span<const Real> w, Real condition) {
    return in_units(norm<Real>(null_part(problem, w)), problem.rounding() * norm(w) * condition);
}

/// By how much ‖w‖² exceeds the least ‖w + t v‖² over t, v the part of `direction` that X does not
/// see, in units of rounding · ‖w‖²: zero for the fit of minimum norm, whatever the direction.
template <class Real>
Real excess_norm(const Problem<Real>& problem, std::span<const Real> w,
                 std::span<const Real> direction) {
    const std::vector<Real> v = null_part(problem, direction);
    const Real squares = inner<Real>(v, v);
    const Real t = squares == 0 ? 0 : -inner<Real>(w, v) / squares;
    std::vector<Real> shorter(w.begin(), w.end());
    for (std::size_t j = 0; j < shorter.size(); ++j) shorter[j] += t * v[j];
    const Real gain = inner(w, w) - inner<Real>(shorter, shorter);
    return in_units(gain, problem.rounding() * inner(w, w));
}

}  // namespace cucurbit::invariants
