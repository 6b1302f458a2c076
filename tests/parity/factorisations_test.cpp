// Gram matrices and factorisations of every engine against the oracle. In each batch one item is
// not a number: its neighbours must not notice.

#include <limits>

#include "tests/parity/operands.hpp"

namespace cucurbit {
namespace {

using reference::Matrix;
using reference::product;
using reference::Real;
using reference::transposed;

using Factorisations = OnBatches;

Matrix unit_matrix(std::size_t n) {
    Matrix a(n, n);
    for (std::size_t i = 0; i < n; ++i) a(i, i) = 1;
    return a;
}

TEST_P(Factorisations, Gram) {
    for (const std::size_t n : sizes)
        for (const std::size_t k : sizes) {
            if (!lay_out(std::max(n, k))) continue;
            const auto items = irregular_batch(k, n);
            Operand a = operand(with_poison(items)), g = result(n, n);
            engine_->gram(a.batch(), g.batch());
            for (const std::size_t t : good_items)
                expect_close(lower_part(g.item(t)),
                             lower_part(product(transposed(items[t]), items[t])),
                             4 * eps * static_cast<double>(k), "gram");
        }
}

TEST_P(Factorisations, AddOuterAccumulates) {
    for (const std::size_t n : sizes)
        for (const std::size_t k : sizes) {
            if (!lay_out(std::max(n, k))) continue;
            const auto items = irregular_batch(n, k);
            Operand a = operand(with_poison(items)), g = result(n, n);
            engine_->fill(g.batch(), 1.0);
            engine_->add_outer(a.batch(), g.batch());
            for (const std::size_t t : good_items) {
                Matrix expected = product(items[t], transposed(items[t]));
                for (std::size_t i = 0; i < n; ++i)
                    for (std::size_t j = 0; j < n; ++j) expected(i, j) += 1;
                expect_close(lower_part(g.item(t)), lower_part(expected),
                             4 * eps * static_cast<double>(k), "add_outer");
            }
        }
}

TEST_P(Factorisations, Cholesky) {
    for (const std::size_t n : sizes) {
        if (!lay_out(n)) continue;
        const auto factors = lower_batch(n);
        std::vector<Matrix> squares;
        for (const Matrix& l : factors) squares.push_back(product(l, transposed(l)));
        Operand g = operand(with_poison(squares)), rows_done = result(3, 1);
        engine_->cholesky(g.batch(), rows_done.batch());
        for (const std::size_t t : good_items) {
            expect_close(lower_part(g.item(t)), factors[t], 40 * eps * static_cast<double>(n),
                         "cholesky");
            for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(rows_done.item(t)(i, 0), n);
        }
    }
}

// The pivot of row k is zero or negative: k rows are done, and they are right.
TEST_P(Factorisations, CholeskyStopsAtAPivotThatIsNotPositiveOrOverflows) {
    for (const std::size_t n : {2, 3, 33, 65})
        for (const double pivot : {-1.0, std::numeric_limits<double>::infinity()})
            for (const std::size_t bad : {std::size_t{0}, n / 2, n - 1}) {
                if (!lay_out(n)) continue;
                const auto factors = lower_batch(n);
                std::vector<Matrix> squares;
                for (const Matrix& l : factors) squares.push_back(product(l, transposed(l)));
                squares[bad_item](bad, bad) = pivot;
                Operand g = operand(squares), rows_done = result(2, 1);
                engine_->cholesky(g.batch(), rows_done.batch());
                for (const std::size_t t : good_items) EXPECT_EQ(rows_done.item(t)(0, 0), n);
                for (std::size_t i = 0; i < 2; ++i) EXPECT_EQ(rows_done.item(bad_item)(i, 0), bad);
                const Matrix partial = g.item(bad_item);
                for (std::size_t i = 0; i < bad; ++i)
                    for (std::size_t j = 0; j <= i; ++j)
                        EXPECT_NEAR(static_cast<double>(partial(i, j)),
                                    static_cast<double>(factors[bad_item](i, j)),
                                    1e-11 * static_cast<double>(n));
            }
}

// Some engines then lose the rows before it too.
TEST_P(Factorisations, CholeskyDoesNotPassAPivotThatIsNoNumber) {
    for (const std::size_t n : {3, 65}) {
        if (!lay_out(n)) continue;
        std::vector<Matrix> squares;
        for (const Matrix& l : lower_batch(n)) squares.push_back(product(l, transposed(l)));
        squares[bad_item](n / 2, n / 2) = std::numeric_limits<double>::quiet_NaN();
        Operand g = operand(squares), rows_done = result(1, 1);
        engine_->cholesky(g.batch(), rows_done.batch());
        for (const std::size_t t : good_items) EXPECT_EQ(rows_done.item(t)(0, 0), n);
        EXPECT_LE(rows_done.item(bad_item)(0, 0), n / 2);
    }
}

TEST_P(Factorisations, InvertLower) {
    for (const std::size_t n : sizes) {
        if (!lay_out(n)) continue;
        // A negative pivot; and what lies above the diagonal is not read.
        auto items = lower_batch(n);
        for (std::size_t j = 0; j <= n / 2; ++j) items[good_items[0]](n / 2, j) *= -1;
        auto dirty = items;
        for (Matrix& each : dirty)
            for (std::size_t i = 0; i < n; ++i)
                for (std::size_t j = i + 1; j < n; ++j) each(i, j) = 7;
        Operand l = operand(with_poison(dirty));
        engine_->invert_lower(l.batch());
        for (const std::size_t t : good_items) {
            const Matrix inverse = l.item(t);
            expect_close(inverse, lower_part(inverse), 0.0, "upper triangle of invert_lower");
            expect_close(product(inverse, items[t]), unit_matrix(n),
                         40 * eps * static_cast<double>(n), "invert_lower");
        }
    }
}

// Triangles of several blocks, the last of them not full or of one row, and more right-hand sides
// than a block has columns. One factorisation stops in the second block.
TEST_P(Factorisations, LargeTriangles) {
    constexpr std::size_t columns = 70, stopped = 2, bad = 100;
    for (const std::size_t n : {150, 513}) {
        if (!lay_out(n)) continue;
        const double tolerance = 40 * eps * static_cast<double>(n);
        const auto factors = lower_batch(n), right = irregular_batch(n, columns);
        std::vector<Matrix> squares(batch_count, Matrix(n, n));
        for (std::size_t t = 0; t < batch_count; ++t)
            for (std::size_t i = 0; i < n; ++i)
                for (std::size_t j = 0; j <= i; ++j) {
                    for (std::size_t k = 0; k <= j; ++k)
                        squares[t](i, j) += factors[t](i, k) * factors[t](j, k);
                    squares[t](j, i) = squares[t](i, j);
                }
        squares[stopped](bad, bad) = -1;
        const std::vector<std::uint32_t> rows(columns, static_cast<std::uint32_t>(n));
        const auto all = engine_->indices(rows);
        Operand g = operand(with_poison(squares)), rows_done = result(1, 1);
        Operand l = operand(with_poison(factors)), inverted = operand(with_poison(factors));
        Operand forward = operand(right), backward = operand(right);
        engine_->cholesky(g.batch(), rows_done.batch());
        engine_->invert_lower(inverted.batch());
        engine_->solve_lower(l.batch(), *all, forward.batch());
        engine_->solve_lower_transposed(l.batch(), *all, backward.batch());
        EXPECT_EQ(rows_done.item(stopped)(0, 0), bad);
        EXPECT_LE(rows_done.item(bad_item)(0, 0), 0);
        for (const std::size_t t : good_items) {
            EXPECT_EQ(rows_done.item(t)(0, 0), n);
            expect_close(lower_part(g.item(t)), factors[t], tolerance, "cholesky");
            const Matrix inverse = inverted.item(t), x = forward.item(t), y = backward.item(t);
            expect_close(inverse, lower_part(inverse), 0.0, "upper triangle of invert_lower");
            Matrix one(n, n), ahead(n, columns), back(n, columns);
            for (std::size_t i = 0; i < n; ++i)
                for (std::size_t k = 0; k <= i; ++k) {
                    for (std::size_t j = 0; j <= k; ++j)
                        one(i, j) += inverse(i, k) * factors[t](k, j);
                    for (std::size_t j = 0; j < columns; ++j) {
                        ahead(i, j) += factors[t](i, k) * x(k, j);
                        back(k, j) += factors[t](i, k) * y(i, j);
                    }
                }
            expect_close(one, unit_matrix(n), tolerance, "invert_lower");
            expect_close(ahead, right[t], tolerance, "solve_lower");
            expect_close(back, right[t], tolerance, "solve_lower_transposed");
        }
    }
}

TEST_P(Factorisations, OrthogonalColumns) {
    for (const std::size_t n : sizes)
        for (const std::size_t p : sizes) {
            if (p < n || !lay_out(p)) continue;
            const auto items = irregular_batch(p, n);
            Operand a = operand(with_poison(items)), l = result(n, n);
            engine_->orthogonal_columns(a.batch(), l.batch());
            for (const std::size_t t : good_items) {
                const Matrix q = a.item(t), lower = l.item(t);
                const double tolerance = 20 * eps * static_cast<double>(p);
                expect_close(product(transposed(q), q), unit_matrix(n), tolerance, "QᵀQ");
                expect_close(product(q, transposed(lower)), items[t], tolerance, "Q Lᵀ");
                expect_close(lower, lower_part(lower), 0.0, "upper triangle of L");
                for (std::size_t j = 0; j < n; ++j) EXPECT_GT(lower(j, j), 0);
            }
        }
}

TEST_P(Factorisations, LowerFactor) {
    for (const std::size_t q : sizes)
        for (const std::size_t n : sizes) {
            if (!lay_out(std::max(q, n))) continue;
            const auto items = irregular_batch(q, n);
            const std::size_t r = std::min(q, n);
            Operand a = operand(with_poison(items)), l = result(q, r);
            engine_->lower_factor(a.batch(), l.batch());
            for (const std::size_t t : good_items) {
                const Matrix lower = l.item(t);
                expect_close(product(lower, transposed(lower)),
                             product(items[t], transposed(items[t])),
                             20 * eps * static_cast<double>(n + q), "L Lᵀ");
                expect_close(lower, lower_part(lower), 0.0, "upper triangle of L");
                for (std::size_t j = 0; j < r; ++j) EXPECT_GT(lower(j, j), 0);
            }
        }
}

// Singular values below the cut-off leave, relative to the largest of the item, large or small;
// q l is then the truncated pseudo-inverse.
TEST_P(Factorisations, TruncateGivesTheOraclesPseudoInverse) {
    for (const std::size_t n : {1, 2, 3, 31, 65})
        for (const std::size_t p : {std::size_t{65}, n}) {
            if (!lay_out(p)) continue;
            const std::size_t rank = (n + 1) / 2;
            std::vector<Matrix> items;
            for (std::size_t t = 0; t < batch_count; ++t) {
                items.push_back(product(irregular(p, rank, t), irregular(rank, n, t + 7)));
                const Real scale = t % 3 == 0 ? 1.0L : t % 3 == 1 ? 0x1p40L : 0x1p-40L;
                for (std::size_t i = 0; i < p; ++i)
                    for (std::size_t j = 0; j < n; ++j) items[t](i, j) *= scale;
            }
            const double cut_off = 1e-11;
            Operand a = operand(items), l = result(n, n), effective = result(1, 1);
            engine_->orthogonal_columns(a.batch(), l.batch());
            engine_->truncate(a.batch(), l.batch(), cut_off, effective.batch());
            for (std::size_t t = 0; t < batch_count; ++t) {
                const auto oracle =
                    reference::MinimumNorm::truncated(transposed(items[t]), cut_off);
                EXPECT_EQ(effective.item(t)(0, 0), oracle.rank());
                EXPECT_EQ(oracle.rank(), rank);
                expect_close(product(a.item(t), l.item(t)), oracle.pseudo_inverse(), 1e-9,
                             "truncated pseudo-inverse");
            }
        }
}

TEST_P(Factorisations, TruncateKeepsOneBadItemToItself) {
    if (!lay_out(33)) GTEST_SKIP() << "the preferred layout is the plain one";
    const auto items = irregular_batch(33, 9);
    Operand a = operand(with_poison(items)), l = result(9, 9), rank = result(1, 1);
    engine_->orthogonal_columns(a.batch(), l.batch());
    engine_->truncate(a.batch(), l.batch(), 1e-13, rank.batch());
    for (const std::size_t t : good_items) {
        EXPECT_EQ(rank.item(t)(0, 0), 9);
        const auto oracle = reference::MinimumNorm::of_full_rank(transposed(items[t]));
        expect_close(product(a.item(t), l.item(t)), oracle.pseudo_inverse(), 1e-11, "x⁺");
    }
    EXPECT_LE(rank.item(bad_item)(0, 0), 0) << "a matrix of NaNs has no rank";
}

CUCURBIT_ON_ALL_BATCHES(Factorisations);

}  // namespace
}  // namespace cucurbit
