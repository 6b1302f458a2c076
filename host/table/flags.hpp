#pragma once
// The flags of a table's row: words with a space between them.

#include <algorithm>
#include <string_view>

namespace cucurbit {

/// Whether one of the flags is this one. Without a stream, which would take a lack of memory for
/// the end of the flags.
inline bool has_flag(std::string_view flags, std::string_view flag) {
    while (!flags.empty()) {
        const std::size_t end = std::min(flags.find(' '), flags.size());
        if (flags.substr(0, end) == flag) return true;
        flags.remove_prefix(std::min(end + 1, flags.size()));
    }
    return false;
}

}  // namespace cucurbit
