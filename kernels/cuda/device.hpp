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
/// The calling thread's current device stays as it is, and no other card is touched.
Device cuda_device(std::size_t index);
/// Without a context on the card: memory_bytes is all its memory.
Device described_cuda_device(std::size_t index);
/// Uses the card from the calling thread on. engine_bytes: as in Device, all that the engine takes
/// for itself.
std::unique_ptr<Engine> make_cuda_engine(std::size_t index, std::size_t engine_bytes);
/// Versions of driver, runtime, cuBLAS and cuSOLVER; makes no context.
std::string cuda_libraries();

}  // namespace cucurbit
