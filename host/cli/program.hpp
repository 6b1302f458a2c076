#pragma once
// The command line as a whole.

#include "host/cli/commands.hpp"

namespace cucurbit::cli {

/// Declares every command in `program`.
void declare(Program& program);

/// Parses the command line and runs the chosen command. Throws what the command throws.
Exit run_program(int argc, char** argv);

}  // namespace cucurbit::cli
