// Cholesky factors, inverses and solutions of triangles, by halves: diagonal blocks are kernels of
// their own, as small triangles are, and all between them are matrix products. Small batched
// products are what the vendor's library does well; its batched factorisations and triangular
// solutions reach a tenth of that rate (docs/benchmarks.md).

#include "kernels/card/operation.hpp"

namespace cucurbit {

using card::block_order;
using card::for_block_columns;
using card::packed;
using card::part;
using card::small_order;
using card::with_columns;

namespace {

/// The first half of so many rows: whole blocks.
std::size_t first_half(std::size_t rows) {
    const std::size_t blocks = (rows + block_order - 1) / block_order;
    return (blocks + 1) / 2 * block_order;
}

}  // namespace

void CardEngine::cholesky(BatchMatrix g, BatchMatrix rows_done) {
    const Operation operation(*this, "cholesky");
    if (g.rows <= small_order) return factor_small(g, rows_done);
    const std::size_t order = std::min(g.rows, block_order);
    for_parts(g.count, order * order, [&](std::size_t first, std::size_t count, double* scratch) {
        factor(part(g, first, count), 0, g.rows, packed(scratch, order, order, count),
               part(rows_done, first, count));
    });
    finish_cholesky(g, rows_done);
}

/// Columns first .. first + size − 1 of the factor, from the diagonal down; what columns before
/// them contribute is already subtracted from g. inverse: that of one diagonal block.
void CardEngine::factor(BatchMatrix g, std::size_t first, std::size_t size, BatchMatrix inverse,
                        BatchMatrix rows_done) {
    if (size <= block_order) {
        const BatchMatrix of_block = inverse.leading(size, size);
        const std::size_t next = first + size;
        factor_block(g.block(first, size, first, size), first, of_block, rows_done);
        if (next < g.rows)
            multiply_by_block(of_block, false, g.block(next, g.rows - next, first, size), true);
        return;
    }
    const std::size_t half = first_half(size), next = first + half;
    factor(g, first, half, inverse, rows_done);
    for_block_columns(size - half, [&](std::size_t j, std::size_t width) {
        const BatchMatrix below = g.block(next + j, g.rows - next - j, first, half);
        product(-1.0, {below}, {below.leading(width, half), true}, 1.0,
                g.block(next + j, below.rows, next + j, width));
    });
    factor(g, next, size - half, inverse, rows_done);
}

void CardEngine::invert_lower(BatchMatrix l) {
    const Operation operation(*this, "invert_lower");
    const std::size_t half = std::min(first_half(l.rows), l.rows);
    clear_upper(l);
    invert_blocks(l, l, true);
    for_parts(l.count, half * (l.rows - half),
              [&](std::size_t first, std::size_t count, double* scratch) {
                  join_inverses(part(l, first, count), 0, l.rows, scratch);
              });
}

/// The inverse of a diagonal part of l whose blocks of block_order rows are inverted already: that
/// of [A 0; B C] is [A⁻¹ 0; −C⁻¹ B A⁻¹ C⁻¹].
void CardEngine::join_inverses(BatchMatrix l, std::size_t first, std::size_t size,
                               double* scratch) {
    if (size <= block_order) return;
    const std::size_t half = first_half(size), rest = size - half, next = first + half;
    join_inverses(l, first, half, scratch);
    join_inverses(l, next, rest, scratch);
    const BatchMatrix a = l.block(first, half, first, half), c = l.block(next, rest, next, rest);
    const BatchMatrix b = l.block(next, rest, first, half);
    const BatchMatrix ba = packed(scratch, rest, half, l.count);
    for_block_columns(half, [&](std::size_t j, std::size_t columns) {
        product(1.0, {b.block(0, rest, j, half - j)}, {a.block(j, half - j, j, columns)}, 0.0,
                ba.block(0, rest, j, columns));
    });
    for_block_columns(rest, [&](std::size_t i, std::size_t rows) {
        product(-1.0, {c.block(i, rows, 0, i + rows)}, {ba.leading(i + rows, half)}, 0.0,
                b.block(i, rows, 0, half));
    });
}

void CardEngine::solve_lower(BatchMatrix l, const IndexList& rows, BatchMatrix c) {
    const Operation operation(*this, "solve_lower");
    solve(l, false, with_columns(c, rows));
}

// Entries beyond rows[j] are zero, so the whole system has them zero too.
void CardEngine::solve_lower_transposed(BatchMatrix l, const IndexList& rows, BatchMatrix c) {
    const Operation operation(*this, "solve_lower_transposed");
    solve(l, true, with_columns(c, rows));
}

void CardEngine::solve(BatchMatrix l, bool transposed, BatchMatrix c) {
    if (c.rows * c.cols == 0) return;
    if (l.rows <= small_order) return solve_small(l, transposed, c);
    const std::size_t order = std::min(l.rows, block_order);
    for_parts(c.count, order * l.rows, [&](std::size_t first, std::size_t count, double* scratch) {
        const BatchMatrix inverses = packed(scratch, order, l.rows, count);
        const BatchMatrix lower = part(l, first, count);
        invert_blocks(lower, inverses, false);
        solve_part(lower, inverses, transposed, 0, l.rows, part(c, first, count));
    });
}

/// Rows first .. first + size − 1 of the solution; what the rows solved before contribute is
/// already subtracted from c.
void CardEngine::solve_part(BatchMatrix l, BatchMatrix inverses, bool transposed, std::size_t first,
                            std::size_t size, BatchMatrix c) {
    if (size <= block_order) {
        multiply_by_block(inverses.block(0, size, first, size), transposed,
                          c.block(first, size, 0, c.cols), false);
        return;
    }
    const std::size_t half = first_half(size), rest = size - half, next = first + half;
    const BatchMatrix between = l.block(next, rest, first, half);
    const BatchMatrix above = c.block(first, half, 0, c.cols),
                      below = c.block(next, rest, 0, c.cols);
    if (transposed) {
        solve_part(l, inverses, true, next, rest, c);
        product(-1.0, {between, true}, {below}, 1.0, above);
        solve_part(l, inverses, true, first, half, c);
    } else {
        solve_part(l, inverses, false, first, half, c);
        product(-1.0, {between}, {above}, 1.0, below);
        solve_part(l, inverses, false, next, rest, c);
    }
}

}  // namespace cucurbit
