#pragma once
// Vectors of CUCURBIT_LANE_BYTES bytes in memory that is aligned for doubles alone.

#include <cstddef>

#include "kernels/common/host_device.hpp"

namespace cucurbit::CUCURBIT_INSTRUCTION_SET {

using Vector = double __attribute__((vector_size(CUCURBIT_LANE_BYTES)));

inline constexpr std::size_t lanes = CUCURBIT_LANE_BYTES / sizeof(double);

CUCURBIT_INLINE Vector load(const double* from) {
    Vector value;
    __builtin_memcpy(&value, from, sizeof value);
    return value;
}
CUCURBIT_INLINE void store(double* to, Vector value) {
    __builtin_memcpy(to, &value, sizeof value);
}

}  // namespace cucurbit::CUCURBIT_INSTRUCTION_SET
