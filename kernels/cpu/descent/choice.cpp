#include "kernels/cpu/descent/choice.hpp"

#include <string_view>

#include "cucurbit/random.hpp"

namespace cucurbit {

std::vector<DescentKernels> supported_descent_kernels() {
    std::vector<DescentKernels> supported = {{&link_generic, &steps_generic}};
#if defined(CUCURBIT_X86_SETS)
    __builtin_cpu_init();
    const bool fused = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    if (fused) supported.push_back({&link_avx2, &steps_avx2});
    if (fused && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl"))
        supported.push_back({&link_avx512, &steps_avx512});
#endif
    return supported;
}

DescentKernels chosen_descent_kernels() {
    const std::string_view limit = random_instruction_set();
    DescentKernels best = supported_descent_kernels().front();
    if (limit == best.link->name) return best;
    for (const DescentKernels& kernels : supported_descent_kernels()) {
        best = kernels;
        if (limit == kernels.link->name) break;
    }
    return best;
}

}  // namespace cucurbit
