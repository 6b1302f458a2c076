#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <mutex>
#include <optional>
#include <span>

#include "cucurbit/engine.hpp"
#include "cucurbit/run.hpp"
#include "host/run/kept.hpp"
#include "host/run/precision.hpp"
#include "host/run/summary.hpp"
#include "host/threads/host_threads.hpp"
#include "kernels/cpu/blas_memory.hpp"
#include "kernels/cpu/cores.hpp"

namespace cucurbit {

namespace {

/// Relative rounding of a measured risk: a smaller standard error is no spread of the trials.
constexpr double rounding = 1e-9;
constexpr Prediction no_prediction{std::numeric_limits<double>::quiet_NaN(), TheoryKind::none};
/// Points summarised at once: each holds a few series' values, some 25 bytes a trial.
constexpr std::size_t most_points_at_once = 8;
/// Points whose rows are made before they join the table, so that few are held twice.
constexpr std::size_t points_in_a_batch = 4096;
/// Parts of a batch for each thread: handing one out costs more than a small point.
constexpr std::size_t parts_per_thread = 16;

/// A store's values for several threads: it has one connection.
class StoredValues {
public:
    StoredValues(const Store& store, const Study& study) : store_(store), study_(study) {}
    std::vector<BlockValues> of(const Design& design, const Series& series) {
        const std::lock_guard lock(mutex_);
        return store_.read(series_key(*study_.setting, design, series));
    }
    SeriesSummary summary(const Design& design, const Series& series, std::uint64_t wanted) {
        return keeps_moments()
                   ? summarize_series(moments(series_key(*study_.setting, design, series), wanted))
                   : summarize_series(of(design, series), wanted);
    }
    bool keeps_moments() const { return study_.precision.keep == Keep::moments; }
    std::vector<MomentsBlock> moments(const SeriesKey& key, std::uint64_t wanted) {
        const std::lock_guard lock(mutex_);
        return moments_until(store_, key, wanted);
    }

private:
    const Store& store_;
    const Study& study_;
    std::mutex mutex_;
};

/// One point's part of a table.
struct PointRows {
    const Design& design;
    std::size_t point;
    std::vector<const Series*> series;
    std::uint64_t wanted;  ///< trials
    std::vector<Row> rows;
};

/// A ratio whose denominator is not clearly above zero.
const std::string unclear = "unclear_denominator";

void add_flag(std::string& flags, const std::string& flag) {
    if (!flags.empty()) flags += ' ';
    flags += flag;
}

void add_theory(const TheoryRow* theory, Row& row) {
    if (!theory) return;
    row.theory = theory->prediction.value;
    row.theory_kind = theory->prediction.kind;
    row.flags = theory->flags;
    row.relative_error = theory->prediction.relative_error;
    row.zero_scale = theory->zero_scale;
    if (is_zero_risk(theory)) add_flag(row.flags, "zero_risk");
    if (lacks_variance(theory) && !has_flag(row.flags, "near_interpolation"))
        add_flag(row.flags, "near_interpolation");
}

void add_interval(const SeriesSummary& summary, bool zero, Row& row) {
    const Interval interval = confidence_interval(summary.moments);
    row.ci95_low = summary.unit * interval.low;
    row.ci95_high = summary.unit * interval.high;
    const bool has_spread = row.std_err > rounding * std::abs(row.theory);
    if (has_spread && std::isfinite(row.theory) && !zero)
        row.z = (row.estimate - row.theory) / row.std_err;
}

/// Whether it lacks an interval.
bool add_estimate(const SeriesSummary& summary, const TheoryRow* theory, std::uint64_t wanted,
                  Row& row) {
    row.n_trials = summary.trials;
    row.n_failed = summary.failed;
    row.estimate = summary.mean();
    row.skewness = summary.moments.skewness();
    const bool lacks = lacks_interval(summary, theory);
    if (lacks) {
        if (!lacks_variance(theory)) add_flag(row.flags, heavy_tail);
    } else {
        row.std_err = summary.standard_error();
        if (theory &&
            static_cast<double>(summary.moments.count()) < least_trials(theory->tail_exponent))
            add_flag(row.flags, "few_trials");
        else
            add_interval(summary, is_zero_risk(theory), row);
    }
    if (summary.rank_deficient > 0) add_flag(row.flags, "rank_deficient");
    if (summary.escalated > 0)
        add_flag(row.flags,
                 fmt::format("escalated={:.3g}", static_cast<double>(summary.escalated) /
                                                     static_cast<double>(summary.trials)));
    if (summary.trials < wanted) add_flag(row.flags, "incomplete");
    return lacks;
}

/// "_median", or "_q" and the digits behind the point, at least two: "_q05", "_q975".
std::string quantile_suffix(double q) {
    if (q == 0.5) return "_median";
    std::string digits = fmt::format("{:.15g}", q);
    digits.erase(0, std::min(digits.find('.') + 1, digits.size()));
    if (q == 1.0) digits = "100";
    while (digits.size() < 2) digits += '0';
    return "_q" + digits;
}

/// The trials' quantiles as rows of their own.
void add_quantiles(const SeriesSummary& summary, const Row& mean,
                   const std::vector<double>& quantiles, LabelNoise label_noise,
                   std::vector<Row>& rows) {
    for (const double q : quantiles) {
        Row row;
        row.parameters = mean.parameters;
        row.arm = mean.arm;
        row.estimand = mean.estimand + quantile_suffix(q);
        row.estimate = quantile(summary.values, q);
        row.n_trials = mean.n_trials;
        row.n_failed = mean.n_failed;
        row.flags = mean.flags;
        if (!summary.has_values) add_flag(row.flags, "moments_only");
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

std::vector<DerivedRow::Term> all_terms(const DerivedRow& derived) {
    std::vector<DerivedRow::Term> terms = derived.above;
    terms.insert(terms.end(), derived.below.begin(), derived.below.end());
    return terms;
}

bool is_derived(const Setting& setting, const TheoryRow& theory) {
    const std::vector<DerivedRow> rows = setting.derived();
    return std::any_of(rows.begin(), rows.end(), [&](const DerivedRow& row) {
        return row.arm == theory.arm && row.estimand == theory.estimand;
    });
}

/// NaN where either is not known.
double least_tail(double a, double b) {
    return std::isnan(a) || std::isnan(b) ? a + b : std::min(a, b);
}

/// What the terms' theory makes of a derived row.
TheoryRow derive_theory(const std::vector<TheoryRow>& theory, const DerivedRow& derived) {
    TheoryRow row{derived.arm,
                  derived.estimand,
                  {0.0, TheoryKind::exact},
                  "",
                  0.0,
                  std::numeric_limits<double>::infinity()};
    struct Sum {
        double value = 0.0;
        double size = 0.0;   ///< of its terms together, beside which a smaller value is rounding
        double error = 0.0;  ///< that equivalents among them may have
    };
    Sum above, below;
    const std::vector<DerivedRow::Term> terms = all_terms(derived);
    for (std::size_t k = 0; k < terms.size(); ++k) {
        const TheoryRow* term = find_theory(theory, terms[k].arm, terms[k].estimand);
        if (term == nullptr) return {derived.arm, derived.estimand, no_prediction, ""};
        Sum& sum = k < derived.above.size() ? above : below;
        const double part = terms[k].factor * term->prediction.value;
        sum.value += part;
        sum.size += std::abs(part);
        sum.error += std::abs(part) * term->prediction.relative_error;
        row.prediction.kind = std::max(row.prediction.kind, term->prediction.kind);
        if (lacks_variance(term)) row.flags = "near_interpolation";
        row.tail_exponent = least_tail(row.tail_exponent, term->tail_exponent);
    }
    if (derived.below.empty()) below.value = 1.0;
    constexpr double cancelled = 1e-13;
    if (std::abs(above.value) <= cancelled * above.size) above.value = 0.0;
    row.prediction.value = above.value / below.value;
    // An error of a small difference of large terms is large beside it.
    if (above.error > 0.0) row.prediction.relative_error = above.error / std::abs(above.value);
    if (below.error > 0.0) row.prediction.relative_error += below.error / std::abs(below.value);
    if (!(below.value > 0.0) && std::isfinite(below.value)) row.flags = unclear;
    const bool meaningful =
        std::isfinite(above.value) && std::isfinite(below.value) && below.value > 0.0;
    if (!meaningful || row.prediction.kind == TheoryKind::none) row.prediction = no_prediction;
    return row;
}

/// The values of every term's series at a point, as summarize_derived takes them; empty where one
/// of them is not of the design.
std::vector<std::vector<BlockValues>> read_terms(StoredValues& stored, const PointRows& of,
                                                 const DerivedRow& derived) {
    std::vector<std::vector<BlockValues>> values;
    for (const DerivedRow::Term& term : all_terms(derived)) {
        const auto found =
            std::find_if(of.series.begin(), of.series.end(), [&](const Series* series) {
                return series->arm == term.arm && series->estimand == term.estimand;
            });
        if (found == of.series.end()) return {};
        values.push_back(stored.of(of.design, **found));
    }
    return values;
}

/// Nothing where the design lacks a series of it.
std::optional<SeriesSummary> summarize_row(StoredValues& stored, const Setting& setting,
                                           const PointRows& of, const DerivedRow& derived) {
    if (stored.keeps_moments()) {
        const std::optional<Kept> row = kept(setting, of.design, of.series, derived);
        if (!row) return {};
        return summarize_derived(derived, stored.moments(row->key, of.wanted));
    }
    const std::vector<std::vector<BlockValues>> values = read_terms(stored, of, derived);
    if (values.empty()) return {};
    return summarize_derived(derived, values, of.wanted);
}

void add_derived(StoredValues* stored, const Study& study, const std::vector<TheoryRow>& theory,
                 PointRows& to) {
    for (const DerivedRow& derived : study.setting->derived()) {
        const TheoryRow* own = find_theory(theory, derived.arm, derived.estimand);
        const TheoryRow predicted = own != nullptr ? *own : derive_theory(theory, derived);
        Row row = empty_row(to.design.points[to.point], derived.arm, derived.estimand);
        add_theory(&predicted, row);
        if (stored != nullptr) {
            std::optional<SeriesSummary> found =
                summarize_row(*stored, *study.setting, to, derived);
            if (!found) continue;
            SeriesSummary& summary = *found;
            const bool ratio = !derived.below.empty();
            if (ratio && (lacks_variance(&predicted) || has_flag(row.flags, unclear)))
                summary.moments = Moments();
            else if (ratio && summary.moments.count() == 0)
                add_flag(row.flags, unclear);
            add_estimate(summary, &predicted, to.wanted, row);
        }
        to.rows.push_back(std::move(row));
    }
}

/// Rows of one point: its series, then what is derived from them, then what theory alone
/// says. stored: null for theory alone. quantiles: of every series.
void add_point(StoredValues* stored, const Study& study, const std::vector<double>& quantiles,
               PointRows& to) {
    static const std::vector<double> instead_of_an_interval{0.05, 0.5, 0.95};
    const Point& point = to.design.points[to.point];
    const std::vector<TheoryRow> theory = study.setting->theory(point);
    to.rows.reserve(to.series.size() + theory.size());
    std::vector<bool> used(theory.size(), false);
    for (const Series* each : to.series) {
        const Series& series = *each;
        const TheoryRow* predicted = find_theory(theory, series.arm, series.estimand);
        if (predicted) used[static_cast<std::size_t>(predicted - theory.data())] = true;
        if (!stored && !predicted) continue;
        Row row = empty_row(point, series.arm, series.estimand);
        add_theory(predicted, row);
        if (!stored) {
            to.rows.push_back(std::move(row));
            continue;
        }
        const SeriesSummary summary = stored->summary(to.design, series, to.wanted);
        const bool lacks = add_estimate(summary, predicted, to.wanted, row);
        const bool decides = !lacks && !is_zero_risk(predicted);
        if (decides && summary.trials >= most_trials(study.precision) &&
            !is_precise(summary, study.precision))
            add_flag(row.flags, imprecise);
        to.rows.push_back(row);
        add_quantiles(summary, row, quantiles.empty() && lacks ? instead_of_an_interval : quantiles,
                      study.precision.label_noise, to.rows);
    }
    add_derived(stored, study, theory, to);
    for (std::size_t i = 0; i < theory.size(); ++i) {
        if (used[i] || is_derived(*study.setting, theory[i])) continue;
        Row row = empty_row(point, theory[i].arm, theory[i].estimand);
        add_theory(&theory[i], row);
        to.rows.push_back(std::move(row));
    }
}

/// How many points are summarised at once; one where the address space has no room for more.
std::size_t points_at_once(std::size_t points) {
    const std::size_t most = std::min({usable_cores(), points, most_points_at_once});
    try {
        if (most > 1) reserve_blas_memory(most);
    } catch (const DeviceError&) {
        return 1;
    }
    return std::max<std::size_t>(most, 1);
}

Table make_table(const Store* store, const Study& study,
                 const std::vector<double>& quantiles = {}) {
    const std::vector<Design> designs = study.setting->designs();
    std::vector<PointRows> points;
    for (const Design& design : designs) {
        const std::vector<std::uint64_t> wanted =
            store ? tabled_trials(*store, study, design)
                  : std::vector<std::uint64_t>(design.points.size());
        std::vector<std::vector<const Series*>> series = series_by_point(design);
        for (std::size_t point = 0; point < design.points.size(); ++point)
            points.push_back({design, point, std::move(series[point]), wanted[point], {}});
    }
    std::optional<StoredValues> stored;
    if (store) stored.emplace(*store, study);
    const std::size_t threads = points_at_once(points.size());
    HostThreads helpers(threads - 1);
    const HostThreads::Use use(helpers);
    Table table{study.setting->parameters(), study.setting->whole_parameters(), {}};
    for (std::span rest(points); !rest.empty();) {
        const std::span batch = rest.first(std::min(rest.size(), points_in_a_batch));
        rest = rest.subspan(batch.size());
        const std::size_t part = batch.size() / (parts_per_thread * threads);
        for_blocks(batch.size(), std::max<std::size_t>(part, 1),
                   [&](std::size_t first, std::size_t end) {
                       for (PointRows& each : batch.subspan(first, end - first))
                           add_point(stored ? &*stored : nullptr, study, quantiles, each);
                   });
        for (PointRows& each : batch) {
            // Room that stays untouched takes no memory, and a table that outgrows its room is held
            // twice: some points have rows of quantiles too.
            if (table.rows.empty()) table.rows.reserve(2 * each.rows.size() * points.size());
            std::move(each.rows.begin(), each.rows.end(), std::back_inserter(table.rows));
            each.rows = {};
        }
    }
    return table;
}

}  // namespace

Table summarize(const Store& store) {
    return summarize(store, store.study());
}
Table summarize(const Store& store, const Study& study, const std::vector<double>& quantiles) {
    return make_table(&store, study, quantiles);
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
