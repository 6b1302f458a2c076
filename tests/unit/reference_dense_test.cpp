#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <stdexcept>

#include "tests/reference/dense.hpp"

namespace cucurbit::reference {
namespace {

constexpr Real eps = std::numeric_limits<Real>::epsilon();

Matrix matrix(std::size_t rows, std::size_t cols, const std::vector<Real>& values) {
    Matrix a(rows, cols);
    for (std::size_t i = 0; i < rows; ++i)
        for (std::size_t j = 0; j < cols; ++j) a(i, j) = values[i * cols + j];
    return a;
}

void expect_near(const Vector& actual, const Vector& expected, Real tolerance) {
    ASSERT_EQ(actual.size(), expected.size());
    for (std::size_t i = 0; i < actual.size(); ++i)
        EXPECT_LE(std::abs(actual[i] - expected[i]), tolerance)
            << "entry " << i << ": " << static_cast<double>(actual[i]) << " against "
            << static_cast<double>(expected[i]);
}

Real distance(const Matrix& a, const Matrix& b) {
    Matrix difference = a;
    for (std::size_t i = 0; i < a.rows(); ++i)
        for (std::size_t j = 0; j < a.cols(); ++j) difference(i, j) -= b(i, j);
    return frobenius_norm(difference);
}

// Entries without a pattern, of order one; every leading block of it is regular.
Matrix irregular(std::size_t rows, std::size_t cols) {
    Matrix a(rows, cols);
    for (std::size_t i = 0; i < rows; ++i)
        for (std::size_t j = 0; j < cols; ++j)
            a(i, j) = std::sin(Real(1 + 7 * i + 3 * j + 5 * i * i * j));
    return a;
}

// Columns (3,4) and (5,0): q₁ = (3,4)/5, r₁₁ = 5, r₁₂ = q₁·(5,0) = 3; what is left of (5,0) is
// (5,0) − 3(3,4)/5 = (16,−12)/5, of length 4. Signs of q's columns and r's rows go together.
TEST(HouseholderQr, FactorsATwoByTwo) {
    const ThinQr factors = householder_qr(matrix(2, 2, {3, 5, 4, 0}));
    EXPECT_LE(std::abs(std::abs(factors.r(0, 0)) - 5), 10 * eps);
    EXPECT_LE(std::abs(std::abs(factors.r(0, 1)) - 3), 10 * eps);
    EXPECT_LE(std::abs(std::abs(factors.r(1, 1)) - 4), 10 * eps);
    EXPECT_EQ(factors.r(1, 0), 0);
    EXPECT_LE(distance(product(factors.q, factors.r), matrix(2, 2, {3, 5, 4, 0})), 20 * eps);
}

TEST(HouseholderQr, HasOrthonormalColumnsAndGivesTheMatrixBack) {
    for (std::size_t n = 1; n <= 5; ++n) {
        const Matrix a = irregular(5, n);
        const ThinQr factors = householder_qr(a);
        Matrix identity(n, n);
        for (std::size_t j = 0; j < n; ++j) identity(j, j) = 1;
        EXPECT_LE(distance(product(transposed(factors.q), factors.q), identity), 50 * eps) << n;
        EXPECT_LE(distance(product(factors.q, factors.r), a), 50 * eps) << n;
    }
}

// aᵀa = [25 20; 20 25] has eigenvalues 45 and 5.
TEST(JacobiSvd, FindsTheSingularValuesOfATwoByTwo) {
    const Svd svd = jacobi_svd(matrix(2, 2, {3, 0, 4, 5}));
    expect_near(svd.s, {std::sqrt(Real(45)), std::sqrt(Real(5))}, 20 * eps);
}

// (1,2,2)ᵀ(1,2): one singular value 3·√5.
TEST(JacobiSvd, FindsTheRankOfAnOuterProduct) {
    const Svd svd = jacobi_svd(matrix(3, 2, {1, 2, 2, 4, 2, 4}));
    expect_near(svd.s, {3 * std::sqrt(Real(5)), 0}, 20 * eps);
}

TEST(JacobiSvd, GivesTheMatrixBackFromOrthonormalFactors) {
    const Matrix a = irregular(5, 4);
    const Svd svd = jacobi_svd(a);
    Matrix scaled = svd.u;
    for (std::size_t i = 0; i < 5; ++i)
        for (std::size_t j = 0; j < 4; ++j) scaled(i, j) *= svd.s[j];
    Matrix identity(4, 4);
    for (std::size_t j = 0; j < 4; ++j) identity(j, j) = 1;
    EXPECT_LE(distance(product(scaled, transposed(svd.v)), a), 50 * eps);
    EXPECT_LE(distance(product(transposed(svd.u), svd.u), identity), 50 * eps);
    EXPECT_LE(distance(product(transposed(svd.v), svd.v), identity), 50 * eps);
    for (std::size_t j = 1; j < 4; ++j) EXPECT_GE(svd.s[j - 1], svd.s[j]);
}

TEST(JacobiSvd, RefusesWhatDoesNotConverge) {
    const Real nan = std::numeric_limits<Real>::quiet_NaN();
    EXPECT_THROW(jacobi_svd(matrix(2, 2, {1, nan, 0, 1})), std::runtime_error);
}

// One row x: w = x y/‖x‖², here (1,2,2)·9/9.
TEST(MinimumNorm, FitsOneSample) {
    const Matrix x = matrix(1, 3, {1, 2, 2});
    expect_near(MinimumNorm::of_full_rank(x).solve(Vector{9}), {1, 2, 2}, 20 * eps);
    expect_near(MinimumNorm::truncated(x, 1e-15L).solve(Vector{9}), {1, 2, 2}, 20 * eps);
}

// x xᵀ = [2 1; 1 2], its inverse [2 −1; −1 2]/3 sends y = (1,2) to (0,1): w is the second row.
TEST(MinimumNorm, FitsTwoSamplesInThreeDimensions) {
    const Matrix x = matrix(2, 3, {1, 1, 0, 0, 1, 1});
    expect_near(MinimumNorm::of_full_rank(x).solve(Vector{1, 2}), {0, 1, 1}, 20 * eps);
    expect_near(MinimumNorm::truncated(x, 1e-15L).solve(Vector{1, 2}), {0, 1, 1}, 20 * eps);
}

// The line through (1,1), (2,2), (3,2): means 2 and 5/3, slope Σ(t−2)(y−5/3)/Σ(t−2)² = 1/2,
// intercept 5/3 − 1 = 2/3.
TEST(MinimumNorm, FitsALineByLeastSquares) {
    const Matrix x = matrix(3, 2, {1, 1, 1, 2, 1, 3});
    const Vector line{Real(2) / 3, 0.5L};
    expect_near(MinimumNorm::of_full_rank(x).solve(Vector{1, 2, 2}), line, 50 * eps);
    expect_near(MinimumNorm::truncated(x, 1e-15L).solve(Vector{1, 2, 2}), line, 50 * eps);
}

// [2 1; 1 1]⁻¹ = [1 −1; −1 2].
TEST(MinimumNorm, SolvesASquareSystem) {
    const MinimumNorm fit = MinimumNorm::of_full_rank(matrix(2, 2, {2, 1, 1, 1}));
    expect_near(fit.solve(Vector{3, 2}), {1, 1}, 50 * eps);
    EXPECT_LE(distance(fit.pseudo_inverse(), matrix(2, 2, {1, -1, -1, 2})), 50 * eps);
    EXPECT_EQ(fit.rank(), 2u);
}

// The inverse of the 5×5 Hilbert matrix has whole entries (−1)^{i+j}(i+j−1)·C(…)…: 25, −300, 1050,
// −1400, 630 in the first row (Choi 1983). Its condition number is 4.8e5, so rounding its entries
// costs 5e5 eps.
TEST(MinimumNorm, InvertsTheHilbertMatrix) {
    Matrix hilbert(5, 5);
    for (std::size_t i = 0; i < 5; ++i)
        for (std::size_t j = 0; j < 5; ++j) hilbert(i, j) = Real(1) / Real(i + j + 1);
    const Vector first{25, -300, 1050, -1400, 630};
    for (const MinimumNorm& fit :
         {MinimumNorm::of_full_rank(hilbert), MinimumNorm::truncated(hilbert, 1e-15L)})
        expect_near(fit.solve(Vector{1, 0, 0, 0, 0}), first, 5e6L * 1400 * eps);
}

// x = u vᵀ with u = v = (1,2,2): x⁺ = v uᵀ/(9·9), so y = (9,0,0) gives w = v·9/81.
TEST(MinimumNorm, TruncatesARankDeficientMatrix) {
    const MinimumNorm fit =
        MinimumNorm::truncated(matrix(3, 3, {1, 2, 2, 2, 4, 4, 2, 4, 4}), 1e-15L);
    EXPECT_EQ(fit.rank(), 1u);
    expect_near(fit.solve(Vector{9, 0, 0}), {Real(1) / 9, Real(2) / 9, Real(2) / 9}, 20 * eps);
}

// diag(1, 1e-3, 1e-15): a relative cut-off of exactly 1e-15 counts the last value as zero, a
// smaller does not.
TEST(MinimumNorm, CountsSingularValuesAtTheCutOffAsZero) {
    const Matrix x = matrix(3, 3, {1, 0, 0, 0, 1e-3L, 0, 0, 0, 1e-15L});
    EXPECT_EQ(MinimumNorm::truncated(x, 1e-15L).rank(), 2u);
    EXPECT_EQ(MinimumNorm::truncated(x, 9e-16L).rank(), 3u);
    expect_near(MinimumNorm::truncated(x, 1e-15L).solve(Vector{1, 1, 1}), {1, 1000, 0}, 1e4L * eps);
}

// Penrose's four conditions define x⁺.
TEST(MinimumNorm, MeetsPenrosesConditions) {
    for (std::size_t n = 1; n <= 5; ++n)
        for (std::size_t p = 1; p <= 5; ++p)
            for (const bool truncated : {false, true}) {
                const Matrix x = irregular(n, p);
                const MinimumNorm fit =
                    truncated ? MinimumNorm::truncated(x, 1e-15L) : MinimumNorm::of_full_rank(x);
                const Matrix inverse = fit.pseudo_inverse();
                const Matrix left = product(x, inverse);
                const Matrix right = product(inverse, x);
                const Real tolerance =
                    100 * eps *
                    (1 + std::pow(frobenius_norm(x) * frobenius_norm(inverse), Real(2)));
                EXPECT_LE(distance(product(left, x), x), tolerance) << n << "x" << p;
                EXPECT_LE(distance(product(right, inverse), inverse), tolerance) << n << "x" << p;
                EXPECT_LE(distance(left, transposed(left)), tolerance) << n << "x" << p;
                EXPECT_LE(distance(right, transposed(right)), tolerance) << n << "x" << p;
            }
}

}  // namespace
}  // namespace cucurbit::reference
