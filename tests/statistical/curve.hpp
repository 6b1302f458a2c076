#pragma once
// Means over trials of every series of a study, on one engine.

#include <string>
#include <vector>

#include "cucurbit/engine.hpp"
#include "cucurbit/moments.hpp"
#include "tests/support/simulate.hpp"

namespace cucurbit {

struct Measured {
    Point point;
    std::string arm;
    std::string estimand;
    Moments moments;
};

/// All points and arms of all designs of a study over its first trials; every trial must succeed.
inline std::vector<Measured> measure(const Study& study, std::size_t trials) {
    constexpr std::size_t batch = 64;
    const EnginePointer engine = make_engine("auto");
    std::vector<Measured> measured;
    for (const Design& design : study.setting->designs()) {
        const auto values = simulate(study, design, *engine, first_trials(trials), batch);
        for (std::size_t s = 0; s < design.series.size(); ++s) {
            Measured series{design.points[design.series[s].point],
                            design.series[s].arm,
                            design.series[s].estimand,
                            {}};
            for (std::size_t t = 0; t < trials; ++t) {
                if (values.outcomes[s * trials + t].status != Status::ok)
                    throw std::runtime_error("a trial failed in a test of means");
                series.moments.add(values.values[s * trials + t]);
            }
            measured.push_back(std::move(series));
        }
    }
    return measured;
}

/// What the study's own theory predicts for a series.
inline Prediction predicted(const Study& study, const Point& point, const std::string& arm,
                            const std::string& estimand = "excess_risk") {
    for (const TheoryRow& row : study.setting->theory(point))
        if (row.arm == arm && row.estimand == estimand) return row.prediction;
    throw std::out_of_range("no theory for " + arm + " " + estimand);
}

}  // namespace cucurbit
