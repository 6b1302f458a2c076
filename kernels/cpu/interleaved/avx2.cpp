#define CUCURBIT_INSTRUCTION_SET avx2
#define CUCURBIT_LANE_BYTES 32
#include "kernels/cpu/interleaved/kernels.inl"

const cucurbit::InterleavedKernels cucurbit::interleaved_avx2 = cucurbit::avx2::kernels("avx2");
