#pragma once
// What this processor runs.

#include <string_view>

namespace cucurbit {

/// Whether this processor and its system run kernels of that set: "generic", "avx2" (with FMA) or
/// "avx512" (F, DQ and VL).
bool processor_runs(std::string_view set);

/// The largest of these sets.
std::string_view processor_instruction_set();

}  // namespace cucurbit
