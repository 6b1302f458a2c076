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

std::vector<DesignStatus> status(const Store& store, const Study& study) {
    std::vector<DesignStatus> all;
    for (const Design& design : study.setting->designs()) {
        DesignStatus one;
        const auto wanted = wanted_ranges(store, study, design);
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
