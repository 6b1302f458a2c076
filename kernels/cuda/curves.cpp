// Fits, errors and sums along a learning curve on the CUDA engine.

#include "kernels/cuda/engine.hpp"
#include "kernels/cuda/kernels.hpp"

namespace cucurbit {
using cuda::device_list;

void CudaEngine::apply(Entrywise function, BatchMatrix a) {
    cuda::apply(context_.stream(), function, a);
}

void CudaEngine::add_to_columns(BatchMatrix column, double factor, BatchMatrix c) {
    cuda::add_to_columns(context_.stream(), column, factor, c);
}

void CudaEngine::spread(BatchMatrix c, const IndexList& source, const IndexList& rows,
                        BatchMatrix w) {
    cuda::spread(context_.stream(), c, device_list(source), device_list(rows), w);
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

void CudaEngine::gain_sums(BatchMatrix t, BatchMatrix s, BatchMatrix out) {
    cuda::gain_sums(context_.stream(), t, s, out);
}

void CudaEngine::prefix_sums(BatchMatrix v, int power, const IndexList& ends, BatchMatrix out) {
    cuda::prefix_sums(context_.stream(), v, power, device_list(ends), out);
}

}  // namespace cucurbit
