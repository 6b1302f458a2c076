#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "cucurbit/run.hpp"
#include "host/run/precision.hpp"
#include "host/run/summary.hpp"

namespace cucurbit {

namespace {

/// Relative rounding of a measured risk: a smaller standard error is no spread of the trials.
constexpr double rounding = 1e-9;

void add_flag(std::string& flags, const std::string& flag) {
    if (!flags.empty()) flags += ' ';
    flags += flag;
}

void add_theory(const TheoryRow* theory, Row& row) {
    if (!theory) return;
    row.theory = theory->prediction.value;
    row.theory_kind = theory->prediction.kind;
    row.flags = theory->flags;
    if (is_zero_risk(theory)) add_flag(row.flags, "zero_risk");
    if (lacks_variance(theory) && !has_flag(row.flags, "near_interpolation"))
        add_flag(row.flags, "near_interpolation");
}

void add_estimate(const SeriesSummary& summary, const TheoryRow* theory, std::uint64_t wanted,
                  Row& row) {
    row.n_trials = summary.trials;
    row.n_failed = summary.failed;
    row.estimate = summary.moments.mean();
    row.std_err = summary.moments.standard_error();
    if (!lacks_variance(theory)) {
        const Interval interval = confidence_interval(summary.moments);
        row.ci95_low = interval.low;
        row.ci95_high = interval.high;
        const bool has_spread = row.std_err > rounding * std::abs(row.theory);
        if (has_spread && std::isfinite(row.theory) && !is_zero_risk(theory))
            row.z = (row.estimate - row.theory) / row.std_err;
    }
    if (summary.rank_deficient > 0) add_flag(row.flags, "rank_deficient");
    if (summary.escalated > 0)
        add_flag(row.flags,
                 fmt::format("escalated={:.3g}", static_cast<double>(summary.escalated) /
                                                     static_cast<double>(summary.trials)));
    if (summary.trials < wanted) add_flag(row.flags, "incomplete");
}

/// Where the mean says little: quantiles, as rows of their own.
void add_quantiles(const SeriesSummary& summary, const Row& mean, LabelNoise label_noise,
                   std::vector<Row>& rows) {
    constexpr std::array<std::pair<const char*, double>, 3> quantiles{
        {{"_q05", 0.05}, {"_median", 0.5}, {"_q95", 0.95}}};
    for (const auto& [suffix, q] : quantiles) {
        Row row;
        row.parameters = mean.parameters;
        row.arm = mean.arm;
        row.estimand = mean.estimand + suffix;
        row.estimate = quantile(summary.values, q);
        row.n_trials = mean.n_trials;
        row.n_failed = mean.n_failed;
        row.flags = mean.flags;
        if (label_noise == LabelNoise::integrate) add_flag(row.flags, "conditional_mean");
        rows.push_back(std::move(row));
    }
}

Row empty_row(const Point& point, const std::string& arm, const std::string& estimand) {
    Row row;
    row.parameters = point.parameters;
    row.arm = arm;
    row.estimand = estimand;
    return row;
}

/// Rows of one point: its series, then what theory alone says. store: null for theory alone.
void add_point(const Store* store, const Study& study, const Design& design, std::size_t point,
               std::uint64_t wanted, std::vector<Row>& rows) {
    const std::vector<TheoryRow> theory = study.setting->theory(design.points[point]);
    std::vector<bool> used(theory.size(), false);
    for (const Series& series : design.series) {
        if (series.point != point) continue;
        const TheoryRow* predicted = find_theory(theory, series);
        if (predicted) used[static_cast<std::size_t>(predicted - theory.data())] = true;
        if (!store && !predicted) continue;
        Row row = empty_row(design.points[point], series.arm, series.estimand);
        add_theory(predicted, row);
        if (!store) {
            rows.push_back(std::move(row));
            continue;
        }
        const bool quantiles = lacks_variance(predicted);
        const SeriesSummary summary = summarize_series(
            store->read(series_key(*study.setting, design, series)), wanted, quantiles);
        add_estimate(summary, predicted, wanted, row);
        rows.push_back(row);
        if (quantiles) add_quantiles(summary, row, study.precision.label_noise, rows);
    }
    for (std::size_t i = 0; i < theory.size(); ++i) {
        if (used[i]) continue;
        Row row = empty_row(design.points[point], theory[i].arm, theory[i].estimand);
        add_theory(&theory[i], row);
        rows.push_back(std::move(row));
    }
}

Table make_table(const Store* store, const Study& study) {
    Table table{study.setting->parameters(), study.setting->whole_parameters(), {}};
    for (const Design& design : study.setting->designs()) {
        const std::uint64_t wanted = store ? wanted_trials(*store, study, design) : 0;
        for (std::size_t point = 0; point < design.points.size(); ++point)
            add_point(store, study, design, point, wanted, table.rows);
    }
    return table;
}

}  // namespace

Table summarize(const Store& store) {
    return summarize(store, store.study());
}
Table summarize(const Store& store, const Study& study) {
    return make_table(&store, study);
}
Table theory_table(const Study& study) {
    return make_table(nullptr, study);
}

double failed_share(const Table& table) {
    double share = 0.0;
    for (const Row& row : table.rows)
        if (row.n_trials > 0)
            share = std::max(share,
                             static_cast<double>(row.n_failed) / static_cast<double>(row.n_trials));
    return share;
}

}  // namespace cucurbit
