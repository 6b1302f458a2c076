#define CUCURBIT_INSTRUCTION_SET avx512
#define CUCURBIT_LANE_BYTES 64
#include "kernels/cpu/dense/kernels.inl"

const cucurbit::DenseKernels cucurbit::dense_avx512 = cucurbit::avx512::kernels("avx512");
