// The host's part of a batch on a card, without a card: processor time of one thread inside
// Simulation::run, less that of an engine that computes nothing; and the time that the store takes
// for the values. Of every example, at the batch that a run on a card of 80 GB takes. The best of
// some batches counts.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <filesystem>
#include <limits>
#include <numeric>

#include "bench/timed_engine.hpp"
#include "cucurbit/engine.hpp"
#include "cucurbit/study.hpp"
#include "host/run/commit.hpp"
#include "host/run/plan.hpp"
#include "kernels/card/engine.hpp"
#include "tests/support/folder.hpp"

namespace cucurbit {
namespace {

constexpr std::size_t card_bytes = std::size_t{80} << 30;
/// Where a card's batch gives more than this, a smaller one is timed.
constexpr std::size_t most_bytes = std::size_t{256} << 20;
constexpr std::uint64_t many_trials = std::uint64_t{1} << 20;

constexpr const char* small_text = R"(schema = 1
[study]
name = "n32_p64"
kind = "model_shift"
seed = 1
[population]
p = 64
spectrum = { kind = "power_law", exponent = 2.0 }
signal = { kind = "power_law", exponent = 1.5 }
[target]
n = [32]
noise_std = 0.5
arms = ["standard", "optimal_surrogate", "mask"]
[precision]
trials = 64
)";

Study small_study() {
    return parse_study(small_text, "n32_p64.toml",
                       [](const std::string&) { return std::string(); });
}

/// The design with the most series, as a run of many trials on a card would plan it.
Plan::Entry planned(Study study) {
    study.precision.trials = many_trials;
    study.precision.rel_std_err.reset();
    study.precision.abs_std_err.reset();
    Device card;
    card.name = "card";
    card.memory_bytes = card_bytes;
    card.engine_bytes = card::engine_bytes(card_bytes);
    card.workers = 2;
    const Plan plan = make_plan(study, DeviceChoice{card.name, {card}, {}}, 0);
    return *std::max_element(plan.entries.begin(), plan.entries.end(),
                             [](const Plan::Entry& a, const Plan::Entry& b) {
                                 return a.design.series.size() < b.design.series.size();
                             });
}

/// A design's simulation on an engine that computes nothing.
class Batch {
public:
    Batch(const Setting& setting, const Design& design, std::size_t trials)
        : engine_(card::scratch_bytes(card_bytes)),
          simulation_(setting.simulation(design, engine_, trials)),
          trials_(trials) {
        std::iota(trials_.begin(), trials_.end(), std::uint64_t{0});
    }
    /// Seconds that a batch took beside its engine.
    double run() {
        engine_.forget();
        const double start = thread_seconds();
        simulation_->run(trials_, values_);
        return thread_seconds() - start - engine_.seconds();
    }
    const TrialValues& values() const { return values_; }
    /// What a batch brought to the host and made there.
    std::size_t bytes() const {
        return engine_.downloaded() * sizeof(double) +
               values_.values.size() * (sizeof(double) + sizeof(Outcome));
    }

private:
    TimedEngine engine_;
    std::unique_ptr<Simulation> simulation_;
    std::vector<std::uint64_t> trials_;
    TrialValues values_;
};

void report(benchmark::State& state, double seconds, std::size_t trials, std::size_t series) {
    const auto count = static_cast<double>(trials);
    state.counters["batch"] = count;
    state.counters["values"] = static_cast<double>(series);
    state.counters["ms_per_1000"] = 1e6 * seconds / count;
    state.counters["ns_a_value"] = 1e9 * seconds / (count * static_cast<double>(series));
}

std::size_t timed_trials(const Setting& setting, const Plan::Entry& entry) {
    Batch one(setting, entry.design, 1);
    one.run();
    return std::clamp<std::size_t>(most_bytes / one.bytes(), 1, entry.batch);
}

void simulation(benchmark::State& state, const Study& study) {
    const Plan::Entry entry = planned(study);
    const std::size_t trials = timed_trials(*study.setting, entry);
    Batch batch(*study.setting, entry.design, trials);
    batch.run();
    double best = std::numeric_limits<double>::infinity();
    for (auto _ : state) {
        const double seconds = batch.run();
        best = std::min(best, seconds);
        state.SetIterationTime(seconds);
    }
    report(state, best, trials, entry.design.series.size());
}

void store(benchmark::State& state, const Study& study) {
    const Plan::Entry entry = planned(study);
    const std::size_t trials = timed_trials(*study.setting, entry);
    const auto design = std::make_shared<const Design>(entry.design);
    Batch batch(*study.setting, entry.design, trials);
    batch.run();
    const Folder folder;
    Store store = Store::open_to_write(folder.path(), study);
    Commit commit(store, study);
    double best = std::numeric_limits<double>::infinity();
    std::uint64_t first = 0;
    for (auto _ : state) {
        std::vector<Piece> pieces;
        pieces.push_back({design, {first, trials}, batch.values().values, batch.values().outcomes});
        const double start = thread_seconds();
        commit.add(std::move(pieces));
        commit.write();
        const double seconds = thread_seconds() - start;
        first += trials;
        best = std::min(best, seconds);
        state.SetIterationTime(std::max(seconds, 1e-9));
    }
    report(state, best, trials, entry.design.series.size());
}

void add(const Study& study) {
    constexpr int batches = 5;
    const auto shown = [](benchmark::internal::Benchmark* bench) {
        bench->Iterations(batches)->UseManualTime()->Unit(benchmark::kMillisecond);
    };
    shown(benchmark::RegisterBenchmark((study.name + "/host").c_str(),
                                       [study](auto& state) { simulation(state, study); }));
    shown(benchmark::RegisterBenchmark((study.name + "/store").c_str(),
                                       [study](auto& state) { store(state, study); }));
}

}  // namespace
}  // namespace cucurbit

int main(int argc, char** argv) {
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
    std::vector<std::filesystem::path> files;
    for (const auto& file : std::filesystem::directory_iterator(CUCURBIT_EXAMPLES))
        if (file.path().extension() == ".toml") files.push_back(file.path());
    std::sort(files.begin(), files.end());
    cucurbit::add(cucurbit::small_study());
    for (const auto& file : files) cucurbit::add(cucurbit::read_study(file));
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
    return 0;
}
