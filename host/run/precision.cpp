#include "host/run/precision.hpp"

#include <algorithm>
#include <cmath>

#include "host/run/kept.hpp"
#include "host/run/summary.hpp"
#include "host/store/units.hpp"

namespace cucurbit {

namespace {

/// 256, 512, 1024, … , max_trials.
std::vector<std::uint64_t> round_ends(const Precision& precision) {
    std::vector<std::uint64_t> ends{first_round(precision)};
    while (ends.back() < precision.max_trials)
        ends.push_back(std::min(2 * ends.back(), precision.max_trials));
    return ends;
}

bool has_all(const std::vector<TrialRange>& trials, std::uint64_t count) {
    return !trials.empty() && trials.front().first == 0 && trials.front().count >= count;
}

/// A series' first trials, as many as one asks for.
class Prefixes {
public:
    Prefixes(const Store& store, const Study& study, const SeriesKey& key)
        : store_(store), key_(key), moments_(study.precision.keep == Keep::moments) {
        if (!moments_) values_ = store.read(key);
    }
    SeriesSummary summary(std::uint64_t trials) const {
        return moments_ ? summarize_series(moments_until(store_, key_, trials))
                        : summarize_series(values_, trials);
    }

private:
    const Store& store_;
    const SeriesKey& key_;
    bool moments_;
    std::vector<BlockValues> values_;
};

}  // namespace

bool is_fixed(const Precision& precision) {
    return !precision.rel_std_err && !precision.abs_std_err;
}

bool is_precise(const SeriesSummary& summary, const Precision& precision) {
    if (is_fixed(precision)) return true;
    const double error = summary.standard_error();
    if (precision.abs_std_err && error <= *precision.abs_std_err) return true;
    return precision.rel_std_err && error <= *precision.rel_std_err * std::abs(summary.mean());
}

std::uint64_t first_round(const Precision& precision) {
    return is_fixed(precision) ? precision.trials : std::min(round_trials, precision.max_trials);
}

std::uint64_t most_trials(const Precision& precision) {
    return is_fixed(precision) ? precision.trials : precision.max_trials;
}

std::vector<bool> deciding_series(const Setting& setting, const Design& design) {
    std::vector<std::vector<TheoryRow>> theory;
    for (const Point& point : design.points) theory.push_back(setting.theory(point));
    std::vector<bool> deciding;
    for (const Series& series : design.series) {
        const TheoryRow* row = find_theory(theory[series.point], series.arm, series.estimand);
        deciding.push_back(!lacks_variance(row) && !is_zero_risk(row));
    }
    return deciding;
}

std::uint64_t wanted_trials(const Store& store, const Study& study, const Design& design) {
    if (is_fixed(study.precision)) return study.precision.trials;
    const std::vector<std::uint64_t> rounds = round_ends(study.precision);
    const std::vector<bool> deciding = deciding_series(*study.setting, design);
    std::vector<bool> precise(rounds.size(), true);
    std::size_t reached = rounds.size();
    for (std::size_t s = 0; s < design.series.size(); ++s) {
        const SeriesKey key = series_key(*study.setting, design, design.series[s]);
        const std::vector<TrialRange>& trials = store.trials(key);
        while (reached > 0 && !has_all(trials, rounds[reached - 1])) --reached;
        if (reached == 0) return rounds.front();
        if (!deciding[s]) continue;
        const Prefixes prefixes(store, study, key);
        for (std::size_t k = 0; k < reached; ++k)
            if (precise[k] && !is_precise(prefixes.summary(rounds[k]), study.precision))
                precise[k] = false;
    }
    for (std::size_t k = 0; k < reached; ++k)
        if (precise[k]) return rounds[k];
    return rounds[std::min(reached, rounds.size() - 1)];
}

Reached last_round(const Store& store, const Study& study, const Design& design) {
    Reached reached;
    const auto all_have = [&](std::uint64_t trials) {
        return std::all_of(design.series.begin(), design.series.end(), [&](const Series& series) {
            return has_all(store.trials(series_key(*study.setting, design, series)), trials);
        });
    };
    for (std::uint64_t end = round_trials; all_have(end); end *= 2) reached.trials = end;
    const std::vector<bool> deciding = deciding_series(*study.setting, design);
    for (std::size_t s = 0; s < design.series.size(); ++s) {
        if (!deciding[s]) continue;
        const SeriesKey key = series_key(*study.setting, design, design.series[s]);
        const SeriesSummary summary = Prefixes(store, study, key).summary(reached.trials);
        const double error = summary.standard_error();
        const bool small = study.precision.abs_std_err && error <= *study.precision.abs_std_err;
        if (!small && error > 0.0)
            reached.error = std::max(reached.error, error / std::abs(summary.mean()));
    }
    return reached;
}

}  // namespace cucurbit
