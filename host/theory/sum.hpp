#pragma once
// Sums over coordinates whose rounding error does not grow with their number.

#include <cstddef>
#include <vector>

namespace cucurbit {

/// Σ term(i) for first ≤ i < last by halves: the relative error for terms of one sign is about
/// log2(last − first) rounding units (Higham 1993).
template <class Term>
double pairwise_sum(std::size_t first, std::size_t last, const Term& term) {
    constexpr std::size_t leaf = 128;
    if (last - first > leaf) {
        const std::size_t middle = first + (last - first) / 2;
        return pairwise_sum(first, middle, term) + pairwise_sum(middle, last, term);
    }
    double sum = 0.0;
    for (std::size_t i = first; i < last; ++i) sum += term(i);
    return sum;
}

inline double squared_norm(const std::vector<double>& values) {
    double sum = 0.0;
    for (const double value : values) sum += value * value;
    return sum;
}

}  // namespace cucurbit
