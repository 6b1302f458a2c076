#include "cucurbit/moments.hpp"

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <vector>

namespace cucurbit {
namespace {

constexpr double missing = std::numeric_limits<double>::quiet_NaN();

}  // namespace

void Moments::add(double value) {
    ++count_;
    const double before = value - mean_;
    mean_ += before / static_cast<double>(count_);
    deviations_ += before * (value - mean_);
}

void Moments::merge(const Moments& other) {
    if (other.count_ == 0) return;
    if (count_ == 0) {
        *this = other;
        return;
    }
    const double own = static_cast<double>(count_);
    const double others = static_cast<double>(other.count_);
    const double delta = other.mean_ - mean_;
    const double share = others / (own + others);
    mean_ += delta * share;
    deviations_ += other.deviations_ + delta * delta * own * share;
    count_ += other.count_;
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

Interval confidence_interval(const Moments& moments, double level) {
    if (!(level > 0.0 && level < 1.0)) {
        throw std::invalid_argument("a confidence level lies strictly between 0 and 1");
    }
    if (moments.count() < 2) return {missing, missing};
    const boost::math::students_t student(static_cast<double>(moments.count() - 1));
    const double width =
        boost::math::quantile(complement(student, 0.5 * (1.0 - level))) * moments.standard_error();
    return {moments.mean() - width, moments.mean() + width};
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
