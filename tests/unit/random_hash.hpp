#pragma once
// One number for a million normals, pinned: any compiler and instruction set must give it.

#include <bit>
#include <cstdint>
#include <vector>

#include "kernels/cpu/random/draw.hpp"

namespace cucurbit {

inline constexpr std::uint64_t pinned_hash = 0x0bdbfafdd1cc9e31;

/// FNV-1a over the bit patterns, one 64-bit word at a time.
inline std::uint64_t hash_of_bits(const std::vector<double>& values) {
    std::uint64_t hash = 0xcbf29ce484222325;
    for (const double value : values)
        hash = (hash ^ std::bit_cast<std::uint64_t>(value)) * 0x100000001b3;
    return hash;
}

inline std::uint64_t hash_of_normals(const BulkDraw& draw) {
    constexpr std::size_t rows = 2000, columns = 500;
    const Stream stream{0x6375637572626974, 2, Purpose::samples};
    std::vector<double> out(rows * columns);
    draw.rows(philox_row(stream, 0x123456789, 77), rows, columns, nullptr, out.data(), columns);
    return hash_of_bits(out);
}

}  // namespace cucurbit
