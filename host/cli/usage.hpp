#pragma once
// Command lines that cannot be understood.

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace cucurbit::cli {

/// The candidate nearest to `word` by edit distance (insert, delete, replace, swap of neighbours);
/// empty when none is nearer than a third of the word's length, at least 1 and at most 3.
std::string nearest(const std::string& word, const std::vector<std::string>& candidates);

/// Names of the commands, in the order of the help.
std::vector<std::string> command_names(const CLI::App& app);
/// Long names of a command's options, with their dashes.
std::vector<std::string> option_names(const CLI::App& command);

/// One line on what is wrong with the command line, with the nearest name that exists.
std::string explain(const CLI::App& app, const std::vector<std::string>& argv,
                    const CLI::ParseError& error);

}  // namespace cucurbit::cli
