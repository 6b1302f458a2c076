// Eigendecompositions and gradient descent of the CUDA engine.

#include <algorithm>
#include <cassert>

#include "kernels/cuda/engine.hpp"
#include "kernels/cuda/kernels.hpp"

namespace cucurbit {

using cuda::as_int;

// What the iteration does with a matrix that is not finite is nowhere said: it gets another one.
void CudaEngine::eigen(BatchMatrix g, BatchMatrix values) {
    const int n = as_int(g.rows), ld = as_int(g.ld);
    constexpr cusolverEigMode_t vectors = CUSOLVER_EIG_MODE_VECTOR;
    constexpr cublasFillMode_t lower = CUBLAS_FILL_MODE_LOWER;
    int* infos = context_.infos(2 * g.count);
    int* bad = infos + g.count;
    cuda::replace_not_finite(context_.stream(), g, bad);
    const int size = context_.workspace_size("syevd", n, ld, [&](int* doubles) {
        CUCURBIT_CHECK_CUSOLVER(cusolverDnDsyevd_bufferSize(context_.solver(), vectors, lower, n,
                                                            g.data, ld, values.data, doubles));
    });
    context_.on_side_streams(g.count, [&](cuda::SideStream& side, std::size_t t) {
        CUCURBIT_CHECK_CUSOLVER(cusolverDnDsyevd(side.solver.get(), vectors, lower, n, g.item(t),
                                                 ld, values.item(t), side.work(size), size,
                                                 infos + t));
    });
    cuda::finish_eigen(context_.stream(), g, values, bad, infos);
}

void CudaEngine::rectify(BatchMatrix a) {
    cuda::rectify(context_.stream(), a);
}

void CudaEngine::gather(BatchMatrix from, BatchMatrix order, bool rows, BatchMatrix to) {
    cuda::gather(context_.stream(), from, order, rows, to);
}

void CudaEngine::predict(const DescentLink& link, BatchMatrix outputs, BatchMatrix predictions) {
    cuda::predict(context_.stream(), link, outputs, predictions);
}

void CudaEngine::write_residuals(std::span<const DescentLoss> losses, BatchMatrix rate,
                                 BatchMatrix outputs, std::size_t first, BatchMatrix out) {
    cuda::Losses some;
    some.classes = losses.empty() ? 1 : losses.front().link.classes;
    std::size_t begin = 0;
    do {
        some.size = 0;
        for (; begin < losses.size() && some.size < cuda::Losses::most; ++begin) {
            DescentLoss& loss = some.values[some.size++] = losses[begin];
            assert(loss.link.classes == some.classes && loss.first % some.classes == 0);
            loss.targets = cuda::part(loss.targets, first, out.count);
        }
        cuda::residuals(context_.stream(), some, cuda::part(rate, first, out.count), outputs, out);
        some.add = true;
    } while (begin < losses.size());
}

void CudaEngine::descend(BatchMatrix samples, std::span<const DescentLoss> losses, BatchMatrix rate,
                         double momentum, BatchMatrix outputs, BatchMatrix velocity,
                         BatchMatrix weights) {
    const std::size_t n = samples.cols, k = weights.cols;
    context_.for_parts(
        weights.count, n * k, [&](std::size_t first, std::size_t count, double* scratch) {
            const BatchMatrix x = cuda::part(samples, first, count);
            const BatchMatrix w = cuda::part(weights, first, count);
            const BatchMatrix z = cuda::part(outputs, first, count);
            const BatchMatrix residuals{scratch, n, k, n, n * k, count};
            context_.multiply(CUBLAS_OP_T, CUBLAS_OP_N, 1.0, x, w, 0.0, z);
            write_residuals(losses, rate, z, first, residuals);
            if (momentum == 0.0) {
                context_.multiply(CUBLAS_OP_N, CUBLAS_OP_N, -1.0, x, residuals, 1.0, w);
                return;
            }
            const BatchMatrix v = cuda::part(velocity, first, count);
            context_.multiply(CUBLAS_OP_N, CUBLAS_OP_N, -1.0, x, residuals, momentum, v);
            cuda::add(context_.stream(), v, w);
        });
}

}  // namespace cucurbit
