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
/// double the trials once more.
constexpr double margin = 1.03;
constexpr std::uint64_t most_rounds = std::uint64_t{1} << 50U;

/// What trials of each design take on the devices of the plan, all workers side by side.
std::vector<double> trial_seconds(const Study& study, const RunOptions& options) {
    const Plan plan = make_plan(study, options.device, options.threads);
    std::vector<double> seconds;
    for (std::size_t i = 0; i < plan.entries.size(); ++i)
        seconds.push_back(1.0 / measure(study, plan, i, seconds_to_time).trials_per_second);
    return seconds;
}

std::vector<DesignPrecision> precisions(const Store& store, const Study& study,
                                        const std::vector<double>& seconds) {
    std::vector<DesignPrecision> all;
    for (const Design& design : study.setting->designs()) {
        const Reached reached = last_round(store, study, design);
        all.push_back({reached.trials, reached.error, seconds[all.size()]});
    }
    return all;
}

/// What they have come to.
void judge(const std::vector<DesignPrecision>& designs, Budgeted& done) {
    for (const DesignPrecision& design : designs) done.error = std::max(done.error, design.error);
    double equal = 0.0, spent = 0.0, each = 0.0;
    for (const DesignPrecision& design : designs) {
        const auto trials = static_cast<double>(design.trials);
        equal = std::max(equal, trials * std::pow(design.error / done.error, 2.0));
        spent += design.seconds * trials;
        each += design.seconds;
    }
    if (done.error > 0.0) done.saved = each * equal / spent;
}

}  // namespace

Forecast forecast(std::vector<DesignPrecision> designs, double seconds) {
    const auto less = [](const DesignPrecision& a, const DesignPrecision& b) {
        return a.error < b.error;
    };
    std::make_heap(designs.begin(), designs.end(), less);
    Forecast all;
    for (const DesignPrecision& design : designs) all.trials = std::max(all.trials, design.trials);
    while (!designs.empty()) {
        std::pop_heap(designs.begin(), designs.end(), less);
        DesignPrecision& worst = designs.back();
        all.error = worst.error;
        const double more = static_cast<double>(worst.trials) * worst.seconds;
        if (!(worst.error > 0.0) || all.seconds + more > seconds || worst.trials > most_rounds)
            break;
        all.seconds += more;
        worst.trials *= 2;
        worst.error /= std::sqrt(2.0);
        all.trials = std::max(all.trials, worst.trials);
        std::push_heap(designs.begin(), designs.end(), less);
    }
    return all;
}

Budgeted run_within(double seconds, const ToPrecision& to_precision, const RunOptions& options,
                    const std::function<void(const Forecast&)>& forecasts) {
    const auto start = Clock::now();
    const auto left = [&] {
        return seconds - std::chrono::duration<double>(Clock::now() - start).count();
    };
    // Means near zero have relative errors that a study cannot ask for.
    const auto study_to = [&](double error, std::uint64_t trials) {
        constexpr double least = 1e-12, largest = 0.999;
        return to_precision(std::clamp(error, least, largest), trials);
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
        return precisions(Store::open_to_read(options.directory), first.study, costs);
    };
    while (true) {
        const std::vector<DesignPrecision> designs = now();
        // Half of the time is left to what the trials of the other half will have told.
        Forecast next = forecast(designs, 0.5 * left());
        if (next.seconds == 0.0) next = forecast(designs, left() / margin);
        if (next.seconds == 0.0) break;
        forecasts(next);
        const double before = left();
        Budgeted more = run_to(study_to(margin * next.error, next.trials));
        if (options.stop != nullptr && options.stop->load() > 0) return more;
        if (more.end == RunEnd::stopped) break;
        const double slower = (before - left()) / next.seconds;
        for (double& cost : costs) cost *= std::clamp(slower, 0.5, 2.0);
    }
    const std::vector<DesignPrecision> designs = now();
    Budgeted done;
    judge(designs, done);
    // Every design has stopped by then: this computes nothing, and makes it the folder's study.
    // Other machines round the error differently: what is asked for is above it by more than that.
    constexpr double above_rounding = 1.0 + 1e-6;
    done.study = study_to(above_rounding * done.error, forecast(designs, 0.0).trials);
    done.end = run(done.study, options);
    return done;
}

}  // namespace cucurbit
