#pragma once
// The beginning of a study of kind graph, and two fits that label each other.

#include <stdexcept>
#include <string>

#include "tests/support/simulate.hpp"

namespace cucurbit {

inline const std::string graph_head = R"(
    schema = 1
    study = { name = "graph", kind = "graph", seed = 3 }
    population = { p = 6, spectrum = { kind = "isotropic" }, signal = { kind = "uniform" } }
    precision = { trials = 64 }
)";

inline const std::string graph_text = R"(
    [fit.late]
    rows = ["real", "other"]
    keep = [2, 6]
    labels = { early = 0.5, truth = -0.25, rest = "observed" }
    labels_on = { other = { early = [1.0, 2.0] } }
    [fit.early]
    rows = "real"
    penalty = 0.5
    noise_std = 0.1
    [rows.real]
    n = 9
    noise_std = 0.3
    [rows.other]
    n = 4
    [measure]
    gain = [["late", "early"]]
    excess_risk = "late"
)";

/// What is predicted of an arm first: its excess risk, where that is measured.
inline double risk_of(const Study& study, const Point& point, const std::string& arm) {
    for (const TheoryRow& row : study.setting->theory(point))
        if (row.arm == arm) return row.prediction.value;
    throw std::out_of_range(arm);
}

}  // namespace cucurbit
