#pragma once
// The choice among kernels that are compiled once for each instruction set.

#include <string_view>
#include <vector>

#include "cucurbit/random.hpp"

namespace cucurbit {

/// Those of these kernels that this processor runs, the best last. Null: not in this build.
template <class Kernels>
std::vector<const Kernels*> supported_kernels(const Kernels* generic, const Kernels* avx2,
                                              const Kernels* avx512) {
    std::vector<const Kernels*> supported = {generic};
#if defined(__x86_64__)
    __builtin_cpu_init();
    const bool fused = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    if (fused && avx2 != nullptr) supported.push_back(avx2);
    if (fused && avx512 != nullptr && __builtin_cpu_supports("avx512f") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
        supported.push_back(avx512);
#endif
    return supported;
}

/// The set that draws the normals (random_instruction_set), or the best below it that can be had.
template <class Kernels>
const Kernels& chosen_kernels(const std::vector<const Kernels*>& supported) {
    const std::string_view limit = random_instruction_set();
    for (const Kernels* kernels : supported)
        if (limit == kernels->name) return *kernels;
    return *supported.back();
}

}  // namespace cucurbit
