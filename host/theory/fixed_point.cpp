#include <algorithm>
#include <boost/math/tools/toms748_solve.hpp>
#include <cmath>
#include <functional>
#include <limits>
#include <stdexcept>

#include "cucurbit/theory.hpp"
#include "host/theory/arguments.hpp"
#include "host/theory/sum.hpp"

namespace cucurbit {
void check_fit_arguments(std::span<const double> spectrum, std::size_t samples, double penalty) {
    if (spectrum.empty()) throw std::invalid_argument("the spectrum is empty");
    for (const double lambda : spectrum) {
        if (!(lambda > 0.0) || !std::isfinite(lambda)) {
            throw std::invalid_argument("the spectrum must be positive and finite");
        }
    }
    if (samples == 0) throw std::invalid_argument("a fit needs at least one sample");
    if (!(penalty >= 0.0) || !std::isfinite(penalty)) {
        throw std::invalid_argument("the ridge penalty must not be negative");
    }
}

namespace {

// Σ λ_i/(λ_i + ξ) + penalty/ξ − n, decreasing in ξ. With the n largest λ first, their terms are
// counted as 1 − ζ_i and the ones cancel against n exactly. What is left are two sums of one sign,
// and n(1 − Ω) = −d/d log ξ is at least half of either at the root: ξ comes out to a few rounding
// units whatever the spectrum, near n = p as well.
class Equation {
public:
    Equation(std::span<const double> spectrum, std::size_t samples, double penalty)
        : spectrum_(spectrum.begin(), spectrum.end()),
          leading_(std::min(samples, spectrum.size())),
          surplus_(static_cast<double>(samples - leading_)),
          penalty_(penalty) {
        if (leading_ < spectrum_.size()) {
            std::nth_element(spectrum_.begin(),
                             spectrum_.begin() + static_cast<std::ptrdiff_t>(leading_),
                             spectrum_.end(), std::greater<>());
        }
    }

    double operator()(double log_xi) const {
        const double xi = std::exp(log_xi);
        const double* const lambda = spectrum_.data();
        const double shrunk = pairwise_sum(
            0, leading_, [lambda, xi](std::size_t i) { return xi / (lambda[i] + xi); });
        const double kept = pairwise_sum(leading_, spectrum_.size(), [lambda, xi](std::size_t i) {
            return lambda[i] / (lambda[i] + xi);
        });
        return kept + penalty_ / xi - shrunk - surplus_;
    }

private:
    std::vector<double> spectrum_;
    std::size_t leading_;
    double surplus_;
    double penalty_;
};

double solve_xi(std::span<const double> spectrum, std::size_t samples, double penalty) {
    const double n = static_cast<double>(samples);
    const double p = static_cast<double>(spectrum.size());
    const double smallest = *std::min_element(spectrum.begin(), spectrum.end());
    const double trace =
        pairwise_sum(0, spectrum.size(), [&](std::size_t i) { return spectrum[i]; });
    // Bounds by λ_i ≥ min λ and λ_i/(λ_i + ξ) ≤ λ_i/ξ, moved apart so that rounding cannot swap the
    // signs.
    const double low = 0.5 * std::max(smallest * std::max(p - n, 0.0) / n, penalty / n);
    const double high = 2.0 * (trace + penalty) / n;
    if (!(low >= std::numeric_limits<double>::min()) || !std::isfinite(high)) {
        throw std::invalid_argument("spectrum or penalty out of the range of double precision");
    }

    const auto close = [](double a, double b) {
        const double rounding =
            std::numeric_limits<double>::epsilon() * std::max(std::abs(a), std::abs(b));
        return std::abs(b - a) <= 1e-14 + 2.0 * rounding;
    };
    std::uintmax_t evaluations = 200;
    const auto [below, above] = boost::math::tools::toms748_solve(
        Equation(spectrum, samples, penalty), std::log(low), std::log(high), close, evaluations);
    return std::exp(0.5 * (below + above));
}

}  // namespace

FixedPoint solve_fixed_point(std::span<const double> spectrum, std::size_t samples,
                             double penalty) {
    check_fit_arguments(spectrum, samples, penalty);
    const std::size_t p = spectrum.size();
    const double n = static_cast<double>(samples);
    FixedPoint result;
    result.zeta.assign(p, 0.0);
    if (samples >= p && penalty == 0.0) {
        result.omega = static_cast<double>(p) / n;
        result.effective_excess = static_cast<double>(samples - p);
        return result;
    }
    const double xi = solve_xi(spectrum, samples, penalty);
    result.xi = xi;
    for (std::size_t i = 0; i < p; ++i) result.zeta[i] = xi / (spectrum[i] + xi);
    const auto kept = [&](std::size_t i) { return spectrum[i] / (spectrum[i] + xi); };
    result.omega = pairwise_sum(0, p, [&](std::size_t i) { return kept(i) * kept(i); }) / n;
    result.effective_excess =
        pairwise_sum(0, p, [&](std::size_t i) { return result.zeta[i] * kept(i); }) + penalty / xi;
    return result;
}

}  // namespace cucurbit
