#pragma once
// Random orders, each element drawn at its own address.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "cucurbit/random.hpp"

namespace cucurbit {

/// 0 .. count − 1 in the order of the first 64 bits drawn at (row, index).
inline std::vector<std::size_t> shuffled(const Stream& stream, std::uint64_t trial,
                                         std::uint64_t row, std::size_t count) {
    std::vector<std::pair<std::uint64_t, std::size_t>> keys(count);
    for (std::size_t i = 0; i < count; ++i) {
        const auto words = random_words(stream, trial, row, i);
        keys[i] = {std::uint64_t{words[0]} << 32 | words[1], i};
    }
    std::sort(keys.begin(), keys.end());
    std::vector<std::size_t> order(count);
    for (std::size_t i = 0; i < count; ++i) order[i] = keys[i].second;
    return order;
}

}  // namespace cucurbit
