// Matrix products of the CPU engine.

#include <algorithm>

#include "kernels/cpu/engine.hpp"

namespace cucurbit {
namespace {

/// Of trial t.
Product gram_product(const BatchMatrix& a, const BatchMatrix& g, std::size_t t) {
    return {.left = {a.item(t), a.ld, true},
            .right = {a.item(t), a.ld},
            .rows = a.cols,
            .cols = a.cols,
            .depth = a.rows,
            .out = g.item(t),
            .ld = g.ld,
            .lower = true};
}
Product projection(const BatchMatrix& a, const BatchMatrix& b, const IndexList& rows,
                   const BatchMatrix& c, std::size_t t) {
    return {.left = {a.item(t), a.ld, true},
            .right = {b.item(t), b.ld},
            .rows = a.cols,
            .cols = rows.host().size(),
            .depth = a.rows,
            .out = c.item(t),
            .ld = c.ld,
            .row_ends = rows.host().data()};
}

}  // namespace

void CpuEngine::gram(BatchMatrix a, BatchMatrix g) {
    if (g.lanes > 1) return interleaved_.gram(a, g);
    for (std::size_t t = 0; t < g.count; ++t) compute(gram_product(a, g, t));
}

void CpuEngine::project(BatchMatrix a, BatchMatrix b, const IndexList& rows, BatchMatrix c) {
    if (c.lanes > 1) return interleaved_.project(a, b, rows, c);
    for (std::size_t t = 0; t < c.count; ++t) compute(projection(a, b, rows, c, t));
}

void CpuEngine::gram_and_project(BatchMatrix a, BatchMatrix g, BatchMatrix b, const IndexList& rows,
                                 BatchMatrix c) {
    if (g.lanes > 1) return Engine::gram_and_project(a, g, b, rows, c);
    for (std::size_t t = 0; t < g.count; ++t) {
        const Product projected = projection(a, b, rows, c, t);
        Product both = gram_product(a, g, t);
        both.also = &projected;
        compute(both);
    }
}

void CpuEngine::add_outer(BatchMatrix a, BatchMatrix g) {
    if (g.lanes > 1) return interleaved_.add_outer(a, g);
    for (std::size_t t = 0; t < g.count; ++t) {
        const double* x = a.item(t);
        compute({.left = {x, a.ld},
                 .right = {x, a.ld, true},
                 .rows = a.rows,
                 .cols = a.rows,
                 .depth = a.cols,
                 .out = g.item(t),
                 .ld = g.ld,
                 .add = true,
                 .lower = true});
    }
}

void CpuEngine::multiply(BatchMatrix a, bool transpose_a, BatchMatrix b, BatchMatrix out) {
    if (out.lanes > 1) return interleaved_.multiply(a, transpose_a, b, out);
    for (std::size_t t = 0; t < out.count; ++t)
        compute({.left = {a.item(t), a.ld, transpose_a},
                 .right = {b.item(t), b.ld},
                 .rows = out.rows,
                 .cols = out.cols,
                 .depth = b.rows,
                 .out = out.item(t),
                 .ld = out.ld});
}

// By squares of which both sides stay in the first-level cache.
void CpuEngine::transpose(BatchMatrix a, BatchMatrix out) {
    if (out.lanes > 1) return interleaved_.transpose(a, out);
    constexpr std::size_t side = 16;
    for (std::size_t t = 0; t < out.count; ++t) {
        const double* from = a.item(t);
        double* to = out.item(t);
        for (std::size_t first = 0; first < out.cols; first += side)
            for (std::size_t above = 0; above < out.rows; above += side) {
                const std::size_t cols = std::min(first + side, out.cols);
                const std::size_t rows = std::min(above + side, out.rows);
                for (std::size_t j = first; j < cols; ++j)
                    for (std::size_t i = above; i < rows; ++i)
                        to[i + j * out.ld] = from[j + i * a.ld];
            }
    }
}

void CpuEngine::diagonal(BatchMatrix g, BatchMatrix diagonal) {
    if (g.lanes > 1) return interleaved_.diagonal(g, diagonal);
    for (std::size_t b = 0; b < g.count; ++b)
        for (std::size_t i = 0; i < g.rows; ++i) diagonal.item(b)[i] = g.item(b)[i + i * g.ld];
}

}  // namespace cucurbit
