#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <limits>
#include <sstream>
#include <string>

#include "cucurbit/run.hpp"

namespace cucurbit {
namespace {

constexpr double missing = std::numeric_limits<double>::quiet_NaN();
constexpr double significance = 1e-3;
// Rounding of a measured risk, as a relative standard error: it decides only where the trials have
// no spread of their own, as without noise at n ≥ p.
constexpr double rounding = 1e-9;

bool has_variance(const Row& row) {
    std::istringstream words(row.flags);
    for (std::string word; words >> word;)
        if (word == "near_interpolation") return false;
    return true;
}

std::string why_no_verdict(const Row& row) {
    if (row.theory_kind == TheoryKind::none || std::isnan(row.theory)) return "no theory";
    if (row.estimand != "excess_risk") return "only excess_risk is judged";
    if (std::isinf(row.theory)) return "the mean is infinite";
    if (row.n_trials == 0 || !std::isfinite(row.estimate)) return "not measured";
    if (!has_variance(row)) return "no variance within 3 of n = p";
    if (row.n_trials - row.n_failed < 2 || !std::isfinite(row.std_err)) return "no standard error";
    if (row.theory == 0.0) return "zero up to rounding";
    return {};
}

double two_sided_p_value(const Row& row) {
    const double spread = std::hypot(row.std_err, rounding * row.theory);
    const double z = std::abs(row.estimate - row.theory) / spread;
    const boost::math::students_t student(static_cast<double>(row.n_trials - row.n_failed - 1));
    return 2.0 * boost::math::cdf(complement(student, z));
}

// Holm (1979): the k-th smallest of K p-values times K − k + 1, made monotone, at most 1.
void adjust_by_holm(std::vector<Verdict*>& verdicts) {
    std::sort(verdicts.begin(), verdicts.end(),
              [](const Verdict* a, const Verdict* b) { return a->p_value < b->p_value; });
    double largest = 0.0;
    double factor = static_cast<double>(verdicts.size());
    for (Verdict* const verdict : verdicts) {
        largest = std::max(largest, std::min(1.0, factor * verdict->p_value));
        verdict->p_value = largest;
        verdict->kind = largest < significance ? Verdict::Kind::failed : Verdict::Kind::confirmed;
        factor -= 1.0;
    }
}

}  // namespace

std::vector<Verdict> compare(const Table& table) {
    std::vector<Verdict> verdicts;
    verdicts.reserve(table.rows.size());
    std::vector<Verdict*> exact;
    for (const Row& row : table.rows) {
        Verdict& verdict =
            verdicts.emplace_back(Verdict{Verdict::Kind::none, missing, missing, missing, {}});
        const double gap = (row.estimate - row.theory) / row.theory;
        verdict.reason = why_no_verdict(row);
        if (row.theory_kind == TheoryKind::approximation && std::isfinite(gap)) {
            verdict.relative_gap = gap;
            verdict.reason = "an approximation: no error of it is known";
        }
        if (!verdict.reason.empty()) continue;
        verdict.relative_gap = gap;
        if (row.theory_kind == TheoryKind::exact) {
            verdict.p_value = two_sided_p_value(row);
            exact.push_back(&verdict);
        } else {
            verdict.allowed_gap = row.equivalent_gap + 4.0 * row.std_err / std::abs(row.theory);
            verdict.kind = std::abs(verdict.relative_gap) > verdict.allowed_gap
                               ? Verdict::Kind::failed
                               : Verdict::Kind::confirmed;
        }
    }
    adjust_by_holm(exact);
    return verdicts;
}

}  // namespace cucurbit
