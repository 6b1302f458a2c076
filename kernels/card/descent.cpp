// Steps of gradient descent: two products and the residuals between them, or one product in the row
// space.

#include <vector>

#include "kernels/card/operation.hpp"

namespace cucurbit {

using card::packed;
using card::part;

void CardEngine::descend(DescentSpace space, BatchMatrix samples,
                         std::span<const DescentLoss> losses, BatchMatrix rate, double momentum,
                         BatchMatrix outputs, BatchMatrix velocity, BatchMatrix iterates) {
    const Operation operation(*this, "descend");
    // Without momentum the iterates take the change themselves.
    const BatchMatrix changed = momentum == 0.0 ? iterates : velocity;
    const double keep = momentum == 0.0 ? 1.0 : momentum;
    if (space == DescentSpace::row) {
        product(1.0, {samples, true}, {iterates}, 0.0, outputs);
        subtract_all_residuals(losses, rate, outputs, 0, keep, changed);
    } else {
        const std::size_t n = samples.cols, k = iterates.cols;
        for_parts(iterates.count, n * k,
                  [&](std::size_t first, std::size_t count, double* scratch) {
                      const BatchMatrix x = part(samples, first, count);
                      const BatchMatrix z = part(outputs, first, count);
                      const BatchMatrix residuals = packed(scratch, n, k, count);
                      product(1.0, {x, true}, {part(iterates, first, count)}, 0.0, z);
                      subtract_all_residuals(losses, rate, z, first, 0.0, residuals);
                      product(1.0, {x}, {residuals}, keep, part(changed, first, count));
                  });
    }
    if (momentum != 0.0) add(velocity, iterates);
}

/// As subtract_residuals, of the trials from `first` on and of any number of losses.
void CardEngine::subtract_all_residuals(std::span<const DescentLoss> losses, BatchMatrix rate,
                                        BatchMatrix outputs, std::size_t first, double keep,
                                        BatchMatrix out) {
    std::size_t begin = 0;
    do {
        std::vector<DescentLoss> some;
        for (; begin < losses.size() && some.size() < card::most_losses; ++begin) {
            some.push_back(losses[begin]);
            some.back().targets = part(some.back().targets, first, out.count);
        }
        subtract_residuals(some, part(rate, first, out.count), outputs, keep, out);
        keep = 1.0;
    } while (begin < losses.size());
}

}  // namespace cucurbit
