#define CUCURBIT_INSTRUCTION_SET generic
#define CUCURBIT_LANE_BYTES 16
#include "kernels/cpu/descent/steps.inl"

const cucurbit::StepKernels cucurbit::steps_generic = {generic::outputs, generic::descend};
