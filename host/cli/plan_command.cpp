#include <chrono>
#include <cmath>
#include <limits>
#include <memory>
#include <numeric>
#include <set>

#include "cucurbit/engine.hpp"
#include "cucurbit/run.hpp"
#include "host/cli/card_plans.hpp"
#include "host/cli/commands.hpp"
#include "host/cli/output.hpp"
#include "host/cli/talk.hpp"
#include "host/run/choice.hpp"
#include "host/run/precision.hpp"
#include "host/run/workers.hpp"
#include "kernels/cpu/cores.hpp"
#include "kernels/devices.hpp"

namespace cucurbit::cli {

namespace {

using Clock = std::chrono::steady_clock;

struct PlanArguments {
    StudyOptions study;
    DeviceOptions device;
    NamedShard shard;
    Output output{"aligned", ""};
};

constexpr double seconds_to_measure = 3.0;  // all designs together
constexpr double seconds_per_design = 0.1;
constexpr double flops_of_a_quick_batch = 2e9;  // what one timed call may cost
constexpr double flops_of_a_quick_trial = 4e10;

const char* rung_name(Rung rung) {
    switch (rung) {
        case Rung::none:
            return "none";
        case Rung::cholesky:
            return "cholesky";
        case Rung::refined:
            return "refined";
        case Rung::orthogonal:
            return "orthogonal";
        case Rung::truncated:
            return "truncated";
    }
    return "";
}

struct Measurement {
    double seconds_per_trial = std::numeric_limits<double>::quiet_NaN();
    std::set<Rung> rungs;
};

// Trials that no store keeps: the design's first ones. The first call fills caches, and counts only
// where it takes long by itself.
Measurement measure(const Study& study, const Plan::Entry& entry, const Device& device) {
    const double affordable = flops_of_a_quick_batch / std::max(1.0, entry.design.flops_per_trial);
    const std::size_t batch =
        std::clamp<std::size_t>(static_cast<std::size_t>(affordable), 1, entry.batch);
    const EnginePointer engine = make_engine(device);
    const auto simulation = study.setting->simulation(entry.design, *engine, batch);
    std::vector<std::uint64_t> trials(batch);
    TrialValues values;
    Measurement result;
    const auto timed = [&](std::size_t first) {
        std::iota(trials.begin(), trials.end(), std::uint64_t{first});
        const auto start = Clock::now();
        simulation->run(trials, values);
        for (const Outcome& outcome : values.outcomes) result.rungs.insert(outcome.rung);
        return std::chrono::duration<double>(Clock::now() - start).count();
    };
    double seconds = timed(0);
    std::size_t calls = 1;
    if (seconds < seconds_per_design) {
        for (seconds = 0.0, calls = 0; calls < 64 && seconds < seconds_per_design; ++calls)
            seconds += timed((calls + 1) * batch);
    }
    result.seconds_per_trial = seconds / static_cast<double>(calls * batch);
    return result;
}

std::vector<Measurement> measure_all(const Study& study, const Plan& plan) {
    std::vector<Measurement> results(plan.entries.size());
    if (study.setting->missing_function()) return results;
    const auto start = Clock::now();
    for (std::size_t i = 0; i < plan.entries.size(); ++i) {
        const std::chrono::duration<double> passed = Clock::now() - start;
        if (passed.count() > seconds_to_measure) break;
        if (plan.entries[i].design.flops_per_trial <= flops_of_a_quick_trial)
            results[i] = measure(study, plan.entries[i], plan.devices.front());
    }
    return results;
}

// Flops a second over all that was measured; NaN when nothing was.
double measured_rate(const Plan& plan, const std::vector<Measurement>& measurements) {
    double flops = 0.0;
    double seconds = 0.0;
    for (std::size_t i = 0; i < measurements.size(); ++i) {
        if (std::isnan(measurements[i].seconds_per_trial)) continue;
        flops += plan.entries[i].design.flops_per_trial;
        seconds += measurements[i].seconds_per_trial;
    }
    return flops / seconds;
}

std::string solver_text(const Measurement& measurement) {
    std::string text;
    for (const Rung rung : measurement.rungs)
        if (rung != Rung::none) text += (text.empty() ? "" : "+") + std::string(rung_name(rung));
    return text;
}

// "0-63", or several ranges of trials with spaces between them.
std::string ranges_text(const std::vector<TrialRange>& trials) {
    std::string text;
    for (const TrialRange& range : trials)
        text += fmt::format("{}{}-{}", text.empty() ? "" : " ", range.first, range.end() - 1);
    return text;
}

std::string size_text(double bytes) {
    const char* const units[] = {"kB", "MB", "GB", "TB", "PB", "EB"};
    std::size_t unit = 0;
    bytes /= 1e3;
    while (bytes >= 1e3 && unit + 1 < std::size(units)) {
        bytes /= 1e3;
        ++unit;
    }
    return fmt::format("{:.{}f} {}", bytes, bytes < 10.0 ? 1 : 0, units[unit]);
}

// What a whole run will have on disk, and what it would the other way.
void say_disk(const Study& study, const StoredBytes& bytes) {
    constexpr double large = 1e9;
    const std::string of_trials = size_text(bytes.trials), of_moments = size_text(bytes.moments);
    const char* most = is_fixed(study.precision) ? "about" : "at most about";
    if (study.precision.keep == Keep::moments)
        say(fmt::format("on disk: {} {} of moments; every trial would take {}", most, of_moments,
                        of_trials));
    else
        say(fmt::format("on disk: {} {} of trials; keep = \"moments\" takes {}{}", most, of_trials,
                        of_moments,
                        bytes.trials < large
                            ? ""
                            : ", and suits so many, where quantiles and replay are not needed"));
}

// Values that wait where so many are made in a second. Trials are gathered for a second and written
// in another. Moments are made of what has arrived, 20 times a second, by a thread that competes
// with the workers for a core: where they give it much to do, values wait until the workers do.
double waiting_values(double a_second, bool moments) {
    constexpr double seconds_a_value = 25e-9, much = 0.25, most = 2.0 * max_waiting_values;
    if (!moments) return std::min(2.0 * a_second, most);
    return seconds_a_value * a_second > much ? most : 0.1 * a_second;
}

// What a run takes of the host's memory: the program with what it maps, its designs, what the
// store knows of its series, and the table; while it computes workspaces, the values of batches in
// flight and of two seconds (one that is gathered and one that is written), and SQLite's pages; at
// its end the values of the series that are summed up. Fitted to the peaks of runs
// (docs/reliability.md).
double host_bytes(const Study& study, const Plan& plan, bool on_cpu,
                  const std::vector<double>& trial_seconds) {
    constexpr double program_bytes = 12.5e6, series_bytes = 1600.0, row_bytes = 360.0;
    constexpr double page_bytes = 8e6;     // of the store's file, where it is as large
    constexpr double summed_bytes = 25.0;  // of a trial of a series
    constexpr double value_bytes = sizeof(double) + sizeof(Outcome);
    // Laws that are rows of their own count where points are many; a law itself may take seconds.
    constexpr std::size_t many_points = 1000;
    const auto workers = static_cast<double>(plan.workers);
    const bool moments = study.precision.keep == Keep::moments;
    double bytes = program_bytes, on_the_way = 0.0, stored = 0.0;
    std::uint64_t most_trials = 0;
    std::size_t laws = 0, points = 0;
    for (std::size_t i = 0; i < plan.entries.size(); ++i) {
        const Plan::Entry& entry = plan.entries[i];
        const Design& design = entry.design;
        const auto series = static_cast<double>(design.series.size());
        if (laws == 0 && design.points.size() >= many_points)
            laws = study.setting->theory(design.points.front()).size();
        // Rows of a point: its laws, those of series among them, or its series without a law.
        const std::size_t rows = std::max(laws * design.points.size(), design.series.size());
        bytes += series_bytes * series + row_bytes * static_cast<double>(rows);
        const auto trials = static_cast<double>(entry.trials);
        const double a_second = workers * series / trial_seconds[i];
        const double in_flight = workers * series * static_cast<double>(entry.batch);
        on_the_way = std::max(
            on_the_way,
            value_bytes * std::min(series * trials, in_flight + waiting_values(a_second, moments)));
        stored += series * sizeof(double) * trials;
        points += design.points.size();
        most_trials = std::max(most_trials, entry.trials);
    }
    if (moments) stored = plan.disk.moments;
    const double computing = on_the_way + std::min(page_bytes, stored) +
                             static_cast<double>(on_cpu ? plan.peak_bytes : plan.host_peak_bytes);
    const double at_once = static_cast<double>(std::min({points, usable_cores(), std::size_t{8}}));
    const double summing =
        moments ? 0.0 : at_once * summed_bytes * static_cast<double>(most_trials);
    return bytes + std::max(computing, summing);
}

class PlanTable {
public:
    explicit PlanTable(bool of_a_shard) : of_a_shard_(of_a_shard) {}

    void add(const Plan::Entry& entry, const std::string& solver, double seconds) {
        names_.push_back(std::to_string(entry.index + 1));
        shares_.push_back(ranges_text(entry.share));
        solvers_.push_back(solver);
        seconds_.push_back(seconds);
        flops_.push_back(entry.design.flops_per_trial * static_cast<double>(entry.trials));
        counts_[0].push_back(static_cast<std::int64_t>(entry.design.points.size()));
        counts_[1].push_back(static_cast<std::int64_t>(entry.design.series.size()));
        counts_[2].push_back(static_cast<std::int64_t>(entry.blocks));
        counts_[3].push_back(static_cast<std::int64_t>(entry.trials));
        counts_[4].push_back(static_cast<std::int64_t>(entry.batch));
        counts_[5].push_back(static_cast<std::int64_t>(entry.bytes));
    }

    std::vector<Column> columns() const {
        std::vector<Column> result{{"design", names_}};
        const char* names[] = {"points", "series", "blocks", "trials", "batch", "bytes_per_worker"};
        for (std::size_t i = 0; i < std::size(names); ++i) result.push_back({names[i], counts_[i]});
        if (of_a_shard_) result.push_back({"share", shares_});
        result.push_back({"flops", flops_});
        result.push_back({"solver", solvers_});
        result.push_back({"seconds", seconds_});
        return result;
    }

private:
    bool of_a_shard_;
    std::vector<std::string> names_, shares_, solvers_;
    std::vector<double> flops_, seconds_;
    std::vector<std::int64_t> counts_[6];
};

// Predictions for known cards, whatever is there, beside what a card that is there needs.
Exit plan_cards(const Study& study, const PlanArguments& options) {
    const Shard shard = shard_of(options.shard.name, options.study);
    CardPlanTable table;
    add_predictions(study, shard, options.device.threads, table);
    try {
        const Plan plan = make_plan(study, options.device.device, options.device.threads, shard);
        const std::vector<Measurement> measurements = measure_all(study, plan);
        for (std::size_t i = 0; i < plan.entries.size(); ++i)
            table.add_measured(plan, i, measurements[i].seconds_per_trial);
    } catch (const DeviceError& error) {
        say(std::string("nothing is measured: ") + error.what());
    }
    print_columns(table.columns(), options.output);
    for (const Card& card : known_cards())
        say(fmt::format("{}: {:.3g} TB/s, fp64 {:.3g} Tflop/s, in matrix products {:.3g} ({})",
                        card.name, card.bytes_per_second / 1e12, card.flops_per_second / 1e12,
                        card.product_flops_per_second / 1e12, card.source));
    say("predicted times are lower bounds by these published figures and 4 µs for each launch or "
        "library call, for trials that need Cholesky factors only; no card measured them");
    return Exit::done;
}

Exit plan_command(const PlanArguments& options) {
    const Study study = read_study(options.study, options.output);
    warn_of_remarks(study);
    if (options.device.device.starts_with("cuda")) return plan_cards(study, options);
    const Shard shard = shard_of(options.shard.name, options.study);
    const Plan plan = make_plan(study, options.device.device, options.device.threads, shard);
    const std::vector<Measurement> measurements = measure_all(study, plan);
    const double measured = measured_rate(plan, measurements);
    const double rate = std::isnan(measured) ? core_flops_per_second : measured;
    PlanTable table(!options.shard.name.empty());
    double total = 0.0;
    std::uint64_t trials = 0;
    std::vector<double> trial_seconds;
    for (std::size_t i = 0; i < plan.entries.size(); ++i) {
        const Plan::Entry& entry = plan.entries[i];
        const double per_trial = std::isnan(measurements[i].seconds_per_trial)
                                     ? entry.design.flops_per_trial / rate
                                     : measurements[i].seconds_per_trial;
        trial_seconds.push_back(per_trial);
        const double seconds = static_cast<double>(entry.trials) * per_trial /
                               static_cast<double>(std::max<std::size_t>(plan.workers, 1));
        table.add(entry, solver_text(measurements[i]), seconds);
        total += seconds;
        trials += entry.trials;
    }
    print_columns(table.columns(), options.output);
    say("solver: the rungs that trials timed now needed, of cholesky, refined, orthogonal, "
        "truncated; "
        "chosen for each trial and n by its condition");
    const std::string round =
        is_fixed(study.precision)
            ? ""
            : fmt::format(" of the {} round ({})", shard.of.empty() ? "first" : "present",
                          precision_text(study.precision));
    say(fmt::format("total: {}{} on {} with {}, {:.3g} flops", plural(trials, "trial"), round,
                    plan.device, plural(plan.workers, "worker"), plan.flops));
    constexpr double mebibyte = 1048576.0;
    const bool on_cpu = plan.devices.front().cache_bytes > 0;
    say(
        fmt::format("memory: at most {:.1f} MiB of workspaces{}; about {:.0f} MiB of this machine "
                    "in all",
                    static_cast<double>(plan.peak_bytes) / mebibyte, on_cpu ? "" : " on the card",
                    host_bytes(study, plan, on_cpu, trial_seconds) / mebibyte));
    say_disk(study, plan.disk);
    if (!plan.reason.empty()) say(device_text(plan.device, plan.reason));
    say(fmt::format("expected time: about {} ({})", duration_text(total),
                    std::isnan(measured) ? fmt::format("a guess: {} here, {:.2g} Gflop/s a worker",
                                                       study.setting->missing_function()
                                                           ? "no functions in Python are called"
                                                           : "trials too large to be timed",
                                                       core_flops_per_second / 1e9)
                                         : "an estimate from trials timed now on one worker"));
    return Exit::done;
}

}  // namespace

void add_plan(Program& program) {
    CLI::App& command = *program.app.add_subcommand(
        "plan", "Say what a run would do: designs, blocks, memory, solver, expected time");
    const auto options = std::make_shared<PlanArguments>();
    add_study_options(command, options->study);
    add_device_options(command, options->device);
    add_shard(command, options->shard);
    add_output_options(command, options->output, Aligned::allowed);
    on_chosen(program, command, options, plan_command);
}

}  // namespace cucurbit::cli
