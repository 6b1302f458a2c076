#define CUCURBIT_INSTRUCTION_SET avx512
#define CUCURBIT_LANE_BYTES 64
#include "kernels/cpu/descent/steps.inl"

const cucurbit::StepKernels cucurbit::steps_avx512 = {avx512::outputs, avx512::descend};
