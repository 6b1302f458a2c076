#pragma once
// Which moments are merged with which.

#include <cstdint>
#include <map>
#include <optional>

#include "cucurbit/store.hpp"

namespace cucurbit {

/// Trials of the least unit; a study that keeps moments asks for multiples of it.
inline constexpr std::uint64_t unit_trials = 64;
/// Trials of the first round of a run to a precision. Later rounds double their number.
inline constexpr std::uint64_t round_trials = 256;

/// Whether moments of these trials are kept as one: 64·2^k of them, the first a multiple of that.
bool is_unit(TrialRange trials);
/// Where the other half of the next larger unit begins; nothing where a unit stays as it is.
std::optional<std::uint64_t> other_half(TrialRange unit);
/// Of two halves of a unit, in any order.
MomentsBlock joined(const MomentsBlock& half, const MomentsBlock& other);

/// Units by their first trials.
using Units = std::map<std::uint64_t, MomentsBlock>;
/// Adds a unit of trials that are not there yet, merged as far as its neighbours allow.
void add_unit(MomentsBlock unit, Units& units);
/// How many units hold the first so many trials, a multiple of 64.
std::uint64_t count_units(std::uint64_t trials);

}  // namespace cucurbit
