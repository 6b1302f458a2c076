#pragma once
// Mean and spread of values that arrive in parts and merge in a fixed order.

#include <cstdint>
#include <span>

namespace cucurbit {

/// Count, mean and sums of squared and cubed deviations. Merging is deterministic, not associative
/// to the last bit: merge in block order.
class Moments {
public:
    /// The numbers that moments are made of.
    struct Sums {
        std::uint64_t count = 0;
        double mean = 0.0;
        double deviations = 0.0;  ///< Σ (x − mean)²
        double cubes = 0.0;       ///< Σ (x − mean)³
        double least = 0.0, greatest = 0.0;
    };
    Moments() = default;
    explicit Moments(const Sums& sums) : sums_(sums) {}
    const Sums& sums() const { return sums_; }

    /// mean += (x − mean)/count; deviations += (x − mean_before)(x − mean_after) (Welford 1962).
    void add(double value);
    /// Chan, Golub and LeVeque (1983): deviations += other + δ² n₁n₂/(n₁ + n₂).
    void merge(const Moments& other);

    std::uint64_t count() const { return sums_.count; }
    double mean() const;            ///< NaN without values
    double variance() const;        ///< unbiased; NaN below two values
    double standard_error() const;  ///< √(variance/count); NaN below two values
    double skewness() const;        ///< m₃/m₂^1.5 of central moments; 0 where all are equal
    double largest_share() const;  ///< (x − mean)²'s largest over their sum; 0 where all are equal

private:
    Sums sums_;
};

/// The power of two, 1 but for very small or large values, by which values up to this size are
/// divided so that their squares and cubes stay in the range of double precision.
double unit_of(double largest);

/// Moments of a value, or of a value and one beside it in each trial, with those third-order sums
/// that a ratio of their means needs. Of the values divided by unit(). Merging is as that of
/// Moments.
class PairMoments {
public:
    /// Sums over both: Σ ab, Σ a²b and Σ ab² of deviations from the means.
    struct Cross {
        double ab = 0.0, aab = 0.0, abb = 0.0;
    };
    PairMoments() = default;
    PairMoments(double unit, const Moments& above, const Moments& below, const Cross& cross)
        : unit_(unit), above_(above), below_(below), cross_(cross) {}
    /// below: empty, or as long as above.
    PairMoments(std::span<const double> above, std::span<const double> below);
    void merge(PairMoments other);

    double unit() const { return unit_; }
    const Moments& above() const { return above_; }
    const Moments& below() const { return below_; }
    const Cross& cross() const { return cross_; }
    /// The size of the largest value.
    double largest() const;
    /// Of above − ratio · below, in the same unit; its least and greatest values are not known, and
    /// stand as its mean.
    Moments difference(double ratio) const;

private:
    void change_unit(double unit);

    double unit_ = 1.0;
    Moments above_, below_;
    Cross cross_;
};

struct Interval {
    double low = 0.0;
    double high = 0.0;
};
/// Where Hall's transformation of Student's t, corrected for skewness (skewed_t), lies within the
/// quantiles of Student's t; NaN ends below two values. Throws std::invalid_argument unless
/// 0 < level < 1.
Interval confidence_interval(const Moments& moments, double level = 0.95);

/// t = (mean − truth)/standard error, corrected for the values' skewness γ (Hall, "On the removal
/// of skewness by transformation", 1992): t + k (t²/3 + 1/6) + k² t³/27, k = γ/√count; monotone in
/// t.
double skewed_t(double t, double skewness, std::uint64_t count);
/// The t that skewed_t makes of it.
double t_of_skewed(double skewed, double skewness, std::uint64_t count);

/// The q-quantile with linear interpolation between order statistics (as numpy.quantile's default);
/// sorts a copy. NaN without values or if one of them is NaN. Throws std::invalid_argument unless
/// 0 ≤ q ≤ 1.
double quantile(std::span<const double> values, double q);

}  // namespace cucurbit
