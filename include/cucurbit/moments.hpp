#pragma once
// Mean and spread of values that arrive in parts and merge in a fixed order.

#include <cstdint>
#include <span>

namespace cucurbit {

/// Count, mean and sums of squared and cubed deviations. Merging is deterministic, not associative
/// to the last bit: merge in block order.
class Moments {
public:
    /// mean += (x − mean)/count; deviations += (x − mean_before)(x − mean_after) (Welford 1962).
    void add(double value);
    /// Chan, Golub and LeVeque (1983): deviations += other + δ² n₁n₂/(n₁ + n₂).
    void merge(const Moments& other);

    std::uint64_t count() const { return count_; }
    double mean() const;            ///< NaN without values
    double variance() const;        ///< unbiased; NaN below two values
    double standard_error() const;  ///< √(variance/count); NaN below two values
    double skewness() const;        ///< m₃/m₂^1.5 of central moments; 0 where all are equal
    double largest_share() const;  ///< (x − mean)²'s largest over their sum; 0 where all are equal

private:
    std::uint64_t count_ = 0;
    double mean_ = 0.0;
    double deviations_ = 0.0;
    double cubes_ = 0.0;
    double least_ = 0.0, greatest_ = 0.0;
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
