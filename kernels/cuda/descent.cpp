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

void CudaEngine::subtract_residuals(std::span<const DescentLoss> losses, BatchMatrix rate,
                                    BatchMatrix outputs, std::size_t first, double keep,
                                    BatchMatrix out) {
    cuda::Losses some;
    some.classes = losses.empty() ? 1 : losses.front().link.classes;
    some.keep = keep;
    std::size_t begin = 0;
    do {
        some.size = 0;
        for (; begin < losses.size() && some.size < cuda::Losses::most; ++begin) {
            DescentLoss& loss = some.values[some.size++] = losses[begin];
            assert(loss.link.classes == some.classes && loss.first % some.classes == 0);
            loss.targets = cuda::part(loss.targets, first, out.count);
        }
        cuda::subtract_residuals(context_.stream(), some, cuda::part(rate, first, out.count),
                                 outputs, out);
        some.keep = 1.0;
    } while (begin < losses.size());
}

void CudaEngine::descend(DescentSpace space, BatchMatrix samples,
                         std::span<const DescentLoss> losses, BatchMatrix rate, double momentum,
                         BatchMatrix outputs, BatchMatrix velocity, BatchMatrix iterates) {
    const std::size_t n = samples.cols, k = iterates.cols;
    // Without momentum the iterates take the change themselves.
    const BatchMatrix changed = momentum == 0.0 ? iterates : velocity;
    const double keep = momentum == 0.0 ? 1.0 : momentum;
    if (space == DescentSpace::row) {
        context_.multiply(CUBLAS_OP_T, CUBLAS_OP_N, 1.0, samples, iterates, 0.0, outputs);
        subtract_residuals(losses, rate, outputs, 0, keep, changed);
    } else {
        context_.for_parts(
            iterates.count, n * k,
            // NOLINTNEXTLINE(readability-non-const-parameter): the residuals are written there
            [&](std::size_t first, std::size_t count, double* scratch) {
                const BatchMatrix x = cuda::part(samples, first, count);
                const BatchMatrix z = cuda::part(outputs, first, count);
                const BatchMatrix residuals{scratch, n, k, n, n * k, count};
                context_.multiply(CUBLAS_OP_T, CUBLAS_OP_N, 1.0, x,
                                  cuda::part(iterates, first, count), 0.0, z);
                subtract_residuals(losses, rate, z, first, 0.0, residuals);
                context_.multiply(CUBLAS_OP_N, CUBLAS_OP_N, 1.0, x, residuals, keep,
                                  cuda::part(changed, first, count));
            });
    }
    if (momentum != 0.0) cuda::add(context_.stream(), velocity, iterates);
}

}  // namespace cucurbit
