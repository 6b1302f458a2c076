#pragma once
// Stateless random numbers: every draw is a function of its address, never of what was drawn
// before.

#include <array>
#include <cstdint>
#include <span>

namespace cucurbit {

/// What a draw is used for; part of its address.
enum class Purpose : std::uint8_t {
    samples = 0,
    label_noise = 1,
    chi_square = 2,
    split = 3,
    rotation = 4,
    labels = 8,    ///< classes, given their probabilities
    flips = 9,     ///< of labels
    batches = 10,  ///< order of samples in an epoch
    truth = 11     ///< coefficients of classes
};

/// A family of draws: one stage's draws for one purpose in one design.
struct Stream {
    std::uint64_t key = 0;  ///< hash of seed and canonical design
    std::uint8_t stage = 0;
    Purpose purpose = Purpose::samples;
};

inline constexpr std::uint64_t max_trial = (std::uint64_t{1} << 52) - 1;
inline constexpr std::uint64_t max_row = (std::uint64_t{1} << 32) - 1;
inline constexpr std::uint64_t max_column = (std::uint64_t{1} << 32) - 1;

/// Philox4x32-10 (Salmon et al. 2011): the four words at one counter. Equal to Random123's.
/// Counter: {index, row, trial mod 2³², trial >> 32 | stage << 20 | purpose << 28}.
/// Throws std::out_of_range if the address does not fit; nothing is ever cut.
std::array<std::uint32_t, 4> random_words(const Stream& stream, std::uint64_t trial,
                                          std::uint64_t row, std::uint64_t index);

/// Standard normals at columns 0 .. out.size()-1 of one row: a prefix of a longer row is that row's
/// prefix. Box–Muller on blocks of 16 columns (8 cosines, then the 8 sines of the same words), with
/// polynomials in + − × ÷ √ only: the same bits on every engine, compiler and instruction set.
/// Throws std::out_of_range if the address does not fit.
void draw_normals(const Stream& stream, std::uint64_t trial, std::uint64_t row,
                  std::span<double> out);

/// The single normal at (row, column): draw_normals(...)[column].
double draw_normal(const Stream& stream, std::uint64_t trial, std::uint64_t row,
                   std::uint64_t column);

/// χ² with `freedom` ≥ 1 degrees of freedom from the words of one row (Marsaglia and Tsang 2000, at
/// most 64 proposals); the same bits on every engine, as normals. Throws std::out_of_range if the
/// address does not fit, std::invalid_argument if freedom is 0.
double draw_chi_square(const Stream& stream, std::uint64_t trial, std::uint64_t row,
                       std::uint64_t freedom);

/// The instruction set that draws normals in this process: "avx512", "avx2" or "generic"; the best
/// that the processor has, decided at the first draw. The environment variable
/// CUCURBIT_INSTRUCTION_SET with one of these names may lower it (a better one than the processor
/// has is ignored) and never changes a bit. Throws std::invalid_argument if the variable is
/// anything else, as any draw then does.
const char* random_instruction_set();

}  // namespace cucurbit
