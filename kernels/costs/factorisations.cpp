// Parts of factorisations (kernels/card/engine.hpp), counted.

#include <algorithm>
#include <cmath>

#include "kernels/costs/blocks.hpp"
#include "kernels/costs/counting_engine.hpp"

namespace cucurbit {

using costs::doubles;
using costs::triangle_doubles;

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

/// Of blocks on the diagonal of a matrix with so many rows: the sum of f(rows of a block).
template <class Function>
double over_blocks(std::size_t rows, Function f) {
    const std::size_t whole = rows / card::block_order, rest = rows % card::block_order;
    return static_cast<double>(whole) * f(static_cast<double>(card::block_order)) +
           f(static_cast<double>(rest));
}

}  // namespace

void CountingEngine::factor_small(BatchMatrix g, BatchMatrix rows_done) {
    const double triangle = triangle_doubles(g.rows, g.count);
    launch(triangle, triangle + doubles(rows_done),
           cubed(static_cast<double>(g.rows)) / 3.0 * static_cast<double>(g.count));
    known_[rows_done.data] = {rows_done, static_cast<double>(g.rows)};
}

void CountingEngine::solve_small(BatchMatrix l, bool, BatchMatrix c) {
    launch(triangle_doubles(l.rows, c.count) + doubles(c), doubles(c),
           doubles(c) * static_cast<double>(l.rows));
}

// The factor and its inverse, a third of n³ each.
void CountingEngine::factor_block(BatchMatrix g, std::size_t, BatchMatrix inverse, BatchMatrix) {
    const double triangle = triangle_doubles(g.rows, g.count);
    launch(triangle, triangle + doubles(inverse) + static_cast<double>(g.count),
           2.0 / 3.0 * cubed(static_cast<double>(g.rows)) * static_cast<double>(g.count));
}

void CountingEngine::invert_blocks(BatchMatrix l, BatchMatrix inverses, bool) {
    const auto count = static_cast<double>(inverses.count);
    launch(count * over_blocks(l.rows, [](double m) { return 0.5 * m * (m + 1.0); }),
           count * over_blocks(l.rows, [](double m) { return m * m; }),
           count * over_blocks(l.rows, [](double m) { return m * m * m / 3.0; }));
}

void CountingEngine::multiply_by_block(BatchMatrix inverse, bool, BatchMatrix x, bool) {
    if (doubles(x) == 0.0) return;
    launch(triangle_doubles(inverse.rows, x.count) + doubles(x), doubles(x),
           doubles(x) * static_cast<double>(inverse.rows));
}

void CountingEngine::finish_cholesky(BatchMatrix g, BatchMatrix rows_done) {
    launch(static_cast<double>(g.count), doubles(rows_done));
    known_[rows_done.data] = {rows_done, static_cast<double>(g.rows)};
}

void CountingEngine::clear_upper(BatchMatrix l) {
    launch(0.0, doubles(l) - triangle_doubles(l.rows, l.count));
}

void CountingEngine::factor_columns(BatchMatrix a, double*) {
    const auto size = static_cast<double>(a.rows * a.cols);
    call_for_each(a.count, factor_flops(static_cast<double>(a.rows), static_cast<double>(a.cols)),
                  size, size);
}

void CountingEngine::form_orthogonal(BatchMatrix a, const double*) {
    const auto size = static_cast<double>(a.rows * a.cols);
    call_for_each(a.count, form_flops(static_cast<double>(a.rows), static_cast<double>(a.cols)),
                  size, size);
}

void CountingEngine::lower_from_upper(BatchMatrix, BatchMatrix l, double*) {
    launch(triangle_doubles(l.cols, l.count), doubles(l));
}

void CountingEngine::scale_columns(const double*, BatchMatrix a) {
    launch(doubles(a), doubles(a));
}

void CountingEngine::decompose(BatchMatrix l, const Decompositions&) {
    const auto n = static_cast<double>(l.rows), count = static_cast<double>(l.count);
    launch(doubles(l), count);
    launch(count, count);  // the compaction
    call_for_each(l.count, decompose_flops(n), n * n, 2.0 * n * n + n);
}

void CountingEngine::finish_truncate(const Decompositions&, BatchMatrix, double, BatchMatrix q,
                                     BatchMatrix l, BatchMatrix rank) {
    launch(static_cast<double>(l.rows * l.count), doubles(rank));
    launch(doubles(q), doubles(q));
    launch(doubles(l), doubles(l));
}

// Flops: Golub and Van Loan, Matrix Computations, 8.3.
void CountingEngine::decompose_symmetric(BatchMatrix g, BatchMatrix values, std::span<double>) {
    const auto n = static_cast<double>(g.rows), count = static_cast<double>(g.count);
    launch(doubles(g), 0.0);
    calls_.push_back({0.0, 9.0 * n * n * n * count, 0.0, n * n * count * sizeof(double),
                      (n * n + n) * count * sizeof(double), 1, true});
    launch(0.0, doubles(g) + doubles(values));
}

}  // namespace cucurbit
