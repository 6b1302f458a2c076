#pragma once
// The bias of gradient descent towards leading eigendirections, and its exaggeration by
// distillation (Nagarajan et al. 2023, section 4), in residuals' logarithms.
//
// Squared loss, zero start: along a direction of squared singular value s² the model has covered
// the share a(t) = 1 − (1 − ηs²/n)^t of its way, t real; the residual's factor per unit of time has
// the logarithm `rate` = log1p(−ηs²/n) < 0, or −ηs²/n for gradient flow. A student trained for t on
// the outputs of a teacher stopped at T, on the same inputs, has covered a(t) a(T).

#include <cstddef>
#include <span>

namespace cucurbit {

/// a(t) = −expm1(t·rate).
double progress(double rate, double time);

/// The logarithm of 1 − a(t) a(T), to relative accuracy of order eps.
double log_student_residual(double rate, double teacher_time, double student_time);

/// The real time t' at which the teacher itself has covered a(t') = a(t) a(T).
double matched_time(double rate, double teacher_time, double student_time);

/// Whether the student, at the teacher's progress along the stronger direction (stronger_rate <
/// weaker_rate < 0), has covered less of the weaker one: a_2(t') > a_2(t) a_2(T) where
/// a_1(t') = a_1(t) a_1(T). With m = min(t, T), M = max(t, T) the residual is
/// (1 − a(m))(1 + a(m) e^{(M−m) rate}), so that t' = m − δ_1/|rate_1| with δ = log1p(a(m) e^{(M−m)
/// rate}), and the statement becomes δ_1/|rate_1| < δ_2/|rate_2|: nothing cancels.
bool exaggerates(double stronger_rate, double weaker_rate, double teacher_time,
                 double student_time);

/// The pairs of these rates, ascending, for which exaggerates() is false.
std::size_t not_exaggerated(std::span<const double> rates, double teacher_time,
                            double student_time);

}  // namespace cucurbit
