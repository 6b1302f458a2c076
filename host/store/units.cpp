#include "host/store/units.hpp"

#include <algorithm>
#include <bit>

namespace cucurbit {

void MomentsBlock::merge(const MomentsBlock& next) {
    trials.count += next.trials.count;
    failed += next.failed;
    rank_deficient += next.rank_deficient;
    escalated += next.escalated;
    moments.merge(next.moments);
}

bool is_unit(TrialRange trials) {
    return trials.count >= unit_trials && std::has_single_bit(trials.count) &&
           trials.first % trials.count == 0;
}

std::optional<std::uint64_t> other_half(TrialRange unit) {
    const std::uint64_t other = unit.first ^ unit.count;
    const bool from_the_start = unit.first == 0 || other == 0;
    if (from_the_start && 2 * unit.count > round_trials) return {};
    return other;
}

MomentsBlock joined(const MomentsBlock& half, const MomentsBlock& other) {
    const bool before = half.trials.first < other.trials.first;
    MomentsBlock unit = before ? half : other;
    unit.merge(before ? other : half);
    return unit;
}

void add_unit(MomentsBlock unit, Units& units) {
    while (const auto first = other_half(unit.trials)) {
        const auto other = units.find(*first);
        if (other == units.end() || other->second.trials.count != unit.trials.count) break;
        unit = joined(unit, other->second);
        units.erase(other);
    }
    units.emplace(unit.trials.first, unit);
}

std::uint64_t count_units(std::uint64_t trials) {
    std::uint64_t units = 0;
    for (std::uint64_t first = 0; first < trials; ++units) {
        // The largest that begins here: as its first trial and the end allow.
        const std::uint64_t aligned = first == 0 ? round_trials : first & (~first + 1);
        first += std::min(aligned, std::bit_floor(trials - first));
    }
    return units;
}

}  // namespace cucurbit
