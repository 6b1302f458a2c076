#define CUCURBIT_INSTRUCTION_SET avx2
#define CUCURBIT_LANE_BYTES 32
#include "kernels/cpu/descent/steps.inl"

const cucurbit::StepKernels cucurbit::steps_avx2 = {avx2::outputs, avx2::descend};
