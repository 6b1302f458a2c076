#pragma once
// What every fit's law asks of its arguments.

#include <cstddef>
#include <span>

namespace cucurbit {

/// Throws std::invalid_argument on an empty spectrum, λ_i ≤ 0 or not finite, samples = 0, penalty <
/// 0.
void check_fit_arguments(std::span<const double> spectrum, std::size_t samples, double penalty);

}  // namespace cucurbit
