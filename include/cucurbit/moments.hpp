#pragma once
// Mean and spread of values that arrive in parts and merge in a fixed order.

#include <cstdint>
#include <span>

namespace cucurbit {

/// Count, mean and sum of squared deviations. Merging is deterministic, not associative to the last
/// bit: merge in block order.
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

private:
    std::uint64_t count_ = 0;
    double mean_ = 0.0;
    double deviations_ = 0.0;
};

struct Interval {
    double low = 0.0;
    double high = 0.0;
};
/// Student's t interval of the mean at the given level; NaN ends below two values.
/// Throws std::invalid_argument unless 0 < level < 1.
Interval confidence_interval(const Moments& moments, double level = 0.95);

/// The q-quantile with linear interpolation between order statistics (as numpy.quantile's default);
/// sorts a copy. NaN without values or if one of them is NaN. Throws std::invalid_argument unless
/// 0 ≤ q ≤ 1.
double quantile(std::span<const double> values, double q);

}  // namespace cucurbit
