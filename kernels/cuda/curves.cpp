// Fits, errors and noise gains along a learning curve on the CUDA engine.

#include <algorithm>

#include "kernels/cuda/engine.hpp"
#include "kernels/cuda/kernels.hpp"

namespace cucurbit {
namespace {

cuda::DeviceList device_list(const IndexList& list) {
    return {list.data(), static_cast<unsigned>(list.host().size())};
}

/// The columns that have a length.
BatchMatrix with_columns(BatchMatrix m, const IndexList& rows) {
    return m.leading(m.rows, rows.host().size());
}

}  // namespace

// Entries beyond rows[j] may be anything: one product of all columns keeps X's traffic at one read.
void CudaEngine::project(BatchMatrix a, BatchMatrix b, const IndexList& rows, BatchMatrix c) {
    context_.multiply(CUBLAS_OP_T, CUBLAS_OP_N, 1.0, a, with_columns(b, rows), 0.0,
                      with_columns(c, rows));
}

void CudaEngine::solve_lower(BatchMatrix l, const IndexList& rows, BatchMatrix c) {
    context_.solve(CUBLAS_OP_N, l, with_columns(c, rows));
}

// Entries beyond rows[j] are zero, so the whole system has them zero too.
void CudaEngine::solve_lower_transposed(BatchMatrix l, const IndexList& rows, BatchMatrix c) {
    context_.solve(CUBLAS_OP_T, l, with_columns(c, rows));
}

void CudaEngine::add_to_columns(BatchMatrix column, double factor, BatchMatrix c) {
    cuda::add_to_columns(context_.stream(), column, factor, c);
}

void CudaEngine::spread(BatchMatrix c, const IndexList& source, const IndexList& rows,
                        BatchMatrix w) {
    cuda::spread(context_.stream(), c, device_list(source), device_list(rows), w);
}

void CudaEngine::combine(BatchMatrix a, BatchMatrix w, const IndexList& rows, BatchMatrix e) {
    context_.multiply(CUBLAS_OP_N, CUBLAS_OP_N, 1.0, a, with_columns(w, rows), 0.0,
                      with_columns(e, rows));
}

void CudaEngine::subtract(const double* reference, const IndexList& subtracted, BatchMatrix e) {
    cuda::subtract(context_.stream(), reference, device_list(subtracted), e);
}

void CudaEngine::products(BatchMatrix e, const double* weights, const IndexList& left,
                          const IndexList& right, BatchMatrix out) {
    cuda::products(context_.stream(), e, weights, device_list(left), device_list(right), out);
}

void CudaEngine::weighted_norm(BatchMatrix a, const double* weights, BatchMatrix out) {
    cuda::weighted_norm(context_.stream(), a, weights, out);
}

void CudaEngine::row_norms(BatchMatrix r, BatchMatrix out) {
    cuda::row_norms(context_.stream(), r, out);
}

void CudaEngine::gains(BatchMatrix r, bool triangular, BatchMatrix s, BatchMatrix out) {
    constexpr std::size_t width = 128;
    const std::size_t n = s.rows;
    context_.for_parts(
        out.count, n * n, [&](std::size_t first, std::size_t count, double* scratch) {
            const BatchMatrix product = cuda::packed(scratch, n, n, count);
            for (std::size_t j = 0; j < n; j += width) {
                const std::size_t columns = std::min(width, n - j);
                // A triangular r is zero to the right of these columns.
                const std::size_t inner = triangular ? j + columns : r.cols;
                const BatchMatrix rows = cuda::part(r.block(j, n - j, 0, inner), first, count);
                context_.multiply(CUBLAS_OP_N, CUBLAS_OP_T, 1.0, rows, rows.leading(columns, inner),
                                  0.0, product.block(j, n - j, j, columns));
            }
            cuda::gain_sums(context_.stream(), product, cuda::part(s, first, count),
                            cuda::part(out, first, count));
        });
}

void CudaEngine::prefix_sums(BatchMatrix v, int power, const IndexList& ends, BatchMatrix out) {
    cuda::prefix_sums(context_.stream(), v, power, device_list(ends), out);
}

}  // namespace cucurbit
