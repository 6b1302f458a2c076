// Householder factorisations and singular values, rungs of the ladder that few trials reach, and
// eigenvalues.

#include "kernels/card/operation.hpp"

namespace cucurbit {

using card::packed;
using card::part;

void CardEngine::orthogonal_columns(BatchMatrix a, BatchMatrix l) {
    const Operation operation(*this, "orthogonal_columns");
    for_parts(a.count, 2 * a.cols, [&](std::size_t first, std::size_t count, double* taus) {
        const BatchMatrix q = part(a, first, count);
        double* signs = taus + a.cols * count;
        factor_columns(q, taus);
        lower_from_upper(q, part(l, first, count), signs);
        form_orthogonal(q, taus);
        scale_columns(signs, q);
    });
}

// cuSOLVER has no LQ factorisation: that of a is the QR factorisation of aᵀ.
void CardEngine::lower_factor(BatchMatrix a, BatchMatrix l) {
    const Operation operation(*this, "lower_factor");
    const std::size_t size = a.rows * a.cols;
    for_parts(a.count, size + 2 * l.cols,
              [&](std::size_t first, std::size_t count, double* scratch) {
                  const BatchMatrix turned = packed(scratch, a.cols, a.rows, count);
                  double* taus = scratch + size * count;
                  transpose(part(a, first, count), turned);
                  factor_columns(turned, taus);
                  lower_from_upper(turned, part(l, first, count), taus + l.cols * count);
              });
}

void CardEngine::truncate(BatchMatrix q, BatchMatrix l, double relative_cut_off, BatchMatrix rank) {
    const Operation operation(*this, "truncate");
    const std::size_t n = l.rows, square = n * n;
    for_parts(l.count, n + 2 * square + q.rows * n,
              [&](std::size_t first, std::size_t count, double* scratch) {
                  const BatchMatrix part_of_q = part(q, first, count);
                  const BatchMatrix part_of_l = part(l, first, count);
                  double* u = scratch + n * count;
                  double* vt = u + square * count;
                  const Decompositions of{scratch, u, vt};
                  const BatchMatrix rotated = packed(vt + square * count, q.rows, n, count);
                  decompose(part_of_l, of);
                  product(1.0, {part_of_q}, {packed(vt, n, n, count), true}, 0.0, rotated);
                  finish_truncate(of, rotated, relative_cut_off, part_of_q, part_of_l,
                                  part(rank, first, count));
              });
}

// The library takes matrices one behind the other; copying them costs next to nothing beside it.
void CardEngine::eigen(BatchMatrix g, BatchMatrix values) {
    const Operation operation(*this, "eigen");
    const std::size_t n = g.rows, square = n * n, workspace = card::decomposition_workspace(n);
    for_parts(
        g.count, workspace + square + n,
        [&](std::size_t first, std::size_t count, double* scratch) {
            const std::span room(scratch, workspace * count);
            const BatchMatrix matrices = packed(room.data() + room.size(), n, n, count);
            const BatchMatrix found = packed(matrices.data + square * count, n, 1, count);
            copy(part(g, first, count), matrices);
            decompose_symmetric(matrices, found, room);
            copy(matrices, part(g, first, count));
            copy(found, part(values, first, count));
        },
        card::most_decompositions);
}

}  // namespace cucurbit
