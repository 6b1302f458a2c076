#pragma once
// A student's margins beside its teacher's on the same points.

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace cucurbit {

/// Points from the least to the most sure of a teacher, in their own order where it is equally
/// sure; of one that diverged in their own order.
std::vector<std::uint32_t> by_margin(std::span<const double> margins);

/// margins[order[0]], margins[order[1]], …
std::vector<double> in_order(std::span<const double> margins,
                             const std::vector<std::uint32_t>& order);

/// What is made of both models' margins, each in the order of the teacher's. A point at which
/// either is not a number makes it missing.
struct MarginComparison {
    const std::vector<double>& teacher;
    const std::vector<double>& student;

    /// Mean of either over the points first .. end − 1.
    static double mean(const std::vector<double>& of, std::size_t first, std::size_t end);
    /// Share of those points where the student's margin is below (above) the teacher's, by more
    /// than rounding: a student of the labels takes the very steps of its teacher.
    double share(std::size_t first, std::size_t end, bool below) const;
    /// Slope and intercept of least squares of the student's margin on the teacher's.
    std::pair<double, double> line() const;
};

}  // namespace cucurbit
