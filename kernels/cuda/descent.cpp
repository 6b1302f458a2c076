// Gradient descent on the CUDA engine.

#include <algorithm>
#include <cassert>

#include "kernels/cuda/engine.hpp"
#include "kernels/cuda/kernels.hpp"

namespace cucurbit {

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
            loss.targets = card::part(loss.targets, first, out.count);
        }
        cuda::residuals(context_.stream(), some, card::part(rate, first, out.count), outputs, out);
        some.add = true;
    } while (begin < losses.size());
}

void CudaEngine::descend(BatchMatrix samples, std::span<const DescentLoss> losses, BatchMatrix rate,
                         double momentum, BatchMatrix outputs, BatchMatrix velocity,
                         BatchMatrix weights) {
    const std::size_t n = samples.cols, k = weights.cols;
    for_parts(weights.count, n * k,
              // NOLINTNEXTLINE(readability-non-const-parameter): the residuals are written there
              [&](std::size_t first, std::size_t count, double* scratch) {
                  const BatchMatrix x = card::part(samples, first, count);
                  const BatchMatrix w = card::part(weights, first, count);
                  const BatchMatrix z = card::part(outputs, first, count);
                  const BatchMatrix residuals{scratch, n, k, n, n * k, count};
                  product(1.0, {x, true}, {w}, 0.0, z);
                  write_residuals(losses, rate, z, first, residuals);
                  if (momentum == 0.0) {
                      product(-1.0, {x}, {residuals}, 1.0, w);
                      return;
                  }
                  const BatchMatrix v = card::part(velocity, first, count);
                  product(-1.0, {x}, {residuals}, momentum, v);
                  cuda::add(context_.stream(), v, w);
              });
}

}  // namespace cucurbit
