// Eigendecompositions and gradient descent, counted as kernels/cuda/descent.cpp does them.

#include "kernels/costs/blocks.hpp"
#include "kernels/costs/counting_engine.hpp"

namespace cucurbit {

using costs::doubles;

// Flops: Golub and Van Loan, Matrix Computations, 8.3.
void CountingEngine::eigen(BatchMatrix g, BatchMatrix values) {
    operations_.emplace_back(__func__);
    const auto n = static_cast<double>(g.rows);
    launch(doubles(g), 0.0);
    call_for_each(g.count, 9.0 * n * n * n, n * n, n * n + n);
    launch(0.0, doubles(g) + doubles(values));
}

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

void CountingEngine::descend(DescentSpace space, BatchMatrix samples,
                             std::span<const DescentLoss> losses, BatchMatrix, double momentum,
                             BatchMatrix outputs, BatchMatrix velocity, BatchMatrix iterates) {
    operations_.emplace_back(__func__);
    constexpr std::size_t losses_in_one_launch = 16;
    const std::size_t n = samples.cols;
    const BatchMatrix changed = momentum == 0.0 ? iterates : velocity;
    const auto residuals = [&](const BatchMatrix& out, bool kept) {
        double targets = 0.0;
        for (const DescentLoss& loss : losses) targets += doubles(loss.targets);
        for (std::size_t first = 0; first < losses.size() || first == 0;
             first += losses_in_one_launch)
            launch((first == 0 ? targets : 0.0) + doubles(out) +
                       (kept || first > 0 ? doubles(out) : 0.0),
                   doubles(out));
    };
    if (space == DescentSpace::row) {
        product(samples, iterates, n, outputs);
        residuals(changed, true);
    } else {
        for_parts(iterates.count, n * iterates.cols, [&](std::size_t count) {
            const BatchMatrix z = outputs.trials(count);
            product(samples, iterates.trials(count), samples.rows, z);
            residuals(z, false);
            product(samples, z, n, changed.trials(count), true);
        });
    }
    if (momentum != 0.0) launch(2.0 * doubles(iterates), doubles(iterates));
}

}  // namespace cucurbit
