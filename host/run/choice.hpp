#pragma once
// Whether a study is worth a card's start.

#include <cstddef>
#include <string>

#include "cucurbit/costs.hpp"

namespace cucurbit {

/// From the program's start to the first batch: driver, context, libraries, first kernels.
/// Measured: about a second on an H100 (27 Nov 2026), seconds on other machines.
inline constexpr double card_start_seconds = 1.5;
/// What a core makes of a design's flops by formula: 16 cores of the H100's host take 1.4 s for
/// Figure 1 as shipped, 40 Gflop/s each at most; small trials are slower.
inline constexpr double core_flops_per_second = 3e10;

/// Whether the card that the description names is faster, start included, and why, in a line.
/// seconds: of the most trials that a study may ask for. without_start: of the card by published
/// figures.
struct Choice {
    bool card = false;
    std::string reason;
};
Choice choose(double cpu_seconds, std::size_t cpu_workers, double card_seconds_without_start,
              const std::string& card);

/// The published figures of the card of this description, with its memory; of a card that is not
/// known, those of the slowest known one: whatever is worth its start by these is so by better
/// ones.
Card figures_of(const Device& device);

}  // namespace cucurbit
