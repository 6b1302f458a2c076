#include "host/run/work.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "host/run/kept.hpp"

namespace cucurbit {

namespace {

bool covers(const std::vector<TrialRange>& ranges, TrialRange part) {
    return std::any_of(ranges.begin(), ranges.end(), [part](const TrialRange& range) {
        return range.first <= part.first && part.end() <= range.end();
    });
}

}  // namespace

std::vector<Gap> find_gaps(const Store& store, const Study& study, const Design& design,
                           const std::vector<std::vector<TrialRange>>& wanted) {
    std::vector<std::vector<TrialRange>> missing;
    std::set<std::uint64_t> ends;
    const std::vector<Kept> all = kept(study, design);
    for (const Kept& one : all) {
        const std::vector<TrialRange>& stored = store.trials(one.key);
        std::vector<TrialRange>& lacking = missing.emplace_back();
        const std::size_t point = design.series[one.above.front().series].point;
        for (const TrialRange& within : wanted[point])
            for (const TrialRange& range : left_out(stored, within)) {
                lacking.push_back(range);
                ends.insert({range.first, range.end()});
            }
    }
    std::vector<Gap> gaps;
    for (auto end = ends.begin(); end != ends.end() && std::next(end) != ends.end(); ++end) {
        Gap gap{{*end, *std::next(end) - *end}, {}};
        std::set<std::size_t> series;
        for (std::size_t k = 0; k < missing.size(); ++k) {
            if (!covers(missing[k], gap.trials)) continue;
            for (const auto* terms : {&all[k].above, &all[k].below})
                for (const Kept::Term& term : *terms) series.insert(term.series);
        }
        gap.series.assign(series.begin(), series.end());
        if (!gap.series.empty()) gaps.push_back(std::move(gap));
    }
    return gaps;
}

Design restrict_design(const Design& design, const std::vector<std::size_t>& series) {
    Design part = design;
    part.points.clear();
    part.series.clear();
    std::map<std::size_t, std::size_t> renumbered;
    for (const std::size_t s : series) renumbered.emplace(design.series[s].point, 0);
    for (auto& [old, fresh] : renumbered) {
        fresh = part.points.size();
        part.points.push_back(design.points[old]);
    }
    for (const std::size_t s : series) {
        part.series.push_back(design.series[s]);
        part.series.back().point = renumbered.at(design.series[s].point);
    }
    return part;
}

Work::Work(std::shared_ptr<const Design> design, std::size_t batch, TrialRange trials,
           std::uint64_t trials_per_task)
    : design_(std::move(design)),
      batch_(batch),
      trials_(trials),
      trials_per_task_(trials_per_task) {}

std::uint64_t Work::tasks() const {
    if (trials_.count == 0) return 0;
    return (trials_.end() - 1) / trials_per_task_ - trials_.first / trials_per_task_ + 1;
}

Task Work::take() {
    const std::uint64_t cell_end = (trials_.first / trials_per_task_ + 1) * trials_per_task_;
    const std::uint64_t end = std::min(cell_end, trials_.end());
    Task task{design_, batch_, {trials_.first, end - trials_.first}};
    trials_ = {end, trials_.end() - end};
    return task;
}

std::vector<Work> fill_gaps(const Design& design, const std::vector<Gap>& gaps,
                            std::uint64_t trials_per_task, std::size_t batch) {
    std::map<std::vector<std::size_t>, std::shared_ptr<const Design>> restricted;
    std::vector<Work> work;
    for (const Gap& gap : gaps) {
        std::shared_ptr<const Design>& part = restricted[gap.series];
        if (!part) part = std::make_shared<const Design>(restrict_design(design, gap.series));
        work.emplace_back(part, batch, gap.trials, trials_per_task);
    }
    return work;
}

}  // namespace cucurbit
