#pragma once
// The machine's measured ceiling of fused multiply-adds on one core.

namespace cucurbit {

/// Double-precision flop/s of independent fused multiply-adds in registers with the widest vectors
/// of this processor; measured once, in about 50 ms.
double measured_fma_peak();

}  // namespace cucurbit
