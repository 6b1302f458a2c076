#include <string_view>

#include "cucurbit/random.hpp"
#include "kernels/cpu/interleaved/kernels.hpp"

namespace cucurbit {

std::vector<const InterleavedKernels*> supported_interleaved_kernels() {
    std::vector<const InterleavedKernels*> supported = {&interleaved_generic};
#if defined(CUCURBIT_X86_SETS)
    __builtin_cpu_init();
    const bool fused = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    if (fused) supported.push_back(&interleaved_avx2);
    if (fused && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl"))
        supported.push_back(&interleaved_avx512);
#endif
    return supported;
}

const InterleavedKernels& chosen_interleaved_kernels() {
    const InterleavedKernels* best = &interleaved_generic;
    const std::string_view limit = random_instruction_set();
    if (limit == best->name) return *best;
    for (const InterleavedKernels* kernels : supported_interleaved_kernels()) {
        best = kernels;
        if (limit == kernels->name) break;
    }
    return *best;
}

}  // namespace cucurbit
