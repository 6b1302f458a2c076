#pragma once
// Contexts: what the first call on a device costs, in time and in memory.

#include <set>

namespace cucurbit::standin {

/// Called where the real runtime makes a context on the calling thread's current device unless it
/// has one.
void need_context();

/// Devices on which some call needed one since the process or `forget_contexts` began.
std::set<int> contexts();
void forget_contexts();

}  // namespace cucurbit::standin
