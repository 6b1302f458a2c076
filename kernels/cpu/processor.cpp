#include "kernels/cpu/processor.hpp"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace cucurbit {
namespace {

struct Features {
    bool avx2 = false, avx512 = false;
};

#if defined(__x86_64__)

/// The registers that the system saves for a thread, a bit for each kind (XCR0).
unsigned saved_registers() {
    unsigned low = 0, high = 0;
    // The intrinsic would need its own target.  NOLINTNEXTLINE(portability-no-assembler)
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
}

bool has_all(unsigned bits, unsigned wanted) {
    return (bits & wanted) == wanted;
}

/// Asked of the processor itself: not every compiler's __builtin_cpu_supports knows.
Features find_features() {
    constexpr unsigned ymm_registers = 0x6, zmm_registers = 0xe6;
    unsigned a = 0, b = 0, c = 0, d = 0, extended = 0;
    if (__get_cpuid(1, &a, &b, &c, &d) == 0 || !has_all(c, bit_OSXSAVE | bit_FMA)) return {};
    if (__get_cpuid_count(7, 0, &a, &extended, &c, &d) == 0) return {};
    const unsigned saved = saved_registers();
    Features found;
    found.avx2 = has_all(saved, ymm_registers) && has_all(extended, bit_AVX2);
    found.avx512 = found.avx2 && has_all(saved, zmm_registers) &&
                   has_all(extended, bit_AVX512F | bit_AVX512DQ | bit_AVX512VL);
    return found;
}

#else

Features find_features() {
    return {};
}

#endif

}  // namespace

bool processor_runs(std::string_view set) {
    static const Features features = find_features();
    return set == "generic" || (set == "avx2" && features.avx2) ||
           (set == "avx512" && features.avx512);
}

std::string_view processor_instruction_set() {
    for (const std::string_view set : {"avx512", "avx2"})
        if (processor_runs(set)) return set;
    return "generic";
}

}  // namespace cucurbit
