#include <algorithm>

#include "cucurbit/run.hpp"
#include "host/run/kept.hpp"
#include "host/run/precision.hpp"
#include "host/run/shares.hpp"
#include "host/run/work.hpp"

namespace cucurbit {

std::vector<DesignStatus> status(const Store& store) {
    return status(store, store.study());
}

std::vector<DesignStatus> status(const Store& store, const Study& study, const Shard& shard) {
    std::vector<DesignStatus> all;
    const std::vector<Design> designs = study.setting->designs();
    const std::vector<std::vector<TrialRange>> parts = shares(study, designs, shard);
    for (std::size_t i = 0; i < designs.size(); ++i) {
        const Design& design = designs[i];
        DesignStatus one;
        const auto wanted = is_first_round(parts[i], study.precision)
                                ? wanted_ranges(store, study, design)
                                : std::vector(design.points.size(), parts[i]);
        for (const std::vector<TrialRange>& ranges : wanted)
            one.trials_wanted = std::max(one.trials_wanted, count_trials(ranges));
        const std::uint64_t size = block_trials(study.precision, design);
        one.blocks_wanted = (one.trials_wanted + size - 1) / size;
        one.trials_done = one.trials_wanted;
        one.blocks_done = one.blocks_wanted;
        std::uint64_t next_block = 0;
        for (const Gap& gap : find_gaps(store, study, design, wanted)) {
            one.trials_done -= gap.trials.count;
            const std::uint64_t first = std::max(next_block, gap.trials.first / size);
            next_block = (gap.trials.end() + size - 1) / size;
            one.blocks_done -= next_block - first;
        }
        one.design = design;
        all.push_back(std::move(one));
    }
    return all;
}

}  // namespace cucurbit
