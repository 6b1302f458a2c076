#include "tests/reference/trial.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "cucurbit/random.hpp"

namespace cucurbit::reference {
namespace {

Matrix draw_samples(std::span<const double> spectrum, const Address& address, std::uint8_t stage,
                    std::size_t n) {
    Matrix x(n, spectrum.size());
    std::vector<double> normals(spectrum.size());
    for (std::size_t i = 0; i < n; ++i) {
        draw_normals({address.key, stage, Purpose::samples}, address.trial, i, normals);
        for (std::size_t j = 0; j < spectrum.size(); ++j) {
            const double rounded = std::sqrt(spectrum[j]) * normals[j];
            x(i, j) = rounded;
        }
    }
    return x;
}

Vector draw_label_noise(const Address& address, std::uint8_t stage, std::size_t n) {
    std::vector<double> normals(n);
    draw_normals({address.key, stage, Purpose::label_noise}, address.trial, 0, normals);
    return {normals.begin(), normals.end()};
}

MinimumNorm factor(const Matrix& x, Route route) {
    if (route == Route::full_rank) return MinimumNorm::of_full_rank(x);
    const double eps = std::numeric_limits<double>::epsilon();
    return MinimumNorm::truncated(x, eps * std::max(x.rows(), x.cols()));
}

Vector widened(std::span<const double> values) {
    return {values.begin(), values.end()};
}

}  // namespace

StageFit::StageFit(std::span<const double> spectrum, const Address& address, std::uint8_t stage,
                   std::size_t samples, Route route)
    : x_(draw_samples(spectrum, address, stage, samples)),
      noise_(draw_label_noise(address, stage, samples)),
      solver_(factor(x_, route)) {}

Vector StageFit::fit(std::span<const Real> label_coefficients, Real noise_std) const {
    Vector y = product(x_, label_coefficients);
    for (std::size_t i = 0; i < y.size(); ++i) y[i] += noise_std * noise_[i];
    return solver_.solve(y);
}

const Matrix& StageFit::pseudo_inverse() const {
    if (!inverse_) inverse_ = solver_.pseudo_inverse();
    return *inverse_;
}

Real StageFit::condition() const {
    return frobenius_norm(x_) * frobenius_norm(pseudo_inverse());
}

Real excess_risk(std::span<const Real> w, std::span<const double> truth,
                 std::span<const double> test_spectrum) {
    Real risk = 0;
    for (std::size_t i = 0; i < w.size(); ++i) {
        const Real error = w[i] - truth[i];
        risk += test_spectrum[i] * error * error;
    }
    return risk;
}

Real noise_gain(const Matrix& a, std::span<const double> test_spectrum) {
    Real gain = 0;
    for (std::size_t i = 0; i < a.rows(); ++i) gain += test_spectrum[i] * dot(a.row(i), a.row(i));
    return gain;
}

Real model_shift_risk(const StageFit& target, std::span<const double> surrogate,
                      std::span<const double> truth, std::span<const double> spectrum,
                      double noise_std, LabelNoise mode) {
    const Real sigma = noise_std;
    const Vector labels = widened(surrogate);
    if (mode == LabelNoise::sample) return excess_risk(target.fit(labels, sigma), truth, spectrum);
    const Real bias = excess_risk(target.fit(labels, 0), truth, spectrum);
    return bias + sigma * sigma * noise_gain(target.pseudo_inverse(), spectrum);
}

TwoStageRisks two_stage_risks(const StageFit& surrogate, const StageFit& target,
                              std::span<const double> truth,
                              std::span<const double> target_spectrum, double surrogate_noise_std,
                              double target_noise_std, LabelNoise mode) {
    const bool sampled = mode == LabelNoise::sample;
    const Real sigma_s = surrogate_noise_std;
    const Real sigma_t = target_noise_std;
    const Vector first = surrogate.fit(widened(truth), sampled ? sigma_s : 0);
    const Vector second = target.fit(first, sampled ? sigma_t : 0);
    const Vector direct = target.fit(widened(truth), sampled ? sigma_t : 0);
    TwoStageRisks risks{excess_risk(first, truth, target_spectrum),
                        excess_risk(second, truth, target_spectrum),
                        excess_risk(direct, truth, target_spectrum)};
    if (sampled) return risks;
    const Matrix& first_inverse = surrogate.pseudo_inverse();
    const Matrix& second_inverse = target.pseudo_inverse();
    const Matrix handed_on = product(second_inverse, product(target.samples(), first_inverse));
    const Real own = sigma_t * sigma_t * noise_gain(second_inverse, target_spectrum);
    risks.surrogate += sigma_s * sigma_s * noise_gain(first_inverse, target_spectrum);
    risks.target += sigma_s * sigma_s * noise_gain(handed_on, target_spectrum) + own;
    risks.standard += own;
    return risks;
}

}  // namespace cucurbit::reference
