#define CUCURBIT_INSTRUCTION_SET generic
#define CUCURBIT_LANE_BYTES 16
#include "kernels/cpu/descent/links.inl"

const cucurbit::LinkKernel cucurbit::link_generic = {generic::add_residual,
                                                     generic::measure_confidence};
