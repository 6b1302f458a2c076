#pragma once
// Small things that the settings share about their points.

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "cucurbit/study.hpp"

namespace cucurbit {

/// Largest n of a grid that a study may ask for.
inline constexpr std::uint64_t max_samples = 1'000'000'000;

/// "near_interpolation" for |n − p| ≤ 3, where no variance of the risk exists; else empty.
inline std::string interpolation_flag(std::size_t n, std::size_t p) {
    return n + 3 >= p && n <= p + 3 ? "near_interpolation" : "";
}

/// TheoryRow::tail_exponent of a fit with noise, or with labels that its p features cannot express:
/// the risk goes with the inverse of the least eigenvalue of a Wishart matrix (Edelman 1988).
inline double tail_exponent(std::size_t n, std::size_t p) {
    return 0.5 * (std::abs(static_cast<double>(n) - static_cast<double>(p)) + 1.0);
}
/// Without either.
inline constexpr double light_tail = std::numeric_limits<double>::infinity();

/// What every penalty is multiplied by to tell how steep a risk is.
inline constexpr double steeper_penalty = 1.001;
/// A prediction of ridge fits: an equivalent's κ may be off by its tolerance, and a value goes with
/// a power of κ, at most of the penalties, that its value at steeper penalties tells: without noise
/// and far from interpolation the square.
inline Prediction allow_for_slope(Prediction of, double steeper) {
    const double slope = std::log(steeper / of.value) / std::log(steeper_penalty);
    if (std::isfinite(slope)) of.relative_error *= 1.0 + std::abs(slope);
    return of;
}

/// A design without points: the canonical text, with the seed, is all that its draws depend on.
/// Blocks have 64 trials, fewer where the largest row-space trial of this dimension takes seconds;
/// they depend on the dimension alone, so that a grid of n may grow.
Design design_of(std::uint64_t seed, std::string canonical, std::size_t dimension);

/// The random key of a sufficient factor that stands for so many rows; what: names the rows.
std::uint64_t factor_key(std::uint64_t seed, const Design& design, std::string_view what,
                         std::uint64_t rows);

/// Fills the design's bytes from a simulation's workspace counted without an engine, and its flops
/// where the simulation knows them.
template <class Run, class Parameters>
void measure_memory(const Parameters& setting, Design& design) {
    const Run counted(setting, design, nullptr, 1);
    design.bytes_per_trial = counted.workspace().bytes_per_trial();
    design.bytes_per_matrix = counted.workspace().bytes_per_matrix();
    design.bytes_per_worker = counted.workspace().bytes_per_worker();
    if constexpr (requires { counted.flops(); }) design.flops_per_trial = counted.flops();
}

}  // namespace cucurbit
