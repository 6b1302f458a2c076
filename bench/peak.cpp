#include "bench/peak.hpp"

#include <algorithm>
#include <chrono>

#include "kernels/cpu/processor.hpp"

namespace cucurbit {
namespace {

constexpr int chains = 12;  // latency times throughput of current cores, in vector registers
constexpr long steps = 100000;

template <int Bytes>
struct Vector {
    // g++ drops the attribute from a dependent alias.
    typedef double Type __attribute__((vector_size(Bytes)));  // NOLINT(modernize-use-using)
};

/// Flops of one run; the sum keeps the chains alive.
template <int Bytes>
__attribute__((always_inline)) inline double multiply_add_chains(volatile double& sink) {
    using Lanes = typename Vector<Bytes>::Type;
    Lanes sums[chains];
    for (int c = 0; c < chains; ++c) sums[c] = Lanes{} + c;
    const Lanes factor = Lanes{} + 0.999999, term = Lanes{} + 1e-6;
    for (long i = 0; i < steps; ++i)
#pragma GCC unroll 16
        for (Lanes& sum : sums) sum = sum * factor + term;
    Lanes total{};
    for (const Lanes& sum : sums) total += sum;
    sink = total[0];
    constexpr int lanes = Bytes / sizeof(double);
    return 2.0 * chains * steps * lanes;
}

__attribute__((target("avx512f"))) double run_avx512(volatile double& s) {
    return multiply_add_chains<64>(s);
}
__attribute__((target("avx2,fma"))) double run_avx2(volatile double& s) {
    return multiply_add_chains<32>(s);
}
double run_generic(volatile double& s) {
    return multiply_add_chains<16>(s);
}

}  // namespace

double measured_fma_peak() {
    static const double peak = [] {
        auto* run = processor_runs("avx512") ? run_avx512
                    : processor_runs("avx2") ? run_avx2
                                             : run_generic;
        volatile double sink = 0.0;
        double best = 0.0;
        for (int repeat = 0; repeat < 40; ++repeat) {
            const auto begin = std::chrono::steady_clock::now();
            const double flops = run(sink);
            const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - begin;
            best = std::max(best, flops / spent.count());
        }
        return best;
    }();
    return peak;
}

}  // namespace cucurbit
