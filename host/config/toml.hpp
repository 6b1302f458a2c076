#pragma once
// toml++ compiled once, in toml.cpp, with a nesting that no study needs more of.

#define TOML_HEADER_ONLY 0
#define TOML_MAX_NESTED_VALUES 32
#include <toml++/toml.h>
