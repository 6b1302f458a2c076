#pragma once
// The command line as a whole.

#include "host/cli/commands.hpp"

namespace cucurbit::cli {

/// Declares every command in `program`.
void declare(Program& program);

}  // namespace cucurbit::cli
