#include "host/run/summary.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>

namespace cucurbit {

namespace {

constexpr std::uint64_t merge_trials = 64;

bool is_value(double value, const Outcome& outcome) {
    return outcome.status == Status::ok && std::isfinite(value);
}

}  // namespace

void FirstTrials::forget() {
    block_ = index_ = 0;
    whole_ = part_ = Moments();
    part_index_ = 0;
    summary_ = {};
}

double FirstTrials::largest_until(std::uint64_t limit) const {
    double largest = 0.0;
    for (std::size_t b = block_, i = index_; b < stored_->size(); ++b, i = 0) {
        const BlockValues& block = (*stored_)[b];
        for (; i < block.values.size() && block.first_trial + i < limit; ++i)
            if (is_value(block.values[i], block.outcomes[i]))
                largest = std::max(largest, std::abs(block.values[i]));
    }
    return largest;
}

void FirstTrials::add(double value, const Outcome& outcome) {
    ++summary_.trials;
    summary_.rank_deficient += outcome.rank_deficit > 0;
    summary_.escalated += outcome.rung > Rung::cholesky;
    if (!is_value(value, outcome)) {
        ++summary_.failed;
        return;
    }
    part_.add(value / summary_.unit);
    summary_.values.push_back(value);
}

const SeriesSummary& FirstTrials::until(std::uint64_t limit) {
    if (limit < limit_) {
        forget();
        largest_ = 0.0;
    }
    limit_ = limit;
    largest_ = std::max(largest_, largest_until(limit));
    if (unit_of(largest_) != summary_.unit) {
        forget();
        summary_.unit = unit_of(largest_);
    }
    for (; block_ < stored_->size(); ++block_, index_ = 0) {
        const BlockValues& block = (*stored_)[block_];
        for (; index_ < block.values.size(); ++index_) {
            const std::uint64_t trial = block.first_trial + index_;
            if (trial >= limit) break;
            if (trial / merge_trials != part_index_) {
                whole_.merge(part_);
                part_ = Moments();
                part_index_ = trial / merge_trials;
            }
            add(block.values[index_], block.outcomes[index_]);
        }
        if (index_ < block.values.size()) break;
    }
    summary_.moments = whole_;
    summary_.moments.merge(part_);
    return summary_;
}

SeriesSummary summarize_series(const std::vector<BlockValues>& stored, std::uint64_t limit) {
    FirstTrials first(stored);
    first.until(limit);
    return std::move(first).take();
}

namespace {

/// All that is stored, without what quantiles need.
SeriesSummary merged(const std::vector<MomentsBlock>& stored, PairMoments& moments) {
    SeriesSummary summary;
    summary.has_values = false;
    for (const MomentsBlock& block : stored) {
        summary.trials += block.trials.count;
        summary.failed += block.failed;
        summary.rank_deficient += block.rank_deficient;
        summary.escalated += block.escalated;
        moments.merge(block.moments);
    }
    summary.unit = moments.unit();
    return summary;
}

/// Whether a ratio's denominator is 4 standard errors above zero.
bool is_clear(const Moments& below) {
    constexpr double clearly = 4.0;
    return below.mean() > clearly * below.standard_error();
}

}  // namespace

SeriesSummary summarize_series(const std::vector<MomentsBlock>& stored) {
    PairMoments moments;
    SeriesSummary summary = merged(stored, moments);
    summary.moments = moments.above();
    return summary;
}

SeriesSummary summarize_derived(const DerivedRow& row, const std::vector<MomentsBlock>& stored) {
    PairMoments moments;
    SeriesSummary summary = merged(stored, moments);
    if (row.below.empty()) {
        summary.moments = moments.difference(0.0);
        return summary;
    }
    summary.unit = 1.0;
    if (!is_clear(moments.below())) return summary;
    const double below = moments.below().mean();
    const double ratio = moments.above().mean() / below;
    const Moments::Sums rest = moments.difference(ratio).sums();
    const double mean = ratio + rest.mean / below;
    summary.moments = Moments({rest.count, mean, rest.deviations / (below * below),
                               rest.cubes / (below * below * below), mean, mean});
    return summary;
}

namespace {

/// One trial's Σ factor · value over above and over below; not finite where a series failed.
struct Sums {
    double above = 0.0;
    double below = 0.0;
};

/// Walks a series' trials upwards.
class TrialCursor {
public:
    explicit TrialCursor(const std::vector<BlockValues>& blocks)
        : block_(blocks.begin()), end_(blocks.end()) {}

    /// Moves up to this trial, or to the next that is stored; false where none is left.
    bool seek(std::uint64_t trial) {
        while (block_ != end_ && block_->first_trial + block_->values.size() <= trial) ++block_;
        if (block_ == end_) return false;
        index_ = trial > block_->first_trial ? trial - block_->first_trial : 0;
        return true;
    }
    std::uint64_t trial() const { return block_->first_trial + index_; }
    /// NaN where the trial failed.
    double value() const {
        return block_->outcomes[index_].status == Status::ok
                   ? block_->values[index_]
                   : std::numeric_limits<double>::quiet_NaN();
    }

private:
    std::vector<BlockValues>::const_iterator block_, end_;
    std::size_t index_ = 0;
};

/// Moves all to the first trial from `trial` on that every one of them has; false where there is
/// none.
bool meet(std::vector<TrialCursor>& cursors, std::uint64_t& trial) {
    std::uint64_t before = 0;
    do {
        before = trial;
        for (TrialCursor& cursor : cursors) {
            if (!cursor.seek(trial)) return false;
            trial = cursor.trial();
        }
    } while (trial != before);
    return true;
}

/// Of the trials below `limit` that every term has.
std::vector<Sums> sum_terms(const DerivedRow& row,
                            const std::vector<std::vector<BlockValues>>& values,
                            std::uint64_t limit) {
    std::vector<TrialCursor> cursors(values.begin(), values.end());
    std::vector<Sums> complete;
    for (std::uint64_t trial = 0; meet(cursors, trial) && trial < limit; ++trial) {
        Sums sums;
        for (std::size_t k = 0; k < row.above.size(); ++k)
            sums.above += row.above[k].factor * cursors[k].value();
        for (std::size_t k = 0; k < row.below.size(); ++k)
            sums.below += row.below[k].factor * cursors[row.above.size() + k].value();
        complete.push_back(sums);
    }
    return complete;
}

/// Moments of what a function makes of each trial, merged as those of a series.
template <class Value>
Moments merged_moments(const std::vector<Sums>& sums, Value value) {
    Moments all, part;
    for (std::size_t t = 0; t < sums.size(); ++t) {
        if (t % merge_trials == 0) {
            all.merge(part);
            part = Moments();
        }
        if (std::isfinite(sums[t].above) && std::isfinite(sums[t].below)) part.add(value(sums[t]));
    }
    all.merge(part);
    return all;
}

}  // namespace

SeriesSummary summarize_derived(const DerivedRow& row,
                                const std::vector<std::vector<BlockValues>>& values,
                                std::uint64_t limit) {
    std::vector<Sums> sums = sum_terms(row, values, limit);
    double largest = 0.0;
    for (const Sums& of : sums)
        for (const double sum : {of.above, of.below})
            if (std::isfinite(sum)) largest = std::max(largest, std::abs(sum));
    const double unit = unit_of(largest);
    for (Sums& of : sums) of = {of.above / unit, of.below / unit};
    const Moments above = merged_moments(sums, [](const Sums& of) { return of.above; });
    SeriesSummary summary;
    summary.trials = sums.size();
    summary.failed = sums.size() - above.count();
    if (row.below.empty()) {
        summary.moments = above;
        summary.unit = unit;
        return summary;
    }
    const Moments below = merged_moments(sums, [](const Sums& of) { return of.below; });
    if (!is_clear(below)) return summary;
    const double ratio = above.mean() / below.mean();
    summary.moments = merged_moments(
        sums, [&](const Sums& of) { return ratio + (of.above - ratio * of.below) / below.mean(); });
    return summary;
}

std::vector<std::vector<const Series*>> series_by_point(const Design& design) {
    std::vector<std::vector<const Series*>> points(design.points.size());
    for (const Series& series : design.series) points[series.point].push_back(&series);
    return points;
}

const TheoryRow* find_theory(const std::vector<TheoryRow>& rows, const std::string& arm,
                             const std::string& estimand) {
    const auto found = std::find_if(rows.begin(), rows.end(), [&](const TheoryRow& row) {
        return row.arm == arm && row.estimand == estimand;
    });
    return found == rows.end() ? nullptr : &*found;
}

namespace {

/// So many trials have a tail.
constexpr std::size_t trials_of_a_tail = 256;

/// Of a list that may be put into another order; of the two in the middle their mean.
double median_of(std::vector<double>& values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    if (values.size() % 2 == 1) return *middle;
    return std::midpoint(*std::max_element(values.begin(), middle), *middle);
}

/// By Hill's estimate, of the √n largest.
bool falls_slowly(std::vector<double>& distances) {
    constexpr double of_no_variance = 0.5, errors = 3.0;
    const double root = std::sqrt(std::sqrt(static_cast<double>(distances.size())));
    const auto count = static_cast<std::ptrdiff_t>(root * root);
    const auto end = distances.begin() + count;
    std::nth_element(distances.begin(), end, distances.end(), std::greater<>());
    std::sort(distances.begin(), end);  // the sum does not depend on how the library selects
    const double hill = std::accumulate(distances.begin(), end, 0.0,
                                        [&](double sum, double distance) {
                                            return sum + std::log(distance / *end);
                                        }) /
                        static_cast<double>(count);
    return hill > of_no_variance * (1.0 + errors / root);
}

}  // namespace

bool has_heavy_tail(const SeriesSummary& summary) {
    constexpr double share_of_spread = 0.5, distance = 15.0;
    const bool one_makes_it = summary.moments.largest_share() > share_of_spread;
    if (!summary.has_values) return one_makes_it;
    if (summary.values.empty()) return false;  // a derived row's
    const bool has_tail = summary.values.size() >= trials_of_a_tail;
    if (!one_makes_it && !has_tail) return false;
    std::vector<double> distances = summary.values;
    const double median = median_of(distances);
    for (double& value : distances) value = std::abs(value - median);
    const double typical = median_of(distances);
    // What is rare, such as one in a hundred labels, is not heavy.
    if (!(typical > 0.0)) return false;
    if (one_makes_it && std::ranges::max(distances) > distance * typical) return true;
    return has_tail && falls_slowly(distances);
}

bool lacks_interval(const SeriesSummary& summary, const TheoryRow* theory) {
    if (lacks_variance(theory)) return true;
    return !is_tail_known(theory) && has_heavy_tail(summary);
}

double least_trials(double tail_exponent) {
    return std::isfinite(tail_exponent) ? std::exp2(16.0 - 2.0 * tail_exponent) : 0.0;
}

bool lacks_variance(const TheoryRow* theory) {
    return theory &&
           (has_flag(theory->flags, "near_interpolation") || std::isinf(theory->prediction.value));
}

bool is_tail_known(const TheoryRow* theory) {
    return theory != nullptr && !std::isnan(theory->tail_exponent);
}

bool is_zero_risk(const TheoryRow* theory) {
    return theory && !theory->arm.empty() && theory->prediction.kind != TheoryKind::none &&
           theory->prediction.value == 0.0 && theory->zero_scale > 0.0;
}

}  // namespace cucurbit
