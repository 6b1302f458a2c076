#pragma once
// A student's margins beside its teacher's, on host and device.

#include <cmath>
#include <cstddef>

#include "kernels/common/host_device.hpp"

namespace cucurbit {

/// The points of which a teacher is least sure, and as many of which it is most sure.
CUCURBIT_HOST_DEVICE constexpr std::size_t quarter_of(std::size_t points) {
    return (points + 3) / 4;
}

/// A student's margin less its teacher's, where they differ by more than rounding, else 0: a
/// student of the labels takes the very steps of its teacher, and thousands of steps round to less
/// than this share of a margin. NaN where either is.
CUCURBIT_HOST_DEVICE inline double margin_gap(double student, double teacher) {
    constexpr double rounding = 1e-9;
    const double gap = student - teacher, size = std::abs(teacher);
    return std::abs(gap) <= rounding * (size > 1.0 ? size : 1.0) ? 0.0 : gap;
}

}  // namespace cucurbit
