#include "host/run/budget.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

#include "cucurbit/costs.hpp"
#include "host/run/precision.hpp"
#include "host/store/units.hpp"

namespace cucurbit {

namespace {

using Clock = std::chrono::steady_clock;

constexpr double seconds_to_time = 0.02;  ///< a design's trials, beside a batch that does not count
/// An error that was forecast is estimated anew after its run: beyond it by this share it would
/// take one more round.
constexpr double margin = 1.03;

/// What trials of each design take on the devices of the plan, all workers side by side.
std::vector<double> trial_seconds(const Study& study, const RunOptions& options) {
    const Plan plan = make_plan(study, options.device, options.threads);
    std::vector<double> seconds;
    for (std::size_t i = 0; i < plan.entries.size(); ++i)
        seconds.push_back(1.0 / measure(study, plan, i, seconds_to_time).trials_per_second);
    return seconds;
}

/// What is stored, where a point that stops alone takes its share of its design's time.
std::vector<Spent> spent(const Store& store, const Study& study, const Precision& asked,
                         const std::vector<double>& seconds) {
    std::vector<Spent> all;
    std::size_t index = 0;
    for (const Design& design : study.setting->designs()) {
        const double each = seconds[index++] / static_cast<double>(design.points.size());
        for (const Reached& reached : last_rounds(store, study, design, asked))
            all.push_back({reached.trials, reached.error,
                           each * static_cast<double>(reached.points.size()), reached.least});
    }
    return all;
}

/// What they have come to.
void judge(const std::vector<Spent>& all, Budgeted& done) {
    for (const Spent& one : all) done.error = std::max(done.error, one.least);
    double equal = 0.0, seconds = 0.0, of_a_trial = 0.0;
    for (const Spent& one : all) {
        const auto trials = static_cast<double>(one.trials);
        equal = std::max(equal, trials * std::pow(one.least / done.error, 2.0));
        seconds += one.seconds * trials;
        of_a_trial += one.seconds;
    }
    if (done.error > 0.0) done.saved = of_a_trial * equal / seconds;
}

}  // namespace

Forecast forecast(std::vector<Spent> all, double seconds, const Precision& precision) {
    const auto less = [](const Spent& a, const Spent& b) { return a.error < b.error; };
    std::make_heap(all.begin(), all.end(), less);
    Forecast result;
    for (const Spent& one : all) result.trials = std::max(result.trials, one.trials);
    while (!all.empty()) {
        std::pop_heap(all.begin(), all.end(), less);
        Spent& worst = all.back();
        result.error = worst.error;
        const std::uint64_t next = next_round(worst.trials, precision);
        const double more = static_cast<double>(next - worst.trials) * worst.seconds;
        if (!(worst.error > 0.0) || result.seconds + more > seconds || next > countless_trials)
            break;
        result.seconds += more;
        worst.error *= std::sqrt(static_cast<double>(worst.trials) / static_cast<double>(next));
        worst.trials = next;
        result.trials = std::max(result.trials, next);
        std::push_heap(all.begin(), all.end(), less);
    }
    return result;
}

Budgeted run_within(double seconds, const Precision& asked, const ToPrecision& to_precision,
                    const RunOptions& options,
                    const std::function<void(const Forecast&)>& forecasts) {
    const auto start = Clock::now();
    const auto left = [&] {
        return seconds - std::chrono::duration<double>(Clock::now() - start).count();
    };
    // Means near zero have relative errors that a study cannot ask for.
    const auto study_to = [&](double error, std::uint64_t trials) {
        constexpr double least = 1e-12, largest = 0.999;
        Precision precision = to_relative_error(asked, std::clamp(error, least, largest));
        precision.max_trials = trials;
        return to_precision(precision);
    };
    const auto run_to = [&](Study study) {
        RunOptions within = options;
        within.max_seconds = std::max(left(), 0.0);
        const RunEnd end = run(study, within);
        return Budgeted{end, std::move(study)};
    };
    Budgeted first = run_to(study_to(1.0, round_trials));
    if (first.end == RunEnd::stopped) return first;
    std::vector<double> costs = trial_seconds(first.study, options);
    const auto now = [&] {
        return spent(Store::open_to_read(options.directory), first.study, asked, costs);
    };
    while (true) {
        const std::vector<Spent> all = now();
        // Half of the time is left to what the trials of the other half will have told.
        Forecast next = forecast(all, 0.5 * left(), first.study.precision);
        if (next.seconds == 0.0) next = forecast(all, left() / margin, first.study.precision);
        if (next.seconds == 0.0) break;
        forecasts(next);
        const double before = left();
        Budgeted more = run_to(study_to(margin * next.error, next.trials));
        if (options.stop != nullptr && options.stop->load() > 0) return more;
        if (more.end == RunEnd::stopped) break;
        const double slower = (before - left()) / next.seconds;
        for (double& cost : costs) cost *= std::clamp(slower, 0.5, 2.0);
    }
    const std::vector<Spent> all = now();
    Budgeted done;
    judge(all, done);
    // Every design has stopped by then: this computes nothing, and makes it the folder's study.
    // Other machines round the error differently: what is asked for is above it by more than that.
    constexpr double above_rounding = 1.0 + 1e-6;
    done.study =
        study_to(above_rounding * done.error, forecast(all, 0.0, first.study.precision).trials);
    done.end = run(done.study, options);
    return done;
}

}  // namespace cucurbit
