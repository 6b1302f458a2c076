#pragma once
// Functions that host and device share, and that are compiled again for each instruction set.

#if defined(__CUDACC__)
#define CUCURBIT_HOST_DEVICE __host__ __device__
#else
#define CUCURBIT_HOST_DEVICE
#endif

/// Always expanded in place: a copy compiled for AVX-512 must never be the one that the linker
/// keeps for every caller.
#define CUCURBIT_INLINE __attribute__((always_inline)) inline
