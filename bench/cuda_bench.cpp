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
          kept_factor(matrix(n, n, batch)),
          c(matrix(n, labels, batch)),
          w(matrix(n, fits, batch)),
          e(matrix(p, fits, batch)),
          column(matrix(n, 1, batch)),
          done(matrix(1, 1, batch)),
          sums(matrix(fits, 1, batch)),
          scores(matrix(score_rows, fits, batch)),
          order(matrix(n, labels, batch)),
          truth(matrix(p, labels, 1)),
          all_labels(list(labels, [n](std::size_t) { return n; })),
          all_fits(list(fits, [n](std::size_t) { return n; })),
          sources(list(fits, [](std::size_t j) { return j % labels; })),
          every_fit(list(fits, [](std::size_t j) { return j; })),
          one_label(list(fits, [](std::size_t) { return 0; })),
          whole(list(1, [n](std::size_t) { return n; })) {
        std::iota(trials.begin(), trials.end(), std::uint64_t{0});
        truth.stride = 0;
        truth.count = batch;
        for (const BatchMatrix& m : {c, w}) engine.fill(m, 1.0);
        engine.fill(truth.trials(1), 1.0);
        draw();
        engine.gram(xt, g);
        engine.copy(g, kept_factor);
        engine.cholesky(kept_factor, done);
        engine.copy(kept_factor, factor);
        engine.fill(e, 1.0);
        engine.fill(column, 1.0);
        engine.fill(scores, 0.0);
        engine.order_rows(c, order);
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
    BatchMatrix xt, g, factor, kept_factor, c, w, e, column, done, sums, scores, order, truth;
    std::unique_ptr<IndexList> all_labels, all_fits, sources, every_fit, one_label, whole;
};

/// What is timed, and what makes its operands anew before each time, outside the measured span.
struct Operation {
    void (*run)(Operands&);
    void (*restore)(Operands&) = [](Operands&) {};
};

void take_gram(Operands& of) {
    of.engine.copy(of.g, of.factor);
}
void take_factor(Operands& of) {
    of.engine.copy(of.kept_factor, of.factor);
}
void take_inverse(Operands& of) {
    of.draw();
    of.engine.copy(of.kept_factor, of.factor);
    of.engine.invert_lower(of.factor);
}
void take_labels(Operands& of) {
    take_factor(of);
    of.engine.fill(of.c, 1.0);
}

constexpr Operation draw{[](Operands& of) { of.draw(); }};
constexpr Operation gram{[](Operands& of) { of.engine.gram(of.xt, of.g); }};
constexpr Operation cholesky{[](Operands& of) { of.engine.cholesky(of.factor, of.done); },
                             take_gram};
constexpr Operation invert_lower{[](Operands& of) { of.engine.invert_lower(of.factor); },
                                 take_factor};
constexpr Operation multiply_by_transposed_lower{
    [](Operands& of) { of.engine.multiply_by_transposed_lower(of.factor, of.xt); }, take_inverse};
constexpr Operation project{
    [](Operands& of) { of.engine.project(of.xt, of.truth, *of.all_labels, of.c); }};
constexpr Operation solve_lower{
    [](Operands& of) { of.engine.solve_lower(of.factor, *of.all_labels, of.c); }, take_labels};
constexpr Operation solve_lower_transposed{
    [](Operands& of) { of.engine.solve_lower_transposed(of.factor, *of.all_labels, of.c); },
    take_labels};
constexpr Operation spread{
    [](Operands& of) { of.engine.spread(of.c, *of.sources, *of.all_fits, of.w); }};
constexpr Operation combine{
    [](Operands& of) { of.engine.combine(of.xt, of.w, *of.all_fits, of.e); }};
constexpr Operation gains{[](Operands& of) { of.engine.gains(of.factor, true, of.g, of.column); },
                          take_inverse};
constexpr Operation products{[](Operands& of) {
    of.engine.products(of.e, of.truth.data, *of.sources, *of.sources, of.sums);
}};
constexpr Operation row_norms{[](Operands& of) { of.engine.row_norms(of.factor, of.column); },
                              take_factor};
constexpr Operation prefix_sums{
    [](Operands& of) { of.engine.prefix_sums(of.column, 2, *of.whole, of.done); }};
// Of a descent along the columns of c, by the eigenvalues in `column`.
constexpr Operation flow{[](Operands& of) { of.engine.flow(of.column, 0.7, of.c); },
                         [](Operands& of) { of.engine.fill(of.c, 1.0); }};
constexpr Operation score{
    [](Operands& of) { of.engine.score(1, of.w, of.column, *of.one_label, of.scores); }};
constexpr Operation margins{
    [](Operands& of) { of.engine.margins(1, of.w, *of.sources, of.e.leading(of.w.rows, fits)); }};
constexpr Operation order_rows{[](Operands& of) { of.engine.order_rows(of.c, of.order); }};
constexpr Operation compare_margins{[](Operands& of) {
    constexpr std::size_t bins = 10;
    of.engine.compare_margins(of.w, of.order, *of.every_fit, *of.sources, bins,
                              of.e.leading(comparison_rows(bins), fits));
}};
constexpr Operation multiply_columns{[](Operands& of) {
    of.engine.multiply_columns(of.c, *of.sources, of.c, *of.sources, false, of.w);
}};
constexpr Operation eigen{[](Operands& of) { of.engine.eigen(of.factor, of.column); }, take_gram};

struct Event {
    Event() { CUCURBIT_CHECK_CUDA(cudaEventCreate(&event)); }
    Event(const Event&) = delete;
    Event& operator=(const Event&) = delete;
    ~Event() { static_cast<void>(cudaEventDestroy(event)); }
    cudaEvent_t event = nullptr;
};

/// Trials that fill a card for several rounds of its multiprocessors; range(2) at most.
std::size_t batch_of(const benchmark::State& state) {
    constexpr std::size_t bytes = std::size_t{8} << 30;
    const auto n = static_cast<std::size_t>(state.range(0));
    const auto p = static_cast<std::size_t>(state.range(1));
    const std::size_t each = sizeof(double) * (n * p + 3 * n * n + (p + 2 * n) * fits);
    return std::clamp<std::size_t>(bytes / each, 1, static_cast<std::size_t>(state.range(2)));
}

void count_costs(benchmark::State& state, Operation operation, std::size_t batch) {
    CountingEngine counting(scratch_bytes);
    Operands counted(counting, static_cast<std::size_t>(state.range(0)),
                     static_cast<std::size_t>(state.range(1)), batch);
    counting.forget();
    operation.run(counted);
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

/// Times `run` by events on the engine's stream, `restore` before each time apart.
template <class Restore, class Run>
void time(benchmark::State& state, const CudaEngine& engine, Restore restore, Run run) {
    const Event before, after;
    for (auto _ : state) {
        restore();
        CUCURBIT_CHECK_CUDA(cudaEventRecord(before.event, engine.stream()));
        run();
        CUCURBIT_CHECK_CUDA(cudaEventRecord(after.event, engine.stream()));
        CUCURBIT_CHECK_CUDA(cudaEventSynchronize(after.event));
        float milliseconds = 0.0F;
        CUCURBIT_CHECK_CUDA(cudaEventElapsedTime(&milliseconds, before.event, after.event));
        state.SetIterationTime(1e-3 * static_cast<double>(milliseconds));
    }
}

void operations(benchmark::State& state, Operation operation) {
    const std::string why = why_no_cuda_device();
    if (!why.empty()) return state.SkipWithError(why.c_str());
    const std::size_t batch = batch_of(state);
    CudaEngine engine(0, scratch_bytes);
    Operands operands(engine, static_cast<std::size_t>(state.range(0)),
                      static_cast<std::size_t>(state.range(1)), batch);
    operation.restore(operands);
    operation.run(operands);  // meets the shapes
    time(
        state, engine, [&] { operation.restore(operands); }, [&] { operation.run(operands); });
    count_costs(state, operation, batch);
}

/// The same by the vendor's routines, for comparison: batched ones up to an order where the
/// library's own documentation calls matrices small, one matrix at a time beyond.
class Vendor {
public:
    explicit Vendor(CudaEngine& engine)
        : stream_(engine.stream()),
          blas_(cuda::make_blas(stream_)),
          solver_(cuda::make_solver(stream_)) {}

    void cholesky(const BatchMatrix& g) {
        const int n = static_cast<int>(g.rows), count = static_cast<int>(g.count);
        int* infos = infos_.at_least(g.count, stream_);
        if (g.rows <= largest_batched) {
            CUCURBIT_CHECK_CUSOLVER(cusolverDnDpotrfBatched(
                solver_.get(), CUBLAS_FILL_MODE_LOWER, n, addresses(g, factors_), n, infos, count));
            return;
        }
        int doubles = 0;
        CUCURBIT_CHECK_CUSOLVER(cusolverDnDpotrf_bufferSize(solver_.get(), CUBLAS_FILL_MODE_LOWER,
                                                            n, g.data, n, &doubles));
        double* work = work_.at_least(static_cast<std::size_t>(doubles), stream_);
        for (std::size_t t = 0; t < g.count; ++t)
            CUCURBIT_CHECK_CUSOLVER(cusolverDnDpotrf(solver_.get(), CUBLAS_FILL_MODE_LOWER, n,
                                                     g.item(t), n, work, doubles, infos + t));
    }
    void solve_lower(const BatchMatrix& l, const BatchMatrix& c) {
        constexpr double one = 1.0;
        const int n = static_cast<int>(c.rows), k = static_cast<int>(c.cols);
        CUCURBIT_CHECK_CUBLAS(
            cublasDtrsmBatched(blas_.get(), CUBLAS_SIDE_LEFT, CUBLAS_FILL_MODE_LOWER, CUBLAS_OP_N,
                               CUBLAS_DIAG_NON_UNIT, n, k, &one, addresses(l, factors_), n,
                               addresses(c, sides_), n, static_cast<int>(c.count)));
    }

private:
    static constexpr std::size_t largest_batched = 512;

    double** addresses(const BatchMatrix& m, cuda::DeviceArray<double*>& array) {
        std::vector<double*> all(m.count);
        for (std::size_t t = 0; t < m.count; ++t) all[t] = m.item(t);
        double** there = array.at_least(m.count, stream_);
        CUCURBIT_CHECK_CUDA(cudaMemcpyAsync(there, all.data(), m.count * sizeof(double*),
                                            cudaMemcpyHostToDevice, stream_));
        return there;
    }

    cudaStream_t stream_;
    cuda::DeviceArray<double*> factors_, sides_;
    cuda::DeviceArray<int> infos_;
    cuda::DeviceArray<double> work_;
    cuda::BlasOwner blas_;
    cuda::SolverOwner solver_;
};

void vendor(benchmark::State& state, void (*run)(Vendor&, Operands&), Operation ours) {
    const std::string why = why_no_cuda_device();
    if (!why.empty()) return state.SkipWithError(why.c_str());
    CudaEngine engine(0, scratch_bytes);
    Operands operands(engine, static_cast<std::size_t>(state.range(0)),
                      static_cast<std::size_t>(state.range(1)), batch_of(state));
    Vendor library(engine);
    ours.restore(operands);
    run(library, operands);
    time(
        state, engine, [&] { ours.restore(operands); }, [&] { run(library, operands); });
    count_costs(state, ours, batch_of(state));
}

void shapes(benchmark::internal::Benchmark* sweep) {
    sweep->ArgNames({"n", "p", "batch"})
        ->Args({32, 64, 16384})
        ->Args({200, 500, 4096})
        ->Args({480, 500, 4096})
        ->Args({512, 1000, 1024})
        ->Args({513, 1000, 1024})
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
CUCURBIT_TIME(solve_lower_transposed);
CUCURBIT_TIME(spread);
CUCURBIT_TIME(combine);
CUCURBIT_TIME(gains);
CUCURBIT_TIME(products);
CUCURBIT_TIME(row_norms);
CUCURBIT_TIME(prefix_sums);
CUCURBIT_TIME(flow);
CUCURBIT_TIME(score);
CUCURBIT_TIME(margins);
CUCURBIT_TIME(order_rows);
CUCURBIT_TIME(compare_margins);
CUCURBIT_TIME(multiply_columns);
BENCHMARK_CAPTURE(operations, eigen, eigen)
    ->ArgNames({"n", "p", "batch"})
    ->Args({32, 64, 16384})
    ->Args({200, 400, 1024})
    ->UseManualTime();
BENCHMARK_CAPTURE(
    vendor, cholesky, [](Vendor& by, Operands& of) { by.cholesky(of.factor); }, cholesky)
    ->Apply(shapes);
BENCHMARK_CAPTURE(
    vendor, solve_lower, [](Vendor& by, Operands& of) { by.solve_lower(of.factor, of.c); },
    solve_lower)
    ->Apply(shapes);

}  // namespace
}  // namespace cucurbit
