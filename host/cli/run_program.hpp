#pragma once
// Apart from program.hpp, so that main.cpp does not read CLI11.

#include "host/cli/exit.hpp"

namespace cucurbit::cli {

/// Parses the command line and runs the chosen command. Throws what the command throws.
Exit run_program(int argc, char** argv);

}  // namespace cucurbit::cli
