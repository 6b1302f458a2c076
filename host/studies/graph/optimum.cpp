#include "host/studies/graph/optimum.hpp"

#include <cmath>
#include <cstdlib>
#include <limits>
#include <vector>

#include <fmt/format.h>
#include <boost/math/tools/minima.hpp>

namespace cucurbit {
namespace {

/// Few digits: every machine must come to the same number, and the risk is flat at its least.
double rounded(const char* format, double value) {
    return std::strtod(fmt::format(fmt::runtime(format), value).c_str(), nullptr);
}

/// The place of the least value between low and high, of which there is one.
double least_between(const RiskOf& risk, double low, double high) {
    constexpr int bits = 20;  // of the place; the value is flat there
    return boost::math::tools::brent_find_minima(risk, low, high, bits).first;
}

}  // namespace

std::optional<double> optimal_penalty(const RiskOf& risk, double scale) {
    // Risks may have several dips: the least of a coarse grid says which of them is searched.
    constexpr double lowest = -8.0, step = 0.5;
    constexpr int steps = 24;
    const RiskOf of_exponent = [&](double exponent) {
        return risk(scale * std::pow(10.0, exponent));
    };
    int best = 0;
    double least = of_exponent(lowest);
    for (int k = 1; k <= steps; ++k) {
        const double value = of_exponent(lowest + step * k);
        if (!(value < least)) continue;
        best = k;
        least = value;
    }
    if (!std::isfinite(least) || best == steps) return std::nullopt;
    if (best == 0)
        return risk(0.0) <= least ? 0.0 : rounded("{:.3e}", scale * std::pow(10.0, lowest));
    const double exponent =
        least_between(of_exponent, lowest + step * (best - 1), lowest + step * (best + 1));
    return rounded("{:.3e}", scale * std::pow(10.0, exponent));
}

std::optional<double> optimal_time(const RiskOf& risk, double scale) {
    // A flow shrinks as a ridge fit whose penalty on the mean of squares is 1/time.
    // Risks that are too small to have a law are passed over.
    const RiskOf of_penalty = [&](double penalty) {
        const double of_time = risk(penalty > 0.0 ? 1.0 / penalty : longest_flow);
        return std::isnan(of_time) ? std::numeric_limits<double>::infinity() : of_time;
    };
    const std::optional<double> penalty = optimal_penalty(of_penalty, scale);
    if (!penalty) return std::nullopt;
    constexpr double rounding = 1e-8;
    const bool better = of_penalty(*penalty) < (1.0 - rounding) * risk(longest_flow);
    return better ? rounded("{:.3e}", 1.0 / *penalty) : longest_flow;
}

std::optional<double> optimal_weight(const RiskOf& risk) {
    const double before = risk(-1.0), middle = risk(0.0), after = risk(1.0);
    const double bend = (before + after) / 2.0 - middle, slope = (after - before) / 2.0;
    const double rounding = 1e-10 * std::abs(middle);
    if (!std::isfinite(bend) || !std::isfinite(slope)) return std::nullopt;
    if (std::abs(bend) <= rounding && std::abs(slope) <= rounding) return 0.0;
    if (!(bend > rounding)) return std::nullopt;
    return rounded("{:.4f}", -slope / (2.0 * bend)) + 0.0;  // no negative zero
}

}  // namespace cucurbit
