#pragma once
// What a design's batches cost on a card, without one.

#include "cucurbit/study.hpp"
#include "kernels/cost/engine.hpp"

namespace cucurbit {

/// Of one batch in the steady state, all of whose trials stay on the Cholesky rung. A prediction:
/// what the CUDA engine is told to do (kernels/cost/), not what a card was seen to do.
BatchCost batch_cost(const Setting& setting, const Design& design, std::size_t batch);

}  // namespace cucurbit
