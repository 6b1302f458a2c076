#define CUCURBIT_INSTRUCTION_SET avx512
#define CUCURBIT_LANE_BYTES 64
#include "kernels/cpu/descent/links.inl"

const cucurbit::LinkKernel cucurbit::link_avx512 = {avx512::add_residual,
                                                    avx512::measure_confidence};
