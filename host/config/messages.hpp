#pragma once
// The wording that errors of a study share.

#include <string>
#include <string_view>
#include <vector>

#include "host/config/reader.hpp"

namespace cucurbit {

/// The text in single quotes, at most about 60 bytes of it.
std::string in_quotes(std::string_view text);

/// "a, b, c".
std::string joined(const std::vector<std::string>& words);

/// The known word that a misspelt one most likely means: few edits (adjacent swaps count one),
/// another case, or the beginning of one word; empty when none is near.
std::string nearest(std::string_view word, const std::vector<std::string>& known);

/// " (did you mean 'x'?)" or nothing.
std::string suggestion(std::string_view word, const std::vector<std::string>& known);

/// What a number may be: "a number > 0", "a number from 0 to 1".
std::string allowed_numbers(Bounds bounds);
bool within(double value, Bounds bounds);

/// What a count may be: "a whole number from 1 to 9".
std::string allowed_counts(std::uint64_t low, std::uint64_t high);

}  // namespace cucurbit
