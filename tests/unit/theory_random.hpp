#pragma once
// Random arguments for properties of the theory; the same ones in every run unless RC_PARAMS says
// otherwise.

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <cstdlib>
#include <vector>

namespace cucurbit {

// Runs before main, so before any thread.  NOLINTNEXTLINE(concurrency-mt-unsafe)
inline const int properties_are_seeded = setenv("RC_PARAMS", "seed=20250401", 0);

/// Uniform on [low, high] in steps of a millionth: RapidCheck's own doubles are mostly huge.
inline double draw_real(double low, double high) {
    const int step = *rc::gen::resize(rc::kNominalSize, rc::gen::inRange(0, 1000001));
    return low + (high - low) * 1e-6 * step;
}

/// A whole number, low ≤ value < end.
inline std::size_t draw_count(std::size_t low, std::size_t end) {
    return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange(low, end));
}

/// Eigenvalues between 10^-decades and 1, in no order.
inline std::vector<double> draw_spectrum(std::size_t p, double decades) {
    std::vector<double> spectrum(p);
    for (double& lambda : spectrum) lambda = std::pow(10.0, -draw_real(0.0, decades));
    return spectrum;
}

inline std::vector<double> draw_coefficients(std::size_t p) {
    std::vector<double> coefficients(p);
    for (double& value : coefficients) value = draw_real(-3.0, 3.0);
    return coefficients;
}

}  // namespace cucurbit
