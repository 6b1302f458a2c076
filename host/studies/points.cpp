#include "host/studies/points.hpp"

#include <utility>

#include <fmt/format.h>

#include "cucurbit/hash.hpp"

namespace cucurbit {
namespace {

std::size_t trials_per_block(std::size_t dimension) {
    constexpr double largest_block_flops = 2e12;
    const double trial_flops = 4.0 * std::pow(static_cast<double>(dimension), 3.0);
    std::size_t trials = 64;
    while (trials > 1 && static_cast<double>(trials) * trial_flops > largest_block_flops)
        trials /= 2;
    return trials;
}

}  // namespace

Design design_of(std::uint64_t seed, std::string canonical, std::size_t dimension) {
    Design design;
    design.key = hash_text(std::to_string(seed) + " " + canonical);
    design.canonical = std::move(canonical);
    design.trials_per_block = trials_per_block(dimension);
    return design;
}

std::uint64_t factor_key(std::uint64_t seed, const Design& design, std::string_view what,
                         std::uint64_t rows) {
    return hash_text(fmt::format("{} {} {}={}", seed, design.canonical, what, rows));
}

}  // namespace cucurbit
