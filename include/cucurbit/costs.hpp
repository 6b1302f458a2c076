#pragma once
// What a study takes on a device: measured on one that is there, or predicted for a card that need
// not be.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "cucurbit/moments.hpp"
#include "cucurbit/run.hpp"
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
    std::size_t calls = 0;          ///< launches of kernels and calls of libraries
    double seconds = 0.0;           ///< at least, by the card's published figures
    double expected_seconds = 0.0;  ///< at the shares of them that `measured_shares` says
    Limit limit = Limit::flops;     ///< of most of that time
};

/// A design on a card.
struct CardPlan {
    std::size_t design = 0;        ///< its index in the study
    std::uint64_t trials = 0;      ///< of the study or shard
    std::size_t device_bytes = 0;  ///< of all workers' engines together
    std::size_t host_bytes = 0;    ///< of their results on the host
    BatchCost batch;
};

/// What calls reach of a card's published figures: as measured, operation by operation, on an H100
/// on 27 November 2026 (docs/benchmarks.md), and taken for every card.
struct Shares {
    double products = 1.0;
    double linear_algebra = 1.0;  ///< of the vector rate, by kernels that factor and solve
    double normals = 1.0;         ///< of half the vector rate
    double bandwidth = 1.0;
};
inline constexpr Shares measured_shares{0.62, 0.15, 0.23, 0.75};

/// The plan of a run on this card alone, all its memory free, for each design of the study or
/// shard, with so many workers; 0: as a run would have.
/// Every trial is taken to stay on the ladder's first rung. A call takes as long as the slowest of
/// its flops at the published rate (products at that of products; flops of normals, which are never
/// fused, at half of the vector rate), its bytes at the published bandwidth and launch_seconds; a
/// batch as long as its calls together. Neither the way between host and card, nor the integer
/// arithmetic of random words, nor what a library does beside its formula is counted: a real card
/// is slower, which `expected_seconds` allows for. Throws as make_plan.
std::vector<CardPlan> predict(const Study& study, const Card& card, std::size_t threads = 0,
                              const Shard& shard = {});

/// From one launch to the next in a stream that is never empty: 3.8 µs (NVIDIA, "Getting Started
/// with CUDA Graphs", 2019, on a V100).
inline constexpr double launch_seconds = 4e-6;

/// What a design's trials took on a plan's devices, all workers side by side.
struct Throughput {
    std::size_t trials = 0;
    double trials_per_second = 0.0;
    std::vector<Moments> moments;  ///< of each series, without failed trials
    TrialValues first;             ///< of trials 0, 1, …, at most 63, by one worker
};

/// Times the plan's entry for about so many seconds, at least a batch of each worker, after a first
/// batch that does not count. Throws whatever a simulation throws.
Throughput measure(const Study& study, const Plan& plan, std::size_t entry, double seconds);

/// Trials until every series has this relative standard error, as it seems by these moments; series
/// without a variance and risks of zero do not count. NaN where nothing counts.
double trials_for(double relative_error, const Study& study, const Design& design,
                  const std::vector<Moments>& moments);

/// The largest |a − b|/max(|a|, |b|) of the same trials on two devices, risks of zero set aside;
/// infinite where a trial succeeded on one of them only.
double largest_difference(const Study& study, const Design& design, const TrialValues& a,
                          const TrialValues& b);

/// What the same trial's values may differ by, relative to the larger, on two engines, or on a card
/// in batches of different sizes (docs/numerics.md): each may be wrong by 3e-8 of itself where the
/// ladder lets a Cholesky factor stand. The CPU's engine gives the same bits in every batch.
inline constexpr double allowed_difference = 1e-7;

}  // namespace cucurbit
