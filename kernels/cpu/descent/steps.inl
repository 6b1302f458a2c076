// Included once for each instruction set, with CUCURBIT_INSTRUCTION_SET and CUCURBIT_LANE_BYTES.

#include <type_traits>

#include "kernels/common/host_device.hpp"
#include "kernels/cpu/descent/steps.hpp"
#include "kernels/cpu/vectors.hpp"

namespace cucurbit::CUCURBIT_INSTRUCTION_SET {
namespace {

/// Accumulators of a tile leave registers for its factors.
constexpr std::size_t tile_rows = CUCURBIT_LANE_BYTES == 64 ? 4 : 3;
constexpr std::size_t tile_cols = CUCURBIT_LANE_BYTES == 64 ? 4 : 3;

/// The sum of the lanes, by halves.
CUCURBIT_INLINE double total(Vector value) {
#if CUCURBIT_LANE_BYTES == 64
    const auto four = __builtin_shufflevector(value, value, 0, 1, 2, 3) +
                      __builtin_shufflevector(value, value, 4, 5, 6, 7);
#else
    const auto four = value;
#endif
#if CUCURBIT_LANE_BYTES >= 32
    const auto two =
        __builtin_shufflevector(four, four, 0, 1) + __builtin_shufflevector(four, four, 2, 3);
#else
    const auto two = four;
#endif
    return two[0] + two[1];
}

/// Calls body with the first index and the size of tiles of at most `most`, the size a constant.
template <std::size_t most, class Body>
CUCURBIT_INLINE void for_tiles(std::size_t end, Body body) {
    std::size_t first = 0;
    for (; first + most <= end; first += most)
        body(first, std::integral_constant<std::size_t, most>());
    if constexpr (most > 3)
        if (end - first == 3) return body(first, std::integral_constant<std::size_t, 3>());
    if (end - first == 2) return body(first, std::integral_constant<std::size_t, 2>());
    if (end - first == 1) return body(first, std::integral_constant<std::size_t, 1>());
}

/// Inner products of `rows` samples with `cols` weights.
template <std::size_t rows, std::size_t cols>
void output_tile(Panel x, std::size_t dimension, Panel w, double* out, std::size_t ld) {
    Vector sum[rows][cols] = {};
    std::size_t i = 0;
    for (; i + lanes <= dimension; i += lanes) {
        Vector weight[cols];
#pragma GCC unroll 4
        for (std::size_t c = 0; c < cols; ++c) weight[c] = load(w.data + i + c * w.ld);
#pragma GCC unroll 4
        for (std::size_t r = 0; r < rows; ++r) {
            const Vector sample = load(x.data + i + r * x.ld);
#pragma GCC unroll 4
            for (std::size_t c = 0; c < cols; ++c) sum[r][c] += sample * weight[c];
        }
    }
#pragma GCC unroll 4
    for (std::size_t r = 0; r < rows; ++r)
#pragma GCC unroll 4
        for (std::size_t c = 0; c < cols; ++c) {
            double value = total(sum[r][c]);
            for (std::size_t k = i; k < dimension; ++k)
                value += x.data[k + r * x.ld] * w.data[k + c * w.ld];
            out[r + c * ld] = value;
        }
}

void outputs(Panel samples, std::size_t dimension, std::size_t rows, Panel weights,
             std::size_t cols, Panel out) {
    for_tiles<tile_cols>(cols, [&](std::size_t j, auto width) {
        for_tiles<tile_rows>(rows, [&](std::size_t i, auto height) {
            output_tile<height.value, width.value>(
                {samples.data + i * samples.ld, samples.ld}, dimension,
                {weights.data + j * weights.ld, weights.ld}, out.data + i + j * out.ld, out.ld);
        });
    });
}

/// Vectors `height` of the dimension, `cols` models.
template <std::size_t height, std::size_t cols>
void descend_tile(const double* x, std::size_t ld, std::size_t rows, Panel residuals, Panel to) {
    Vector sum[height][cols];
#pragma GCC unroll 4
    for (std::size_t v = 0; v < height; ++v)
#pragma GCC unroll 4
        for (std::size_t c = 0; c < cols; ++c) sum[v][c] = load(to.data + v * lanes + c * to.ld);
    for (std::size_t r = 0; r < rows; ++r, x += ld) {
        Vector sample[height];
#pragma GCC unroll 4
        for (std::size_t v = 0; v < height; ++v) sample[v] = load(x + v * lanes);
#pragma GCC unroll 4
        for (std::size_t c = 0; c < cols; ++c) {
            const double residual = residuals.data[r + c * residuals.ld];
#pragma GCC unroll 4
            for (std::size_t v = 0; v < height; ++v) sum[v][c] -= sample[v] * residual;
        }
    }
#pragma GCC unroll 4
    for (std::size_t v = 0; v < height; ++v)
#pragma GCC unroll 4
        for (std::size_t c = 0; c < cols; ++c) store(to.data + v * lanes + c * to.ld, sum[v][c]);
}

void descend(Panel samples, std::size_t dimension, std::size_t rows, Panel residuals,
             std::size_t cols, Panel to) {
    const std::size_t vectors = dimension / lanes;
    for_tiles<tile_cols>(cols, [&](std::size_t j, auto width) {
        const Panel factor{residuals.data + j * residuals.ld, residuals.ld};
        const Panel out{to.data + j * to.ld, to.ld};
        for_tiles<tile_rows>(vectors, [&](std::size_t v, auto height) {
            descend_tile<height.value, width.value>(samples.data + v * lanes, samples.ld, rows,
                                                    factor, {out.data + v * lanes, out.ld});
        });
        for (std::size_t c = 0; c < width.value; ++c)
            for (std::size_t k = vectors * lanes; k < dimension; ++k)
                for (std::size_t r = 0; r < rows; ++r)
                    out.data[k + c * out.ld] -=
                        samples.data[k + r * samples.ld] * factor.data[r + c * factor.ld];
    });
}

}  // namespace
}  // namespace cucurbit::CUCURBIT_INSTRUCTION_SET
