#include <gtest/gtest.h>

#include <limits>

#include "tests/reference/dense.hpp"
#include "tests/support/invariants.hpp"

// The checkers pass the oracle's fits and refuse planted errors.

namespace cucurbit::invariants {
namespace {

using reference::Real;
using reference::Vector;

struct Case {
    std::size_t n, p;
    std::vector<Real> x;
    Vector y;
    Vector w;
    Real condition;

    Problem<Real> problem() const { return {n, p, x, y}; }
};

Case make_case(std::size_t n, std::size_t p) {
    Case c{n, p, std::vector<Real>(n * p), Vector(n), {}, 1};
    reference::Matrix x(n, p);
    for (std::size_t i = 0; i < n; ++i) {
        c.y[i] = std::cos(Real(3 * i * i + 1));
        for (std::size_t j = 0; j < p; ++j)
            c.x[i * p + j] = x(i, j) = std::sin(Real(1 + 7 * i + 3 * j + 5 * i * i * j));
    }
    const auto fit = reference::MinimumNorm::of_full_rank(x);
    c.w = fit.solve(c.y);
    c.condition = frobenius_norm(x) * frobenius_norm(fit.pseudo_inverse());
    return c;
}

constexpr Real small = 20;
// A planted error of one part in 10⁶ must stand out by orders of magnitude, not by a hair.
constexpr Real large = 1e6L;

TEST(Invariants, HoldForTheOracle) {
    for (std::size_t n = 1; n <= 5; ++n)
        for (std::size_t p = 1; p <= 5; ++p) {
            const Case c = make_case(n, p);
            const Vector direction(p, 1);
            EXPECT_LE(normal_equations<Real>(c.problem(), c.w), small) << n << "x" << p;
            EXPECT_LE(row_space<Real>(c.problem(), c.w, c.condition), small) << n << "x" << p;
            EXPECT_LE(excess_norm<Real>(c.problem(), c.w, direction), small) << n << "x" << p;
            if (n <= p) {
                EXPECT_LE(interpolation<Real>(c.problem(), c.w), small) << n << "x" << p;
            }
        }
}

TEST(Invariants, AcceptAZeroFitOfZeroLabels) {
    Case c = make_case(3, 5);
    c.y.assign(3, 0);
    c.w.assign(5, 0);
    EXPECT_EQ(normal_equations<Real>(c.problem(), c.w), 0);
    EXPECT_EQ(interpolation<Real>(c.problem(), c.w), 0);
    EXPECT_EQ(row_space<Real>(c.problem(), c.w, c.condition), 0);
}

// Adding a null vector leaves the labels met and the gradient zero: only the row space and the norm
// tell.
TEST(Invariants, ANullVectorIsSeenByRowSpaceAndNorm) {
    const Case c = make_case(3, 5);
    const Vector direction{1, 0, 2, 0, 1};
    const Vector hidden = null_part<Real>(c.problem(), direction);
    Vector w = c.w;
    for (std::size_t j = 0; j < 5; ++j) w[j] += 1e-3L * hidden[j];
    EXPECT_LE(interpolation<Real>(c.problem(), w), small);
    EXPECT_LE(normal_equations<Real>(c.problem(), w), small);
    EXPECT_GT(row_space<Real>(c.problem(), w, c.condition), large);
    EXPECT_GT(excess_norm<Real>(c.problem(), w, direction), large);
}

TEST(Invariants, OneChangedEntryIsSeenByTheLabels) {
    for (const std::size_t n : {3, 5}) {
        const Case c = make_case(n, 5);
        for (std::size_t j = 0; j < 5; ++j) {
            Vector w = c.w;
            w[j] *= 1 + 1e-6L;
            EXPECT_GT(interpolation<Real>(c.problem(), w), large) << j;
            EXPECT_GT(normal_equations<Real>(c.problem(), w), large) << j;
        }
    }
}

TEST(Invariants, OneChangedEntryIsSeenByLeastSquares) {
    const Case c = make_case(5, 3);
    for (std::size_t j = 0; j < 3; ++j) {
        Vector w = c.w;
        w[j] = -w[j];
        EXPECT_GT(normal_equations<Real>(c.problem(), w), large) << j;
    }
}

TEST(Invariants, AFitToOtherLabelsIsSeen) {
    Case c = make_case(3, 5);
    c.y[1] += 1e-6L;
    EXPECT_GT(interpolation<Real>(c.problem(), c.w), large);
}

TEST(Invariants, ANanPassesNothing) {
    Case c = make_case(3, 5);
    c.w[2] = std::numeric_limits<Real>::quiet_NaN();
    const Vector direction(5, 1);
    EXPECT_FALSE(normal_equations<Real>(c.problem(), c.w) <= small);
    EXPECT_FALSE(interpolation<Real>(c.problem(), c.w) <= small);
    EXPECT_FALSE(row_space<Real>(c.problem(), c.w, c.condition) <= small);
    EXPECT_FALSE(excess_norm<Real>(c.problem(), c.w, direction) <= small);
}

}  // namespace
}  // namespace cucurbit::invariants
