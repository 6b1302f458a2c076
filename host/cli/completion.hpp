#pragma once
// Completion scripts, derived from the commands that are declared.

#include <CLI/CLI.hpp>
#include <string>

namespace cucurbit::cli {

/// The script for "bash", "zsh" or "fish". Files complete wherever no list of values is known.
std::string completion_script(const CLI::App& app, const std::string& shell);

}  // namespace cucurbit::cli
