#pragma once
// The fixed part of a study: ambient dimension, covariance spectrum and truth.

#include <cstddef>
#include <vector>

namespace cucurbit {

/// A population with covariance diag(spectrum) and linear truth. For one fit on Gaussian data a
/// diagonal covariance loses nothing: the ridgeless fit commutes with rotations.
struct Population {
    std::vector<double> spectrum;  ///< [p] covariance eigenvalues λ, all > 0
    std::vector<double> truth;     ///< [p] coefficients β* in the eigenbasis

    std::size_t dimension() const { return spectrum.size(); }
};

/// λ_i = i^-exponent, i = 1..p.
std::vector<double> power_law_spectrum(std::size_t p, double exponent);

/// β* with λ_i β*_i² = i^-exponent (Ildiz et al. 2025, Figure 1 and the scaling law's assumption).
std::vector<double> power_law_truth(const std::vector<double>& spectrum, double exponent);

}  // namespace cucurbit
