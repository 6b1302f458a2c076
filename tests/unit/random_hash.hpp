#pragma once
// One number for a million normals and one for χ² variables, pinned: any compiler and instruction
// set must give them.

#include <bit>
#include <cstdint>
#include <vector>

#include "kernels/cpu/random/draw.hpp"

namespace cucurbit {

inline constexpr std::uint64_t pinned_hash = 0x0bdbfafdd1cc9e31;
inline constexpr std::uint64_t pinned_chi_square_hash = 0xab084eefff861173;

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

inline std::uint64_t hash_of_chi_squares() {
    std::vector<double> out;
    for (std::uint64_t freedom = 1; freedom < 2'000'000'000; freedom += 1 + freedom / 7)
        for (std::uint64_t trial = 0; trial < 100; ++trial)
            out.push_back(
                draw_chi_square({0x6375637572626974, 2, Purpose::chi_square}, trial, 77, freedom));
    return hash_of_bits(out);
}

}  // namespace cucurbit
