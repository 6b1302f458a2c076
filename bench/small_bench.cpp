// Time per trial of small studies (draws, fits of four arms, risks), in the plain and the
// interleaved layout: where the two cross is CpuEngine::default_interleaved_bytes.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include "cucurbit/engine.hpp"
#include "cucurbit/random.hpp"
#include "cucurbit/study.hpp"
#include "kernels/cpu/engine.hpp"
#include "kernels/cpu/lapack.hpp"

namespace cucurbit {
namespace {

Study small_study(std::size_t n, std::size_t p, std::size_t points, const char* label_noise) {
    std::string samples, coefficients = "b\n";
    for (std::size_t k = 1; k <= points; ++k)
        samples += std::to_string(std::max<std::size_t>(1, n * k / points)) + ", ";
    for (std::size_t i = 1; i <= p; ++i)
        coefficients += std::to_string(1.0 / static_cast<double>(i)) + "\n";
    const std::string text = R"(schema = 1
[study]
name = "small"
kind = "model_shift"
seed = 1
[population]
p = )" + std::to_string(p) +
                             R"(
spectrum = { kind = "power_law", exponent = 2.0 }
signal = { kind = "power_law", exponent = 1.5 }
[target]
n = [)" + samples + R"(]
noise_std = 0.5
arms = ["standard", "optimal_surrogate", "mask", { name = "mine", surrogate_file = "b.csv" }]
[precision]
trials = 64
label_noise = ")" + label_noise +
                             "\"\n";
    return parse_study(text, "small.toml", [&](const std::string&) { return coefficients; });
}

/// Arguments: largest n, p, points of the curve, 1 to integrate label noise, 1 to interleave.
void trial(benchmark::State& state) {
    const auto n = static_cast<std::size_t>(state.range(0));
    const auto p = static_cast<std::size_t>(state.range(1));
    const Study study = small_study(n, p, static_cast<std::size_t>(state.range(2)),
                                    state.range(3) != 0 ? "integrate" : "sample");
    const Design design = study.setting->designs().at(0);
    CpuEngine engine(state.range(4) != 0 ? std::numeric_limits<std::size_t>::max() : 0);
    // What the cache holds, in whole groups of lanes, within one block.
    const std::size_t fits = devices().front().cache_bytes / design.bytes_per_trial;
    const std::size_t batch = std::clamp<std::size_t>(fits / 8 * 8, 8, design.trials_per_block);
    const auto simulation = study.setting->simulation(design, engine, batch);
    std::vector<std::uint64_t> trials(batch);
    std::iota(trials.begin(), trials.end(), std::uint64_t{0});
    TrialValues values;
    for (auto _ : state) {
        simulation->run(trials, values);
        benchmark::DoNotOptimize(values.values.data());
    }
    state.counters["bytes"] = static_cast<double>(design.bytes_per_trial);
    state.counters["per_trial"] =
        benchmark::Counter(static_cast<double>(batch) * static_cast<double>(state.iterations()),
                           benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void sizes(benchmark::internal::Benchmark* bench) {
    bench->ArgNames({"n", "p", "points", "integrate", "interleaved"})->MinTime(0.05);
    const auto add = [bench](std::int64_t n, std::int64_t p) {
        for (const std::int64_t points : {1, 6})
            for (const std::int64_t integrate : {0, 1})
                for (const std::int64_t interleaved : {0, 1})
                    bench->Args({n, p, points, integrate, interleaved});
    };
    for (const std::int64_t n : {8, 16, 24, 32, 48, 64, 80, 96}) add(n, 2 * n);
    // Far from square: fits of few samples in many dimensions, and the other way round.
    for (const std::int64_t small : {8, 16, 48}) {
        for (const std::int64_t large : {250, 500, 1000}) add(small, large);
        add(2000, small);
    }
}

BENCHMARK(trial)->Apply(sizes);

const bool described = [] {
    benchmark::AddCustomContext("instruction_set", random_instruction_set());
    benchmark::AddCustomContext("openblas_kernel", lapack::openblas_get_corename());
    return true;
}();

}  // namespace
}  // namespace cucurbit
