#pragma once
// Numbers that minimise a predicted risk: ridge penalties and weights of labels.

#include <functional>
#include <optional>

namespace cucurbit {

/// The risk that a number gives; NaN where there is no law.
using RiskOf = std::function<double(double)>;

/// The penalty of least risk between 1e-8 and 1e4 times `scale`, or 0 where that has a law and no
/// larger risk, to four digits; nothing where the risk is still falling at the largest, or there is
/// no law.
std::optional<double> optimal_penalty(const RiskOf& risk, double scale);

/// The longest time of a flow that studies may ask for.
constexpr double longest_flow = 1e9;

/// The time of a flow of least risk, likewise between 1e-4 and 1e8 over `scale`; longest_flow where
/// no shorter one is better; nothing where there is no law.
std::optional<double> optimal_time(const RiskOf& risk, double scale);

/// The weight of least risk, of which the risk is a quadratic function, to four decimals; 0 where
/// all are equal, as of a least-squares teacher on its own rows; nothing where there is no law.
std::optional<double> optimal_weight(const RiskOf& risk);

}  // namespace cucurbit
