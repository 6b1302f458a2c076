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

inline const int properties_are_seeded = setenv("RC_PARAMS", "seed=20250401", 0);

/// A whole number of millionths between low and high: RapidCheck's own doubles are mostly huge.
inline double draw_real(double low, double high) {
    return low + (high - low) * 1e-6 * *rc::gen::inRange(0, 1000001);
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
