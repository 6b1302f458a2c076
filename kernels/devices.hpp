#pragma once
// What plans and runs ask of this machine's devices beside cucurbit/engine.hpp.

#include <string>
#include <vector>

#include "cucurbit/engine.hpp"

namespace cucurbit {

/// An engine on this very device, which takes device.engine_bytes for itself whatever memory is
/// free by now: all engines of a plan divide their batches alike, so that the same command does the
/// same arithmetic in the same order. Throws DeviceError when it cannot be had.
EnginePointer make_engine(const Device& device);

/// This machine's cards as a look at them tells that makes no context, which would cost time and
/// memory on each: memory_bytes is all that a card has, free or not.
std::vector<Device> present_cards();

/// Versions of the libraries that compute on the device: "driver 13.0, CUDA runtime 13.0, cuBLAS
/// 13.1.0, cuSOLVER 12.0.4" for a card, OpenBLAS's own text for the CPU.
std::string libraries_of(const Device& device);

}  // namespace cucurbit
