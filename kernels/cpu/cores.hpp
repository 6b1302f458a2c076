#pragma once

#include <cstddef>
#include <filesystem>

namespace cucurbit {

/// Cores that this process may keep busy: those of its affinity mask, or fewer where a control
/// group's quota (containers, batch systems) grants less time than that; a part of a core counts as
/// one. root: where /proc and /sys lie; another one in tests.
std::size_t usable_cores(const std::filesystem::path& root = "/");

}  // namespace cucurbit
