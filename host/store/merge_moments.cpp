// One store's moments into another.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "host/store/state.hpp"

namespace cucurbit {

namespace {

constexpr std::size_t units_per_transaction = 10'000;

/// By how much each trial's value may differ between two computers that both made it.
double allowed_size(const MomentsBlock& a, const MomentsBlock& b, double relative) {
    // Where the rank or the last rungs of the ladder decided, another machine keeps few digits.
    constexpr double few_digits = 1e-3;
    if (a.escalated > 0 || b.escalated > 0) relative = std::max(relative, few_digits);
    return relative * std::max(a.moments.largest(), b.moments.largest());
}

/// √Σ(x − mean)² in the values' own unit: it differs by no more than the values do together.
double length_of(const Moments& moments, double unit) {
    return unit * std::sqrt(moments.sums().deviations);
}

/// Whether values that differ by no more than `size` each cannot have these moments. part: of some
/// of the trials that the others are of.
bool differ(const Moments& a, double unit_a, const Moments& b, double unit_b, double size,
            bool part) {
    const Moments::Sums &of_a = a.sums(), &of_b = b.sums();
    const double lengths = 2.0 * size * std::sqrt(static_cast<double>(of_b.count));
    const double least = unit_a * of_a.least - unit_b * of_b.least;
    const double greatest = unit_b * of_b.greatest - unit_a * of_a.greatest;
    const double length = length_of(b, unit_b) - length_of(a, unit_a);
    if (part) return std::min(least, greatest) < -size || length < -lengths;
    const double mean = unit_a * of_a.mean - unit_b * of_b.mean;
    return std::max({std::abs(mean), std::abs(least), std::abs(greatest)}) > size ||
           std::abs(length) > lengths;
}

/// Whether the moments of some or all trials of a unit contradict those of the unit.
bool contradict(const MomentsBlock& some, const MomentsBlock& unit, double allowed) {
    const bool part = some.trials.count < unit.trials.count;
    if (part ? some.failed > unit.failed : some.failed != unit.failed) return true;
    if (std::isinf(allowed) || (!part && some.rank_deficient != unit.rank_deficient)) return false;
    const PairMoments &a = some.moments, &b = unit.moments;
    const double size = allowed_size(some, unit, allowed);
    const auto differs = [&](const Moments& of_a, const Moments& of_b) {
        return of_a.count() > 0 && differ(of_a, a.unit(), of_b, b.unit(), size, part);
    };
    return differs(a.above(), b.above()) || differs(a.below(), b.below());
}

using UnitList = std::vector<MomentsBlock>;

/// Compares each unit with what the other store has of it in units as large, or smaller.
void compare_units(const SeriesKey& key, const UnitList& larger, const UnitList& smaller,
                   const AllowedDifference& allowed, Merged& merged) {
    for (const MomentsBlock& unit : larger) {
        MomentsBlock some;
        for (const MomentsBlock& other : smaller)
            if (unit.trials.first <= other.trials.first && other.trials.end() <= unit.trials.end())
                some.merge(other);
        if (some.trials.count == 0 || !contradict(some, unit, 0.0) ||
            !contradict(some, unit, allowed(key)))
            continue;
        if (++merged.contradicted == 1)
            merged.contradiction =
                fmt::format("the mean of {} {} at {}, trials {} to {}: {:.6g} and {:.6g}", key.arm,
                            key.estimand, key.point, unit.trials.first, unit.trials.end() - 1,
                            some.moments.unit() * some.moments.above().mean(),
                            unit.moments.unit() * unit.moments.above().mean());
    }
}

}  // namespace

Merged Store::merge_moments(const Store& from, const AllowedDifference& allowed) {
    Merged merged;
    for (const SeriesKey& key : from.series()) {
        const UnitList own = read_moments(key), theirs = from.read_moments(key);
        compare_units(key, theirs, own, allowed, merged);
        compare_units(key, own, theirs, allowed, merged);
    }
    if (merged.contradicted > 0) return merged;
    MomentsBlocks blocks;
    std::uint64_t pending = 0;
    const auto commit = [&] {
        if (blocks.empty()) return;
        if (merged.copied == 0) record_source(from);
        write(std::exchange(blocks, {}), true);
        merged.copied += std::exchange(pending, 0);
    };
    for (const SeriesKey& key : from.series()) {
        for (const MomentsBlock& unit : from.read_moments(key)) {
            std::uint64_t lacking = 0;
            for (const TrialRange& range : left_out(trials(key), unit.trials))
                lacking += range.count;
            merged.held += unit.trials.count - lacking;
            pending += lacking;
            if (lacking > 0) blocks.emplace_back(key, unit);
        }
        if (blocks.size() >= units_per_transaction) commit();
    }
    commit();
    return merged;
}

}  // namespace cucurbit
