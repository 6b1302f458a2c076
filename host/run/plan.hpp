#pragma once
// Devices by the names that a user gives.

#include <cstdint>
#include <string>

#include "cucurbit/engine.hpp"
#include "cucurbit/run.hpp"

namespace cucurbit {

/// "auto": the first card, or else the CPU; "cuda": the first card; otherwise a name of devices().
/// Throws DeviceError, which lists the devices that there are.
Device find_device(const std::string& name);

/// Trials of a design that one task computes: whole batches of about one block, fewer when
/// `lacking` trials would otherwise not keep all workers busy to the end.
std::uint64_t trials_per_task(const Plan::Entry& entry, std::size_t workers, std::uint64_t lacking);

}  // namespace cucurbit
