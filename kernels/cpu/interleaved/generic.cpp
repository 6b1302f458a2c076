#define CUCURBIT_INSTRUCTION_SET generic
#define CUCURBIT_LANE_BYTES 16
#include "kernels/cpu/interleaved/kernels.inl"

const cucurbit::InterleavedKernels cucurbit::interleaved_generic =
    cucurbit::generic::kernels("generic");
