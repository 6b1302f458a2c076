#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <limits>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>

#include "cucurbit/costs.hpp"
#include "host/run/functions.hpp"
#include "host/run/plan.hpp"
#include "host/run/summary.hpp"
#include "kernels/devices.hpp"

namespace cucurbit {

namespace {

using Selection = std::vector<std::pair<std::string, double>>;

std::size_t parameter_index(const Setting& setting, const std::string& name) {
    const std::vector<std::string> names = setting.parameters();
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end())
        throw std::invalid_argument(fmt::format("'{}' is no parameter of this study; it has {}",
                                                name, fmt::join(names, ", ")));
    return static_cast<std::size_t>(found - names.begin());
}

std::vector<bool> selected_points(const Setting& setting, const Design& design,
                                  const Selection& selection) {
    std::vector<bool> selected(design.points.size(), true);
    for (const auto& [name, value] : selection) {
        const std::size_t index = parameter_index(setting, name);
        for (std::size_t i = 0; i < selected.size(); ++i)
            if (design.points[i].parameters[index] != value) selected[i] = false;
    }
    return selected;
}

/// Fills in what the store holds of this trial.
void compare_to_stored(const std::vector<BlockValues>& blocks, Replayed& replayed) {
    for (const BlockValues& block : blocks) {
        if (replayed.trial < block.first_trial) return;
        const std::uint64_t at = replayed.trial - block.first_trial;
        if (at >= block.values.size()) continue;
        replayed.stored = block.values[at];
        replayed.stored_outcome = block.outcomes[at];
        replayed.same = std::bit_cast<std::uint64_t>(block.values[at]) ==
                            std::bit_cast<std::uint64_t>(replayed.recomputed) &&
                        block.outcomes[at] == replayed.outcome;
        return;
    }
}

/// Whether a card may have computed any of the stored trials; of a single trial nothing is known.
bool knows_a_card(const Store& store) {
    const auto facts = store.manifest();
    return std::any_of(facts.begin(), facts.end(), [](const auto& fact) {
        return fact.first == "device" && fact.second.starts_with("cuda");
    });
}

void replay_design(const Store& store, const Setting& setting, const Design& design,
                   const std::vector<bool>& selected, const std::vector<std::uint64_t>& trials,
                   Engine& engine, bool by_a_card, std::vector<Replayed>& out) {
    const std::unique_ptr<Simulation> simulation = setting.simulation(design, engine, 1);
    std::vector<TrialValues> computed(trials.size());
    for (std::size_t t = 0; t < trials.size(); ++t) simulation->run({&trials[t], 1}, computed[t]);
    for (std::size_t s = 0; s < design.series.size(); ++s) {
        const Series& series = design.series[s];
        if (!selected[series.point]) continue;
        const std::vector<BlockValues> stored = store.read(series_key(setting, design, series));
        const auto theory = setting.theory(design.points[series.point]);
        const bool zero_risk = is_zero_risk(find_theory(theory, series.arm, series.estimand));
        for (std::size_t t = 0; t < trials.size(); ++t) {
            Replayed replayed;
            replayed.parameters = design.points[series.point].parameters;
            replayed.arm = series.arm;
            replayed.estimand = series.estimand;
            replayed.trial = trials[t];
            replayed.recomputed = computed[t].values.at(s);
            replayed.outcome = computed[t].outcomes.at(s);
            compare_to_stored(stored, replayed);
            if (by_a_card)
                replayed.allowed =
                    zero_risk ? std::numeric_limits<double>::infinity() : allowed_difference;
            out.push_back(std::move(replayed));
        }
    }
}

}  // namespace

std::vector<Replayed> replay(const Store& store, const Selection& point,
                             const std::vector<std::uint64_t>& trials, const std::string& device) {
    return replay(store, store.study(), point, trials, device);
}

std::vector<Replayed> replay(const Store& store, const Study& study, const Selection& point,
                             const std::vector<std::uint64_t>& trials, const std::string& device) {
    if (study.precision.keep == Keep::moments)
        throw std::invalid_argument("the store keeps moments, not single trials");
    require_functions(study);
    // So few trials are hardly worth a card's start.
    Study of_these = study;
    of_these.precision = {};
    of_these.precision.trials = std::max<std::size_t>(trials.size(), 1);
    const Device chosen = choose_devices(of_these, device, 1).devices.front();
    const bool by_a_card = knows_a_card(store) || chosen.name != "cpu";
    const EnginePointer engine = make_engine(chosen);
    std::vector<Replayed> out;
    bool found = false;
    for (const Design& design : study.setting->designs()) {
        const std::vector<bool> selected = selected_points(*study.setting, design, point);
        if (std::find(selected.begin(), selected.end(), true) == selected.end()) continue;
        found = true;
        replay_design(store, *study.setting, design, selected, trials, *engine, by_a_card, out);
    }
    if (!found) throw std::invalid_argument("no point of the study has these parameters");
    return out;
}

AllowedDifference allowed_differences(const Study& study) {
    // Asked for only where values differ: the theory of a large study takes a while.
    auto zero_risks = std::make_shared<std::optional<std::set<SeriesKey>>>();
    return [&study, zero_risks](const SeriesKey& key) {
        if (!*zero_risks) {
            zero_risks->emplace();
            const Setting& setting = *study.setting;
            for (const Design& design : setting.designs()) {
                std::vector<std::vector<TheoryRow>> theory;
                for (const Point& point : design.points) theory.push_back(setting.theory(point));
                for (const Series& series : design.series)
                    if (is_zero_risk(
                            find_theory(theory[series.point], series.arm, series.estimand)))
                        (*zero_risks)->insert(series_key(setting, design, series));
            }
        }
        return (*zero_risks)->contains(key) ? std::numeric_limits<double>::infinity()
                                            : allowed_difference;
    };
}

}  // namespace cucurbit
