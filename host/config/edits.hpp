#pragma once
// Edits of a study from the command line.

#include <string>
#include <string_view>

#include "host/config/toml.hpp"

namespace cucurbit {

/// Applies "table.key=value" (value in TOML; a bare word is text) to the tree. In a list of tables
/// the key is a number from 1: "stage.1.n=20". What it sets carries the edit itself as its source,
/// so that errors point at it. Throws StudyError.
void apply_edit(toml::table& root, const std::string& edit);

/// Whether a node's source is an edit, not a file.
bool is_edit(std::string_view source);

/// Parses TOML text; its nodes carry file_name as their source. Throws StudyError.
toml::table parse_toml(const std::string& text, const std::string& file_name);

}  // namespace cucurbit
