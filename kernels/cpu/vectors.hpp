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
/// Where a tile's sums need all registers, clang moves some of them to memory and back at every
/// step, which takes twice the time. Behind `sum += a * b` it also makes sure that clang fuses the
/// two, as it does elsewhere, so that a sum has the same bits wherever it is computed.
CUCURBIT_INLINE void keep_in_register([[maybe_unused]] Vector& sum) {
#if defined(__clang__) && defined(__x86_64__)
    __asm__("" : "+v"(sum));  // NOLINT(portability-no-assembler): no instruction
#endif
}

}  // namespace cucurbit::CUCURBIT_INSTRUCTION_SET
