#define CUCURBIT_INSTRUCTION_SET avx2
#define CUCURBIT_LANE_BYTES 32
#include "kernels/cpu/dense/kernels.inl"

const cucurbit::DenseKernels cucurbit::dense_avx2 = cucurbit::avx2::kernels("avx2");
