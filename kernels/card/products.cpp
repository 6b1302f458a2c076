// Products, Gram matrices and noise gains as matrix products. A triangle is computed by block
// columns.

#include "kernels/card/operation.hpp"

namespace cucurbit {

using card::for_block_columns;
using card::packed;
using card::part;
using card::with_columns;

namespace {

/// Whether the columns of b lie directly before those of a, as columns of one matrix in each trial.
bool adjacent(const BatchMatrix& b, const BatchMatrix& a) {
    return b.rows == a.rows && b.ld == a.ld && b.stride == a.stride && b.lanes == a.lanes &&
           b.data + b.cols * b.ld == a.data;
}

}  // namespace

void CardEngine::gram(BatchMatrix a, BatchMatrix g) {
    const Operation operation(*this, "gram");
    multiply_gram(a, 0, g);
}

void CardEngine::gram_and_project(BatchMatrix a, BatchMatrix g, BatchMatrix b,
                                  const IndexList& rows, BatchMatrix c) {
    const Operation operation(*this, "gram_and_project");
    if (!adjacent(b, a) || !adjacent(c, g)) return Engine::gram_and_project(a, g, b, rows, c);
    multiply_gram(b.leading(b.rows, b.cols + a.cols), b.cols, c.leading(c.rows, c.cols + g.cols));
}

/// The lower triangle of g = aᵀa, and c = aᵀb, from the columns ba = [b a]; cg = [c g]; b and c
/// have `before` columns. The first block column takes b with it.
void CardEngine::multiply_gram(BatchMatrix ba, std::size_t before, BatchMatrix cg) {
    const std::size_t order = ba.cols - before;
    for_block_columns(order, [&](std::size_t j, std::size_t columns) {
        const std::size_t first = j == 0 ? 0 : before + j;
        const std::size_t width = before + j + columns - first;
        product(1.0, {ba.block(0, ba.rows, before + j, order - j), true},
                {ba.block(0, ba.rows, first, width)}, 0.0, cg.block(j, order - j, first, width));
    });
}

void CardEngine::add_outer(BatchMatrix a, BatchMatrix g) {
    const Operation operation(*this, "add_outer");
    for_block_columns(a.rows, [&](std::size_t j, std::size_t columns) {
        const BatchMatrix below = a.block(j, a.rows - j, 0, a.cols);
        product(1.0, {below}, {below.leading(columns, a.cols), true}, 1.0,
                g.block(j, a.rows - j, j, columns));
    });
}

void CardEngine::multiply(BatchMatrix a, bool transpose_a, BatchMatrix b, BatchMatrix out) {
    const Operation operation(*this, "multiply");
    product(1.0, {a, transpose_a}, {b}, 0.0, out);
}

/// a becomes what body(lower, from, product, first, size) makes of it and of r, block by block of
/// `order`.
template <class Body>
void CardEngine::replace(BatchMatrix r, BatchMatrix a, std::size_t order, Body body) {
    for_parts(a.count, a.rows * a.cols, [&](std::size_t first, std::size_t count, double* scratch) {
        const BatchMatrix made = packed(scratch, a.rows, a.cols, count);
        const BatchMatrix from = part(a, first, count), lower = part(r, first, count);
        for_block_columns(order, [&](std::size_t block, std::size_t size) {
            body(lower, from, made, block, size);
        });
        copy(made, from);
    });
}

void CardEngine::multiply_by_transposed_lower(BatchMatrix r, BatchMatrix a) {
    const Operation operation(*this, "multiply_by_transposed_lower");
    replace(r, a, a.cols,
            [&](const BatchMatrix& lower, const BatchMatrix& from, const BatchMatrix& made,
                std::size_t j, std::size_t columns) {
                product(1.0, {from.leading(a.rows, j + columns)},
                        {lower.block(j, columns, 0, j + columns), true}, 0.0,
                        made.block(0, a.rows, j, columns));
            });
}

void CardEngine::multiply_by_lower(BatchMatrix r, BatchMatrix a) {
    const Operation operation(*this, "multiply_by_lower");
    replace(r, a, a.rows,
            [&](const BatchMatrix& lower, const BatchMatrix& from, const BatchMatrix& made,
                std::size_t i, std::size_t rows) {
                product(1.0, {lower.block(i, rows, 0, i + rows)}, {from.leading(i + rows, a.cols)},
                        0.0, made.block(i, rows, 0, a.cols));
            });
}

// Entries beyond rows[j] may be anything: one product of all columns keeps X's traffic at one read.
void CardEngine::project(BatchMatrix a, BatchMatrix b, const IndexList& rows, BatchMatrix c) {
    const Operation operation(*this, "project");
    product(1.0, {a, true}, {with_columns(b, rows)}, 0.0, with_columns(c, rows));
}

void CardEngine::combine(BatchMatrix a, BatchMatrix w, const IndexList& rows, BatchMatrix e) {
    const Operation operation(*this, "combine");
    product(1.0, {a}, {with_columns(w, rows)}, 0.0, with_columns(e, rows));
}

void CardEngine::gains(BatchMatrix r, bool triangular, BatchMatrix s, BatchMatrix out) {
    const Operation operation(*this, "gains");
    const std::size_t n = s.rows;
    for_parts(out.count, n * n, [&](std::size_t first, std::size_t count, double* scratch) {
        const BatchMatrix square = packed(scratch, n, n, count);
        for_block_columns(n, [&](std::size_t j, std::size_t columns) {
            // A triangular r is zero to the right of these columns.
            const std::size_t inner = triangular ? j + columns : r.cols;
            const BatchMatrix rows = part(r.block(j, n - j, 0, inner), first, count);
            product(1.0, {rows}, {rows.leading(columns, inner), true}, 0.0,
                    square.block(j, n - j, j, columns));
        });
        gain_sums(square, part(s, first, count), part(out, first, count));
    });
}

}  // namespace cucurbit
