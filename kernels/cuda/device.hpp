#pragma once
// The NVIDIA cards of this machine.

#include <memory>
#include <string>

#include "cucurbit/engine.hpp"
#include "kernels/contract.hpp"

namespace cucurbit {

/// 0 where the driver is missing or too old.
std::size_t cuda_device_count();
/// Why there is no card, in the driver's words; empty where there is one.
std::string why_no_cuda_device();
Device cuda_device(std::size_t index);
/// Uses the card from the calling thread on.
std::unique_ptr<Engine> make_cuda_engine(std::size_t index);

}  // namespace cucurbit
