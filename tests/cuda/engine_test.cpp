// What the parity tests cannot reach by a factory's engine: little scratch memory, and triangles of
// many blocks.

#include "kernels/cuda/engine.hpp"

#include <cmath>
#include <limits>

#include "kernels/card/engine.hpp"
#include "kernels/cuda/kernels.hpp"
#include "tests/parity/operands.hpp"
#include "tests/standin/standin.hpp"

namespace cucurbit {
namespace {

using reference::Matrix;
using reference::product;
using reference::transposed;

constexpr std::size_t enough = std::size_t{16} << 20;

/// Every operation that uses scratch memory, on nine trials.
std::vector<Matrix> results_with(std::size_t scratch_bytes) {
    CudaEngine engine(0, scratch_bytes);
    constexpr std::size_t n = 70, p = 90;
    Operand l(engine, lower_batch(n), 1), r(engine, lower_batch(n), 1);
    Operand a(engine, irregular_batch(p, n), 1), b(engine, irregular_batch(n, p), 1);
    Operand q(engine, irregular_batch(p, n), 1), factor(engine, n, n, batch_count, 1);
    Operand wide(engine, irregular_batch(n, p), 1), rank(engine, 1, 1, batch_count, 1);
    Operand trapezoid(engine, n, n, batch_count, 1), s(engine, n, n, batch_count, 1);
    Operand gains(engine, n, 1, batch_count, 1), rate(engine, irregular_batch(1, 1), 1);
    Operand x(engine, irregular_batch(p, n), 1), targets(engine, irregular_batch(n, 2), 1);
    Operand outputs(engine, n, 2, batch_count, 1), weights(engine, irregular_batch(p, 2), 1);
    Operand velocity(engine, irregular_batch(p, 2), 1), slow(engine, irregular_batch(n, 2), 1);
    Operand gram(engine, irregular_batch(n, n), 1), coefficients(engine, irregular_batch(n, 2), 1);
    const DescentLoss loss{{DescentLink::Kind::logistic, 1, 1.0}, 0, targets.batch(), 0.5};
    engine.descend(DescentSpace::weights, x.batch(), {&loss, 1}, rate.batch(), 0.9, outputs.batch(),
                   velocity.batch(), weights.batch());
    engine.descend(DescentSpace::row, gram.batch(), {&loss, 1}, rate.batch(), 0.9, outputs.batch(),
                   slow.batch(), coefficients.batch());
    engine.invert_lower(l.batch());
    engine.multiply_by_transposed_lower(l.batch(), a.batch());
    engine.multiply_by_lower(r.batch(), b.batch());
    engine.gram(a.batch(), s.batch());
    engine.gains(r.batch(), true, s.batch(), gains.batch());
    engine.orthogonal_columns(q.batch(), factor.batch());
    engine.truncate(q.batch(), factor.batch(), 1e-3, rank.batch());
    engine.lower_factor(wide.batch(), trapezoid.batch());
    Operand done(engine, 1, 1, batch_count, 1), c(engine, irregular_batch(n, 2), 1);
    Operand d(engine, irregular_batch(n, 2), 1), values(engine, n, 1, batch_count, 1);
    Operand g(engine, n, n, batch_count, 1);
    const auto all = engine.indices({n, n});
    engine.gram(x.batch(), g.batch());
    engine.cholesky(g.batch(), done.batch());
    engine.solve_lower(g.batch(), *all, c.batch());
    engine.solve_lower_transposed(g.batch(), *all, d.batch());
    engine.eigen(s.batch(), values.batch());
    std::vector<Matrix> results;
    for (Operand* operand : {&l, &a, &b, &gains, &q, &factor, &rank, &trapezoid, &weights,
                             &coefficients, &c, &d, &values})
        for (std::size_t t = 0; t < batch_count; ++t) results.push_back(operand->item(t));
    return results;
}

TEST(CudaEngine, LittleScratchMemoryGivesTheSameBits) {
    const auto expected = results_with(enough);
    for (const std::size_t bytes : {std::size_t{0}, sizeof(double) * 2 * 70 * 90}) {
        const auto actual = results_with(bytes);
        for (std::size_t k = 0; k < expected.size(); ++k)
            expect_close(actual[k], expected[k], 0.0, "with little scratch memory");
    }
}

// Triangles are computed by block columns: more than one of them, and the last one not full.
TEST(CudaEngine, TrianglesOfSeveralBlockColumns) {
    constexpr std::size_t n = 140, k = 9;
    CudaEngine engine(0, enough);
    const auto wide = irregular_batch(k, n), tall = irregular_batch(n, k), lower = lower_batch(n);
    Operand right(engine, wide, 1), left(engine, tall, 1), gram(engine, n, n, batch_count, 1);
    Operand outer(engine, std::vector<Matrix>(batch_count, Matrix(n, n)), 1);
    Operand l(engine, lower, 1), inverse(engine, lower, 1);
    engine.gram(right.batch(), gram.batch());
    engine.add_outer(left.batch(), outer.batch());
    engine.multiply_by_transposed_lower(l.batch(), right.batch());
    engine.multiply_by_lower(l.batch(), left.batch());
    engine.invert_lower(inverse.batch());
    for (const std::size_t t : good_items) {
        expect_close(lower_part(gram.item(t)), lower_part(product(transposed(wide[t]), wide[t])),
                     1e-14, "gram");
        expect_close(lower_part(outer.item(t)), lower_part(product(tall[t], transposed(tall[t]))),
                     1e-14, "add_outer");
        expect_close(right.item(t), product(wide[t], transposed(lower[t])), 1e-13, "a rᵀ");
        expect_close(left.item(t), product(lower[t], tall[t]), 1e-13, "r a");
        Matrix one(n, n);
        for (std::size_t i = 0; i < n; ++i) one(i, i) = 1;
        expect_close(product(inverse.item(t), lower[t]), one, 1e-13, "invert_lower");
    }
}

TEST(CudaEngine, ScratchMemoryStaysWithinItsBound) {
    standin::reset_counters();
    const std::size_t before = standin::counters().live_bytes;
    results_with(std::size_t{1} << 20);
    EXPECT_LE(standin::counters().peak_bytes - before,
              card::blas_workspace_bytes + (std::size_t{7} << 20));
    EXPECT_EQ(standin::counters().live_bytes, before);
}

// Several halves of blocks, the last block not full, with a trial that is not a number among them
// and one whose factorisation stops.
TEST(CudaEngine, LargeCholeskyFactorisations) {
    constexpr std::size_t n = 5 * card::block_order + 9, stopped = 2, bad = 300;
    CudaEngine engine(0, enough);
    auto factors = lower_batch(n);
    std::vector<Matrix> squares(batch_count, Matrix(n, n));
    for (std::size_t t = 0; t < batch_count; ++t)
        for (std::size_t i = 0; i < n; ++i) {  // bands of four: the product stays cheap
            for (std::size_t j = 0; j < i; ++j)
                if (i - j > 3) factors[t](i, j) = 0;
            for (std::size_t j = i > 6 ? i - 6 : 0; j <= i; ++j) {
                for (std::size_t k = i > 3 ? i - 3 : 0; k <= j; ++k)
                    squares[t](i, j) += factors[t](i, k) * factors[t](j, k);
                squares[t](j, i) = squares[t](i, j);
            }
        }
    squares[stopped](bad, bad) = -1;
    Operand g(engine, with_poison(squares), 1), rows_done(engine, 2, 1, batch_count, 1);
    // What an earlier batch left there must not be taken for this one's.
    Matrix minus_one(1, 1);
    minus_one(0, 0) = -1;
    const Operand negative(engine, std::vector<Matrix>(batch_count, minus_one), 1);
    engine.cholesky(negative.batch(), rows_done.batch());
    engine.cholesky(g.batch(), rows_done.batch());
    for (const std::size_t t : good_items) {
        EXPECT_EQ(rows_done.item(t)(0, 0), n);
        EXPECT_EQ(rows_done.item(t)(1, 0), n);
        expect_close(lower_part(g.item(t)), factors[t], 1e-13, "large Cholesky");
    }
    EXPECT_EQ(rows_done.item(bad_item)(0, 0), 0);
    EXPECT_EQ(rows_done.item(stopped)(1, 0), bad);
}

// What cannot be factored must not spoil what is computed from the rows that were.
TEST(CudaEngine, RowsBeyondABadPivotAreThoseOfTheIdentity) {
    CudaEngine engine(0, enough);
    for (const std::size_t n : {card::small_order, card::small_order + 1}) {
        auto squares = lower_batch(n);
        for (Matrix& square : squares) square = product(square, transposed(square));
        squares[1](20, 20) = -1;
        Operand g(engine, squares, 1), rows_done(engine, 1, 1, batch_count, 1);
        engine.cholesky(g.batch(), rows_done.batch());
        EXPECT_EQ(rows_done.item(1)(0, 0), 20);
        const Matrix factor = g.item(1);
        for (std::size_t i = 20; i < n; ++i)
            for (std::size_t j = 0; j <= i; ++j) EXPECT_EQ(factor(i, j), i == j ? 1 : 0);
        const auto ends = engine.indices({20});
        Matrix right(n, 1);
        for (std::size_t i = 0; i < 20; ++i) right(i, 0) = 1;
        Operand c(engine, std::vector<Matrix>(batch_count, right), 1);
        engine.solve_lower_transposed(g.batch(), *ends, c.batch());
        for (std::size_t i = 0; i < n; ++i)
            EXPECT_EQ(std::isfinite(c.item(1)(i, 0)) && (i < 20 || c.item(1)(i, 0) == 0), true)
                << i;
    }
}

TEST(CudaEngine, AFailureOfTheSolverHasItsName) {
    CudaEngine engine(0, enough);
    Operand g(engine, lower_batch(9), 1), values(engine, 9, 1, batch_count, 1);
    standin::fail_call("cusolverDnXsyevBatched", 0, CUSOLVER_STATUS_INTERNAL_ERROR);
    try {
        engine.eigen(g.batch(), values.batch());
        FAIL();
    } catch (const std::runtime_error& error) {
        const std::string text = error.what();
        EXPECT_NE(text.find("CUSOLVER_STATUS_INTERNAL_ERROR"), std::string::npos) << text;
    }
}

// Wherever a factorisation goes wrong first: within a block, or in its first row.
TEST(CudaEngine, FactorisationsStopAtTheFirstBadPivot) {
    CudaEngine engine(0, enough);
    constexpr std::size_t n = 150;
    constexpr double infinity = std::numeric_limits<double>::infinity();
    const double planted[batch_count] = {1.0,       std::nan(""), infinity, 0.0, -1.0,
                                         -infinity, 1e-300,       1.0,      1.0};
    for (const std::size_t first :
         {std::size_t{0}, std::size_t{3}, card::block_order, 2 * card::block_order - 1, n - 1}) {
        std::vector<Matrix> squares(batch_count, Matrix(n, n));
        for (std::size_t t = 0; t < batch_count; ++t)
            for (std::size_t i = 0; i < n; ++i)
                squares[t](i, i) = i == first || i == n - 1 ? planted[t] : 1.0;
        Operand g(engine, squares, 1), rows_done(engine, 1, 1, batch_count, 1);
        engine.cholesky(g.batch(), rows_done.batch());
        for (std::size_t t = 0; t < batch_count; ++t)
            EXPECT_EQ(rows_done.item(t)(0, 0), planted[t] > 0.0 && planted[t] < 1e300 ? n : first)
                << planted[t];
    }
}

TEST(CudaEngine, StatusesHaveNames) {
    const auto message = [](cusolverStatus_t status) {
        try {
            cuda::check(status, "call()", "file.cpp", 7);
        } catch (const std::runtime_error& error) {
            return std::string(error.what());
        }
        return std::string();
    };
    EXPECT_EQ(message(CUSOLVER_STATUS_SUCCESS), "");
    EXPECT_EQ(message(CUSOLVER_STATUS_INTERNAL_ERROR),
              "file.cpp:7: call() gave CUSOLVER_STATUS_INTERNAL_ERROR");
    EXPECT_EQ(message(static_cast<cusolverStatus_t>(999)),
              "file.cpp:7: call() gave CUSOLVER_STATUS_999");
}

}  // namespace
}  // namespace cucurbit
