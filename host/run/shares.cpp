#include "host/run/shares.hpp"

#include <algorithm>
#include <utility>

#include "host/run/kept.hpp"
#include "host/run/precision.hpp"
#include "host/run/work.hpp"

namespace cucurbit {

namespace {

constexpr std::uint64_t parts_per_shard = 16;

std::vector<std::vector<TrialRange>> lacking_trials(const Study& study,
                                                    const std::vector<Design>& designs,
                                                    const std::filesystem::path& folder) {
    if (folder.empty())
        return std::vector(designs.size(),
                           std::vector{TrialRange{0, first_round(study.precision)}});
    const Store store = Store::open_to_read(folder);
    store.require_identity(study.identity);
    std::vector<std::vector<TrialRange>> lacking;
    for (const Design& design : designs) {
        std::vector<TrialRange>& ranges = lacking.emplace_back();
        for (const Gap& gap :
             find_gaps(store, study, design, wanted_ranges(store, study, design))) {
            if (!ranges.empty() && ranges.back().end() == gap.trials.first)
                ranges.back().count += gap.trials.count;
            else
                ranges.push_back(gap.trials);
        }
    }
    return lacking;
}

/// Blocks of a design's part at least, where the design has so many.
std::uint64_t least_part(const Precision& precision, const std::vector<std::uint64_t>& blocks,
                         std::size_t shards) {
    std::uint64_t all = 0, largest = 0, designs = 0;
    for (const std::uint64_t each : blocks) {
        all += each;
        largest = std::max(largest, each);
        designs += each > 0 ? 1 : 0;
    }
    const bool whole = !is_fixed(precision) && designs >= shards;
    return std::max<std::uint64_t>(1, whole ? largest : all / (parts_per_shard * shards));
}

/// Those of the ranges' trials that are number `from` to `to` - 1 among them.
std::vector<TrialRange> slice(const std::vector<TrialRange>& ranges, std::uint64_t from,
                              std::uint64_t to) {
    std::vector<TrialRange> part;
    for (const TrialRange& range : ranges) {
        const std::uint64_t begin = std::min(from, range.count), end = std::min(to, range.count);
        if (begin < end) part.push_back({range.first + begin, end - begin});
        from -= begin;
        to -= end;
    }
    return part;
}

}  // namespace

bool is_first_round(const std::vector<TrialRange>& share, const Precision& precision) {
    return share == std::vector{TrialRange{0, first_round(precision)}};
}

std::uint64_t count_trials(const std::vector<TrialRange>& ranges) {
    std::uint64_t count = 0;
    for (const TrialRange& range : ranges) count += range.count;
    return count;
}

std::uint64_t count_blocks(std::uint64_t trials, std::uint64_t trials_per_block) {
    return trials / trials_per_block + (trials % trials_per_block > 0 ? 1 : 0);
}

std::vector<std::vector<TrialRange>> shares(const Study& study, const std::vector<Design>& designs,
                                            const Shard& shard) {
    std::vector<std::vector<TrialRange>> trials = lacking_trials(study, designs, shard.of);
    std::vector<std::uint64_t> blocks, each;
    for (std::size_t i = 0; i < designs.size(); ++i) {
        each.push_back(block_trials(study.precision, designs[i]));
        blocks.push_back(count_blocks(count_trials(trials[i]), each[i]));
    }
    const std::uint64_t least = least_part(study.precision, blocks, shard.count);
    std::uint64_t next = 0;  // the shard that the design's first part goes to
    for (std::size_t i = 0; i < designs.size(); ++i) {
        if (blocks[i] == 0) continue;
        const std::uint64_t parts = std::clamp<std::uint64_t>(blocks[i] / least, 1, shard.count);
        const std::uint64_t larger = blocks[i] % parts;  // parts with a block more, the first ones
        const auto first_trial = [&](std::uint64_t part) {
            return (part * (blocks[i] / parts) + std::min(part, larger)) * each[i];
        };
        const std::uint64_t part = (shard.index + shard.count - next) % shard.count;
        trials[i] = part < parts ? slice(trials[i], first_trial(part), first_trial(part + 1))
                                 : std::vector<TrialRange>();
        next = (next + (parts == shard.count ? larger : parts)) % shard.count;
    }
    return trials;
}

}  // namespace cucurbit
