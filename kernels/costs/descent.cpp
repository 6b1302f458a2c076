// Gradient descent, counted as kernels/cuda/descent.cpp does it.

#include "kernels/costs/blocks.hpp"
#include "kernels/costs/counting_engine.hpp"

namespace cucurbit {

using costs::doubles;

void CountingEngine::rectify(BatchMatrix a) {
    operations_.emplace_back(__func__);
    launch(doubles(a), doubles(a));
}

void CountingEngine::gather(BatchMatrix, BatchMatrix order, bool, BatchMatrix to) {
    operations_.emplace_back(__func__);
    launch(doubles(to) + doubles(order), doubles(to));
}

void CountingEngine::predict(const DescentLink&, BatchMatrix outputs, BatchMatrix predictions) {
    operations_.emplace_back(__func__);
    launch(doubles(outputs), doubles(predictions));
}

void CountingEngine::descend(BatchMatrix samples, std::span<const DescentLoss> losses, BatchMatrix,
                             double momentum, BatchMatrix outputs, BatchMatrix velocity,
                             BatchMatrix weights) {
    operations_.emplace_back(__func__);
    constexpr std::size_t losses_in_one_launch = 16;
    const std::size_t n = samples.cols;
    for_parts(weights.count, n * weights.cols, [&](std::size_t, std::size_t count, double*) {
        const BatchMatrix w = weights.trials(count), z = outputs.trials(count);
        product(1.0, {samples, true}, {w}, 0.0, z);
        double targets = 0.0;
        for (const DescentLoss& loss : losses) targets += doubles(loss.targets);
        for (std::size_t first = 0; first < losses.size() || first == 0;
             first += losses_in_one_launch)
            launch(doubles(z) + (first == 0 ? targets : 0.0), doubles(z));
        const BatchMatrix changed = momentum == 0.0 ? w : velocity.trials(count);
        product(-1.0, {samples.trials(count)}, {z}, 1.0, changed);
        if (momentum != 0.0) launch(2.0 * doubles(w), doubles(w));
    });
}

}  // namespace cucurbit
