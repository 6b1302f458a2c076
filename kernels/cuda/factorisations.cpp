// Parts of factorisations on the CUDA engine (kernels/card/engine.hpp).

#include <algorithm>

#include "kernels/cuda/engine.hpp"
#include "kernels/cuda/kernels.hpp"

namespace cucurbit {

using cuda::as_int;

void CudaEngine::factor_small(BatchMatrix g, BatchMatrix rows_done) {
    cuda::factor_small(context_.stream(), g, rows_done);
}

void CudaEngine::solve_small(BatchMatrix l, bool transposed, BatchMatrix c) {
    cuda::solve_small(context_.stream(), l, transposed, c);
}

void CudaEngine::factor_block(BatchMatrix g, std::size_t before, BatchMatrix inverse,
                              BatchMatrix rows_done) {
    cuda::factor_block(context_.stream(), g, before, inverse, rows_done);
}

void CudaEngine::invert_blocks(BatchMatrix l, BatchMatrix inverses, bool in_place) {
    cuda::invert_blocks(context_.stream(), l, inverses, in_place);
}

void CudaEngine::multiply_by_block(BatchMatrix inverse, bool transposed, BatchMatrix x,
                                   bool from_right) {
    cuda::multiply_by_block(context_.stream(), inverse, transposed, x, from_right);
}

void CudaEngine::finish_cholesky(BatchMatrix g, BatchMatrix rows_done) {
    cuda::finish_cholesky(context_.stream(), g, rows_done);
}

void CudaEngine::clear_upper(BatchMatrix l) {
    cuda::clear_upper(context_.stream(), l);
}

// Few trials reach these: each is a library call, dealt to several streams.

void CudaEngine::factor_columns(BatchMatrix a, double* taus) {
    const int m = as_int(a.rows), n = as_int(a.cols), ld = as_int(a.ld);
    const std::size_t reflections = std::min(a.rows, a.cols);
    int* infos = context_.infos(a.count);
    const int size = context_.workspace_size("geqrf", m, n, [&](int* doubles) {
        CUCURBIT_CHECK_CUSOLVER(
            cusolverDnDgeqrf_bufferSize(context_.solver(), m, n, a.data, ld, doubles));
    });
    context_.on_side_streams(a.count, [&](cuda::SideStream& side, std::size_t t) {
        CUCURBIT_CHECK_CUSOLVER(cusolverDnDgeqrf(side.solver.get(), m, n, a.item(t), ld,
                                                 taus + t * reflections, side.work(size), size,
                                                 infos + t));
    });
}

void CudaEngine::form_orthogonal(BatchMatrix a, const double* taus) {
    const int m = as_int(a.rows), n = as_int(a.cols), ld = as_int(a.ld);
    int* infos = context_.infos(a.count);
    const int size = context_.workspace_size("orgqr", m, n, [&](int* doubles) {
        CUCURBIT_CHECK_CUSOLVER(
            cusolverDnDorgqr_bufferSize(context_.solver(), m, n, n, a.data, ld, taus, doubles));
    });
    context_.on_side_streams(a.count, [&](cuda::SideStream& side, std::size_t t) {
        CUCURBIT_CHECK_CUSOLVER(cusolverDnDorgqr(side.solver.get(), m, n, n, a.item(t), ld,
                                                 taus + t * a.cols, side.work(size), size,
                                                 infos + t));
    });
}

void CudaEngine::lower_from_upper(BatchMatrix a, BatchMatrix l, double* signs) {
    cuda::lower_from_upper(context_.stream(), a, l, signs);
}

void CudaEngine::scale_columns(const double* signs, BatchMatrix a) {
    cuda::scale_columns(context_.stream(), signs, a);
}

// What the iteration does with a matrix that is not finite is nowhere said: it gets none.
void CudaEngine::decompose(BatchMatrix l, const Decompositions& to) {
    const int n = as_int(l.rows), ld = as_int(l.ld);
    int* infos = context_.infos(l.count);
    cuda::find_not_finite(context_.stream(), l, infos);
    const std::vector<std::uint32_t> trials = context_.zeros(infos, l.count);
    const int size = context_.workspace_size("gesvd", n, n, [&](int* doubles) {
        CUCURBIT_CHECK_CUSOLVER(cusolverDnDgesvd_bufferSize(context_.solver(), n, n, doubles));
    });
    context_.on_side_streams(trials.size(), [&](cuda::SideStream& side, std::size_t k) {
        const std::size_t t = trials[k], square = l.rows * l.rows;
        CUCURBIT_CHECK_CUSOLVER(cusolverDnDgesvd(
            side.solver.get(), 'A', 'A', n, n, l.item(t), ld, to.s + t * l.rows, to.u + t * square,
            n, to.vt + t * square, n, side.work(size), size, nullptr, infos + t));
    });
}

void CudaEngine::finish_truncate(const Decompositions& of, BatchMatrix rotated,
                                 double relative_cut_off, BatchMatrix q, BatchMatrix l,
                                 BatchMatrix rank) {
    cuda::finish_truncate(context_.stream(), {of.s, of.u, context_.infos(l.count)}, rotated,
                          relative_cut_off, q, l, rank);
}

void CudaEngine::decompose_symmetric(BatchMatrix g, BatchMatrix values,
                                     std::span<double> workspace) {
    int* infos = context_.infos(2 * g.count);
    int* bad = infos + g.count;
    cuda::replace_not_finite(context_.stream(), g, bad);
    context_.eigen(g, values, infos, std::as_writable_bytes(workspace));
    cuda::finish_eigen(context_.stream(), g, values, bad, infos);
}

}  // namespace cucurbit
