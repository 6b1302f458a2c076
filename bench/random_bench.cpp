// Time per normal, by instruction set and row length, beside the standard library's generator.

#include <benchmark/benchmark.h>

#include <array>
#include <random>
#include <string>
#include <vector>

#include "kernels/cpu/random/draw.hpp"

namespace cucurbit {
namespace {

constexpr Stream stream{0x6375637572626974, 0, Purpose::samples};
constexpr std::size_t draws = 16384;  // 128 KB: in L2, as a batch of the CPU engine is

void count(benchmark::State& state, std::size_t normals) {
    state.counters["per_normal"] =
        benchmark::Counter(static_cast<double>(normals * state.iterations()),
                           benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void rows(benchmark::State& state, const BulkDraw* draw, bool scaled) {
    const auto columns = static_cast<std::size_t>(state.range(0));
    const std::size_t number = draws / columns;
    const std::vector<double> scale(columns, 0.5);
    std::vector<double> out(number * columns);
    std::uint64_t trial = 0;
    for ([[maybe_unused]] auto _ : state) {
        draw->rows(philox_row(stream, trial++, 0), number, columns, scaled ? scale.data() : nullptr,
                   out.data(), columns);
        benchmark::ClobberMemory();
    }
    count(state, number * columns);
}

void interleaved(benchmark::State& state, const BulkDraw* draw) {
    const auto columns = static_cast<std::size_t>(state.range(0));
    const std::size_t number = draws / columns / interleaved_trials;
    const std::vector<double> scale(columns, 0.5);
    std::vector<double> out(number * columns * interleaved_trials);
    std::array<PhiloxRow, interleaved_trials> from;
    std::uint64_t trial = 0;
    for ([[maybe_unused]] auto _ : state) {
        for (PhiloxRow& row : from) row = philox_row(stream, trial++, 0);
        draw->interleaved(from.data(), number, columns, scale.data(), out.data());
        benchmark::ClobberMemory();
    }
    count(state, out.size());
}

void single(benchmark::State& state) {
    std::uint64_t column = 0;
    for ([[maybe_unused]] auto _ : state)
        benchmark::DoNotOptimize(draw_normal(stream, 1, 2, column++ % draws));
    count(state, 1);
}

void standard_library(benchmark::State& state) {
    std::mt19937_64 generator(1);
    std::normal_distribution<double> normal;
    for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(normal(generator));
    count(state, 1);
}

const bool registered = [] {
    for (const BulkDraw* draw : supported_bulk_draws()) {
        const std::string name = draw->name;
        for (const std::int64_t columns : {16, 64, 200, 500, 2000}) {
            benchmark::RegisterBenchmark(("rows_" + name).c_str(), rows, draw, true)->Arg(columns);
            benchmark::RegisterBenchmark(("interleaved_" + name).c_str(), interleaved, draw)
                ->Arg(columns);
        }
        benchmark::RegisterBenchmark(("rows_unscaled_" + name).c_str(), rows, draw, false)
            ->Arg(500);
    }
    benchmark::RegisterBenchmark("single", single);
    benchmark::RegisterBenchmark("standard_library", standard_library);
    return true;
}();

}  // namespace
}  // namespace cucurbit
