#pragma once
// What a batch asks of a card and of the host beside it, counted by an engine that computes
// nothing.

#include <cstddef>
#include <vector>

#include "cucurbit/study.hpp"
#include "kernels/costs/counting_engine.hpp"

namespace cucurbit {

struct Counted {
    std::vector<DeviceCall> calls;  ///< of one batch
    std::size_t host_bytes_per_trial = 0;
};

/// Of a batch of so many trials, each of which stays on the ladder's first rung. Computed from one
/// trial, which stands for all. scratch_bytes: as for the CUDA engine.
Counted count_batch(const Setting& setting, const Design& design, std::size_t trials,
                    std::size_t scratch_bytes);

}  // namespace cucurbit
