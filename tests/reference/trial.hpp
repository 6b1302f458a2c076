#pragma once
// The risks of one trial, from the definition: draw the rows, label them, fit, measure.

#include <cstdint>
#include <optional>
#include <span>

#include "cucurbit/study.hpp"
#include "tests/reference/dense.hpp"

namespace cucurbit::reference {

/// How a stage's pseudo-inverse is found: full rank taken for granted, or decided by singular
/// values with the engines' cut-off, eps · max(n, p) · max(s) with the eps of double.
enum class Route { full_rank, truncated };

/// Which draws: those of one trial of one design.
struct Address {
    std::uint64_t key = 0;
    std::uint64_t trial = 0;
};

/// One stage's rows of one trial and their factorisation. Rows x(i, j) = √λ_j · normal(row i,
/// column j), rounded to double as the engines round them.
class StageFit {
public:
    StageFit(std::span<const double> spectrum, const Address& address, std::uint8_t stage,
             std::size_t samples, Route route = Route::full_rank);

    /// The fit on labels x(i)ᵀb + noise_std · z_i; noise_std 0 for labels without noise.
    Vector fit(std::span<const Real> label_coefficients, Real noise_std) const;
    const Matrix& samples() const { return x_; }
    const Matrix& pseudo_inverse() const;
    std::size_t rank() const { return solver_.rank(); }
    /// ‖x‖_F ‖x⁺‖_F, an upper bound of the condition number at most min(n, p) times as large.
    Real condition() const;

private:
    Matrix x_;
    Vector noise_;
    MinimumNorm solver_;
    mutable std::optional<Matrix> inverse_;  // computed when first asked for
};

/// Σ λ_i (w_i − truth_i)².
Real excess_risk(std::span<const Real> w, std::span<const double> truth,
                 std::span<const double> test_spectrum);

/// What label noise of variance 1 adds to the expected risk, ‖Σ_test^{1/2} a‖_F² for w = a z.
Real noise_gain(const Matrix& a, std::span<const double> test_spectrum);

/// The target's risk on labels of the surrogate b: sampled noise, or its exact mean given the rows.
Real model_shift_risk(const StageFit& target, std::span<const double> surrogate,
                      std::span<const double> truth, std::span<const double> spectrum,
                      double noise_std, LabelNoise mode);

/// Risks on the target's distribution of the surrogate fit, of the target fit on its labels, and of
/// the same target rows and noise with labels of the truth.
struct TwoStageRisks {
    Real surrogate;
    Real target;
    Real standard;
};
TwoStageRisks two_stage_risks(const StageFit& surrogate, const StageFit& target,
                              std::span<const double> truth,
                              std::span<const double> target_spectrum, double surrogate_noise_std,
                              double target_noise_std, LabelNoise mode);

}  // namespace cucurbit::reference
