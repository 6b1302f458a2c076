#include "host/studies/descent/exaggerated_bias.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace cucurbit {

double progress(double rate, double time) {
    return -std::expm1(time * rate);
}

double log_student_residual(double rate, double teacher_time, double student_time) {
    const auto [shorter, longer] = std::minmax(teacher_time, student_time);
    const double share = progress(rate, shorter), covered = share * progress(rate, longer);
    if (covered < 0.5) return std::log1p(-covered);
    return shorter * rate + std::log1p(share * std::exp((longer - shorter) * rate));
}

double matched_time(double rate, double teacher_time, double student_time) {
    return log_student_residual(rate, teacher_time, student_time) / rate;
}

namespace {

/// δ/|rate| of a direction, or its logarithm where it underflows.
struct Delay {
    bool underflows;
    double value;
};

Delay delay_of(double rate, double shorter, double longer) {
    constexpr double smallest = -690.0;
    const double share = progress(rate, shorter), exponent = (longer - shorter) * rate;
    // What underflows is its own logarithm1p.
    if (!(exponent > smallest)) return {true, std::log(share) + exponent - std::log(-rate)};
    return {false, std::log1p(share * std::exp(exponent)) / -rate};
}

/// Of a stronger and a weaker direction: the stronger one's exponent is the lower.
bool exaggerates(const Delay& stronger, const Delay& weaker) {
    if (stronger.underflows != weaker.underflows) return stronger.underflows;
    return stronger.value < weaker.value;
}

}  // namespace

bool exaggerates(double stronger_rate, double weaker_rate, double teacher_time,
                 double student_time) {
    const auto [shorter, longer] = std::minmax(teacher_time, student_time);
    return exaggerates(delay_of(stronger_rate, shorter, longer),
                       delay_of(weaker_rate, shorter, longer));
}

std::size_t not_exaggerated(std::span<const double> rates, double teacher_time,
                            double student_time) {
    const auto [shorter, longer] = std::minmax(teacher_time, student_time);
    std::vector<Delay> delays;
    for (const double rate : rates) delays.push_back(delay_of(rate, shorter, longer));
    std::size_t count = 0;
    for (std::size_t weaker = 1; weaker < delays.size(); ++weaker)
        for (std::size_t stronger = 0; stronger < weaker; ++stronger)
            count += exaggerates(delays[stronger], delays[weaker]) ? 0 : 1;
    return count;
}

}  // namespace cucurbit
