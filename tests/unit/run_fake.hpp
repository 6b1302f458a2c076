#pragma once
// A setting whose values are a cheap function of their address, with faults planted on demand.

#include <atomic>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "cucurbit/run.hpp"
#include "tests/support/folder.hpp"

namespace cucurbit::fake {

/// What the fake setting holds and how it misbehaves.
struct Options {
    std::vector<double> designs{100};         ///< one design for each p
    std::vector<double> samples{10, 20, 30};  ///< grid of n
    std::vector<std::string> arms{"standard", "mask"};
    std::size_t trials_per_block = 64;
    bool apart = false;             ///< points stop one by one
    double spread = 1.0;            ///< of values around their mean n/10
    bool with_theory = true;        ///< mean n/10, exact
    double near_interpolation = 0;  ///< this n is flagged
    std::uint64_t outlier = std::numeric_limits<std::uint64_t>::max();  ///< this trial is 1e6
    double tail_exponent = std::numeric_limits<double>::quiet_NaN();
    double ratio = 0;      ///< values at this n are divided by others around zero, without a law
    double zero_risk = 0;  ///< this n has risk zero up to rounding
    std::map<std::uint64_t, Outcome> outcomes;  ///< of these trials, in every series
    std::set<std::uint64_t> not_a_number;       ///< trials whose value is NaN with status ok
    std::uint64_t throws_at = std::numeric_limits<std::uint64_t>::max();
    std::vector<DerivedRow> derived;
    std::chrono::microseconds pause{0};  ///< per trial
    std::size_t bytes_per_trial = 1000;
    std::size_t bytes_per_worker = 1000;
    std::size_t most_in_memory = std::numeric_limits<std::size_t>::max();  ///< trials of a batch
    bool short_when_running = false;  ///< only then does memory turn out to be short
};

/// What happened, over all simulations of a setting.
struct Log {
    std::atomic<std::uint64_t> trials{0};
    std::atomic<std::uint64_t> values{0};
    std::atomic<std::size_t> largest_batch{0};
};

inline std::uint64_t mix(std::uint64_t x) {  // splitmix64
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

inline double mean_of(double samples) {
    return samples / 10.0;
}

inline double value_of(const Options& options, std::uint64_t key, double samples,
                       const std::string& arm, std::uint64_t trial) {
    if (options.not_a_number.contains(trial)) return std::numeric_limits<double>::quiet_NaN();
    if (trial == options.outlier) return 1e6;
    std::uint64_t state = mix(key ^ mix(std::bit_cast<std::uint64_t>(samples)) ^ mix(trial));
    for (const char c : arm) state = mix(state ^ static_cast<std::uint64_t>(c));
    const double uniform = static_cast<double>(state >> 11) * 0x1p-53;
    if (samples == options.zero_risk) return 1e-28 * uniform;
    if (samples == options.ratio) {
        const double below = static_cast<double>(mix(state) >> 11) * 0x1p-53;
        return (0.5 + uniform) / (below - 0.5);
    }
    return mean_of(samples) + options.spread * (uniform - 0.5);
}

inline Outcome outcome_of(const Options& options, std::uint64_t trial) {
    const auto found = options.outcomes.find(trial);
    return found == options.outcomes.end() ? Outcome{Status::ok, Rung::cholesky, 0} : found->second;
}

class FakeSimulation final : public Simulation {
public:
    FakeSimulation(Options options, Design design, std::size_t batch, std::shared_ptr<Log> log)
        : options_(std::move(options)),
          design_(std::move(design)),
          batch_(batch),
          log_(std::move(log)) {
        if (!options_.short_when_running) require_memory(batch_);
    }

    void run(std::span<const std::uint64_t> trials, TrialValues& out) override {
        if (trials.size() > batch_) throw std::logic_error("batch larger than agreed");
        require_memory(trials.size());
        std::size_t seen = log_->largest_batch;
        while (seen < trials.size() &&
               !log_->largest_batch.compare_exchange_weak(seen, trials.size())) {
        }
        log_->trials += trials.size();
        log_->values += trials.size() * design_.series.size();
        out = TrialValues{trials.size(), {}, {}};
        for (const Series& series : design_.series) {
            const double samples = design_.points.at(series.point).parameters.at(1);
            for (const std::uint64_t trial : trials) {
                if (trial == options_.throws_at) throw std::runtime_error("planted failure");
                out.values.push_back(value_of(options_, design_.key, samples, series.arm, trial));
                out.outcomes.push_back(outcome_of(options_, trial));
            }
        }
        std::this_thread::sleep_for(options_.pause * trials.size());
    }

private:
    void require_memory(std::size_t trials) const {
        if (trials > options_.most_in_memory) throw DeviceError("fake: out of memory");
    }

    Options options_;
    Design design_;
    std::size_t batch_;
    std::shared_ptr<Log> log_;
};

class FakeSetting final : public Setting {
public:
    FakeSetting(Options options, std::shared_ptr<Log> log)
        : options_(std::move(options)), log_(std::move(log)) {}

    std::string_view kind() const override { return "fake"; }
    std::vector<std::string> parameters() const override { return {"p", "n"}; }
    std::vector<bool> whole_parameters() const override { return {true, true}; }
    std::string identity() const override { return "fake"; }

    std::vector<Design> designs() const override {
        std::vector<Design> designs;
        for (const double p : options_.designs) {
            Design design;
            design.canonical = "fake p=" + std::to_string(p);
            design.key = mix(std::bit_cast<std::uint64_t>(p));
            design.trials_per_block = options_.trials_per_block;
            design.bytes_per_trial = options_.bytes_per_trial;
            design.bytes_per_worker = options_.bytes_per_worker;
            design.flops_per_trial = 100.0;
            design.points_apart = options_.apart;
            for (const double n : options_.samples) {
                for (const std::string& arm : options_.arms)
                    design.series.push_back({design.points.size(), arm, arm, "excess_risk"});
                design.points.push_back({{p, n}});
            }
            designs.push_back(std::move(design));
        }
        return designs;
    }

    std::unique_ptr<Simulation> simulation(const Design& design, Engine&,
                                           std::size_t batch) const override {
        return std::make_unique<FakeSimulation>(options_, design, batch, log_);
    }

    std::vector<TheoryRow> theory(const Point& point) const override {
        const double n = point.parameters[1];
        std::vector<TheoryRow> rows{
            {"", "xi", {1.0 / n, TheoryKind::deterministic_equivalent}, ""}};
        if (!options_.with_theory) return rows;
        const double mean = n == options_.zero_risk ? 0.0 : mean_of(n);
        if (n == options_.ratio) return rows;
        const std::string flags = n == options_.near_interpolation ? "near_interpolation" : "";
        for (const std::string& arm : options_.arms)
            rows.push_back({arm,
                            "excess_risk",
                            {mean, TheoryKind::exact},
                            flags,
                            n == options_.zero_risk ? 1.0 : 0.0,
                            options_.tail_exponent});
        return rows;
    }
    Coordinates coordinates(const Point&) const override { return {}; }
    std::vector<DerivedRow> derived() const override { return options_.derived; }

private:
    Options options_;
    std::shared_ptr<Log> log_;
};

inline Study study(const Options& options, std::uint64_t trials,
                   std::shared_ptr<Log> log = std::make_shared<Log>()) {
    Study study;
    study.name = "fake";
    study.kind = "fake";
    study.seed = 1;
    study.precision.trials = trials;
    study.setting = std::make_shared<FakeSetting>(options, std::move(log));
    study.text = "schema = 1\n";
    study.identity = "fake seed=1";
    return study;
}

inline Study adaptive_study(const Options& options, double rel_std_err, std::uint64_t max_trials,
                            std::shared_ptr<Log> log = std::make_shared<Log>()) {
    Study result = study(options, 0, std::move(log));
    result.precision.rel_std_err = rel_std_err;
    result.precision.max_trials = max_trials;
    return result;
}

inline RunEnd run_into(const std::filesystem::path& folder, const Study& study,
                       std::size_t threads = 2) {
    RunOptions options;
    options.directory = folder;
    options.device = "cpu";
    options.threads = threads;
    options.argv = {"cucurbit", "run"};
    return run(study, options);
}

inline std::vector<Row> rows_of(const Options& options, std::uint64_t trials) {
    const Folder folder;
    const Study made = study(options, trials);
    run_into(folder.path(), made);
    return summarize(Store::open_to_read(folder.path()), made).rows;
}

/// The table as bytes: every bit of every number.
inline std::string bytes_of(const Table& table) {
    std::ostringstream out;
    const auto number = [&out](double value) {
        out << std::hex << std::bit_cast<std::uint64_t>(value) << ' ';
    };
    for (const Row& row : table.rows) {
        for (const double value : row.parameters) number(value);
        out << row.arm << ' ' << row.estimand << ' ';
        for (const double value :
             {row.estimate, row.std_err, row.ci95_low, row.ci95_high, row.theory, row.z})
            number(value);
        out << row.n_trials << ' ' << row.n_failed << ' ' << row.flags << '\n';
    }
    return out.str();
}

inline std::string table_of(const std::filesystem::path& folder, const Study& study) {
    return bytes_of(summarize(Store::open_to_read(folder), study));
}

/// Of a run in a folder of its own.
inline Table table_after(const Study& study) {
    const Folder folder;
    if (run_into(folder.path(), study) != RunEnd::complete) throw std::runtime_error("not done");
    return summarize(Store::open_to_read(folder.path()), study);
}

inline const Row& row_of(const Table& table, double samples, const std::string& arm) {
    for (const Row& row : table.rows)
        if (row.parameters.at(1) == samples && row.arm == arm && row.estimand == "excess_risk")
            return row;
    throw std::out_of_range("no such row");
}

}  // namespace cucurbit::fake
