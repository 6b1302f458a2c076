#include "cucurbit/moments.hpp"

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <stdexcept>
#include <vector>

#include "host/theory/special.hpp"

namespace cucurbit {

namespace {

/// What merging two groups of these sizes takes.
struct Sizes {
    Sizes(std::uint64_t own_count, std::uint64_t other_count)
        : own(static_cast<double>(own_count)),
          others(static_cast<double>(other_count)),
          all(own + others) {}
    double own, others, all;
};

}  // namespace

void Moments::add(double value) {
    auto& [count, mean, deviations, cubes, least, greatest] = sums_;
    least = count == 0 ? value : std::min(least, value);
    greatest = count == 0 ? value : std::max(greatest, value);
    ++count;
    const double n = static_cast<double>(count);
    const double before = value - mean;
    const double step = before / n;
    mean += step;
    const double added = before * (value - mean);
    cubes += added * step * (n - 2.0) - 3.0 * step * deviations;
    deviations += added;
}

void Moments::merge(const Moments& other) {
    const Sums& more = other.sums_;
    if (more.count == 0) return;
    if (sums_.count == 0) {
        *this = other;
        return;
    }
    auto& [count, mean, deviations, cubes, least, greatest] = sums_;
    const Sizes n(count, more.count);
    const double delta = more.mean - mean;
    const double share = n.others / n.all;
    cubes += more.cubes + delta * delta * delta * n.own * share * (n.own - n.others) / n.all +
             3.0 * delta * (n.own * more.deviations - n.others * deviations) / n.all;
    mean += delta * share;
    deviations += more.deviations + delta * delta * n.own * share;
    count += more.count;
    least = std::min(least, more.least);
    greatest = std::max(greatest, more.greatest);
}

double Moments::mean() const {
    return sums_.count == 0 ? missing : sums_.mean;
}

double Moments::variance() const {
    return sums_.count < 2 ? missing : sums_.deviations / static_cast<double>(sums_.count - 1);
}

double Moments::standard_error() const {
    return std::sqrt(variance() / static_cast<double>(sums_.count));
}

double Moments::skewness() const {
    const double squares = sums_.deviations;
    if (!(squares > 0.0)) return 0.0;
    return sums_.cubes / squares * std::sqrt(static_cast<double>(sums_.count) / squares);
}

double Moments::largest_share() const {
    if (!(sums_.deviations > 0.0)) return 0.0;
    const double most = std::max(sums_.greatest - sums_.mean, sums_.mean - sums_.least);
    return most / sums_.deviations * most;
}

double unit_of(double largest) {
    constexpr double least_plain = 1e-75, largest_plain = 1e75;
    if (largest == 0.0 || (largest >= least_plain && largest <= largest_plain)) return 1.0;
    return std::ldexp(1.0, std::clamp(std::ilogb(largest), -1022, 1023));
}

namespace {

double size_of(const Moments& moments) {
    return std::max(std::abs(moments.sums().least), std::abs(moments.sums().greatest));
}

Moments multiply(const Moments& moments, double factor) {
    auto [count, mean, deviations, cubes, least, greatest] = moments.sums();
    return Moments({count, mean * factor, deviations * factor * factor,
                    cubes * factor * factor * factor, least * factor, greatest * factor});
}

Moments moments_of(std::span<const double> values, double unit) {
    Moments moments;
    for (const double value : values) moments.add(value / unit);
    return moments;
}

}  // namespace

PairMoments::PairMoments(std::span<const double> above, std::span<const double> below) {
    double size = 0.0;
    for (const std::span<const double> values : {above, below})
        for (const double value : values) size = std::max(size, std::abs(value));
    unit_ = unit_of(size);
    above_ = moments_of(above, unit_);
    below_ = moments_of(below, unit_);
    for (std::size_t i = 0; i < below.size(); ++i) {
        const double a = above[i] / unit_ - above_.sums().mean;
        const double b = below[i] / unit_ - below_.sums().mean;
        cross_.ab += a * b;
        cross_.aab += a * a * b;
        cross_.abb += a * b * b;
    }
}

double PairMoments::largest() const {
    return unit_ * std::max(size_of(above_), size_of(below_));
}

void PairMoments::change_unit(double unit) {
    // The unit of zeros says nothing, and could be too far away.
    const double factor = largest() > 0.0 ? unit_ / unit : 1.0;
    unit_ = unit;
    if (factor == 1.0) return;
    above_ = multiply(above_, factor);
    below_ = multiply(below_, factor);
    const double square = factor * factor, cube = square * factor;
    cross_ = {cross_.ab * square, cross_.aab * cube, cross_.abb * cube};
}

void PairMoments::merge(PairMoments other) {
    const double unit = unit_of(std::max(largest(), other.largest()));
    change_unit(unit);
    other.change_unit(unit);
    if (above_.count() > 0 && other.above_.count() > 0) {
        const Moments::Sums &a = above_.sums(), &b = below_.sums();
        const Moments::Sums &more_a = other.above_.sums(), &more_b = other.below_.sums();
        const Sizes n(a.count, more_a.count);
        const double step_a = more_a.mean - a.mean, step_b = more_b.mean - b.mean;
        const double pairs = n.own * n.others / n.all;
        const double thirds = pairs * (n.own - n.others) / n.all;
        const auto moved = [&n](double own, double others) {
            return (n.own * others - n.others * own) / n.all;
        };
        const double ab = moved(cross_.ab, other.cross_.ab);
        const double aa = moved(a.deviations, more_a.deviations);
        const double bb = moved(b.deviations, more_b.deviations);
        cross_.ab += step_a * step_b * pairs;
        cross_.aab += step_a * step_a * step_b * thirds + 2.0 * step_a * ab + step_b * aa;
        cross_.abb += step_a * step_b * step_b * thirds + 2.0 * step_b * ab + step_a * bb;
    }
    cross_.ab += other.cross_.ab;
    cross_.aab += other.cross_.aab;
    cross_.abb += other.cross_.abb;
    above_.merge(other.above_);
    below_.merge(other.below_);
}

Moments PairMoments::difference(double ratio) const {
    const Moments::Sums &a = above_.sums(), &b = below_.sums();
    const double mean = a.mean - ratio * b.mean;
    const double squares = a.deviations - 2.0 * ratio * cross_.ab + ratio * ratio * b.deviations;
    const double cubes = a.cubes - 3.0 * ratio * cross_.aab + 3.0 * ratio * ratio * cross_.abb -
                         ratio * ratio * ratio * b.cubes;
    return Moments({a.count, mean, std::max(squares, 0.0), cubes, mean, mean});
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
