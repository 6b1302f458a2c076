#include <algorithm>
#include <stdexcept>

#include "cucurbit/theory.hpp"
#include "host/theory/sum.hpp"

namespace cucurbit {
namespace {

void check_length(std::span<const double> truth, std::span<const double> spectrum) {
    if (truth.size() != spectrum.size()) {
        throw std::invalid_argument("spectrum and truth differ in length");
    }
}

// 1 − Ω without the cancellation near n = p.
double one_minus_omega(const FixedPoint& fixed) {
    const double kept = pairwise_sum(0, fixed.zeta.size(), [&](std::size_t i) {
        return (1.0 - fixed.zeta[i]) * (1.0 - fixed.zeta[i]);
    });
    return fixed.effective_excess / (fixed.effective_excess + kept);
}

bool mask_keeps(double zeta, double one_minus_omega) {
    return zeta * zeta < one_minus_omega;
}

}  // namespace

std::vector<double> optimal_surrogate(std::span<const double> truth,
                                      std::span<const double> spectrum, std::size_t samples) {
    check_length(truth, spectrum);
    const FixedPoint fixed = solve_fixed_point(spectrum, samples);
    std::vector<double> surrogate(truth.begin(), truth.end());
    if (fixed.xi == 0.0) return surrogate;
    const double ratio = fixed.omega * static_cast<double>(samples) / fixed.effective_excess;
    for (std::size_t i = 0; i < truth.size(); ++i) {
        const double kept = spectrum[i] / (spectrum[i] + fixed.xi);
        const double zeta = fixed.zeta[i];
        surrogate[i] *= kept / (kept * kept + ratio * zeta * zeta);
    }
    return surrogate;
}

std::vector<double> masked_surrogate(std::span<const double> truth,
                                     std::span<const double> spectrum, std::size_t samples) {
    check_length(truth, spectrum);
    const FixedPoint fixed = solve_fixed_point(spectrum, samples);
    std::vector<double> surrogate(truth.begin(), truth.end());
    if (fixed.xi == 0.0) return surrogate;
    const double limit = one_minus_omega(fixed);
    for (std::size_t i = 0; i < truth.size(); ++i) {
        if (!mask_keeps(fixed.zeta[i], limit)) surrogate[i] = 0.0;
    }
    return surrogate;
}

SurrogateCounts count_surrogate(const FixedPoint& fixed_point) {
    const std::vector<double>& zeta = fixed_point.zeta;
    if (fixed_point.xi == 0.0) return {0, zeta.size()};
    const double limit = one_minus_omega(fixed_point);
    // Isotropic spectra have 1 − ζ_i = Ω in every coordinate; rounding must not count as
    // amplification.
    const double amplified_below = limit * (1.0 - 1e-12);
    SurrogateCounts counts;
    for (const double value : zeta) {
        if (value < amplified_below) ++counts.amplified;
        if (mask_keeps(value, limit)) ++counts.kept;
    }
    return counts;
}

}  // namespace cucurbit
