// One store's trials into another.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "host/store/state.hpp"

namespace cucurbit {

namespace {

constexpr std::size_t values_per_transaction = 100'000;

using Blocks = std::vector<std::pair<SeriesKey, BlockValues>>;

BlockValues part(const BlockValues& block, TrialRange trials) {
    const auto first = static_cast<std::ptrdiff_t>(trials.first - block.first_trial);
    const auto last = first + static_cast<std::ptrdiff_t>(trials.count);
    return {trials.first,
            {block.values.begin() + first, block.values.begin() + last},
            {block.outcomes.begin() + first, block.outcomes.begin() + last}};
}

struct Trial {
    double value;
    Outcome outcome;
};

bool contradict(const Trial& a, const Trial& b, const SeriesKey& key,
                const AllowedDifference& allowed) {
    if (a.outcome.status != b.outcome.status) return true;
    if (a.value == b.value || (std::isnan(a.value) && std::isnan(b.value))) return false;
    // Where the rank or the last rungs of the ladder decided, another machine keeps few digits.
    constexpr double few_digits = 1e-3;
    const bool hard = a.outcome.rung > Rung::cholesky || b.outcome.rung > Rung::cholesky;
    const double relative = std::max(allowed(key), hard ? few_digits : 0.0);
    if (std::isinf(relative) || a.outcome.rank_deficit != b.outcome.rank_deficit) return false;
    const double largest = std::max(std::abs(a.value), std::abs(b.value));
    return std::isinf(largest) || std::abs(a.value - b.value) > relative * largest;
}

/// Compares the trials that both blocks hold.
void compare(const SeriesKey& key, const BlockValues& own, const BlockValues& other,
             const AllowedDifference& allowed, Merged& merged) {
    const std::uint64_t first = std::max(own.first_trial, other.first_trial);
    const std::uint64_t end =
        std::min(own.first_trial + own.values.size(), other.first_trial + other.values.size());
    for (std::uint64_t trial = first; trial < end; ++trial) {
        const auto trial_of = [trial](const BlockValues& block) {
            const std::size_t at = trial - block.first_trial;
            return Trial{block.values[at], block.outcomes[at]};
        };
        const Trial mine = trial_of(own), theirs = trial_of(other);
        if (!contradict(mine, theirs, key, allowed)) continue;
        if (++merged.contradicted == 1)
            merged.contradiction =
                fmt::format("{} {} at {}, trial {}: {:.6g} and {:.6g}", key.arm, key.estimand,
                            key.point, trial, mine.value, theirs.value);
    }
}

}  // namespace

Merged Store::merge(const Store& from, const AllowedDifference& allowed) {
    const std::string identity =
        read_document(from.state_->database, "study", "identity").value_or("");
    require_identity(identity);
    return from.keeps_moments() ? merge_moments(from, allowed) : merge_values(from, allowed);
}

void Store::record_source(const Store& from) {
    record({{"merged", from.directory().string()}});
    record(from.manifest());
}

Merged Store::merge_values(const Store& from, const AllowedDifference& allowed) {
    Merged merged;
    for (const SeriesKey& key : from.series()) {
        const std::vector<BlockValues> own = read(key);
        if (own.empty()) continue;
        for (const BlockValues& other : from.read(key))
            for (const BlockValues& block : own) compare(key, block, other, allowed, merged);
    }
    if (merged.contradicted > 0) return merged;
    Blocks blocks;
    std::size_t pending = 0;
    const auto commit = [&] {
        if (blocks.empty()) return;
        if (merged.copied == 0) record_source(from);
        write(blocks);
        blocks.clear();
        merged.copied += std::exchange(pending, 0);
    };
    for (const SeriesKey& key : from.series())
        for (const BlockValues& block : from.read(key)) {
            const TrialRange range{block.first_trial, block.values.size()};
            merged.held += range.count;
            for (const TrialRange& lacking : left_out(trials(key), range)) {
                blocks.emplace_back(key, part(block, lacking));
                pending += lacking.count;
                merged.held -= lacking.count;
            }
            if (pending >= values_per_transaction) commit();
        }
    commit();
    return merged;
}

}  // namespace cucurbit
