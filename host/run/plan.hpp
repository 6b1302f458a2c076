#pragma once
// Devices by the names that a user gives.

#include <string>

#include "cucurbit/engine.hpp"
#include "cucurbit/study.hpp"

namespace cucurbit {

/// "auto": the first card, or else the CPU; "cuda": the first card; otherwise a name of devices().
/// Throws DeviceError, which lists the devices that there are.
Device find_device(const std::string& name);

/// Trials of a design that one task computes: whole blocks, at least the plan's batch where that is
/// larger.
std::uint64_t trials_per_task(const Design& design, std::size_t batch);

}  // namespace cucurbit
