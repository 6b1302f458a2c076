// Matrix products of the CPU engine.

#include <algorithm>

#include "kernels/cpu/engine.hpp"

namespace cucurbit {

void CpuEngine::gram(BatchMatrix a, BatchMatrix g) {
    if (g.lanes > 1) return interleaved_.gram(a, g);
    for (std::size_t t = 0; t < g.count; ++t) {
        const double* x = a.item(t);
        compute({.left = {x, a.ld, true},
                 .right = {x, a.ld},
                 .rows = a.cols,
                 .cols = a.cols,
                 .depth = a.rows,
                 .out = g.item(t),
                 .ld = g.ld,
                 .lower = true});
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

void CpuEngine::transpose(BatchMatrix a, BatchMatrix out) {
    if (out.lanes > 1) return interleaved_.transpose(a, out);
    for (std::size_t t = 0; t < out.count; ++t)
        for (std::size_t j = 0; j < out.cols; ++j)
            for (std::size_t i = 0; i < out.rows; ++i)
                out.item(t)[i + j * out.ld] = a.item(t)[j + i * a.ld];
}

void CpuEngine::diagonal(BatchMatrix g, BatchMatrix diagonal) {
    if (g.lanes > 1) return interleaved_.diagonal(g, diagonal);
    for (std::size_t b = 0; b < g.count; ++b)
        for (std::size_t i = 0; i < g.rows; ++i) diagonal.item(b)[i] = g.item(b)[i + i * g.ld];
}

}  // namespace cucurbit
