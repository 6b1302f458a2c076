#include <fmt/format.h>

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <boost/math/special_functions/erf.hpp>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "cucurbit/moments.hpp"
#include "cucurbit/run.hpp"
#include "host/table/flags.hpp"
#include "host/theory/special.hpp"

namespace cucurbit {
namespace {

// Of an estimate outside of what an equivalent may be off by: P(|normal| > 4).
constexpr double equivalent_significance = 6.334248366623996e-5;
// Of all other tests.
constexpr double exact_significance = 1e-3;
// Standard errors beyond the limit at which nine of ten runs fail.
constexpr double power_margin = 1.2816;
// Rounding of a measured risk, as a relative standard error: it decides only where the trials have
// no spread of their own, as without noise at n ≥ p.
constexpr double rounding = 1e-9;
// A confirmed equivalent further off than this says so.
constexpr double many_errors = 10.0;

std::string why_no_verdict(const Row& row) {
    if (row.theory_kind == TheoryKind::none || std::isnan(row.theory)) return "no theory";
    if (row.arm.empty()) return "a quantity of the point, not simulated";
    if (std::isinf(row.theory)) return "the mean is infinite";
    if (row.n_trials == 0 || !std::isfinite(row.estimate)) return "not measured";
    if (has_flag(row.flags, "near_interpolation")) return "no variance within 3 of n = p";
    if (has_flag(row.flags, "heavy_tail")) return "tails too heavy for a standard error";
    if (has_flag(row.flags, "few_trials")) return "too few trials for such a tail";
    if (has_flag(row.flags, "rank_deficient")) return "trials below full rank follow another law";
    if (row.n_trials - row.n_failed < 2 || !std::isfinite(row.std_err)) return "no standard error";
    if (row.theory == 0.0 && !(row.zero_scale > 0.0)) return "zero up to rounding";
    if (!(row.relative_error <= largest_tolerance))
        return fmt::format("too small for asymptotics: the equivalent may be off by {:.3g} %",
                           100.0 * row.relative_error);
    if (row.theory_kind == TheoryKind::approximation)
        return "an approximation: no error of it is known";
    return {};
}

/// How often a run's verdicts are looked at: once, at its end, or at any time.
struct Looks {
    const AnyTime* any_time = nullptr;

    /// What a test at this significance asks of the level at a look.
    double level(double significance, std::uint64_t count) const {
        if (any_time == nullptr) return significance;
        return std::erfc(any_time->boundary(significance, count) / std::sqrt(2.0));
    }
    double p_value(double of_this_look, std::uint64_t count) const {
        if (any_time == nullptr || of_this_look <= 0.0) return of_this_look;
        return any_time->p_value(std::sqrt(2.0) * boost::math::erfc_inv(of_this_look), count);
    }
};

/// A row's mean as a random quantity.
struct Judged {
    const Row& row;
    Verdict& verdict;
    std::uint64_t count;
    double spread;  ///< of the mean, relative to theory

    Judged(const Row& of, Verdict& into)
        : row(of),
          verdict(into),
          count(of.n_trials - of.n_failed),
          spread(std::hypot(of.std_err / std::abs(of.theory), rounding)) {}

    boost::math::students_t student() const { return {static_cast<double>(count - 1)}; }
    /// Signed as estimate − theory.
    double gap() const { return (row.estimate - row.theory) / std::abs(row.theory); }
    double p_value() const {
        const double t = skewed_t(gap() / spread, row.skewness, count);
        return 2.0 * boost::math::cdf(complement(student(), std::abs(t)));
    }
    /// The relative gap at which a two-sided test at this level fails, on the estimate's side.
    double limit(double level) const {
        const double edge = boost::math::quantile(complement(student(), 0.5 * level));
        const double signed_edge = gap() < 0.0 ? -edge : edge;
        return spread * std::abs(t_of_skewed(signed_edge, row.skewness, count));
    }
};

void judge_zero(const Row& row, Verdict& verdict) {
    verdict.kind = std::abs(row.estimate) <= rounding * row.zero_scale ? Verdict::Kind::confirmed
                                                                       : Verdict::Kind::failed;
}

void judge_equivalent(const Judged& judged, const Looks& looks) {
    const Row& row = judged.row;
    Verdict& verdict = judged.verdict;
    verdict.allowed_gap =
        row.relative_error + judged.limit(looks.level(equivalent_significance, judged.count));
    verdict.noticeable_gap = verdict.allowed_gap + power_margin * judged.spread;
    const bool failed = std::abs(verdict.relative_gap) > verdict.allowed_gap;
    verdict.kind = failed ? Verdict::Kind::failed : Verdict::Kind::confirmed;
    const double errors = std::abs(verdict.relative_gap) / judged.spread;
    if (!failed && errors > many_errors)
        verdict.reason =
            fmt::format("{:.3g} standard errors off, less than an equivalent may be", errors);
}

// Holm (1979): the k-th smallest of K p-values times K − k + 1, made monotone, at most 1.
void adjust_by_holm(std::vector<Verdict*> verdicts) {
    std::sort(verdicts.begin(), verdicts.end(),
              [](const Verdict* a, const Verdict* b) { return a->p_value < b->p_value; });
    double largest = 0.0;
    double factor = static_cast<double>(verdicts.size());
    for (Verdict* const verdict : verdicts) {
        largest = std::max(largest, std::min(1.0, factor * verdict->p_value));
        verdict->p_value = largest;
        verdict->kind =
            largest < exact_significance ? Verdict::Kind::failed : Verdict::Kind::confirmed;
        factor -= 1.0;
    }
}

// Bonferroni: rows of a growing run are judged again and again, and not all from the same trial on.
void adjust_by_number(const std::vector<Verdict*>& verdicts, std::size_t rows) {
    for (Verdict* const verdict : verdicts) {
        verdict->p_value = std::min(1.0, static_cast<double>(rows) * verdict->p_value);
        verdict->kind = verdict->p_value < exact_significance ? Verdict::Kind::failed
                                                              : Verdict::Kind::confirmed;
    }
}

/// rows: those with an exact law, judged or not yet.
void judge_exact(const std::vector<Judged>& judged_rows, const Looks& looks, std::size_t rows) {
    std::vector<Verdict*> verdicts;
    for (const Judged& judged : judged_rows) {
        judged.verdict.p_value = looks.p_value(judged.p_value(), judged.count);
        verdicts.push_back(&judged.verdict);
        // Trials without a spread say nothing of what a run could notice.
        if (judged.row.std_err <= rounding * std::abs(judged.row.theory)) continue;
        judged.verdict.noticeable_gap =
            judged.limit(
                looks.level(exact_significance / static_cast<double>(rows), judged.count)) +
            power_margin * judged.spread;
    }
    if (looks.any_time == nullptr)
        adjust_by_holm(std::move(verdicts));
    else
        adjust_by_number(verdicts, rows);
}

bool has_exact_law(const Row& row) {
    return row.theory_kind == TheoryKind::exact && !row.arm.empty() && std::isfinite(row.theory) &&
           row.theory != 0.0;
}

std::vector<Verdict> compare(const Table& table, const Looks& looks) {
    std::vector<Verdict> verdicts;
    verdicts.reserve(table.rows.size());
    std::vector<Judged> exact;
    for (const Row& row : table.rows) {
        Verdict& verdict = verdicts.emplace_back(
            Verdict{Verdict::Kind::none, missing, missing, missing, missing, {}});
        const double gap = (row.estimate - row.theory) / row.theory;
        verdict.reason = why_no_verdict(row);
        if (verdict.reason.empty() && looks.any_time != nullptr &&
            row.n_trials - row.n_failed < AnyTime::first_look)
            verdict.reason = fmt::format("fewer than {} trials so far", AnyTime::first_look);
        const bool shows_gap =
            verdict.reason.empty() || row.theory_kind == TheoryKind::approximation;
        if (shows_gap && std::isfinite(gap)) verdict.relative_gap = gap;
        if (!verdict.reason.empty()) continue;
        if (row.theory == 0.0)
            judge_zero(row, verdict);
        else if (row.theory_kind == TheoryKind::exact)
            exact.emplace_back(row, verdict);
        else
            judge_equivalent({row, verdict}, looks);
    }
    const auto rows = looks.any_time == nullptr
                          ? static_cast<std::ptrdiff_t>(exact.size())
                          : std::count_if(table.rows.begin(), table.rows.end(), has_exact_law);
    judge_exact(exact, looks, static_cast<std::size_t>(rows));
    return verdicts;
}

}  // namespace

AnyTime AnyTime::of(const Precision& precision) {
    // A sixteenth: narrow from the first hundredth of the trials on, and hardly wider at their end.
    if (precision.trials == 0) return {};
    return {std::max(static_cast<double>(first_look), static_cast<double>(precision.trials) / 16)};
}

namespace {
/// Variance of the mixture, in units of one trial's: near the best for significance 1e-3 and so
/// many trials.
double mixed(double trials, std::uint64_t count) {
    const double best = -2.0 * std::log(exact_significance);
    return static_cast<double>(count) * (best + std::log(best + 1.0)) / trials;
}
}  // namespace

double AnyTime::boundary(double significance, std::uint64_t count) const {
    const double v = mixed(trials, count);
    return std::sqrt((v + 1.0) / v * (std::log(v + 1.0) - 2.0 * std::log(significance)));
}

double AnyTime::p_value(double errors, std::uint64_t count) const {
    const double v = mixed(trials, count);
    return std::min(1.0, std::sqrt(v + 1.0) * std::exp(-0.5 * errors * errors * v / (v + 1.0)));
}

Interval interval(const Row& row, const AnyTime& any_time, double level) {
    const std::uint64_t count = row.n_trials - row.n_failed;
    if (count < AnyTime::first_look || !std::isfinite(row.std_err) || std::isnan(row.ci95_low))
        return {missing, missing};
    const boost::math::students_t student(static_cast<double>(count - 1));
    const double edge = boost::math::quantile(
        complement(student, 0.5 * Looks{&any_time}.level(1.0 - level, count)));
    return {row.estimate - row.std_err * t_of_skewed(edge, row.skewness, count),
            row.estimate - row.std_err * t_of_skewed(-edge, row.skewness, count)};
}

std::vector<Verdict> compare(const Table& table) {
    return compare(table, Looks{});
}

std::vector<Verdict> compare(const Table& table, const AnyTime& any_time) {
    return compare(table, Looks{&any_time});
}

}  // namespace cucurbit
