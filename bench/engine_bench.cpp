// Gram, factorisation, one trial and one curve of the CPU engine at the shapes that matter, each
// with its share of the measured multiply-add ceiling. BLAS kernels as the machine chooses them:
// unset OPENBLAS_CORETYPE.

#include <benchmark/benchmark.h>

#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "bench/peak.hpp"
#include "cucurbit/study.hpp"
#include "kernels/contract.hpp"
#include "kernels/cpu/engine.hpp"

namespace cucurbit {
namespace {

void count_flops(benchmark::State& state, double flops) {
    const double total = flops * static_cast<double>(state.iterations());
    state.counters["flops"] = benchmark::Counter(total, benchmark::Counter::kIsRate);
    state.counters["share_of_peak"] =
        benchmark::Counter(total / measured_fma_peak(), benchmark::Counter::kIsRate);
}

/// The samples of one trial and room for its Gram matrix.
struct Operands {
    explicit Operands(std::size_t n, std::size_t p)
        : samples(engine.allocate(n * p)),
          square(engine.allocate(n * n)),
          copy(engine.allocate(n * n)),
          done(engine.allocate(1)),
          xt{samples->data(), p, n, p, n * p, 1},
          g{square->data(), n, n, n, n * n, 1},
          factor{copy->data(), n, n, n, n * n, 1},
          rows_done{done->data(), 1, 1, 1, 1, 1} {
        draw();
        engine.gram(xt, g);
    }
    void draw() { engine.draw({1, 0, Purpose::samples}, trials, 0, nullptr, xt); }

    CpuEngine engine;
    std::vector<std::uint64_t> trials{0};
    std::unique_ptr<EngineBuffer> samples, square, copy, done;
    BatchMatrix xt, g, factor, rows_done;
};

void normals(benchmark::State& state) {
    const auto n = static_cast<std::size_t>(state.range(0));
    const auto p = static_cast<std::size_t>(state.range(1));
    Operands operands(n, p);
    for (auto _ : state) operands.draw();
    state.counters["per_normal"] =
        benchmark::Counter(static_cast<double>(n * p) * static_cast<double>(state.iterations()),
                           benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void gram(benchmark::State& state) {
    const auto n = static_cast<std::size_t>(state.range(0));
    const auto p = static_cast<std::size_t>(state.range(1));
    Operands operands(n, p);
    for (auto _ : state) operands.engine.gram(operands.xt, operands.g);
    count_flops(state, static_cast<double>(n * n * p));
}

void factorisation(benchmark::State& state) {
    const auto n = static_cast<std::size_t>(state.range(0));
    Operands operands(n, static_cast<std::size_t>(state.range(1)));
    for (auto _ : state) {
        operands.engine.copy(operands.g, operands.factor);
        operands.engine.cholesky(operands.factor, operands.rows_done);
    }
    count_flops(state, std::pow(static_cast<double>(n), 3.0) / 3.0);
}

/// Trials of a model_shift study with the three arms of Figure 1, p = range(1), up to n = range(0).
void trials(benchmark::State& state, const std::string& grid, const std::string& label_noise) {
    const auto n = std::to_string(state.range(0)), p = std::to_string(state.range(1));
    std::string samples = n;
    if (grid == "curve")
        samples = "{ logspace = [" + std::to_string(state.range(0) / 24 + 1) + ", " + n +
                  "], count = 24 }";
    const Study study = parse_study(
        "schema = 1\n[study]\nname = \"bench\"\nkind = \"model_shift\"\nseed = 1\n[population]\n"
        "p = " +
            p +
            "\nspectrum = { kind = \"power_law\", exponent = 2.0 }\n"
            "signal = { kind = \"power_law\", exponent = 1.5 }\n[target]\nn = " +
            samples +
            "\nnoise_std = 0.5\narms = [\"standard\", \"optimal_surrogate\", \"mask\"]\n"
            "[precision]\ntrials = 64\nlabel_noise = \"" +
            label_noise + "\"\n",
        "bench", [](const std::string& path) -> std::string { throw std::runtime_error(path); });
    const Design design = study.setting->designs().front();
    const EnginePointer engine = make_engine("cpu");
    const std::size_t batch = state.range(0) < 64 ? 8 : 1;
    const auto simulation = study.setting->simulation(design, *engine, batch);
    std::vector<std::uint64_t> which(batch);
    TrialValues values;
    std::uint64_t next = 0;
    for (auto _ : state) {
        for (std::uint64_t& trial : which) trial = next++;
        simulation->run(which, values);
    }
    state.counters["per_trial"] =
        benchmark::Counter(static_cast<double>(batch) * static_cast<double>(state.iterations()),
                           benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
    count_flops(state, design.flops_per_trial * static_cast<double>(batch));
}

void shapes(benchmark::internal::Benchmark* sweep) {
    sweep->ArgNames({"n", "p"})
        ->Args({32, 64})
        ->Args({200, 500})
        ->Args({480, 500})
        ->Args({2000, 4000});
}

BENCHMARK(normals)->Apply(shapes);
BENCHMARK(gram)->Apply(shapes);
BENCHMARK(factorisation)->Apply(shapes);
BENCHMARK_CAPTURE(trials, one_sampled, "one", "sample")->Apply(shapes);
BENCHMARK_CAPTURE(trials, one_integrated, "one", "integrate")->Apply(shapes);
BENCHMARK_CAPTURE(trials, curve_sampled, "curve", "sample")->Apply(shapes);
BENCHMARK_CAPTURE(trials, curve_integrated, "curve", "integrate")->Apply(shapes);

}  // namespace
}  // namespace cucurbit
