#pragma once
// Operands that several checks of operations share.

#include "host/cli/worktable.hpp"

namespace cucurbit::cli {

/// k ascending lengths up to n, the last of them n.
inline std::vector<std::uint32_t> lengths(std::size_t n, std::size_t k) {
    std::vector<std::uint32_t> rows;
    for (std::size_t j = 1; j <= k; ++j)
        rows.push_back(static_cast<std::uint32_t>((n * j + k - 1) / k));
    return rows;
}

/// Weights without a pattern that a permutation would leave alone.
inline Values ramp(std::size_t size) {
    Values values(size);
    for (std::size_t i = 0; i < size; ++i) values[i] = 0.25 + 0.125 * static_cast<double>(i % 7);
    return values;
}

/// Rows of a sample with more of them than n.
inline std::size_t wide(std::size_t n) {
    return 2 * n + 1;
}

/// l lᵀ; where `spoilt`, the middle pivot of the second trial is negative.
inline Values square_values(const Values& lower, std::size_t n, bool spoilt) {
    Values square = product_values(lower, lower, n, n, n, true);
    if (spoilt) square[n * n + (n / 2) * (n + 1)] = -1.0;
    return square;
}

}  // namespace cucurbit::cli
