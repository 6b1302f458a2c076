#include "host/config/messages.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "cucurbit/hash.hpp"
#include "host/table/printable.hpp"

namespace cucurbit {
namespace {

std::string what_of(const Position& position, const std::string& message) {
    if (position.line == 0) return printable(position.file + ": " + message);
    return printable(
        fmt::format("{}:{}:{}: {}", position.file, position.line, position.column, message));
}

std::string lower_case(std::string_view word) {
    std::string lower(word);
    for (char& letter : lower)
        letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
    return lower;
}

/// Optimal string alignment distance: insertions, deletions, replacements and swaps of neighbours.
std::size_t edits(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before(b.size() + 1), previous(b.size() + 1), current(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) previous[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        current[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const bool differ = a[i - 1] != b[j - 1];
            current[j] = std::min({previous[j] + 1, current[j - 1] + 1, previous[j - 1] + differ});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                current[j] = std::min(current[j], before[j - 2] + 1);
        }
        before.swap(previous);
        previous.swap(current);
    }
    return previous[b.size()];
}

/// How far apart two words are; "no relation" is the largest value.
std::size_t distance(std::string_view word, std::string_view known) {
    constexpr std::size_t unrelated = std::numeric_limits<std::size_t>::max();
    if (word.size() > 64) return unrelated;
    const std::string a = lower_case(word), b = lower_case(known);
    if (a == b) return 0;
    const std::size_t shorter = std::min(a.size(), b.size());
    const std::size_t limit = shorter < 3 ? 0 : shorter < 6 ? 1 : 2;
    if (const std::size_t count = edits(a, b); count <= limit) return count;
    const bool begins = a.substr(0, shorter) == b.substr(0, shorter);
    return shorter >= 3 && begins ? limit + 1 : unrelated;
}

}  // namespace

StudyError::StudyError(Position position, const std::string& message)
    : std::runtime_error(what_of(position, message)), position_(std::move(position)) {}

std::string in_quotes(std::string_view text) {
    std::size_t end = std::min<std::size_t>(text.size(), 60);
    const bool whole = end == text.size();
    while (!whole && end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) --end;
    return fmt::format("'{}{}'", text.substr(0, end), whole ? "" : "…");
}

std::string joined(const std::vector<std::string>& words) {
    return fmt::format("{}", fmt::join(words, ", "));
}

std::string nearest(std::string_view word, const std::vector<std::string>& known) {
    std::size_t best = std::numeric_limits<std::size_t>::max();
    std::string found;
    for (const std::string& candidate : known) {
        const std::size_t away = distance(word, candidate);
        if (away < best) {
            best = away;
            found = candidate;
        }
    }
    return found;
}

std::string suggestion(std::string_view word, const std::vector<std::string>& known) {
    const std::string found = nearest(word, known);
    return found.empty() ? "" : " (did you mean " + in_quotes(found) + "?)";
}

std::string allowed_numbers(Bounds bounds) {
    const bool low = std::isfinite(bounds.low), high = std::isfinite(bounds.high);
    const std::string from = canonical_number(bounds.low), to = canonical_number(bounds.high);
    if (!low && !high) return "a finite number";
    if (!low) return "a number <= " + to;
    if (!high) return (bounds.low_excluded ? "a number > " : "a number >= ") + from;
    if (bounds.low_excluded) return fmt::format("a number > {} and <= {}", from, to);
    return fmt::format("a number from {} to {}", from, to);
}

bool within(double value, Bounds bounds) {
    return std::isfinite(value) && value <= bounds.high &&
           (bounds.low_excluded ? value > bounds.low : value >= bounds.low);
}

bool has_room(double value, double least) {
    const double size = std::abs(value);
    return size == 0.0 || (size >= least && size <= largest_size);
}

std::string allowed_sizes(double least) {
    return fmt::format(
        "besides 0, sizes from {:g} to {:g}: squares and products must be in double precision's "
        "range",
        least, largest_size);
}

std::string allowed_counts(std::uint64_t low, std::uint64_t high) {
    if (low == high) return std::to_string(low);
    return fmt::format("a whole number from {} to {}", low, high);
}

}  // namespace cucurbit
