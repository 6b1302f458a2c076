#pragma once
// What the program says to people: on stderr, never on stdout.

#include <fmt/format.h>

#include <string>

namespace cucurbit::cli {

/// Sends talk to stderr; coloured on a terminal unless NO_COLOR is set to anything but the empty
/// text.
void start_talk();

/// From here on only warnings and errors are said.
void keep_quiet();
bool is_quiet();

void say(const std::string& text);       ///< cucurbit: text
void warn(const std::string& text);      ///< cucurbit: warning: text
void complain(const std::string& text);  ///< cucurbit: error: text, on one line

/// 12.3 s, 4 min 10 s, 2 h 05 min; empty text for NaN.
std::string duration_text(double seconds);
/// 1,234,567
std::string count_text(std::uint64_t count);
/// "1 point", "2 points", "2 series"
std::string plural(std::uint64_t count, const std::string& noun);

}  // namespace cucurbit::cli
