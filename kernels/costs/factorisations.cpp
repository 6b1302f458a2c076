// Gram matrices and factorisations, counted as kernels/cuda/factorisations.cpp and orthogonal.cpp
// do them.

#include <algorithm>
#include <cmath>

#include "kernels/common/division.hpp"
#include "kernels/costs/blocks.hpp"
#include "kernels/costs/counting_engine.hpp"

namespace cucurbit {

using costs::doubles;
using costs::triangle_doubles;
using division::for_block_columns;

namespace {

double cubed(double n) {
    return n * n * n;
}

/// Householder factorisation of m×n (Golub and Van Loan, Matrix Computations, 5.2.2, for m < n
/// too).
double factor_flops(double m, double n) {
    const double k = std::min(m, n);
    return 2.0 * m * n * k - (m + n) * k * k + 2.0 / 3.0 * cubed(k);
}

/// n orthonormal columns of m rows from their reflections (5.1.6).
double form_flops(double m, double n) {
    return 4.0 * m * n * n - 2.0 * (m + n) * n * n + 4.0 / 3.0 * cubed(n);
}

/// All of u, s and v of a square matrix (8.6.3).
double decompose_flops(double n) {
    return 21.0 * cubed(n);
}

}  // namespace

void CountingEngine::gram(BatchMatrix a, BatchMatrix g) {
    operations_.emplace_back(__func__);
    multiply_gram(a, 0, g);
}

void CountingEngine::gram_and_project(BatchMatrix a, BatchMatrix g, BatchMatrix b,
                                      const IndexList& rows, BatchMatrix c) {
    operations_.emplace_back(__func__);
    if (!division::adjacent(b, a) || !division::adjacent(c, g))
        return Engine::gram_and_project(a, g, b, rows, c);
    multiply_gram(b.leading(b.rows, b.cols + a.cols), b.cols, c.leading(c.rows, c.cols + g.cols));
}

void CountingEngine::multiply_gram(BatchMatrix ba, std::size_t before, BatchMatrix cg) {
    division::for_gram_products(
        ba, before, cg,
        [&](const BatchMatrix& left, const BatchMatrix& right, const BatchMatrix& out) {
            product(left, right, ba.rows, out);
        });
}

void CountingEngine::add_outer(BatchMatrix a, BatchMatrix g) {
    operations_.emplace_back(__func__);
    for_block_columns(a.rows, [&](std::size_t j, std::size_t columns) {
        const BatchMatrix below = a.block(j, a.rows - j, 0, a.cols);
        product(below, below.leading(columns, a.cols), a.cols, g.block(j, a.rows - j, j, columns),
                true);
    });
}

void CountingEngine::cholesky(BatchMatrix g, BatchMatrix rows_done) {
    operations_.emplace_back(__func__);
    const auto n = static_cast<double>(g.rows);
    const double flops = cubed(n) / 3.0 * static_cast<double>(g.count);
    const double bytes = triangle_doubles(g.rows, g.count) * sizeof(double);
    const bool batched = g.rows <= division::largest_batched_cholesky;
    calls_.push_back({0.0, flops, 0.0, bytes, bytes, batched ? 1 : g.count, true});
    launch(4.0 * n * static_cast<double>(g.count), doubles(rows_done));
    known_[rows_done.data] = {rows_done, n};
}

void CountingEngine::invert_lower(BatchMatrix l) {
    operations_.emplace_back(__func__);
    const std::size_t n = l.rows;
    for_parts(l.count, n * n, [&](std::size_t count) {
        const BatchMatrix factor = l.trials(count);
        launch(0.0, doubles(factor));
        for_block_columns(n, [&](std::size_t j, std::size_t columns) {
            triangular_solve(factor.block(j, n - j, j, n - j), factor.block(j, n - j, j, columns));
        });
        launch(triangle_doubles(n, count), doubles(factor));
    });
}

void CountingEngine::multiply(BatchMatrix a, bool transpose_a, BatchMatrix b, BatchMatrix out) {
    operations_.emplace_back(__func__);
    product(a, b, transpose_a ? a.rows : a.cols, out);
}

void CountingEngine::multiply_by_transposed_lower(BatchMatrix r, BatchMatrix a) {
    operations_.emplace_back(__func__);
    for_parts(a.count, a.rows * a.cols, [&](std::size_t count) {
        const BatchMatrix from = a.trials(count), lower = r.trials(count);
        for_block_columns(a.cols, [&](std::size_t j, std::size_t columns) {
            product(from.leading(a.rows, j + columns), lower.block(j, columns, 0, j + columns),
                    j + columns, from.block(0, a.rows, j, columns));
        });
        launch(doubles(from), doubles(from));
    });
}

void CountingEngine::multiply_by_lower(BatchMatrix r, BatchMatrix a) {
    operations_.emplace_back(__func__);
    for_parts(a.count, a.rows * a.cols, [&](std::size_t count) {
        const BatchMatrix from = a.trials(count), lower = r.trials(count);
        for_block_columns(a.rows, [&](std::size_t i, std::size_t rows) {
            product(lower.block(i, rows, 0, i + rows), from.leading(i + rows, a.cols), i + rows,
                    from.block(i, rows, 0, a.cols));
        });
        launch(doubles(from), doubles(from));
    });
}

void CountingEngine::factor_columns(std::size_t rows, std::size_t cols, std::size_t count) {
    const auto size = static_cast<double>(rows * cols);
    call_for_each(count, factor_flops(static_cast<double>(rows), static_cast<double>(cols)), size,
                  size);
}

void CountingEngine::orthogonal_columns(BatchMatrix a, BatchMatrix l) {
    operations_.emplace_back(__func__);
    for_parts(a.count, a.cols, [&](std::size_t count) {
        const auto size = static_cast<double>(a.rows * a.cols);
        factor_columns(a.rows, a.cols, count);
        launch(triangle_doubles(a.cols, count), doubles(l.trials(count)));
        call_for_each(count, form_flops(static_cast<double>(a.rows), static_cast<double>(a.cols)),
                      size, size);
        launch(doubles(a.trials(count)), doubles(a.trials(count)));
    });
}

void CountingEngine::lower_factor(BatchMatrix a, BatchMatrix l) {
    operations_.emplace_back(__func__);
    for_parts(a.count, a.rows * a.cols + l.cols, [&](std::size_t count) {
        launch(doubles(a.trials(count)), doubles(a.trials(count)));
        factor_columns(a.cols, a.rows, count);
        launch(doubles(l.trials(count)), doubles(l.trials(count)));
    });
}

void CountingEngine::truncate(BatchMatrix q, BatchMatrix l, double, BatchMatrix rank) {
    operations_.emplace_back(__func__);
    const std::size_t n = l.rows, square = n * n;
    for_parts(l.count, n + 2 * square + q.rows * n, [&](std::size_t count) {
        const BatchMatrix left = q.trials(count), lower = l.trials(count);
        launch(doubles(lower), static_cast<double>(count));
        launch(static_cast<double>(count), static_cast<double>(count));  // the compaction
        call_for_each(count, decompose_flops(static_cast<double>(n)), static_cast<double>(square),
                      static_cast<double>(2 * square + n));
        product(left, lower, n, left);
        launch(static_cast<double>(n * count), doubles(rank.trials(count)));
        launch(doubles(left), doubles(left));
        launch(doubles(lower), doubles(lower));
    });
}

}  // namespace cucurbit
