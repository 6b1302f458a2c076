#pragma once

#include "cucurbit/engine.hpp"

namespace cucurbit {

/// This machine's processor: model, instruction set of the draws, BLAS and its kernel, free memory,
/// cache.
Device cpu_device();

}  // namespace cucurbit
