#pragma once
// A TOML tree as text, where a study was edited.

#include <string>

#include "host/config/toml.hpp"

namespace cucurbit {

/// The tree in the order of the file it was read from, what edits added last: tables of the root as
/// sections, deeper ones inline, numbers with full precision. (toml++ sorts keys and, in 3.3, has
/// undefined behaviour for numbers below one.)
std::string toml_text(const toml::table& root);

}  // namespace cucurbit
