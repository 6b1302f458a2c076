#pragma once
// Runs the threads of a block one at a time.

#include <cstddef>
#include <functional>
#include <string>

#include "tests/standin/device.hpp"

namespace cucurbit::standin {

/// Executes a grid; `thread` is called once for each CUDA thread, on a fiber that it leaves only to
/// wait.
void execute_grid(const LaunchShape& shape, const std::function<void()>& thread);

/// "block (0,0,0), thread (3,0,0)", or nothing outside a kernel.
std::string describe_thread();
/// What is at an address near the block's shared memory, or nothing.
std::string describe_shared(const void* address);

}  // namespace cucurbit::standin
