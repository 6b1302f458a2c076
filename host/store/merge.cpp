// One store's trials into another.

#include <utility>

#include "host/store/state.hpp"

namespace cucurbit {

namespace {

constexpr std::size_t values_per_transaction = 100'000;

using Blocks = std::vector<std::pair<SeriesKey, BlockValues>>;

BlockValues part(const BlockValues& block, TrialRange trials) {
    const auto first = static_cast<std::ptrdiff_t>(trials.first - block.first_trial);
    const auto last = first + static_cast<std::ptrdiff_t>(trials.count);
    return {trials.first,
            {block.values.begin() + first, block.values.begin() + last},
            {block.outcomes.begin() + first, block.outcomes.begin() + last}};
}

}  // namespace

Merged Store::merge(const Store& from) {
    const std::string identity =
        read_document(from.state_->database, "study", "identity").value_or("");
    require_identity(state_->database, directory(), identity);
    Merged merged;
    Blocks blocks;
    std::size_t pending = 0;
    const auto commit = [&] {
        if (blocks.empty()) return;
        if (merged.copied == 0) {
            record({{"merged", from.directory().string()}});
            record(from.manifest());
        }
        write(blocks);
        blocks.clear();
        merged.copied += std::exchange(pending, 0);
    };
    for (const SeriesKey& key : from.series())
        for (const BlockValues& block : from.read(key)) {
            const TrialRange range{block.first_trial, block.values.size()};
            merged.held += range.count;
            for (const TrialRange& lacking : left_out(trials(key), range)) {
                blocks.emplace_back(key, part(block, lacking));
                pending += lacking.count;
                merged.held -= lacking.count;
            }
            if (pending >= values_per_transaction) commit();
        }
    commit();
    return merged;
}

}  // namespace cucurbit
