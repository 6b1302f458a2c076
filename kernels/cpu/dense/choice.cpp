#include "kernels/cpu/dense/kernels.hpp"
#include "kernels/cpu/instruction_sets.hpp"

namespace cucurbit {

std::vector<const DenseKernels*> supported_dense_kernels() {
#if defined(CUCURBIT_X86_SETS)
    return supported_kernels(&dense_generic, &dense_avx2, &dense_avx512);
#else
    return supported_kernels<DenseKernels>(&dense_generic, nullptr, nullptr);
#endif
}

const DenseKernels& chosen_dense_kernels() {
    return chosen_kernels(supported_dense_kernels());
}

}  // namespace cucurbit
