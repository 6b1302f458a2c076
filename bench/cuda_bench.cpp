// The CUDA engine's operations on the first card, timed by CUDA events on the engine's own stream,
// each with its rates of flops and bytes as the cost model counts them (plan --device cuda): beside
// the card's published figures they say how far the predictions hold.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "cucurbit/engine.hpp"
#include "kernels/common/division.hpp"
#include "kernels/costs/counting_engine.hpp"
#include "kernels/cuda/device.hpp"
#include "kernels/cuda/engine.hpp"

namespace cucurbit {
namespace {

constexpr std::size_t labels = 50;
constexpr std::size_t fits = 96;
constexpr std::size_t scratch_bytes = std::size_t{1} << 30;

/// Matrices of a curve's trials on any engine.
struct Operands {
    Operands(Engine& on, std::size_t n, std::size_t p, std::size_t batch)
        : engine(on),
          trials(batch),
          xt(matrix(p, n, batch)),
          g(matrix(n, n, batch)),
          factor(matrix(n, n, batch)),
          c(matrix(n, labels, batch)),
          w(matrix(n, fits, batch)),
          e(matrix(p, fits, batch)),
          column(matrix(n, 1, batch)),
          done(matrix(1, 1, batch)),
          truth(matrix(p, labels, 1)),
          all_labels(list(labels, [n](std::size_t) { return n; })),
          all_fits(list(fits, [n](std::size_t) { return n; })),
          sources(list(fits, [](std::size_t j) { return j % labels; })),
          whole(list(1, [n](std::size_t) { return n; })) {
        std::iota(trials.begin(), trials.end(), std::uint64_t{0});
        truth.stride = 0;
        truth.count = batch;
        for (const BatchMatrix& m : {c, w}) engine.fill(m, 1.0);
        engine.fill(truth.trials(1), 1.0);
        draw();
        engine.gram(xt, g);
        engine.copy(g, factor);
        engine.cholesky(factor, done);
    }
    void draw() { engine.draw({1, 0, Purpose::samples}, trials, 0, nullptr, xt); }

    BatchMatrix matrix(std::size_t rows, std::size_t cols, std::size_t batch) {
        buffers.push_back(engine.allocate(rows * cols * batch));
        return {buffers.back()->data(), rows, cols, rows, rows * cols, batch};
    }
    template <class Value>
    std::unique_ptr<IndexList> list(std::size_t size, Value value) {
        std::vector<std::uint32_t> values(size);
        for (std::size_t j = 0; j < size; ++j) values[j] = static_cast<std::uint32_t>(value(j));
        return engine.indices(std::move(values));
    }

    Engine& engine;
    std::vector<std::unique_ptr<EngineBuffer>> buffers;
    std::vector<std::uint64_t> trials;
    BatchMatrix xt, g, factor, c, w, e, column, done, truth;
    std::unique_ptr<IndexList> all_labels, all_fits, sources, whole;
};

using Operation = void (*)(Operands&);

void draw(Operands& of) {
    of.draw();
}
void gram(Operands& of) {
    of.engine.gram(of.xt, of.g);
}
/// Of what is already a factor's square, restored each time: the copy counts.
void cholesky(Operands& of) {
    of.engine.copy(of.g, of.factor);
    of.engine.cholesky(of.factor, of.done);
}
void invert_lower(Operands& of) {
    of.engine.copy(of.g, of.factor);
    of.engine.invert_lower(of.factor);
}
void multiply_by_transposed_lower(Operands& of) {
    of.engine.multiply_by_transposed_lower(of.factor, of.xt);
}
void project(Operands& of) {
    of.engine.project(of.xt, of.truth, *of.all_labels, of.c);
}
void solve_lower(Operands& of) {
    of.engine.solve_lower(of.factor, *of.all_labels, of.c);
}
void spread(Operands& of) {
    of.engine.spread(of.c, *of.sources, *of.all_fits, of.w);
}
void combine(Operands& of) {
    of.engine.combine(of.xt, of.w, *of.all_fits, of.e);
}
void gains(Operands& of) {
    of.engine.gains(of.factor, true, of.g, of.column);
}
void prefix_sums(Operands& of) {
    of.engine.prefix_sums(of.column, 2, *of.whole, of.done);
}

struct Event {
    Event() { CUCURBIT_CHECK_CUDA(cudaEventCreate(&event)); }
    Event(const Event&) = delete;
    Event& operator=(const Event&) = delete;
    ~Event() { static_cast<void>(cudaEventDestroy(event)); }
    cudaEvent_t event = nullptr;
};

/// Trials that fit comfortably on any card; range(2) at most.
std::size_t batch_of(const benchmark::State& state) {
    constexpr std::size_t bytes = std::size_t{2} << 30;
    const auto n = static_cast<std::size_t>(state.range(0));
    const auto p = static_cast<std::size_t>(state.range(1));
    const std::size_t each = sizeof(double) * (n * p + 2 * n * n + (p + 2 * n) * fits);
    return std::clamp<std::size_t>(bytes / each, 1, static_cast<std::size_t>(state.range(2)));
}

void count_costs(benchmark::State& state, Operation operation, std::size_t batch) {
    CountingEngine counting(scratch_bytes);
    Operands counted(counting, static_cast<std::size_t>(state.range(0)),
                     static_cast<std::size_t>(state.range(1)), batch);
    counting.forget();
    operation(counted);
    double flops = 0.0, bytes = 0.0;
    for (const DeviceCall& call : counting.calls()) {
        flops += call.product_flops + call.solver_flops + call.draw_flops;
        bytes += call.bytes_read + call.bytes_written;
    }
    const auto rate = [&](double each) {
        return benchmark::Counter(each * static_cast<double>(state.iterations()),
                                  benchmark::Counter::kIsRate);
    };
    state.counters["flops"] = rate(flops);
    state.counters["bytes"] = rate(bytes);
    state.counters["trials"] = rate(static_cast<double>(batch));
    state.counters["batch"] = static_cast<double>(batch);
}

void operations(benchmark::State& state, Operation operation) {
    const std::string why = why_no_cuda_device();
    if (!why.empty()) return state.SkipWithError(why.c_str());
    const std::size_t batch = batch_of(state);
    CudaEngine engine(0, scratch_bytes);
    Operands operands(engine, static_cast<std::size_t>(state.range(0)),
                      static_cast<std::size_t>(state.range(1)), batch);
    operation(operands);  // meets the shapes
    const Event before, after;
    for (auto _ : state) {
        CUCURBIT_CHECK_CUDA(cudaEventRecord(before.event, engine.stream()));
        operation(operands);
        CUCURBIT_CHECK_CUDA(cudaEventRecord(after.event, engine.stream()));
        CUCURBIT_CHECK_CUDA(cudaEventSynchronize(after.event));
        float milliseconds = 0.0F;
        CUCURBIT_CHECK_CUDA(cudaEventElapsedTime(&milliseconds, before.event, after.event));
        state.SetIterationTime(1e-3 * static_cast<double>(milliseconds));
    }
    count_costs(state, operation, batch);
}

/// The largest batched Cholesky factorisation and the smallest that is done matrix by matrix stand
/// side by side.
void shapes(benchmark::internal::Benchmark* sweep) {
    constexpr auto switched = static_cast<std::int64_t>(division::largest_batched_cholesky);
    sweep->ArgNames({"n", "p", "batch"})
        ->Args({32, 64, 16384})
        ->Args({200, 500, 4096})
        ->Args({480, 500, 4096})
        ->Args({switched, 1000, 1024})
        ->Args({switched + 1, 1000, 1024})
        ->Args({2000, 4000, 64})
        ->UseManualTime();
}

#define CUCURBIT_TIME(operation) BENCHMARK_CAPTURE(operations, operation, operation)->Apply(shapes)
CUCURBIT_TIME(draw);
CUCURBIT_TIME(gram);
CUCURBIT_TIME(cholesky);
CUCURBIT_TIME(invert_lower);
CUCURBIT_TIME(multiply_by_transposed_lower);
CUCURBIT_TIME(project);
CUCURBIT_TIME(solve_lower);
CUCURBIT_TIME(spread);
CUCURBIT_TIME(combine);
CUCURBIT_TIME(gains);
CUCURBIT_TIME(prefix_sums);

}  // namespace
}  // namespace cucurbit
