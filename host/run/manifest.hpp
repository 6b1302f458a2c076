#pragma once
// What is known about one invocation.

#include <string>
#include <utility>
#include <vector>

#include "cucurbit/run.hpp"

namespace cucurbit {

using Facts = std::vector<std::pair<std::string, std::string>>;

/// Command, version, revision, compiler, device, its libraries, variables that change what these
/// compute, host, threads and start.
Facts starting_facts(const Plan& plan, const RunOptions& options);
/// End, how it ended and the trials computed.
Facts ending_facts(const std::string& end, std::uint64_t trials);

}  // namespace cucurbit
