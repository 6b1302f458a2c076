#pragma once
// What theory predicts for a chain of fits on diagonal covariances: exact finite-sample laws where
// they exist, deterministic equivalents elsewhere.
//
// [I] Ildiz et al., "High-dimensional Analysis of Knowledge Distillation", ICLR 2025.

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace cucurbit {

/// approximation: a prediction whose assumptions the data need not meet, so that no error of it is
/// known.
enum class TheoryKind { exact, deterministic_equivalent, approximation, none };

/// "exact", "deterministic_equivalent", "approximation" or "none", as the table's theory_kind
/// column prints it.
std::string_view to_string(TheoryKind kind);

/// A predicted mean; infinite where the mean does not exist. NaN with kind none: no law applies.
struct Prediction {
    double value = 0.0;
    TheoryKind kind = TheoryKind::none;
    double relative_error = 0.0;  ///< that a deterministic equivalent may have (FitLaw)
};

/// The solution of Σ λ_i/(λ_i + ξ) + penalty/ξ = n ([I] section 3; ridge: penalty added to the
/// *sum* of squares), relative accuracy 1e-12 over spectra of 12 decades.
struct FixedPoint {
    double xi = 0.0;     ///< ξ; 0 when the fit does not shrink (n ≥ p and no penalty)
    double omega = 0.0;  ///< Ω = (1/n) Σ (1 − ζ_i)²
    double effective_excess =
        0.0;  ///< n(1 − Ω), evaluated as Σ ζ_i(1 − ζ_i) + penalty/ξ; n − p if ξ = 0
    std::vector<double> zeta;  ///< [p] ζ_i = ξ/(λ_i + ξ)
};
/// Throws std::invalid_argument on an empty spectrum, λ_i ≤ 0, samples = 0 or penalty < 0.
FixedPoint solve_fixed_point(std::span<const double> spectrum, std::size_t samples,
                             double penalty = 0.0);

/// Mean and variance of each coordinate of what a stage hands on.
struct FitLaw {
    std::vector<double> mean;      ///< [p]
    std::vector<double> variance;  ///< [p]; infinite entries where no second moment exists
    TheoryKind kind = TheoryKind::exact;
    /// What risks of an equivalent may be off by, relative: the largest equivalent_error of the
    /// fits so far. 0 for exact laws.
    double relative_error = 0.0;
};

/// The relative error that a fit's deterministic equivalent may have: 2/(n(1 − Ω)). Measured
/// errors are about half of it, from the bulk to near interpolation (docs/theory.md).
double equivalent_error(const FixedPoint& fixed_point);
/// No equivalent is judged that may be off by more.
inline constexpr double largest_tolerance = 0.25;

/// The law of given, deterministic label coefficients: the truth or a surrogate.
FitLaw given_labels(std::span<const double> coefficients);

/// The law of a ridgeless (penalty 0) or ridge fit on `samples` fresh rows x ~ N(0, diag(spectrum))
/// with labels xᵀb + z, b ~ labels, z ~ N(0, noise_variance). Exact if the labels' law is, for
/// penalty 0 and
/// - samples ≥ p: mean b, variance added σ²/((n − p − 1) λ_i); infinite for n ∈ {p, p+1} with
/// noise;
/// - an isotropic spectrum (projection on n uniformly random directions, inverse Wishart noise);
/// - samples = p − 1 with noise: infinite variance.
/// The deterministic equivalent otherwise: mean (1 − ζ_i) b_i, variance
/// (1 − ζ_i)² var b_i + γ² λ_i/((λ_i + ξ)² n), γ² = (σ² + Σ λ_i ζ_i² E b_i²)/(1 − Ω) ([I] section
/// 3). Throws std::invalid_argument as solve_fixed_point does, where lengths differ, and for a
/// negative or infinite noise_variance.
FitLaw fit(const FitLaw& labels, std::span<const double> spectrum, std::size_t samples,
           double noise_variance, double penalty = 0.0);

/// Expected excess risk Σ λ_i [(mean_i − truth_i)² + variance_i] on the test spectrum λ.
/// Throws std::invalid_argument where lengths differ.
Prediction excess_risk(const FitLaw& law, std::span<const double> truth,
                       std::span<const double> test_spectrum);

/// What each coordinate adds to an excess risk: the sums are the squared error of the mean fit, and
/// the risk.
struct CoordinateRisks {
    std::vector<double> bias;  ///< [p] λ_i (mean_i − truth_i)²
    std::vector<double> risk;  ///< [p] λ_i E (b_i − truth_i)²
};
CoordinateRisks risks_by_coordinate(const FitLaw& law, std::span<const double> truth,
                                    std::span<const double> test_spectrum);

/// One target fit on labels from a given surrogate: excess_risk of fit of given_labels. For an
/// isotropic spectrum, n ≤ p − 2 and surrogate = truth this is λ‖β*‖²(1 − n/p) + σ² n/(p − n − 1).
Prediction target_risk(std::span<const double> surrogate, std::span<const double> truth,
                       std::span<const double> spectrum, std::size_t samples,
                       double noise_variance);

/// The surrogate that minimises the target's risk, β_s,i = β*_i (1 − ζ_i)/((1 − ζ_i)² + r ζ_i²),
/// r = Ω/(1 − Ω) ([I] optimal surrogate); the truth itself when samples ≥ p.
std::vector<double> optimal_surrogate(std::span<const double> truth,
                                      std::span<const double> spectrum, std::size_t samples);

/// The best 0–1 mask: keeps β*_i iff 1 − ζ_i² > Ω, zero elsewhere ([I] masked surrogate); the truth
/// itself when samples ≥ p.
std::vector<double> masked_surrogate(std::span<const double> truth,
                                     std::span<const double> spectrum, std::size_t samples);

/// Number of coordinates that the optimal surrogate amplifies (1 − ζ_i > Ω, beyond rounding), and
/// that the mask keeps; of a fixed point without penalty.
struct SurrogateCounts {
    std::size_t amplified = 0;
    std::size_t kept = 0;
};
SurrogateCounts count_surrogate(const FixedPoint& fixed_point);

}  // namespace cucurbit
