#include "kernels/cpu/instruction_sets.hpp"
#include "kernels/cpu/interleaved/kernels.hpp"

namespace cucurbit {

std::vector<const InterleavedKernels*> supported_interleaved_kernels() {
#if defined(CUCURBIT_X86_SETS)
    return supported_kernels(&interleaved_generic, &interleaved_avx2, &interleaved_avx512);
#else
    return supported_kernels<InterleavedKernels>(&interleaved_generic, nullptr, nullptr);
#endif
}

const InterleavedKernels& chosen_interleaved_kernels() {
    return chosen_kernels(supported_interleaved_kernels());
}

}  // namespace cucurbit
