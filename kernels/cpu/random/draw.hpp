#pragma once
// The CPU engine's fast path to the random numbers of cucurbit/random.hpp: whole blocks, scaled on
// the way.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "cucurbit/random.hpp"
#include "kernels/cpu/random/bulk.hpp"

namespace cucurbit {

inline constexpr std::size_t interleaved_trials = 8;

/// Throws std::out_of_range unless every address of these trials' rows first_row .. first_row +
/// rows − 1 and of so many columns fits.
void check_addresses(const Stream& stream, std::span<const std::uint64_t> trials,
                     std::uint64_t first_row, std::size_t rows, std::size_t columns);

/// Rows first_row .. first_row + rows − 1 of one trial as columns of a column-major matrix:
/// out[c + r·ld] = scale[c]·normal(row first_row + r, column c) for c < columns. scale: [columns],
/// or null for 1; ld ≥ columns. Throws std::out_of_range, with nothing written, if an address does
/// not fit.
void draw_block(const Stream& stream, std::uint64_t trial, std::uint64_t first_row,
                std::size_t rows, std::size_t columns, const double* scale, double* out,
                std::size_t ld);

/// The same draws of eight trials (equal ones are allowed), interleaved:
/// out[(c + r·columns)·8 + i] = scale[c]·normal(trial trials[i], row first_row + r, column c).
/// Throws std::out_of_range as draw_block does.
void draw_block_interleaved(const Stream& stream, const std::uint64_t trials[interleaved_trials],
                            std::uint64_t first_row, std::size_t rows, std::size_t columns,
                            const double* scale, double* out);

/// The triangular factor of one trial as kernels/contract.hpp's draw_triangular: columns 0 ..
/// columns − 1 of a column-major matrix of `rows` rows, ld ≥ rows ≥ columns. Throws as draw_block
/// does.
void draw_triangular_block(std::uint64_t key, std::uint8_t stage, std::uint64_t trial,
                           std::uint64_t samples, std::size_t rows, std::size_t columns,
                           double* out, std::size_t ld);

/// The same of eight trials, interleaved: element (i, j) of trial t at out[(i + j·ld)·8 + t].
void draw_triangular_interleaved(std::uint64_t key, std::uint8_t stage,
                                 const std::uint64_t trials[interleaved_trials],
                                 std::uint64_t samples, std::size_t rows, std::size_t columns,
                                 double* out, std::size_t ld);

/// Every set that this processor runs, the best last; all give the same bits.
std::vector<const BulkDraw*> supported_bulk_draws();

}  // namespace cucurbit
