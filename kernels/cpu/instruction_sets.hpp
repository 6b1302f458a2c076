#pragma once
// The choice among kernels that are compiled once for each instruction set.

#include <string_view>
#include <vector>

#include "cucurbit/random.hpp"
#include "kernels/cpu/processor.hpp"

namespace cucurbit {

/// Those of these kernels that this processor runs, the best last. Null: not in this build.
template <class Kernels>
std::vector<const Kernels*> supported_kernels(const Kernels* generic, const Kernels* avx2,
                                              const Kernels* avx512) {
    std::vector<const Kernels*> supported = {generic};
    for (const Kernels* kernels : {avx2, avx512})
        if (kernels != nullptr && processor_runs(kernels->name)) supported.push_back(kernels);
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
