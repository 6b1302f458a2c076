#include "kernels/cpu/random/draw.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <stdexcept>
#include <string>

#include "kernels/common/chi_square.hpp"
#include "kernels/cpu/processor.hpp"

namespace cucurbit {
namespace {

void check(const char* what, std::uint64_t value, std::uint64_t largest) {
    if (value > largest)
        throw std::out_of_range("random numbers: " + std::string(what) + " " +
                                std::to_string(value) + " is above " + std::to_string(largest));
}

void check_trial(const Stream& stream, std::uint64_t trial) {
    constexpr std::uint64_t largest_purpose = 15;
    check("purpose", static_cast<std::uint64_t>(stream.purpose), largest_purpose);
    check("trial", trial, max_trial);
}

/// first .. first + count − 1; count may be 0.
void check_range(const char* what, std::uint64_t first, std::uint64_t count,
                 std::uint64_t largest) {
    check(what, first, largest);
    if (count > 0 && count - 1 > largest - first)
        throw std::out_of_range("random numbers: " + std::string(what) + "s " +
                                std::to_string(first) + " and " + std::to_string(count - 1) +
                                " more pass " + std::to_string(largest));
}

void check_block(std::uint64_t first_row, std::size_t rows, std::size_t columns) {
    check_range("row", first_row, rows, max_row);
    check_range("column", 0, columns, max_column);
}

const BulkDraw& chosen_bulk_draw() {
    const std::vector<const BulkDraw*> supported = supported_bulk_draws();
    // Read once; nothing of ours writes the environment.  NOLINTNEXTLINE(concurrency-mt-unsafe)
    const char* wish = std::getenv("CUCURBIT_INSTRUCTION_SET");
    if (wish == nullptr || *wish == '\0') return *supported.back();
    for (const BulkDraw* draw : supported)
        if (std::string(wish) == draw->name) return *draw;
    for (const char* known : {"generic", "avx2", "avx512"})
        if (std::string(wish) == known) return *supported.back();
    throw std::invalid_argument("CUCURBIT_INSTRUCTION_SET is \"" + std::string(wish) +
                                "\"; allowed: generic, avx2, avx512");
}

const BulkDraw& bulk_draw() {
    static const BulkDraw& chosen = chosen_bulk_draw();
    return chosen;
}

}  // namespace

std::vector<const BulkDraw*> supported_bulk_draws() {
    std::vector<const BulkDraw*> supported = {&bulk_generic};
#if defined(CUCURBIT_X86_SETS)
    for (const BulkDraw* draw : {&bulk_avx2, &bulk_avx512})
        if (processor_runs(draw->name)) supported.push_back(draw);
#endif
    return supported;
}

const char* random_instruction_set() {
    return bulk_draw().name;
}

std::array<std::uint32_t, 4> random_words(const Stream& stream, std::uint64_t trial,
                                          std::uint64_t row, std::uint64_t index) {
    check_trial(stream, trial);
    check("row", row, max_row);
    check("index", index, 0xffffffff);
    const PhiloxWords words =
        philox(philox_row(stream, trial, row), static_cast<std::uint32_t>(index));
    return {static_cast<std::uint32_t>(words.first >> 32), static_cast<std::uint32_t>(words.first),
            static_cast<std::uint32_t>(words.second >> 32),
            static_cast<std::uint32_t>(words.second)};
}

void check_addresses(const Stream& stream, std::span<const std::uint64_t> trials,
                     std::uint64_t first_row, std::size_t rows, std::size_t columns) {
    check_block(first_row, rows, columns);
    for (const std::uint64_t trial : trials) check_trial(stream, trial);
}

void draw_block(const Stream& stream, std::uint64_t trial, std::uint64_t first_row,
                std::size_t rows, std::size_t columns, const double* scale, double* out,
                std::size_t ld) {
    check_addresses(stream, {&trial, 1}, first_row, rows, columns);
    bulk_draw().rows(philox_row(stream, trial, first_row), rows, columns, scale, out, ld);
}

void draw_block_interleaved(const Stream& stream, const std::uint64_t trials[interleaved_trials],
                            std::uint64_t first_row, std::size_t rows, std::size_t columns,
                            const double* scale, double* out) {
    check_block(first_row, rows, columns);
    std::array<PhiloxRow, interleaved_trials> from;
    for (std::size_t i = 0; i < interleaved_trials; ++i) {
        check_trial(stream, trials[i]);
        from[i] = philox_row(stream, trials[i], first_row);
    }
    bulk_draw().interleaved(from.data(), rows, columns, scale, out);
}

void draw_triangular_block(std::uint64_t key, std::uint8_t stage, std::uint64_t trial,
                           std::uint64_t samples, std::size_t rows, std::size_t columns,
                           double* out, std::size_t ld) {
    // Rows of the factor are columns of the matrix.
    // NOLINTNEXTLINE(readability-suspicious-call-argument)
    draw_block({key, stage, Purpose::samples}, trial, 0, columns, rows, nullptr, out, ld);
    const Stream diagonal{key, stage, Purpose::chi_square};
    for (std::size_t j = 0; j < columns; ++j) {
        std::fill_n(out + j * ld, j, 0.0);
        out[j + j * ld] = std::sqrt(chi_square(philox_row(diagonal, trial, j), samples - j));
    }
}

void draw_triangular_interleaved(std::uint64_t key, std::uint8_t stage,
                                 const std::uint64_t trials[interleaved_trials],
                                 std::uint64_t samples, std::size_t rows, std::size_t columns,
                                 double* out, std::size_t ld) {
    const Stream diagonal{key, stage, Purpose::chi_square};
    for (std::size_t j = 0; j < columns; ++j) {
        double* column = out + j * ld * interleaved_trials;
        draw_block_interleaved({key, stage, Purpose::samples}, trials, j, 1, rows, nullptr, column);
        std::fill_n(column, j * interleaved_trials, 0.0);
        for (std::size_t i = 0; i < interleaved_trials; ++i)
            column[j * interleaved_trials + i] =
                std::sqrt(chi_square(philox_row(diagonal, trials[i], j), samples - j));
    }
}

double draw_chi_square(const Stream& stream, std::uint64_t trial, std::uint64_t row,
                       std::uint64_t freedom) {
    check_trial(stream, trial);
    check("row", row, max_row);
    if (freedom == 0) throw std::invalid_argument("a chi-square needs a degree of freedom");
    return chi_square(philox_row(stream, trial, row), freedom);
}

void draw_normals(const Stream& stream, std::uint64_t trial, std::uint64_t row,
                  std::span<double> out) {
    draw_block(stream, trial, row, 1, out.size(), nullptr, out.data(), out.size());
}

double draw_normal(const Stream& stream, std::uint64_t trial, std::uint64_t row,
                   std::uint64_t column) {
    check_trial(stream, trial);
    check("row", row, max_row);
    check("column", column, max_column);
    return normal(philox_row(stream, trial, row), static_cast<std::uint32_t>(column));
}

}  // namespace cucurbit
