#define CUCURBIT_INSTRUCTION_SET generic
#define CUCURBIT_LANE_BYTES 16
#include "kernels/cpu/dense/kernels.inl"

const cucurbit::DenseKernels cucurbit::dense_generic = cucurbit::generic::kernels("generic");
