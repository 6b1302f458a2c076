#include "kernels/cpu/descent/choice.hpp"

#include "kernels/cpu/instruction_sets.hpp"

namespace cucurbit {
namespace {

constexpr DescentKernels generic{"generic", &link_generic, &steps_generic};
#if defined(CUCURBIT_X86_SETS)
constexpr DescentKernels avx2{"avx2", &link_avx2, &steps_avx2};
constexpr DescentKernels avx512{"avx512", &link_avx512, &steps_avx512};
#endif

}  // namespace

std::vector<const DescentKernels*> supported_descent_kernels() {
#if defined(CUCURBIT_X86_SETS)
    return supported_kernels(&generic, &avx2, &avx512);
#else
    return supported_kernels<DescentKernels>(&generic, nullptr, nullptr);
#endif
}

const DescentKernels& chosen_descent_kernels() {
    return chosen_kernels(supported_descent_kernels());
}

}  // namespace cucurbit
