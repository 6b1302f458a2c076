#define CUCURBIT_INSTRUCTION_SET avx512
#define CUCURBIT_LANE_BYTES 64
#include "kernels/cpu/interleaved/kernels.inl"

const cucurbit::InterleavedKernels cucurbit::interleaved_avx512 =
    cucurbit::avx512::kernels("avx512");
