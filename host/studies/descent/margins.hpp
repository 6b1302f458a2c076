#pragma once
// A student's margins beside its teacher's on the same points.

#include <cstddef>
#include <utility>
#include <vector>

namespace cucurbit {

/// Points from the least to the most sure of a teacher; of one that diverged in any order.
std::vector<std::size_t> by_margin(const std::vector<double>& margins);

/// What is made of both models' margins. A point at which either is not a number makes it missing.
struct MarginComparison {
    const std::vector<double>& teacher;
    const std::vector<double>& student;
    const std::vector<std::size_t>& order;  ///< by the teacher's margin

    /// Mean over the points first .. end − 1 in the order.
    double mean(const std::vector<double>& of, std::size_t first, std::size_t end) const;
    /// Share of those points where the student's margin is below (above) the teacher's, by more
    /// than rounding: a student of the labels takes the very steps of its teacher.
    double share(std::size_t first, std::size_t end, bool below) const;
    /// Slope and intercept of least squares of the student's margin on the teacher's.
    std::pair<double, double> line() const;

private:
    double gap(std::size_t k) const;
};

}  // namespace cucurbit
