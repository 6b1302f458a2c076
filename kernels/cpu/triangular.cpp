// Cholesky factors, their inverses, and solves with them on the CPU engine: blocks on the diagonal
// by LAPACK, all else by matrix products, in which the time goes.

#include <algorithm>

#include "kernels/cpu/engine.hpp"
#include "kernels/cpu/lapack.hpp"

namespace cucurbit {
namespace {

using lapack::as_int;
using lapack::one;

void clear_above_diagonal(double* a, std::size_t n, std::size_t ld) {
    for (std::size_t j = 1; j < n; ++j) std::fill_n(a + j * ld, std::min(j, n), 0.0);
}

void copy_block(const double* from, std::size_t ld_from, std::size_t rows, std::size_t cols,
                double* to, std::size_t ld_to) {
    for (std::size_t j = 0; j < cols; ++j) std::copy_n(from + j * ld_from, rows, to + j * ld_to);
}

/// The block as the kernels take it: of full order, continued by the identity.
void copy_triangle(const double* l, std::size_t ld, std::size_t n, double* block) {
    copy_block(l, ld, n, n, block, triangle_order);
    for (std::size_t j = 0; j < triangle_order; ++j)
        for (std::size_t i = j < n ? n : 0; i < triangle_order; ++i)
            block[i + j * triangle_order] = i == j ? 1.0 : 0.0;
}

/// rows: [columns] ascending, how far each column reaches.
std::size_t last_row(std::span<const std::uint32_t> rows) {
    return rows.empty() ? 0 : rows.back();
}

/// First of the columns that reach beyond `row`.
std::size_t first_beyond(std::span<const std::uint32_t> rows, std::size_t row) {
    return static_cast<std::size_t>(std::upper_bound(rows.begin(), rows.end(), row) - rows.begin());
}

}  // namespace

const std::uint32_t* CpuEngine::ascending(std::size_t last) {
    while (ascending_.size() <= last)
        ascending_.push_back(static_cast<std::uint32_t>(ascending_.size()));
    return ascending_.data();
}

std::size_t CpuEngine::factorise(double* g, std::size_t n, std::size_t ld) {
    const auto scratch = workspace(2 * triangle_order * triangle_order);
    double* block = scratch.data();
    double* inverse = block + triangle_order * triangle_order;
    for (std::size_t first = 0; first < n; first += triangle_order) {
        const std::size_t width = std::min(triangle_order, n - first), below = n - first - width;
        double* corner = g + first * (ld + 1);
        const double* before = g + first;
        compute({.left = {before, ld},
                 .right = {before, ld, true},
                 .rows = width + below,
                 .cols = width,
                 .depth = first,
                 .out = corner,
                 .ld = ld,
                 .scale = -1.0,
                 .add = true,
                 .lower = true});
        copy_triangle(corner, ld, width, block);
        const std::size_t done = dense_.factor_triangle(block);
        for (std::size_t j = 0; j < width; ++j)
            std::copy_n(block + j * (triangle_order + 1), width - j, corner + j * (ld + 1));
        if (done < width) return first + done;
        if (below == 0) break;
        dense_.invert_triangle(block, inverse);
        compute({.left = {corner + width, ld},
                 .right = {inverse, triangle_order},
                 .rows = below,
                 .cols = width,
                 .depth = width,
                 .out = corner + width,
                 .ld = ld,
                 .depth_ends = ascending(width) + 1});
    }
    return n;
}

void CpuEngine::cholesky(BatchMatrix g, BatchMatrix rows_done) {
    if (g.lanes > 1) return interleaved_.cholesky(g, rows_done);
    for (std::size_t t = 0; t < g.count; ++t)
        std::fill_n(rows_done.item(t), rows_done.rows,
                    static_cast<double>(factorise(g.item(t), g.rows, g.ld)));
}

/// Block rows downwards: the inverse's row below the blocks done is −l_ii⁻¹ (l_i,done · done⁻¹).
void CpuEngine::invert(double* l, std::size_t n, std::size_t ld) {
    const auto scratch = workspace((2 * triangle_order + n) * triangle_order);
    double* block = scratch.data();
    double* inverse = block + triangle_order * triangle_order;
    double* panel = inverse + triangle_order * triangle_order;
    for (std::size_t first = 0; first < n; first += triangle_order) {
        const std::size_t height = std::min(triangle_order, n - first);
        double* row = l + first;
        double* corner = row + first * ld;
        copy_triangle(corner, ld, height, block);
        dense_.invert_triangle(block, inverse);
        compute({.left = {row, ld},
                 .right = {l, ld},
                 .rows = height,
                 .cols = first,
                 .depth = first,
                 .out = panel,
                 .ld = triangle_order,
                 .depth_begins = ascending(first)});
        compute({.left = {inverse, triangle_order, true},
                 .right = {panel, triangle_order},
                 .rows = height,
                 .cols = first,
                 .depth = height,
                 .out = row,
                 .ld = ld,
                 .scale = -1.0});
        for (std::size_t j = 0; j < height; ++j)
            for (std::size_t i = 0; i < height; ++i)
                corner[i + j * ld] = inverse[i * triangle_order + j];
    }
}

void CpuEngine::invert_lower(BatchMatrix l) {
    if (l.lanes > 1) return interleaved_.invert_lower(l);
    for (std::size_t t = 0; t < l.count; ++t) {
        invert(l.item(t), l.rows, l.ld);
        clear_above_diagonal(l.item(t), l.rows, l.ld);
    }
}

void CpuEngine::multiply_by_transposed_lower(BatchMatrix r, BatchMatrix a) {
    if (a.lanes > 1) return interleaved_.multiply_by_transposed_lower(r, a);
    constexpr std::size_t strip_rows = 120;
    const auto strip = workspace(strip_rows * a.cols);
    for (std::size_t t = 0; t < a.count; ++t)
        for (std::size_t row = 0; row < a.rows; row += strip_rows) {
            const std::size_t rows = std::min(strip_rows, a.rows - row);
            copy_block(a.item(t) + row, a.ld, rows, a.cols, strip.data(), rows);
            compute({.left = {strip.data(), rows},
                     .right = {r.item(t), r.ld, true},
                     .rows = rows,
                     .cols = a.cols,
                     .depth = a.cols,
                     .out = a.item(t) + row,
                     .ld = a.ld,
                     .depth_ends = ascending(a.cols) + 1});
        }
}

void CpuEngine::multiply_by_lower(BatchMatrix r, BatchMatrix a) {
    if (a.lanes > 1) return interleaved_.multiply_by_lower(r, a);
    const int m = as_int(a.rows), n = as_int(a.cols), ldr = as_int(r.ld), lda = as_int(a.ld);
    for (std::size_t t = 0; t < a.count; ++t)
        lapack::dtrmm_("L", "L", "N", "N", &m, &n, &one, r.item(t), &ldr, a.item(t), &lda);
}

void CpuEngine::solve_block(bool transposed, std::size_t row, std::size_t rows,
                            std::span<const std::uint32_t> ends, const double* l, std::size_t ldl,
                            double* c, std::size_t ldc) {
    const std::size_t cols = ends.size();
    constexpr std::size_t worth_inverting = 24;
    if (cols < worth_inverting) {
        const int m = as_int(rows), n = as_int(cols), ll = as_int(ldl), lc = as_int(ldc);
        lapack::dtrsm_("L", "L", transposed ? "T" : "N", "N", &m, &n, &one, l, &ll, c, &lc);
        return;
    }
    const auto scratch = workspace(2 * triangle_order * triangle_order + rows * cols);
    double* block = scratch.data();
    double* inverse = block + triangle_order * triangle_order;
    double* panel = inverse + triangle_order * triangle_order;
    copy_triangle(l, ldl, rows, block);
    dense_.invert_triangle(block, inverse);
    // What lies beyond a column's end may be no number, and would spread through the inverse's
    // zeros.
    for (std::size_t j = 0; j < cols; ++j) {
        const std::size_t kept = std::min<std::size_t>(ends[j] - row, rows);
        std::copy_n(c + j * ldc, kept, panel + j * rows);
        std::fill(panel + j * rows + kept, panel + (j + 1) * rows, 0.0);
    }
    compute({.left = {inverse, triangle_order, !transposed},
             .right = {panel, rows},
             .rows = rows,
             .cols = cols,
             .depth = rows,
             .out = c,
             .ld = ldc});
}

void CpuEngine::solve_lower(BatchMatrix l, const IndexList& rows, BatchMatrix c) {
    if (c.lanes > 1) return interleaved_.solve_lower(l, rows, c);
    const auto wanted = rows.host();
    for (std::size_t t = 0; t < c.count; ++t)
        for (std::size_t row = 0; row < last_row(wanted); row += triangle_order) {
            const std::size_t height = std::min(triangle_order, last_row(wanted) - row);
            const std::size_t first = first_beyond(wanted, row), cols = wanted.size() - first;
            const double* left = l.item(t) + row;
            double* columns = c.item(t) + first * c.ld;
            compute({.left = {left, l.ld},
                     .right = {columns, c.ld},
                     .rows = height,
                     .cols = cols,
                     .depth = row,
                     .out = columns + row,
                     .ld = c.ld,
                     .scale = -1.0,
                     .add = true});
            solve_block(false, row, height, wanted.subspan(first), left + row * l.ld, l.ld,
                        columns + row, c.ld);
        }
}

void CpuEngine::solve_lower_transposed(BatchMatrix l, const IndexList& rows, BatchMatrix c) {
    if (c.lanes > 1) return interleaved_.solve_lower_transposed(l, rows, c);
    const auto wanted = rows.host();
    for (std::size_t t = 0; t < c.count; ++t)
        for (std::size_t below = last_row(wanted), row = 0; below > 0; below = row) {
            row = (below - 1) / triangle_order * triangle_order;
            const std::size_t first = first_beyond(wanted, row),
                              later = first_beyond(wanted, below);
            compute({.left = {l.item(t) + below + row * l.ld, l.ld, true},
                     .right = {c.item(t) + below + later * c.ld, c.ld},
                     .rows = below - row,
                     .cols = wanted.size() - later,
                     .depth = last_row(wanted) - below,
                     .out = c.item(t) + row + later * c.ld,
                     .ld = c.ld,
                     .scale = -1.0,
                     .add = true,
                     .depth_ends = wanted.data() + later,
                     .ends_from = below});
            solve_block(true, row, below - row, wanted.subspan(first), l.item(t) + row * (l.ld + 1),
                        l.ld, c.item(t) + row + first * c.ld, c.ld);
        }
}

}  // namespace cucurbit
