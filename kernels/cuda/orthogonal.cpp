// Householder factorisations and singular values on the CUDA engine: rungs of the ladder that few
// trials reach, so each trial is a library call, dealt to several streams.

#include <algorithm>

#include "kernels/cuda/engine.hpp"
#include "kernels/cuda/kernels.hpp"

namespace cucurbit {

using cuda::as_int;

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

void CudaEngine::orthogonal_columns(BatchMatrix a, BatchMatrix l) {
    double* signs = context_.signs(a.cols * a.count);
    context_.for_parts(a.count, a.cols, [&](std::size_t first, std::size_t count, double* taus) {
        const BatchMatrix q = cuda::part(a, first, count);
        factor_columns(q, taus);
        cuda::lower_from_upper(context_.stream(), q, cuda::part(l, first, count), signs);
        form_orthogonal(q, taus);
        cuda::scale_columns(context_.stream(), signs, q);
    });
}

// cuSOLVER has no LQ factorisation: that of a is the QR factorisation of aᵀ.
void CudaEngine::lower_factor(BatchMatrix a, BatchMatrix l) {
    const std::size_t size = a.rows * a.cols;
    double* signs = context_.signs(l.cols * a.count);
    context_.for_parts(
        a.count, size + l.cols, [&](std::size_t first, std::size_t count, double* scratch) {
            const BatchMatrix turned = cuda::packed(scratch, a.cols, a.rows, count);
            cuda::transpose(context_.stream(), cuda::part(a, first, count), turned);
            factor_columns(turned, scratch + size * count);
            cuda::lower_from_upper(context_.stream(), turned, cuda::part(l, first, count), signs);
        });
}

void CudaEngine::decompose(BatchMatrix l, const std::vector<std::uint32_t>& trials, double* s,
                           double* u, double* vt, int* infos) {
    const int n = as_int(l.rows), ld = as_int(l.ld);
    const int size = context_.workspace_size("gesvd", n, n, [&](int* doubles) {
        CUCURBIT_CHECK_CUSOLVER(cusolverDnDgesvd_bufferSize(context_.solver(), n, n, doubles));
    });
    context_.on_side_streams(trials.size(), [&](cuda::SideStream& side, std::size_t k) {
        const std::size_t t = trials[k], square = l.rows * l.rows;
        CUCURBIT_CHECK_CUSOLVER(cusolverDnDgesvd(side.solver.get(), 'A', 'A', n, n, l.item(t), ld,
                                                 s + t * l.rows, u + t * square, n, vt + t * square,
                                                 n, side.work(size), size, nullptr, infos + t));
    });
}

void CudaEngine::truncate(BatchMatrix q, BatchMatrix l, double relative_cut_off, BatchMatrix rank) {
    const std::size_t n = l.rows, square = n * n;
    context_.for_parts(
        l.count, n + 2 * square + q.rows * n,
        [&](std::size_t first, std::size_t count, double* scratch) {
            const BatchMatrix part_of_q = cuda::part(q, first, count);
            const BatchMatrix part_of_l = cuda::part(l, first, count);
            double* s = scratch;
            double* u = s + n * count;
            double* vt = u + square * count;
            const BatchMatrix rotated = cuda::packed(vt + square * count, q.rows, n, count);
            int* infos = context_.infos(count);
            // What the iteration does with a matrix that is not finite is nowhere said.
            cuda::find_not_finite(context_.stream(), part_of_l, infos);
            decompose(part_of_l, context_.zeros(infos, count), s, u, vt, infos);
            context_.multiply(CUBLAS_OP_N, CUBLAS_OP_T, 1.0, part_of_q,
                              cuda::packed(vt, n, n, count), 0.0, rotated);
            cuda::finish_truncate(context_.stream(), {s, u, infos}, rotated, relative_cut_off,
                                  part_of_q, part_of_l, cuda::part(rank, first, count));
        });
}

}  // namespace cucurbit
