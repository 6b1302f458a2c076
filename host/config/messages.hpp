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

/// Whether double precision has room for what is computed of a number (its square, products with
/// others): zero, or a size from least_size to largest_size.
inline constexpr double least_size = 1e-300, largest_size = 1e100;
bool has_room(double value, double least = least_size);
/// "besides 0, sizes from 1e-300 to 1e+100: …".
std::string allowed_sizes(double least = least_size);

/// What a count may be: "a whole number from 1 to 9".
std::string allowed_counts(std::uint64_t low, std::uint64_t high);

}  // namespace cucurbit
