#pragma once
// What a study would take on a card that need not be there: counted and predicted, never measured.

#include <cstddef>
#include <string>
#include <vector>

#include "cucurbit/study.hpp"

namespace cucurbit {

/// A card by its published figures (host/run/cards.cpp).
struct Card {
    std::string name;
    std::size_t memory_bytes = 0;
    double bytes_per_second = 0.0;          ///< of its memory
    double flops_per_second = 0.0;          ///< fp64, vector units; a multiply-add counts two
    double product_flops_per_second = 0.0;  ///< fp64 matrix products; by tensor cores if it has any
    std::string source;
};

const std::vector<Card>& known_cards();

/// What keeps a card from being faster.
enum class Limit { flops, bandwidth, launches };
const char* limit_name(Limit limit);

/// What one batch of a design takes in the steady state. Flops by formula: of library calls and of
/// normals. Bytes: traffic with the card's memory, each operand of a call once.
struct BatchCost {
    std::size_t trials = 0;
    double flops = 0.0;
    double product_flops = 0.0;  ///< those of matrix products
    double bytes = 0.0;
    std::size_t calls = 0;       ///< launches of kernels and calls of libraries
    double seconds = 0.0;        ///< at least, by the card's published figures
    Limit limit = Limit::flops;  ///< of most of that time
};

/// A design on a card.
struct CardPlan {
    std::size_t device_bytes = 0;  ///< of all workers' engines together
    BatchCost batch;
};

/// The plan of a run on this card alone, all its memory free, for each of the study's designs, with
/// so many workers; 0: as a run would have.
/// Every trial is taken to stay on the ladder's first rung. A call takes as long as the slowest of
/// its flops at the published rate (products at that of products; flops of normals, which are never
/// fused, at half of the vector rate), its bytes at the published bandwidth and launch_seconds; a
/// batch as long as its calls together. Neither the way between host and card, nor the integer
/// arithmetic of random words, nor what a library does beside its formula is counted: a real card
/// is slower. Throws as make_plan.
std::vector<CardPlan> predict(const Study& study, const Card& card, std::size_t threads = 0);

/// From one launch to the next in a stream that is never empty: 3.8 µs (NVIDIA, "Getting Started
/// with CUDA Graphs", 2019, on a V100).
inline constexpr double launch_seconds = 4e-6;

}  // namespace cucurbit
