#include "host/run/kept.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "host/run/precision.hpp"
#include "host/run/summary.hpp"
#include "host/store/units.hpp"

namespace cucurbit {

namespace {

std::string text_of(const Design& design, const std::vector<Kept::Term>& terms) {
    std::string text;
    for (const Kept::Term& term : terms) {
        const Series& series = design.series[term.series];
        text += fmt::format(" {:+} {} {}", term.factor, series.arm_key, series.estimand);
    }
    return text;
}

}  // namespace

std::optional<Kept> kept(const Setting& setting, const Design& design,
                         const std::vector<const Series*>& of_point, const DerivedRow& row) {
    if (of_point.empty()) return {};
    Kept all;
    all.derived = true;
    for (const auto& [terms, sums] : {std::pair{&row.above, &all.above}, {&row.below, &all.below}})
        for (const DerivedRow::Term& term : *terms) {
            const auto found =
                std::find_if(of_point.begin(), of_point.end(), [&](const Series* series) {
                    return series->arm == term.arm && series->estimand == term.estimand;
                });
            if (found == of_point.end()) return {};
            sums->push_back({term.factor, static_cast<std::size_t>(*found - design.series.data())});
        }
    // What it is made of tells it from another row of this name.
    std::string estimand = row.estimand + " =" + text_of(design, all.above);
    if (!all.below.empty()) estimand += " over" + text_of(design, all.below);
    all.key = series_key(setting, design,
                         {of_point.front()->point, row.arm, row.arm, std::move(estimand)});
    return all;
}

std::vector<Kept> kept(const Study& study, const Design& design) {
    const Setting& setting = *study.setting;
    std::vector<Kept> all;
    for (std::size_t s = 0; s < design.series.size(); ++s)
        all.push_back({series_key(setting, design, design.series[s]), {{1.0, s}}, {}});
    if (study.precision.keep == Keep::trials) return all;
    const std::vector<DerivedRow> rows = setting.derived();
    for (const std::vector<const Series*>& of_point : series_by_point(design))
        for (const DerivedRow& row : rows)
            if (std::optional<Kept> one = kept(setting, design, of_point, row))
                all.push_back(*std::move(one));
    return all;
}

std::vector<MomentsBlock> moments_until(const Store& store, const SeriesKey& key,
                                        std::uint64_t limit) {
    std::vector<MomentsBlock> blocks = store.read_moments(key);
    while (!blocks.empty() && blocks.back().trials.first >= limit) blocks.pop_back();
    if (blocks.empty() || blocks.back().trials.end() <= limit) return blocks;
    const TrialRange& last = blocks.back().trials;
    throw StudyError({store.directory().string(), 0, 0},
                     fmt::format("the folder keeps moments of trials {} to {} together, so that a "
                                 "table of {} trials cannot be made from it; allowed: {} trials "
                                 "or more, or a new folder",
                                 last.first, last.end() - 1, limit, last.end()));
}

void require_cut(const std::filesystem::path& folder, const Study& study) {
    if (study.precision.keep == Keep::trials || !Store::exists(folder)) return;
    const Store store = Store::open_to_read(folder);
    store.require_identity(study.identity);
    for (const Design& design : study.setting->designs())
        for (const Kept& one : kept(study, design))
            moments_until(store, one.key, most_trials(study.precision));
}

StoredBytes stored_bytes(const Study& study, const std::vector<Design>& designs) {
    // Measured: values of 64 trials with their outcome and key; moments, in pages that are two
    // thirds full, with theirs; and the tables of an empty store.
    constexpr double value_bytes = 8.1, moments_bytes = 200.0, empty_bytes = 130e3;
    std::size_t series = 0, points = 0;
    for (const Design& design : designs) {
        series += design.series.size();
        points += design.points.size();
    }
    const std::uint64_t trials = most_trials(study.precision);
    const std::size_t all = series + points * study.setting->derived().size();
    return {empty_bytes + value_bytes * static_cast<double>(series) * static_cast<double>(trials),
            empty_bytes + moments_bytes * static_cast<double>(all) *
                              static_cast<double>(count_units(trials))};
}

std::uint64_t block_trials(const Precision& precision, const Design& design) {
    return precision.keep == Keep::moments ? unit_trials : design.trials_per_block;
}

}  // namespace cucurbit
