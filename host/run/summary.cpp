#include "host/run/summary.hpp"

#include <algorithm>
#include <cmath>
#include <sstream>

namespace cucurbit {

namespace {

constexpr std::uint64_t merge_trials = 64;

}  // namespace

SeriesSummary summarize_series(const std::vector<BlockValues>& stored, std::uint64_t limit,
                               bool keep_values) {
    SeriesSummary summary;
    Moments part;
    std::uint64_t part_index = 0;
    for (const BlockValues& block : stored) {
        for (std::size_t i = 0; i < block.values.size(); ++i) {
            const std::uint64_t trial = block.first_trial + i;
            if (trial >= limit) break;
            if (trial / merge_trials != part_index) {
                summary.moments.merge(part);
                part = Moments();
                part_index = trial / merge_trials;
            }
            const Outcome& outcome = block.outcomes[i];
            const double value = block.values[i];
            ++summary.trials;
            summary.rank_deficient += outcome.rank_deficit > 0;
            summary.escalated += outcome.rung > Rung::cholesky;
            if (outcome.status != Status::ok || !std::isfinite(value)) {
                ++summary.failed;
                continue;
            }
            part.add(value);
            if (keep_values) summary.values.push_back(value);
        }
    }
    summary.moments.merge(part);
    return summary;
}

const TheoryRow* find_theory(const std::vector<TheoryRow>& rows, const Series& series) {
    const auto found = std::find_if(rows.begin(), rows.end(), [&series](const TheoryRow& row) {
        return row.arm == series.arm && row.estimand == series.estimand;
    });
    return found == rows.end() ? nullptr : &*found;
}

bool has_flag(const std::string& flags, const std::string& flag) {
    std::istringstream words(flags);
    for (std::string word; words >> word;)
        if (word == flag) return true;
    return false;
}

bool lacks_variance(const TheoryRow* theory) {
    return theory &&
           (has_flag(theory->flags, "near_interpolation") || std::isinf(theory->prediction.value));
}

bool is_zero_risk(const TheoryRow* theory) {
    return theory && !theory->arm.empty() && theory->prediction.kind != TheoryKind::none &&
           theory->prediction.value == 0.0;
}

}  // namespace cucurbit
