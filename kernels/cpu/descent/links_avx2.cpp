#define CUCURBIT_INSTRUCTION_SET avx2
#define CUCURBIT_LANE_BYTES 32
#include "kernels/cpu/descent/links.inl"

const cucurbit::LinkKernel cucurbit::link_avx2 = {avx2::add_residual, avx2::measure_confidence};
