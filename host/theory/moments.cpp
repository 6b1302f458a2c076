#include "cucurbit/moments.hpp"

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <stdexcept>
#include <vector>

#include "host/theory/special.hpp"

namespace cucurbit {

void Moments::add(double value) {
    least_ = count_ == 0 ? value : std::min(least_, value);
    greatest_ = count_ == 0 ? value : std::max(greatest_, value);
    ++count_;
    const double n = static_cast<double>(count_);
    const double before = value - mean_;
    const double step = before / n;
    mean_ += step;
    const double added = before * (value - mean_);
    cubes_ += added * step * (n - 2.0) - 3.0 * step * deviations_;
    deviations_ += added;
}

void Moments::merge(const Moments& other) {
    if (other.count_ == 0) return;
    if (count_ == 0) {
        *this = other;
        return;
    }
    const double own = static_cast<double>(count_);
    const double others = static_cast<double>(other.count_);
    const double all = own + others;
    const double delta = other.mean_ - mean_;
    const double share = others / all;
    cubes_ += other.cubes_ + delta * delta * delta * own * share * (own - others) / all +
              3.0 * delta * (own * other.deviations_ - others * deviations_) / all;
    mean_ += delta * share;
    deviations_ += other.deviations_ + delta * delta * own * share;
    count_ += other.count_;
    least_ = std::min(least_, other.least_);
    greatest_ = std::max(greatest_, other.greatest_);
}

double Moments::mean() const {
    return count_ == 0 ? missing : mean_;
}

double Moments::variance() const {
    return count_ < 2 ? missing : deviations_ / static_cast<double>(count_ - 1);
}

double Moments::standard_error() const {
    return std::sqrt(variance() / static_cast<double>(count_));
}

double Moments::skewness() const {
    if (!(deviations_ > 0.0)) return 0.0;
    return cubes_ / deviations_ * std::sqrt(static_cast<double>(count_) / deviations_);
}

double Moments::largest_share() const {
    if (!(deviations_ > 0.0)) return 0.0;
    const double most = std::max(greatest_ - mean_, mean_ - least_);
    return most / deviations_ * most;
}

// With u = 1 + k t/3 it is (u³ − 1)/k + k/6: monotone, and solved by a cube root.
double skewed_t(double t, double skewness, std::uint64_t count) {
    const double k = skewness / std::sqrt(static_cast<double>(count));
    return t + k * (t * t / 3.0 + 1.0 / 6.0) + k * k * t * t * t / 27.0;
}

double t_of_skewed(double skewed, double skewness, std::uint64_t count) {
    const double k = skewness / std::sqrt(static_cast<double>(count));
    if (std::abs(k) < 1e-9) return skewed;
    return 3.0 / k * (std::cbrt(1.0 + k * (skewed - k / 6.0)) - 1.0);
}

Interval confidence_interval(const Moments& moments, double level) {
    if (!(level > 0.0 && level < 1.0)) {
        throw std::invalid_argument("a confidence level lies strictly between 0 and 1");
    }
    if (moments.count() < 2) return {missing, missing};
    const boost::math::students_t student(static_cast<double>(moments.count() - 1));
    const double edge = boost::math::quantile(complement(student, 0.5 * (1.0 - level)));
    const auto end = [&](double skewed) {
        return moments.mean() -
               t_of_skewed(skewed, moments.skewness(), moments.count()) * moments.standard_error();
    };
    return {end(edge), end(-edge)};
}

double quantile(std::span<const double> values, double q) {
    if (!(q >= 0.0 && q <= 1.0)) throw std::invalid_argument("a quantile lies between 0 and 1");
    if (values.empty()) return missing;
    if (std::any_of(values.begin(), values.end(), [](double v) { return std::isnan(v); })) {
        return missing;
    }
    std::vector<double> sorted(values.begin(), values.end());
    std::sort(sorted.begin(), sorted.end());
    const double place = q * static_cast<double>(sorted.size() - 1);
    const auto index = static_cast<std::size_t>(place);
    const double low = sorted[index];
    const double fraction = place - static_cast<double>(index);
    return fraction == 0.0 ? low : std::lerp(low, sorted[index + 1], fraction);
}

}  // namespace cucurbit
