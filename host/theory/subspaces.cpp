#include "cucurbit/subspaces.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include "host/theory/special.hpp"
#include "host/theory/sum.hpp"

namespace cucurbit {
namespace {

/// 0 · ∞ counts as 0: nothing is amplified where there is nothing.
double times(double factor, double square) {
    return square == 0.0 ? 0.0 : factor * square;
}

/// The map T from label coefficients to the fit of d isotropic features on n rows: E T = mean · P,
/// E‖(T − E T)b‖² = explained ‖Pb‖² + unexplained ‖(I − P)b‖²; label noise acts as unexplained.
/// Along one feature direction orthogonal to b: across ‖Pb‖² + unexplained/d ‖(I − P)b‖².
struct FitMap {
    double mean = 1.0;
    double explained = 0.0;
    double unexplained = 0.0;
    double across = 0.0;
    double own = 0.0;  ///< Cov T b = own P b bᵀ P + (the variance along one direction) · P
};

FitMap fit_map(std::size_t features, std::size_t samples) {
    const double d = static_cast<double>(features), n = static_cast<double>(samples);
    FitMap map;
    if (samples >= features) {
        map.unexplained = n > d + 1.0 ? d / (n - d - 1.0) : infinity;
        return map;
    }
    map.mean = n / d;
    map.explained = map.mean * (d - n) / d;
    map.unexplained = n < d - 1.0 ? n / (d - n - 1.0) : infinity;
    map.across = map.mean * (d - n) / (d + 2.0) / (d - 1.0);
    map.own = map.across * (d - 2.0) / d;
    return map;
}

RiskLaw supervised(std::size_t features, std::size_t samples, const std::vector<double>& truth,
                   double unexplained, double noise_variance) {
    const FitMap map = fit_map(features, samples);
    const double inside = squared_norm(truth);
    const double unlearned = 1.0 - map.mean;
    return {unexplained + unlearned * unlearned * inside,
            map.explained * inside + times(map.unexplained, noise_variance + unexplained),
            map.mean};
}

void check(const SubspacePair& pair, std::size_t n, std::size_t n_pseudo, double noise_variance) {
    if (pair.weak == 0 || pair.strong == 0 || pair.weak_truth.size() != pair.weak ||
        pair.strong_truth.size() != pair.strong ||
        pair.cosines.size() != std::min(pair.weak, pair.strong))
        throw std::invalid_argument("subspaces and truth differ in dimension");
    if (n == 0 || n_pseudo == 0) throw std::invalid_argument("a fit needs a sample");
    if (!(noise_variance >= 0.0) || !std::isfinite(noise_variance))
        throw std::invalid_argument("the noise variance must not be negative");
}

}  // namespace

double SubspacePair::correlation_dimension() const {
    return squared_norm(cosines);
}

double SubspacePair::squared_truth() const {
    return squared_norm(weak_truth) + weak_unexplained;
}

std::size_t SubspacePair::joint() const {
    std::size_t dimension = weak + strong;
    for (const double cosine : cosines) dimension -= cosine == 1.0 ? 1 : 0;
    return dimension;
}

WeakToStrongLaw weak_to_strong_law(const SubspacePair& pair, std::size_t n, std::size_t n_pseudo,
                                   double noise_variance) {
    check(pair, n, n_pseudo, noise_variance);
    WeakToStrongLaw law;
    law.weak = supervised(pair.weak, n, pair.weak_truth, pair.weak_unexplained, noise_variance);
    law.baseline =
        supervised(pair.strong, n, pair.strong_truth, pair.strong_unexplained, noise_variance);
    law.ceiling = supervised(pair.strong, n + n_pseudo, pair.strong_truth, pair.strong_unexplained,
                             noise_variance);
    const FitMap weak = fit_map(pair.weak, n), student = fit_map(pair.strong, n_pseudo);
    law.weak_variance = weak.across * squared_norm(pair.weak_truth) +
                        times(weak.unexplained, noise_variance + pair.weak_unexplained) /
                            static_cast<double>(pair.weak);
    law.weak_own = weak.own;
    // The weak fit has mean weak.mean·b and covariance weak.own·b bᵀ + weak_variance·P_w, b = P_w
    // θ*; its parts inside and outside of V_s:
    double mean_inside = 0.0, mean_outside = 0.0, shared = 0.0, discrepant = 0.0, bias = 0.0;
    double kept_bias = 0.0;    // ‖P_s(E f_w − θ*)‖²
    double along_truth = 0.0;  // ⟨P_s P_wθ*, θ*⟩
    for (std::size_t j = 0; j < pair.weak; ++j) {
        const double b = pair.weak_truth[j], c = pair.cosine(j);
        mean_inside += c * c * b * b;
        mean_outside += pair.discrepancy(j) * b * b;
        shared += c * c;
        discrepant += pair.discrepancy(j);
    }
    for (std::size_t j = 0; j < pair.strong; ++j) {
        const double b = j < pair.weak ? pair.cosine(j) * pair.weak_truth[j] : 0.0;
        const double gap = student.mean * weak.mean * b - pair.strong_truth[j];
        bias += gap * gap;
        const double kept_gap = weak.mean * b - pair.strong_truth[j];
        kept_bias += kept_gap * kept_gap;
        along_truth += b * pair.strong_truth[j];
    }
    const double inside = weak.own * mean_inside + times(law.weak_variance, shared);
    const double outside = weak.own * mean_outside + times(law.weak_variance, discrepant);
    const double squared = weak.mean * weak.mean;
    law.inherited = student.mean * student.mean * inside;
    law.discrepancy = times(student.explained, inside) + times(student.unexplained, outside);
    law.bias_driven = squared * (student.explained * mean_inside) +
                      times(student.unexplained, squared * mean_outside);
    law.explained_factor = student.explained;
    law.unexplained_factor = student.unexplained;
    law.w2s = {pair.strong_unexplained + bias, law.inherited + law.discrepancy + law.bias_driven,
               student.mean * weak.mean};
    if (n_pseudo < pair.strong) {
        law.in_sample = law.weak.excess_risk();
        return law;
    }
    const double factor = static_cast<double>(pair.strong) / static_cast<double>(n_pseudo);
    const double truth_outside = squared_norm(pair.weak_truth) - along_truth;
    law.in_sample = pair.strong_unexplained + kept_bias + inside +
                    factor * (outside + squared * mean_outside - 2.0 * weak.mean * truth_outside);
    return law;
}

}  // namespace cucurbit
