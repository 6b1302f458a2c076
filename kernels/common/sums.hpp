#pragma once

#include <array>
#include <cstddef>

namespace cucurbit {

/// Σ values, in eight sums: consecutive values do not wait for each other.
inline double sum(const double* values, std::size_t count) {
    std::array<double, 8> sums{};
    std::size_t i = 0;
    for (; i + sums.size() <= count; i += sums.size())
        for (std::size_t k = 0; k < sums.size(); ++k) sums[k] += values[i + k];
    for (std::size_t k = 0; i < count; ++i, ++k) sums[k] += values[i];
    return ((sums[0] + sums[4]) + (sums[1] + sums[5])) +
           ((sums[2] + sums[6]) + (sums[3] + sums[7]));
}

}  // namespace cucurbit
