#include "host/run/cost.hpp"

#include <algorithm>
#include <numeric>

namespace cucurbit {

BatchCost batch_cost(const Setting& setting, const Design& design, std::size_t batch) {
    double largest = 1.0;
    for (const Point& point : design.points)
        for (const double parameter : point.parameters) largest = std::max(largest, parameter);
    CostEngine engine(largest);
    const auto simulation = setting.simulation(design, engine, batch);
    engine.reset();
    std::vector<std::uint64_t> trials(batch);
    std::iota(trials.begin(), trials.end(), std::uint64_t{0});
    TrialValues values;
    simulation->run(trials, values);
    return engine.cost();
}

}  // namespace cucurbit
