#pragma once
// kind = "chain": ridgeless or ridge fits in order, each on fresh samples that the one before has
// labelled (self-distillation over generations; Ildiz et al. 2025 and Dong et al. 2025 are chains
// of one and two stages). A chain is a graph: a group of rows and a fit for each stage.

#include <cstdint>
#include <memory>

#include "cucurbit/study.hpp"
#include "host/config/reader.hpp"

namespace cucurbit {

/// [population] p, spectrum, signal; [[stage]] tables; [test] spectrum, rotation (of the last stage
/// unless given). Parameters: p, then n_k, noise_std_k and penalty_k of each stage k = 1 …; arms:
/// stage_k; its excess risk on the test covariance.
std::unique_ptr<const Setting> read_chain(Reader& root, const Precision& precision,
                                          std::uint64_t seed);

}  // namespace cucurbit
