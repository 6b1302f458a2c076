#pragma once
// How long a run may take, as people and batch systems write it.

#include <optional>
#include <string>

namespace cucurbit::cli {

/// Seconds of a time: a number of seconds (90, 1.5e3); numbers with units d, h, min or m and s, the
/// larger ones first (90s, 30min, 1h30m); MM:SS, HH:MM:SS, or D-HH, D-HH:MM, D-HH:MM:SS as Slurm
/// writes them. Nothing where the text is none of these, or not above zero.
std::optional<double> seconds_of(const std::string& text);

/// What is wrong with a time; empty when seconds_of understands it.
std::string time_fault(const std::string& text);
/// The same of a plain number of seconds, above zero and at most a day.
std::string seconds_fault(const std::string& text);

}  // namespace cucurbit::cli
