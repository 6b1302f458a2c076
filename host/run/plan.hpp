#pragma once
// How a plan is divided into tasks.

#include <cstdint>
#include <limits>

#include "cucurbit/run.hpp"

namespace cucurbit {

/// As cucurbit/run.hpp's, for devices that need not be there; host_bytes: what a card's workers may
/// take of the host's memory.
Plan make_plan(const Study& study, DeviceChoice choice, std::size_t threads,
               const Shard& shard = {},
               std::size_t host_bytes = std::numeric_limits<std::size_t>::max());

/// Trials of a design that one task computes: whole batches of about one block, fewer when
/// `lacking` trials would otherwise not keep all workers busy to the end; less than a batch where
/// there are not enough trials for a batch each.
std::uint64_t trials_per_task(const Plan::Entry& entry, std::size_t workers, std::uint64_t lacking);

}  // namespace cucurbit
