// Draws in bulk: equal to single draws on every instruction set, for every shape and tail.

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "cucurbit/random.hpp"
#include "kernels/cpu/random/draw.hpp"

namespace cucurbit {
namespace {

constexpr Stream stream{0x9d2c5680e3779b97, 3, Purpose::split};
constexpr std::uint64_t trial = 0xa5a5f00000017;
constexpr double untouched = -77.0;

std::uint64_t bits(double value) {
    return std::bit_cast<std::uint64_t>(value);
}

std::vector<double> decreasing_scale(std::size_t columns) {
    std::vector<double> scale(columns);
    for (std::size_t c = 0; c < columns; ++c) scale[c] = 1.0 / static_cast<double>(c + 1);
    return scale;
}

double expected(std::uint64_t of_trial, std::uint64_t row, std::size_t column,
                const double* scale) {
    const double normal = draw_normal(stream, of_trial, row, column);
    return scale != nullptr ? scale[column] * normal : normal;
}

/// Number of wrong or wrongly touched elements of a block with ld = columns + 3.
std::size_t wrong_in_rows(const BulkDraw& draw, std::size_t rows, std::size_t columns,
                          const double* scale) {
    constexpr std::uint64_t first_row = 41;
    const std::size_t ld = columns + 3;
    std::vector<double> out(rows * ld, untouched);
    draw.rows(philox_row(stream, trial, first_row), rows, columns, scale, out.data(), ld);
    std::size_t wrong = 0;
    for (std::size_t r = 0; r < rows; ++r)
        for (std::size_t c = 0; c < ld; ++c) {
            const double want = c < columns ? expected(trial, first_row + r, c, scale) : untouched;
            wrong += bits(out[c + r * ld]) != bits(want);
        }
    return wrong;
}

std::size_t wrong_interleaved(const BulkDraw& draw, std::size_t rows, std::size_t columns,
                              const double* scale) {
    constexpr std::uint64_t first_row = 41;
    std::array<PhiloxRow, interleaved_trials> from;
    for (std::uint64_t i = 0; i < from.size(); ++i)
        from[i] = philox_row(stream, trial + (i << 33), first_row);
    std::vector<double> out(rows * columns * from.size() + 1, untouched);
    draw.interleaved(from.data(), rows, columns, scale, out.data());
    std::size_t wrong = bits(out.back()) != bits(untouched);
    for (std::size_t r = 0; r < rows; ++r)
        for (std::size_t c = 0; c < columns; ++c)
            for (std::uint64_t i = 0; i < from.size(); ++i)
                wrong += bits(out[(c + r * columns) * from.size() + i]) !=
                         bits(expected(trial + (i << 33), first_row + r, c, scale));
    return wrong;
}

class RandomBulk : public testing::TestWithParam<const BulkDraw*> {};

constexpr std::size_t shapes[] = {1,  2,  7,  8,   9,   15,  16,  17,  23,  24,  31,
                                  32, 33, 64, 100, 200, 496, 500, 511, 512, 513, 1040};

TEST_P(RandomBulk, RowsEqualSingleDraws) {
    for (const std::size_t columns : shapes)
        for (const std::size_t rows : {1, 2, 3, 5, 18}) {
            const std::vector<double> scale = decreasing_scale(columns);
            EXPECT_EQ(wrong_in_rows(*GetParam(), rows, columns, nullptr), 0u)
                << rows << " rows of " << columns;
            EXPECT_EQ(wrong_in_rows(*GetParam(), rows, columns, scale.data()), 0u)
                << rows << " scaled rows of " << columns;
        }
}

TEST_P(RandomBulk, InterleavedTrialsEqualSingleDraws) {
    for (const std::size_t columns : shapes)
        for (const std::size_t rows : {1, 2, 5}) {
            const std::vector<double> scale = decreasing_scale(columns);
            EXPECT_EQ(wrong_interleaved(*GetParam(), rows, columns, nullptr), 0u)
                << rows << " rows of " << columns;
            EXPECT_EQ(wrong_interleaved(*GetParam(), rows, columns, scale.data()), 0u)
                << rows << " scaled rows of " << columns;
        }
}

TEST_P(RandomBulk, EmptyBlocksWriteNothing) {
    double out = untouched;
    GetParam()->rows(philox_row(stream, trial, 0), 0, 5, nullptr, &out, 5);
    GetParam()->rows(philox_row(stream, trial, 0), 5, 0, nullptr, &out, 5);
    EXPECT_EQ(out, untouched);
}

TEST_P(RandomBulk, TheComparisonSeesAWrongColumn) {
    BulkDraw shifted = *GetParam();
    shifted.rows = [](const PhiloxRow& from, std::size_t rows, std::size_t columns,
                      const double* scale, double* out, std::size_t ld) {
        PhiloxRow next = from;
        ++next.row;
        bulk_generic.rows(next, rows, columns, scale, out, ld);
    };
    EXPECT_EQ(wrong_in_rows(shifted, 3, 40, nullptr), 120u);
}

INSTANTIATE_TEST_SUITE_P(Sets, RandomBulk, testing::ValuesIn(supported_bulk_draws()),
                         [](const auto& parameter) { return std::string(parameter.param->name); });

TEST(RandomDraws, AShorterRowIsAPrefix) {
    std::vector<double> row(500), prefix;
    draw_normals(stream, trial, 9, row);
    for (const std::size_t columns : shapes) {
        if (columns > row.size()) continue;
        prefix.assign(columns, untouched);
        draw_normals(stream, trial, 9, prefix);
        for (std::size_t c = 0; c < columns; ++c) ASSERT_EQ(bits(prefix[c]), bits(row[c]));
    }
}

TEST(RandomDraws, OneTrialAloneEqualsItAmongMany) {
    constexpr std::size_t elements = 120;  // 6 rows of 20 columns
    std::vector<double> alone(elements), among(elements * interleaved_trials);
    std::array<std::uint64_t, interleaved_trials> trials;
    for (std::uint64_t i = 0; i < trials.size(); ++i) trials[i] = 14 + i;
    draw_block(stream, 17, 2, 6, 20, nullptr, alone.data(), 20);
    draw_block_interleaved(stream, trials.data(), 2, 6, 20, nullptr, among.data());
    for (std::size_t e = 0; e < alone.size(); ++e)
        ASSERT_EQ(bits(alone[e]), bits(among[e * interleaved_trials + 3]));
}

TEST(RandomDraws, AddressesThatDoNotFitAreRefused) {
    std::vector<double> out(64, untouched);
    const auto block = [&](std::uint64_t of_trial, std::uint64_t row, std::size_t rows,
                           std::size_t columns) {
        draw_block(stream, of_trial, row, rows, columns, nullptr, out.data(), columns);
    };
    EXPECT_THROW(block(max_trial + 1, 0, 1, 4), std::out_of_range);
    EXPECT_THROW(block(0, max_row + 1, 1, 4), std::out_of_range);
    EXPECT_THROW(block(0, max_row, 2, 4), std::out_of_range);
    EXPECT_THROW(block(0, 1, max_row + 1, 4), std::out_of_range);
    EXPECT_THROW(block(0, 0, std::numeric_limits<std::size_t>::max(), 4), std::out_of_range);
    EXPECT_THROW(block(0, 0, 1, max_column + 2), std::out_of_range);
    EXPECT_THROW(draw_normal(stream, 0, 0, max_column + 1), std::out_of_range);
    EXPECT_THROW(draw_normal(stream, max_trial + 1, 0, 0), std::out_of_range);
    std::array<std::uint64_t, interleaved_trials> trials{};
    trials.back() = max_trial + 1;
    EXPECT_THROW(draw_block_interleaved(stream, trials.data(), 0, 1, 4, nullptr, out.data()),
                 std::out_of_range);
    for (const double value : out) ASSERT_EQ(value, untouched);
}

TEST(RandomDraws, TheLastAddressesAreDrawn) {
    std::array<double, 4> last{};
    draw_normals(stream, max_trial, max_row, last);
    for (std::size_t c = 0; c < last.size(); ++c)
        EXPECT_EQ(bits(last[c]), bits(draw_normal(stream, max_trial, max_row, c)));
    EXPECT_TRUE(std::isfinite(draw_normal(stream, max_trial, max_row, max_column)));
}

}  // namespace
}  // namespace cucurbit
