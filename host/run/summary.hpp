#pragma once
// One series' values, merged.

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "cucurbit/moments.hpp"
#include "cucurbit/store.hpp"
#include "cucurbit/study.hpp"
#include "host/table/flags.hpp"

namespace cucurbit {

struct SeriesSummary {
    Moments moments;  ///< of the trials that did not fail, divided by unit
    /// A power of two, 1 but for values so small or so large that their squares or cubes would
    /// leave the range of double precision.
    double unit = 1.0;
    std::uint64_t trials = 0;
    std::uint64_t failed = 0;          ///< status not ok, or value not finite
    std::uint64_t rank_deficient = 0;  ///< trials below full rank
    std::uint64_t escalated = 0;  ///< trials that needed more than the plain Cholesky factorisation
    std::vector<double> values;   ///< those averaged, in the order of trials
    bool has_values = true;       ///< false: of moments, so that there are no quantiles

    double mean() const { return unit * moments.mean(); }
    double standard_error() const { return unit * moments.standard_error(); }
};

/// Summaries of a series' first trials, for one limit after another: of ascending limits each trial
/// is looked at once.
class FirstTrials {
public:
    /// stored: as Store::read gives it; lives longer.
    explicit FirstTrials(const std::vector<BlockValues>& stored) : stored_(&stored) {}

    /// Merges trials 0 .. limit - 1 in their order: Moments of trials 64k .. 64k + 63, then merged,
    /// so that the bits do not depend on how the trials came into the store, nor on the limits
    /// before. Valid until the next call.
    const SeriesSummary& until(std::uint64_t limit);
    /// The last summary.
    SeriesSummary take() && { return std::move(summary_); }

private:
    void forget();
    /// The largest absolute value among the trials that a limit adds.
    double largest_until(std::uint64_t limit) const;
    void add(double value, const Outcome& outcome);

    const std::vector<BlockValues>* stored_;
    std::size_t block_ = 0, index_ = 0;  ///< of the next trial
    std::uint64_t limit_ = 0;
    double largest_ = 0.0;
    Moments whole_, part_;  ///< of the trials in groups of 64 before, and of the last group's
    std::uint64_t part_index_ = 0;
    SeriesSummary summary_;
};

/// FirstTrials::until for one limit.
SeriesSummary summarize_series(const std::vector<BlockValues>& stored, std::uint64_t limit);

/// The same of moments, merged in the order of trials.
SeriesSummary summarize_series(const std::vector<MomentsBlock>& stored);

/// A derived row over trials 0 .. limit - 1 that none of its series lacks or failed; values: of
/// each term of row.above, then of row.below, each as Store::read gives it. A ratio's moments are
/// those of ratio + (above − ratio · below)/mean(below), whose mean is the ratio of means and whose
/// standard error is its own to first order (delta method, with the covariance of above and below).
/// Without moments where mean(below) is not 4 standard errors above zero.
SeriesSummary summarize_derived(const DerivedRow& row,
                                const std::vector<std::vector<BlockValues>>& values,
                                std::uint64_t limit);
/// The same of moments of the row's sums.
SeriesSummary summarize_derived(const DerivedRow& row, const std::vector<MomentsBlock>& stored);

/// Of each of a design's points its series, in the design's order.
std::vector<std::vector<const Series*>> series_by_point(const Design& design);

/// The theory of an estimand of an arm among a point's predictions; null when there is none.
const TheoryRow* find_theory(const std::vector<TheoryRow>& rows, const std::string& arm,
                             const std::string& estimand);

/// Whether a standard error would mean nothing. Either one trial makes most of the spread: its
/// squared deviation from the mean is more than half of the sum, and it lies 15 times as far from
/// the median as half of the trials do. Rare among light tails: of exponentials 5 % with 8 trials,
/// 3 % with 30, none with 300. From 2048 trials on the distance follows from the share, unless half
/// of the trials are equal; of moments the share alone is known. Or the tail falls as that of no
/// variance does: among 256 trials or more the √trials largest distances from the median have
/// Hill's estimate of 1/tail_exponent three standard errors above 1/2. Of ratios of normals
/// (exponent 1) 83 % are found by 256 trials, 95 % by 1024 and all by 4096; of Student's t with
/// three degrees of freedom, which has a variance, 3, 1 and 0 %.
bool has_heavy_tail(const SeriesSummary& summary);
/// Whether the trials determine no variance: by law, or by what they look like where no law says.
bool lacks_interval(const SeriesSummary& summary, const TheoryRow* theory);
/// How many trials a 95 % interval of the mean needs where P(value > x) falls as x^-tail_exponent,
/// for a coverage near 94 % or more: 2^(16 − 2 tail_exponent), that is 2048 at |n − p| = 4 and half
/// as many with each sample more (measured: tests/statistical/verdict_rates_test.cpp). 0 where the
/// exponent is not known.
double least_trials(double tail_exponent);

/// No variance exists (flagged by the setting, or the mean is infinite).
bool lacks_variance(const TheoryRow* theory);
/// Whether a law says how heavy the trials' tail is.
bool is_tail_known(const TheoryRow* theory);
/// An arm's risk is zero in every trial but for rounding; a difference whose mean is zero need not
/// be.
bool is_zero_risk(const TheoryRow* theory);

}  // namespace cucurbit
