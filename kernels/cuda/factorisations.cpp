// Gram matrices and factorisations of the CUDA engine.

#include <algorithm>

#include "kernels/common/division.hpp"
#include "kernels/cuda/engine.hpp"
#include "kernels/cuda/kernels.hpp"

namespace cucurbit {
using cuda::as_int;
using division::for_block_columns;

void CudaEngine::gram(BatchMatrix a, BatchMatrix g) {
    multiply_gram(a, 0, g);
}

void CudaEngine::gram_and_project(BatchMatrix a, BatchMatrix g, BatchMatrix b,
                                  const IndexList& rows, BatchMatrix c) {
    if (!division::adjacent(b, a) || !division::adjacent(c, g))
        return Engine::gram_and_project(a, g, b, rows, c);
    multiply_gram(b.leading(b.rows, b.cols + a.cols), b.cols, c.leading(c.rows, c.cols + g.cols));
}

void CudaEngine::multiply_gram(BatchMatrix ba, std::size_t before, BatchMatrix cg) {
    division::for_gram_products(
        ba, before, cg,
        [&](const BatchMatrix& left, const BatchMatrix& right, const BatchMatrix& out) {
            context_.multiply(CUBLAS_OP_T, CUBLAS_OP_N, 1.0, left, right, 0.0, out);
        });
}

void CudaEngine::add_outer(BatchMatrix a, BatchMatrix g) {
    for_block_columns(a.rows, [&](std::size_t j, std::size_t columns) {
        const BatchMatrix below = a.block(j, a.rows - j, 0, a.cols);
        context_.multiply(CUBLAS_OP_N, CUBLAS_OP_T, 1.0, below, below.leading(columns, a.cols), 1.0,
                          g.block(j, a.rows - j, j, columns));
    });
}

void CudaEngine::diagonal(BatchMatrix g, BatchMatrix diagonal) {
    cuda::diagonal(context_.stream(), g, diagonal);
}

void CudaEngine::cholesky(BatchMatrix g, BatchMatrix rows_done) {
    int* infos = context_.infos(g.count);
    const int n = as_int(g.rows), ld = as_int(g.ld);
    if (g.rows <= division::largest_batched_cholesky) {
        CUCURBIT_CHECK_CUSOLVER(cusolverDnDpotrfBatched(context_.solver(), CUBLAS_FILL_MODE_LOWER,
                                                        n, context_.pointers(g), ld, infos,
                                                        as_int(g.count)));
    } else {
        const int size = context_.workspace_size("potrf", n, ld, [&](int* doubles) {
            CUCURBIT_CHECK_CUSOLVER(cusolverDnDpotrf_bufferSize(
                context_.solver(), CUBLAS_FILL_MODE_LOWER, n, g.data, ld, doubles));
        });
        context_.on_side_streams(g.count, [&](cuda::SideStream& side, std::size_t t) {
            CUCURBIT_CHECK_CUSOLVER(cusolverDnDpotrf(side.solver.get(), CUBLAS_FILL_MODE_LOWER, n,
                                                     g.item(t), ld, side.work(size), size,
                                                     infos + t));
        });
    }
    cuda::finish_cholesky(context_.stream(), g, infos, rows_done);
}

void CudaEngine::invert_lower(BatchMatrix l) {
    const std::size_t n = l.rows;
    context_.for_parts(l.count, n * n, [&](std::size_t first, std::size_t count, double* scratch) {
        const BatchMatrix inverse = cuda::packed(scratch, n, n, count);
        const BatchMatrix factor = cuda::part(l, first, count);
        cuda::identity(context_.stream(), inverse);
        for_block_columns(n, [&](std::size_t j, std::size_t columns) {
            context_.solve(CUBLAS_OP_N, factor.block(j, n - j, j, n - j),
                           inverse.block(j, n - j, j, columns));
        });
        cuda::copy_lower(context_.stream(), inverse, factor);
    });
}

void CudaEngine::multiply(BatchMatrix a, bool transpose_a, BatchMatrix b, BatchMatrix out) {
    context_.multiply(transpose_a ? CUBLAS_OP_T : CUBLAS_OP_N, CUBLAS_OP_N, 1.0, a, b, 0.0, out);
}

void CudaEngine::transpose(BatchMatrix a, BatchMatrix out) {
    cuda::transpose(context_.stream(), a, out);
}

template <class Body>
void CudaEngine::replace(BatchMatrix r, BatchMatrix a, std::size_t order, Body body) {
    context_.for_parts(a.count, a.rows * a.cols,
                       [&](std::size_t first, std::size_t count, double* scratch) {
                           const BatchMatrix product = cuda::packed(scratch, a.rows, a.cols, count);
                           const BatchMatrix from = cuda::part(a, first, count);
                           const BatchMatrix lower = cuda::part(r, first, count);
                           for_block_columns(order, [&](std::size_t block, std::size_t size) {
                               body(lower, from, product, block, size);
                           });
                           cuda::copy(context_.stream(), product, from);
                       });
}

void CudaEngine::multiply_by_transposed_lower(BatchMatrix r, BatchMatrix a) {
    replace(r, a, a.cols,
            [&](const BatchMatrix& lower, const BatchMatrix& from, const BatchMatrix& product,
                std::size_t j, std::size_t columns) {
                context_.multiply(CUBLAS_OP_N, CUBLAS_OP_T, 1.0, from.leading(a.rows, j + columns),
                                  lower.block(j, columns, 0, j + columns), 0.0,
                                  product.block(0, a.rows, j, columns));
            });
}

void CudaEngine::multiply_by_lower(BatchMatrix r, BatchMatrix a) {
    replace(r, a, a.rows,
            [&](const BatchMatrix& lower, const BatchMatrix& from, const BatchMatrix& product,
                std::size_t i, std::size_t rows) {
                context_.multiply(CUBLAS_OP_N, CUBLAS_OP_N, 1.0, lower.block(i, rows, 0, i + rows),
                                  from.leading(i + rows, a.cols), 0.0,
                                  product.block(i, rows, 0, a.cols));
            });
}

}  // namespace cucurbit
