#pragma once
// Texts of studies, stores and paths on a terminal.

#include <fmt/format.h>

#include <string>
#include <string_view>

namespace cucurbit {

/// The text without control characters (those of ASCII and C1, in UTF-8): nothing that a study, a
/// store or a path holds reaches the terminal as a command.
inline std::string printable(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        const auto next = static_cast<unsigned char>(i + 1 < text.size() ? text[i + 1] : 0);
        if (byte == 0xc2 && next >= 0x80 && next < 0xa0)
            out += fmt::format("\\u{:04x}", text[++i] & 0xff);
        else if (byte == '\n')
            out += "\\n";
        else if (byte < 0x20 || byte == 0x7f)
            out += fmt::format("\\x{:02x}", byte);
        else
            out += text[i];
    }
    return out;
}

}  // namespace cucurbit
