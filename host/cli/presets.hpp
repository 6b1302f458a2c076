#pragma once
// The example studies, embedded when the program is built.

#include <span>
#include <string_view>

namespace cucurbit::cli {

struct Preset {
    std::string_view name;  ///< the example's file name without .toml
    std::string_view text;
};

std::span<const Preset> presets();

}  // namespace cucurbit::cli
