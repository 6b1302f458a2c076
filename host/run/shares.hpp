#pragma once
// How a study's trials are divided among machines.

#include <cstdint>
#include <vector>

#include "cucurbit/run.hpp"

namespace cucurbit {

/// Whether a design's share is all of the first round: whoever computes it goes on to further
/// rounds where they are needed.
bool is_first_round(const std::vector<TrialRange>& share, const Precision& precision);

/// How many trials are in the ranges.
std::uint64_t count_trials(const std::vector<TrialRange>& ranges);

/// How many blocks of so many trials hold `trials` of them.
std::uint64_t count_blocks(std::uint64_t trials, std::uint64_t trials_per_block);

/// The trials of each design, in the order of `designs`, that a shard computes: its part of the
/// first round of the study, or of what the folder `shard.of` lacks up to its present round.
///
/// The blocks of each design are cut into as many parts as there are shards, equal but for a block:
/// designs of unlike size then need no balance. Of many designs the parts would be small, while a
/// card is fastest with many trials of one: a part has a sixteenth of a shard's blocks at least,
/// and designs with fewer parts than there are shards go to the next shards in turn. A study to a
/// precision, of as many designs as shards or more, is dealt design by design: only a run that
/// holds all trials of a design can decide by itself whether they suffice.
///
/// This depends on the study, the shard and that folder alone, so that all machines divide alike.
/// Throws StoreError or StudyError where the folder holds no such study.
std::vector<std::vector<TrialRange>> shares(const Study& study, const std::vector<Design>& designs,
                                            const Shard& shard);

}  // namespace cucurbit
