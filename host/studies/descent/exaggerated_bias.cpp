#include "host/studies/descent/exaggerated_bias.hpp"

#include <algorithm>
#include <cmath>

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

bool exaggerates(double stronger_rate, double weaker_rate, double teacher_time,
                 double student_time) {
    const double shorter = std::min(teacher_time, student_time);
    const double lead = std::max(teacher_time, student_time) - shorter;
    const auto delay = [&](double rate) {
        return std::log1p(progress(rate, shorter) * std::exp(lead * rate)) / -rate;
    };
    // What underflows there is its own logarithm1p.
    const auto log_delay = [&](double rate) {
        return std::log(progress(rate, shorter)) + lead * rate - std::log(-rate);
    };
    constexpr double smallest = -690.0;
    if (lead * stronger_rate > smallest) return delay(stronger_rate) < delay(weaker_rate);
    if (lead * weaker_rate > smallest) return true;
    return log_delay(stronger_rate) < log_delay(weaker_rate);
}

}  // namespace cucurbit
