#include "host/run/precision.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <optional>
#include <utility>

#include "host/run/kept.hpp"
#include "host/run/summary.hpp"
#include "host/store/units.hpp"

namespace cucurbit {

namespace {

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
    Prefixes(const Prefixes&) = delete;
    Prefixes& operator=(const Prefixes&) = delete;
    /// Valid until the next call; quickest where their numbers ascend.
    const SeriesSummary& summary(std::uint64_t trials) {
        if (!moments_) return first_.until(trials);
        return of_moments_ = summarize_series(moments_until(store_, key_, trials));
    }

private:
    const Store& store_;
    const SeriesKey& key_;
    bool moments_;
    std::vector<BlockValues> values_;
    FirstTrials first_{values_};
    SeriesSummary of_moments_;
};

/// Points that stop together, and their series.
struct Together {
    std::vector<std::size_t> points, series;
};
std::vector<Together> stopping_together(const Design& design) {
    std::vector<Together> all(design.points_apart ? design.points.size() : 1);
    const auto of = [&](std::size_t point) -> Together& {
        return all[design.points_apart ? point : 0];
    };
    for (std::size_t point = 0; point < design.points.size(); ++point)
        of(point).points.push_back(point);
    for (std::size_t s = 0; s < design.series.size(); ++s)
        of(design.series[s].point).series.push_back(s);
    return all;
}

/// How many times as many trials would make a mean as precise as asked for.
double trials_lacking(const SeriesSummary& summary, const Precision& precision) {
    const double error = summary.standard_error();
    const double allowed = std::max(precision.abs_std_err.value_or(0.0),
                                    precision.rel_std_err.value_or(0.0) * std::abs(summary.mean()));
    return std::pow(error / allowed, 2.0);
}

/// What the store says of series that stop together.
class Stopping {
public:
    Stopping(const Store& store, const Study& study, std::vector<std::uint64_t> rounds)
        : store_(store), study_(study), rounds_(std::move(rounds)) {}

    void add(SeriesKey key, Decides decides) {
        const std::vector<TrialRange>& trials = store_.trials(key);
        if (!trials.empty()) end_ = std::max(end_, trials.back().end());
        while (reached_ > 0 && !has_all(trials, rounds_[reached_ - 1])) --reached_;
        if (decides != Decides::never) deciding_.emplace_back(std::move(key), decides);
    }

    /// The last round that all have.
    std::uint64_t reached() const { return reached_ > 0 ? rounds_[reached_ - 1] : 0; }

    /// Behind the last trial that any has.
    std::uint64_t end() const { return end_; }

    /// The largest relative_error of each round until then.
    std::vector<double> errors(const Precision& asked) const {
        std::vector<double> largest(std::max<std::size_t>(reached_, 1), 0.0);
        for (const auto& [key, decides] : deciding_) {
            Prefixes prefixes(store_, study_, key);
            for (std::size_t k = 0; k < reached_; ++k) {
                const SeriesSummary& summary = prefixes.summary(rounds_[k]);
                const double error = relative_error(summary, asked);
                if (error > largest[k] && counts(summary, decides)) largest[k] = error;
            }
        }
        return largest;
    }

    std::uint64_t wanted() const {
        if (reached_ == 0) return rounds_.front();
        std::vector<bool> precise(reached_, true);
        double lacking = 1.0;
        for (const auto& [key, decides] : deciding_) {
            Prefixes prefixes(store_, study_, key);
            const auto lacks_precision = [&, decides = decides](const SeriesSummary& summary) {
                return !is_precise(summary, study_.precision) && counts(summary, decides);
            };
            for (std::size_t k = 0; k + 1 < reached_; ++k)
                if (precise[k] && lacks_precision(prefixes.summary(rounds_[k]))) precise[k] = false;
            const SeriesSummary& last = prefixes.summary(reached());
            if (!lacks_precision(last)) continue;
            precise.back() = false;
            lacking = std::max(lacking, trials_lacking(last, study_.precision));
        }
        for (std::size_t k = 0; k < reached_; ++k)
            if (precise[k]) return rounds_[k];
        return next(lacking);
    }

private:
    /// Whether its standard error means something after these trials.
    static bool counts(const SeriesSummary& summary, Decides decides) {
        return decides == Decides::always || !has_heavy_tail(summary);
    }

    /// A round that is probably needed, so that there are few of them: at most twice the trials.
    std::uint64_t next(double lacking) const {
        constexpr double most = 2.0;
        const double trials = std::min(most, lacking) * static_cast<double>(reached());
        std::size_t k = std::min(reached_, rounds_.size() - 1);
        while (k + 1 < rounds_.size() && static_cast<double>(rounds_[k + 1]) <= trials) ++k;
        return rounds_[k];
    }

    const Store& store_;
    const Study& study_;
    std::vector<std::uint64_t> rounds_;
    std::vector<std::pair<SeriesKey, Decides>> deciding_;
    std::size_t reached_ = rounds_.size();  ///< how many
    std::uint64_t end_ = 0;
};

/// What `count` says of those that stop together, for each point of the design.
std::vector<std::uint64_t> count_by_point(
    const Store& store, const Study& study, const Design& design,
    const std::function<std::uint64_t(const Stopping&)>& count) {
    if (is_fixed(study.precision)) return std::vector(design.points.size(), study.precision.trials);
    const std::vector<Decides> deciding = deciding_series(*study.setting, design);
    std::vector<std::uint64_t> counts(design.points.size());
    for (const Together& together : stopping_together(design)) {
        Stopping stopping(store, study, rounds(study.precision));
        for (const std::size_t s : together.series)
            stopping.add(series_key(*study.setting, design, design.series[s]), deciding[s]);
        const std::uint64_t trials = count(stopping);
        for (const std::size_t point : together.points) counts[point] = trials;
    }
    return counts;
}

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

Precision to_relative_error(const Precision& asked, double rel_std_err) {
    Precision precision = asked;
    precision.rel_std_err = rel_std_err;
    if (asked.rel_std_err && asked.abs_std_err)
        precision.abs_std_err =
            *asked.abs_std_err * std::max(1.0, rel_std_err / *asked.rel_std_err);
    return precision;
}

double relative_error(const SeriesSummary& summary, const Precision& asked) {
    const double error = summary.standard_error();
    if (error == 0.0 || (asked.abs_std_err && error <= *asked.abs_std_err)) return 0.0;
    const double relative = error / std::abs(summary.mean());
    if (!asked.rel_std_err || !asked.abs_std_err) return relative;
    return std::min(relative, *asked.rel_std_err * error / *asked.abs_std_err);
}

std::uint64_t first_round(const Precision& precision) {
    return is_fixed(precision) ? precision.trials : std::min(round_trials, precision.max_trials);
}

std::uint64_t most_trials(const Precision& precision) {
    return is_fixed(precision) ? precision.trials : precision.max_trials;
}

std::vector<Decides> deciding_series(const Setting& setting, const Design& design) {
    std::vector<std::vector<TheoryRow>> theory;
    for (const Point& point : design.points) theory.push_back(setting.theory(point));
    std::vector<Decides> deciding;
    for (const Series& series : design.series) {
        const TheoryRow* row = find_theory(theory[series.point], series.arm, series.estimand);
        deciding.push_back(lacks_variance(row) || is_zero_risk(row) ? Decides::never
                           : is_tail_known(row)                     ? Decides::always
                                                                    : Decides::unless_heavy);
    }
    return deciding;
}

std::uint64_t next_round(std::uint64_t trials, const Precision& precision) {
    constexpr std::uint64_t in_a_doubling = 4;
    const std::uint64_t doubling = std::bit_floor(trials);
    return trials + (precision.keep == Keep::moments ? doubling : doubling / in_a_doubling);
}

std::vector<std::uint64_t> rounds(const Precision& precision) {
    std::vector<std::uint64_t> ends{first_round(precision)};
    while (ends.back() < most_trials(precision))
        ends.push_back(std::min(next_round(ends.back(), precision), most_trials(precision)));
    return ends;
}

std::vector<std::uint64_t> wanted_trials(const Store& store, const Study& study,
                                         const Design& design) {
    return count_by_point(store, study, design,
                          [](const Stopping& stopping) { return stopping.wanted(); });
}

std::vector<std::uint64_t> tabled_trials(const Store& store, const Study& study,
                                         const Design& design) {
    return count_by_point(store, study, design, [](const Stopping& stopping) {
        const std::uint64_t wanted = stopping.wanted();
        return stopping.reached() > 0 ? wanted : std::max(wanted, stopping.end());
    });
}

std::vector<std::vector<TrialRange>> wanted_ranges(const Store& store, const Study& study,
                                                   const Design& design) {
    std::vector<std::vector<TrialRange>> ranges;
    for (const std::uint64_t trials : wanted_trials(store, study, design))
        ranges.push_back({{0, trials}});
    return ranges;
}

std::vector<Reached> last_rounds(const Store& store, const Study& study, const Design& design,
                                 const Precision& asked) {
    const std::vector<Decides> deciding = deciding_series(*study.setting, design);
    Precision without_end = study.precision;
    without_end.max_trials = countless_trials;
    std::vector<Reached> all;
    for (const Together& together : stopping_together(design)) {
        Stopping stopping(store, study, rounds(without_end));
        for (const std::size_t s : together.series)
            stopping.add(series_key(*study.setting, design, design.series[s]), deciding[s]);
        const std::vector<double> errors = stopping.errors(asked);
        all.push_back({together.points, stopping.reached(), errors.back(),
                       *std::min_element(errors.begin(), errors.end())});
    }
    return all;
}
}  // namespace cucurbit
