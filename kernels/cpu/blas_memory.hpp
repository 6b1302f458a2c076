#pragma once

#include <cstddef>

namespace cucurbit {

/// Maps the buffers that OpenBLAS takes for so many threads at once, where the address space is
/// limited (ulimit -v): OpenBLAS itself would ask for them again and again, for ever, when they do
/// not fit. Best called while no other thread computes. Throws DeviceError where they do not fit.
void reserve_blas_memory(std::size_t threads);

}  // namespace cucurbit
