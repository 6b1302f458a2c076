#pragma once
// Studies from text, and the values of their trials on an engine.

#include <algorithm>
#include <map>
#include <numeric>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "cucurbit/engine.hpp"
#include "cucurbit/study.hpp"

namespace cucurbit {

/// A study whose files have these contents, by path.
inline Study study_of(const std::string& toml,
                      const std::map<std::string, std::string>& files = {}) {
    return parse_study(toml, "test.toml",
                       [&files](const std::string& path) { return files.at(path); });
}

inline double parameter(const Study& study, const Point& point, std::string_view name) {
    const auto names = study.setting->parameters();
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) throw std::out_of_range("no parameter " + std::string(name));
    return point.parameters[static_cast<std::size_t>(found - names.begin())];
}

inline std::vector<std::uint64_t> first_trials(std::size_t count) {
    std::vector<std::uint64_t> trials(count);
    std::iota(trials.begin(), trials.end(), std::uint64_t{0});
    return trials;
}

/// Values of these trials, at most `batch` of them in one engine call.
inline TrialValues simulate(const Study& study, const Design& design, Engine& engine,
                            const std::vector<std::uint64_t>& trials, std::size_t batch) {
    const std::size_t series = design.series.size();
    TrialValues all, part;
    all.trials = trials.size();
    all.values.resize(series * trials.size());
    all.outcomes.resize(series * trials.size());
    const auto simulation = study.setting->simulation(design, engine, batch);
    for (std::size_t first = 0; first < trials.size(); first += batch) {
        const std::size_t count = std::min(batch, trials.size() - first);
        simulation->run(std::span(trials).subspan(first, count), part);
        for (std::size_t s = 0; s < series; ++s)
            for (std::size_t t = 0; t < count; ++t) {
                all.values[s * trials.size() + first + t] = part.values[s * count + t];
                all.outcomes[s * trials.size() + first + t] = part.outcomes[s * count + t];
            }
    }
    return all;
}

/// "[1, 2, 3]"
template <class T>
std::string toml_list(const std::vector<T>& values) {
    std::string text = "[";
    for (const T& value : values) text += (text.size() > 1 ? ", " : "") + std::to_string(value);
    return text + "]";
}

}  // namespace cucurbit
