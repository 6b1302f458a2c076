#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "cucurbit/theory.hpp"
#include "host/theory/arguments.hpp"
#include "host/theory/special.hpp"
#include "host/theory/sum.hpp"

namespace cucurbit {
namespace {

void check_length(std::size_t length, std::size_t expected) {
    if (length != expected)
        throw std::invalid_argument("spectra and coefficients differ in length");
}

FitLaw fit_least_squares(const FitLaw& labels, std::span<const double> spectrum,
                         std::size_t samples, double noise_variance) {
    const std::size_t p = spectrum.size();
    FitLaw law = labels;
    if (noise_variance == 0.0) return law;
    const double freedom = static_cast<double>(samples - p) - 1.0;
    for (std::size_t i = 0; i < p; ++i) {
        law.variance[i] += freedom > 0.0 ? noise_variance / (freedom * spectrum[i]) : infinity;
    }
    return law;
}

// With Σ = λI the fit is P b + noise, P the projection on n uniformly random directions, so that
// E P = (n/p) I and E P M P = a M + c tr(M) I. The constants follow from E tr P = n and
// P_11 ~ Beta(n/2, (p − n)/2); the noise adds σ² E(X Xᵀ)⁻¹ by the inverse Wishart mean.
FitLaw fit_isotropic(const FitLaw& labels, double lambda, std::size_t samples,
                     double noise_variance) {
    const double p = static_cast<double>(labels.mean.size());
    const double n = static_cast<double>(samples);
    const double kept = n / p;
    const double spread = kept * (p - n) / (p + 2.0) / (p - 1.0);
    const double own = spread * (p - 2.0) / p;
    const double second_moment = pairwise_sum(0, labels.mean.size(), [&](std::size_t i) {
        return labels.mean[i] * labels.mean[i] + labels.variance[i];
    });
    // Infinite at n = p − 1.
    const double noise =
        noise_variance > 0.0 ? noise_variance * kept / (lambda * (p - n - 1.0)) : 0.0;
    FitLaw law = labels;
    for (std::size_t i = 0; i < labels.mean.size(); ++i) {
        const double mean = labels.mean[i];
        law.mean[i] = kept * mean;
        law.variance[i] = own * mean * mean + (kept * kept + own) * labels.variance[i] +
                          spread * second_moment + noise;
    }
    return law;
}

FitLaw fit_equivalent(const FitLaw& labels, std::span<const double> spectrum, std::size_t samples,
                      double noise_variance, double penalty) {
    const std::size_t p = spectrum.size();
    const FixedPoint fixed = solve_fixed_point(spectrum, samples, penalty);
    const double unexplained = pairwise_sum(0, p, [&](std::size_t i) {
        const double second_moment = labels.mean[i] * labels.mean[i] + labels.variance[i];
        return spectrum[i] * fixed.zeta[i] * fixed.zeta[i] * second_moment;
    });
    const bool unbounded = penalty == 0.0 && samples + 1 == p && noise_variance > 0.0;
    const double noise =
        unbounded ? infinity : (noise_variance + unexplained) / fixed.effective_excess;
    FitLaw law = labels;
    for (std::size_t i = 0; i < p; ++i) {
        const double kept = spectrum[i] / (spectrum[i] + fixed.xi);
        law.mean[i] = kept * labels.mean[i];
        law.variance[i] =
            kept * kept * labels.variance[i] + noise * kept / (spectrum[i] + fixed.xi);
    }
    if (unbounded) return law;
    law.kind = std::max(labels.kind, TheoryKind::deterministic_equivalent);
    law.relative_error = std::max(labels.relative_error, equivalent_error(fixed));
    return law;
}

}  // namespace

std::string_view to_string(TheoryKind kind) {
    switch (kind) {
        case TheoryKind::exact:
            return "exact";
        case TheoryKind::deterministic_equivalent:
            return "deterministic_equivalent";
        case TheoryKind::approximation:
            return "approximation";
        case TheoryKind::none:
            break;
    }
    return "none";
}

FitLaw given_labels(std::span<const double> coefficients) {
    return {{coefficients.begin(), coefficients.end()},
            std::vector<double>(coefficients.size(), 0.0),
            TheoryKind::exact};
}

double equivalent_error(const FixedPoint& fixed_point) {
    return 2.0 / fixed_point.effective_excess;
}

FitLaw fit(const FitLaw& labels, std::span<const double> spectrum, std::size_t samples,
           double noise_variance, double penalty) {
    check_length(labels.mean.size(), spectrum.size());
    check_length(labels.variance.size(), spectrum.size());
    if (!(noise_variance >= 0.0) || !std::isfinite(noise_variance)) {
        throw std::invalid_argument("the noise variance must not be negative");
    }
    check_fit_arguments(spectrum, samples, penalty);
    if (penalty == 0.0 && samples >= spectrum.size()) {
        return fit_least_squares(labels, spectrum, samples, noise_variance);
    }
    const bool isotropic = std::all_of(spectrum.begin(), spectrum.end(),
                                       [&](double lambda) { return lambda == spectrum[0]; });
    if (penalty == 0.0 && isotropic) {
        return fit_isotropic(labels, spectrum[0], samples, noise_variance);
    }
    return fit_equivalent(labels, spectrum, samples, noise_variance, penalty);
}

Prediction excess_risk(const FitLaw& law, std::span<const double> truth,
                       std::span<const double> test_spectrum) {
    check_length(law.mean.size(), truth.size());
    check_length(law.variance.size(), truth.size());
    check_length(test_spectrum.size(), truth.size());
    const double risk = pairwise_sum(0, truth.size(), [&](std::size_t i) {
        const double bias = law.mean[i] - truth[i];
        return test_spectrum[i] * (bias * bias + law.variance[i]);
    });
    return {risk, law.kind, law.relative_error};
}

CoordinateRisks risks_by_coordinate(const FitLaw& law, std::span<const double> truth,
                                    std::span<const double> test_spectrum) {
    check_length(law.mean.size(), truth.size());
    check_length(law.variance.size(), truth.size());
    check_length(test_spectrum.size(), truth.size());
    CoordinateRisks risks;
    for (std::size_t i = 0; i < truth.size(); ++i) {
        const double bias = law.mean[i] - truth[i];
        risks.bias.push_back(test_spectrum[i] * bias * bias);
        risks.risk.push_back(test_spectrum[i] * (bias * bias + law.variance[i]));
    }
    return risks;
}

Prediction target_risk(std::span<const double> surrogate, std::span<const double> truth,
                       std::span<const double> spectrum, std::size_t samples,
                       double noise_variance) {
    return excess_risk(fit(given_labels(surrogate), spectrum, samples, noise_variance), truth,
                       spectrum);
}

}  // namespace cucurbit
