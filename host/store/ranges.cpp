// Sets of trials as sorted, disjoint ranges.

#include <algorithm>

#include "host/store/state.hpp"

namespace cucurbit {

bool join(std::vector<TrialRange>& ranges, TrialRange added) {
    if (added.count == 0) return true;
    if (added.end() < added.first) return false;
    auto after = ranges.begin();
    while (after != ranges.end() && after->first < added.first) ++after;
    if (after != ranges.end() && after->first < added.end()) return false;
    const bool touches_after = after != ranges.end() && after->first == added.end();
    if (after != ranges.begin()) {
        auto before = std::prev(after);
        if (before->end() > added.first) return false;
        if (before->end() == added.first) {
            before->count += added.count;
            if (touches_after) {
                before->count += after->count;
                ranges.erase(after);
            }
            return true;
        }
    }
    if (touches_after)
        *after = {added.first, added.count + after->count};
    else
        ranges.insert(after, added);
    return true;
}

std::vector<TrialRange> left_out(const std::vector<TrialRange>& ranges, TrialRange within) {
    std::vector<TrialRange> rest;
    std::uint64_t next = within.first;
    for (const TrialRange& range : ranges) {
        if (range.first >= within.end()) break;
        if (range.first > next) rest.push_back({next, range.first - next});
        next = std::max(next, range.end());
    }
    if (next < within.end()) rest.push_back({next, within.end() - next});
    return rest;
}

}  // namespace cucurbit
