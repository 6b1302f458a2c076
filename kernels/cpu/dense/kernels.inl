// The matrix product of one instruction set. Included by one source file for each; no function of
// the standard library is instantiated here, because the linker might keep that copy for processors
// that lack the set.
//
// A tile of the result stays in registers while the depth of a block passes by. The left factor is
// packed block by block into strips of tile_rows rows, so that a block stays in the second-level
// cache while every column of the right factor meets it; a right factor that is not transposed is
// read where it lies, since its columns already run along the depth.

#if defined(__SSE2__)
#include <immintrin.h>
#endif

#include <utility>

#include "kernels/common/host_device.hpp"
#include "kernels/cpu/dense/kernels.hpp"
#include "kernels/cpu/vectors.hpp"

namespace cucurbit::CUCURBIT_INSTRUCTION_SET {
namespace {

/// As many accumulators as the registers hold beside a column of the strip and one factor.
constexpr std::size_t tile_vectors = CUCURBIT_LANE_BYTES == 16 ? 2 : 3;
constexpr std::size_t tile_rows = tile_vectors * lanes;
constexpr std::size_t tile_cols = CUCURBIT_LANE_BYTES == 64 ? 8 : 4;
/// A tile's columns of the right factor take half of a first-level cache of 48 KiB, a packed block
/// less than half of a second-level cache of 2 MiB.
constexpr std::size_t block_depth = largest_depth_in_place;
constexpr std::size_t block_rows = 120;
static_assert(block_rows % tile_rows == 0);
constexpr std::size_t packed_left = block_depth * block_rows;
constexpr std::size_t packed_right = block_depth * tile_cols;
/// Products of at most so many columns read the left factor where it lies, once for each of them.
constexpr std::size_t most_single_columns = 2;

constexpr std::size_t smaller(std::size_t a, std::size_t b) {
    return a < b ? a : b;
}

/// How much of the part [first, first + size) lies before `end`.
constexpr std::size_t part_before(std::size_t end, std::size_t first, std::size_t size) {
    return end <= first ? 0 : smaller(end - first, size);
}

/// One stage of a transposition: swaps the blocks of `width` off the diagonal of each 2·width
/// square.
template <std::size_t width, std::size_t... i>
CUCURBIT_INLINE void swap_blocks(Vector& upper, Vector& lower, std::index_sequence<i...>) {
    const Vector a = upper, b = lower;
    upper = __builtin_shufflevector(a, b, ((i & width) != 0 ? lanes + i - width : i)...);
    lower = __builtin_shufflevector(a, b, ((i & width) != 0 ? lanes + i : i + width)...);
}

template <std::size_t width = lanes / 2>
CUCURBIT_INLINE void transpose_square(Vector (&square)[lanes]) {
#pragma GCC unroll 8
    for (std::size_t i = 0; i < lanes; ++i)
        if ((i & width) == 0)
            swap_blocks<width>(square[i], square[i + width], std::make_index_sequence<lanes>{});
    if constexpr (width > 1) transpose_square<width / 2>(square);
}

/// strip(r, k) = from(k, r), packed: rows `lanes` at a time where they fill a vector.
void pack_transposed(const double* from, std::size_t ld, std::size_t rows, std::size_t depth,
                     double* strip) {
    const std::size_t squares = rows / lanes * lanes, whole = depth / lanes * lanes;
    for (std::size_t r = 0; r < squares; r += lanes)
        for (std::size_t k = 0; k < whole; k += lanes) {
            Vector square[lanes];
#pragma GCC unroll 8
            for (std::size_t i = 0; i < lanes; ++i) square[i] = load(from + (r + i) * ld + k);
            transpose_square(square);
#pragma GCC unroll 8
            for (std::size_t i = 0; i < lanes; ++i)
                store(strip + (k + i) * tile_rows + r, square[i]);
        }
    for (std::size_t r = 0; r < rows; ++r)
        for (std::size_t k = r < squares ? whole : 0; k < depth; ++k)
            strip[k * tile_rows + r] = from[r * ld + k];
}

/// Strips of the left factor's rows, one after another, zero beyond the last row.
void pack_left(const Factor& left, std::size_t row, std::size_t rows, std::size_t first,
               std::size_t depth, double* packed) {
    for (std::size_t i = 0; i < rows; i += tile_rows, packed += depth * tile_rows) {
        const std::size_t height = smaller(tile_rows, rows - i);
        if (height < tile_rows)
            for (std::size_t k = 0; k < depth * tile_rows; ++k) packed[k] = 0.0;
        if (left.transposed) {
            pack_transposed(left.data + first + (row + i) * left.ld, left.ld, height, depth,
                            packed);
            continue;
        }
        if (depth == 0) continue;  // the factor may be a null pointer
        const double* from = left.data + row + i + first * left.ld;
        double* strip = packed;
        if (height == tile_rows)
            for (std::size_t k = 0; k < depth; ++k, from += left.ld, strip += tile_rows)
#pragma GCC unroll 3
                for (std::size_t v = 0; v < tile_vectors; ++v)
                    store(strip + v * lanes, load(from + v * lanes));
        else
            for (std::size_t k = 0; k < depth; ++k, from += left.ld, strip += tile_rows)
                for (std::size_t r = 0; r < height; ++r) strip[r] = from[r];
    }
}

/// A tile of the result; (r, c) is wanted where r ≥ c + diagonal.
struct Target {
    double* out;
    std::size_t ld, height, width;
    std::ptrdiff_t diagonal;
    double scale;
    bool add;
};

/// columns: where each column of the right factor begins, `step` doubles from one row to the next.
template <std::size_t vectors, std::size_t step>
void multiply_tile(std::size_t depth, const double* strip, const double* const* columns,
                   const Target& target) {
    Vector sum[tile_cols][vectors];
    const double* column[tile_cols];
#pragma GCC unroll 8
    for (std::size_t c = 0; c < tile_cols; ++c) {
        column[c] = columns[c];
#pragma GCC unroll 3
        for (std::size_t v = 0; v < vectors; ++v) sum[c][v] = Vector{};
    }
    for (std::size_t c = 0; c < target.width; ++c)
        for (std::size_t v = 0; v < vectors; ++v)
            __builtin_prefetch(target.out + c * target.ld + v * lanes, 1);
#pragma GCC unroll 4
    for (std::size_t k = 0; k < depth; ++k) {
        Vector rows[vectors];
#pragma GCC unroll 3
        for (std::size_t v = 0; v < vectors; ++v) rows[v] = load(strip + k * tile_rows + v * lanes);
#pragma GCC unroll 8
        for (std::size_t c = 0; c < tile_cols; ++c) {
            const Vector factor = column[c][k * step] - Vector{};
#pragma GCC unroll 3
            for (std::size_t v = 0; v < vectors; ++v) {
                sum[c][v] += rows[v] * factor;
                keep_in_register(sum[c][v]);
            }
        }
    }
    const bool whole = target.height == vectors * lanes && target.width == tile_cols &&
                       target.diagonal + static_cast<std::ptrdiff_t>(tile_cols) <= 1;
    double edge[tile_cols * vectors * lanes];
    double* out = whole ? target.out : edge;
    const std::size_t ld = whole ? target.ld : vectors * lanes;
    const bool add = whole && target.add;
#pragma GCC unroll 8
    for (std::size_t c = 0; c < tile_cols; ++c)
#pragma GCC unroll 3
        for (std::size_t v = 0; v < vectors; ++v) {
            double* at = out + c * ld + v * lanes;
            const Vector scaled = target.scale * sum[c][v];
            store(at, add ? load(at) + scaled : scaled);
        }
    if (whole) return;
    for (std::size_t c = 0; c < target.width; ++c) {
        const std::ptrdiff_t first = static_cast<std::ptrdiff_t>(c) + target.diagonal;
        for (std::size_t r = first > 0 ? static_cast<std::size_t>(first) : 0; r < target.height;
             ++r) {
            double& at = target.out[r + c * target.ld];
            at = (target.add ? at : 0.0) + edge[r + c * vectors * lanes];
        }
    }
}

using MultiplyTile = void (*)(std::size_t, const double*, const double* const*, const Target&);

template <std::size_t step>
CUCURBIT_INLINE MultiplyTile tile_of_height(std::size_t height) {
    if (height <= lanes) return multiply_tile<1, step>;
    if (height <= 2 * lanes) return multiply_tile<2, step>;
    return multiply_tile<tile_vectors, step>;
}

/// The columns of one tile of the right factor, the last repeated beyond the edge; a transposed
/// factor's are packed first.
void find_columns(const Product& product, std::size_t first, std::size_t depth, std::size_t col,
                  std::size_t width, double* packed, const double** columns) {
    const Factor& right = product.right;
    if (right.transposed) {
        const double* from = right.data + col + first * right.ld;
        if (width == tile_cols)
            for (std::size_t k = 0; k < depth; ++k, from += right.ld)
#pragma GCC unroll 4
                for (std::size_t c = 0; c < tile_cols; c += lanes)
                    store(packed + k * tile_cols + c, load(from + c));
        else
            for (std::size_t k = 0; k < depth; ++k, from += right.ld)
                for (std::size_t c = 0; c < width; ++c) packed[k * tile_cols + c] = from[c];
    }
    for (std::size_t c = 0; c < tile_cols; ++c) {
        const std::size_t present = smaller(c, width - 1);
        columns[c] =
            right.transposed ? packed + present : right.data + first + (col + present) * right.ld;
    }
}

/// The rows of one packed block against every column that they need.
void multiply_block(const Product& product, std::size_t first, std::size_t depth, std::size_t row,
                    std::size_t rows, double* packed) {
    const std::size_t cols = product.lower ? smaller(product.cols, row + rows) : product.cols;
    for (std::size_t col = 0; col < cols; col += tile_cols) {
        const std::size_t width = smaller(tile_cols, product.cols - col), last = col + width - 1;
        const std::size_t end =
            product.row_ends == nullptr
                ? rows
                : part_before(product.row_ends[last], product.ends_from + row, rows);
        const std::size_t reach =
            product.depth_ends == nullptr
                ? depth
                : part_before(product.depth_ends[last], product.ends_from + first, depth);
        const std::size_t begin = product.depth_begins == nullptr
                                      ? 0
                                      : part_before(product.depth_begins[col], first, reach);
        if (end == 0 || (begin == reach && first > 0)) continue;
        const double* columns[tile_cols];
        find_columns(product, first + begin, reach - begin, col, width, packed + packed_left,
                     columns);
        const std::size_t above = product.lower && col > row ? (col - row) / lanes * lanes : 0;
        for (std::size_t i = above / tile_rows * tile_rows; i < end; i += tile_rows) {
            // A strip that the diagonal crosses begins with the first vector that reaches it.
            const std::size_t skipped = i < above ? above - i : 0;
            const std::size_t height = smaller(tile_rows, rows - i) - skipped;
            const auto diagonal =
                static_cast<std::ptrdiff_t>(col) - static_cast<std::ptrdiff_t>(row + i + skipped);
            const Target target{product.out + row + i + skipped + col * product.ld,
                                product.ld,
                                height,
                                width,
                                product.lower ? diagonal : -static_cast<std::ptrdiff_t>(tile_cols),
                                product.scale,
                                product.add || first > 0};
            const auto tile = product.right.transposed ? tile_of_height<tile_cols>(height)
                                                       : tile_of_height<1>(height);
            tile(reach - begin, packed + i * depth + begin * tile_rows + skipped, columns, target);
        }
    }
}

/// The first of a vector's elements, which lie `step` apart; the others are zero. Edges are
/// computed in vectors like all else: in scalars a compiler may round products that vectors fuse.
CUCURBIT_INLINE Vector load_part(const double* from, std::size_t step, std::size_t count) {
    Vector part = {};
    for (std::size_t i = 0; i < count; ++i) part[i] = from[i * step];
    return part;
}

/// sum += `count` columns that begin `ld` apart, each times its factor.
template <std::size_t count, class Load>
CUCURBIT_INLINE Vector add_columns(Vector sum, std::size_t ld, const double* factors,
                                   Load load_at) {
#pragma GCC unroll 8
    for (std::size_t i = 0; i < count; ++i) {
        sum += load_at(i * ld) * (factors[i] - Vector{});
        keep_in_register(sum);
    }
    return sum;
}

/// The same for every vector of sums.
template <std::size_t count>
CUCURBIT_INLINE void add_columns(const double* from, std::size_t ld, std::size_t rows,
                                 const double* factors, double* sums) {
    const std::size_t edge = rows % lanes, whole = rows - edge;
    for (std::size_t r = 0; r < whole; r += lanes)
        store(sums + r, add_columns<count>(load(sums + r), ld, factors,
                                           [&](std::size_t at) { return load(from + r + at); }));
    if (edge > 0)
        store(sums + whole,
              add_columns<count>(load(sums + whole), ld, factors, [&](std::size_t at) {
                  return load_part(from + whole + at, 1, edge);
              }));
}

/// sums ← left·column, the terms of each sum in the same order as in a tile, so that its bits are
/// the same. Sums are whole vectors: there is room for the last one's.
void add_up(const double* from, std::size_t ld, std::size_t rows, std::size_t depth,
            const double* column, double* sums) {
    constexpr std::size_t together = 8;
    for (std::size_t r = 0; r < rows; r += lanes) store(sums + r, Vector{});
    std::size_t k = 0;
    for (; k + together <= depth; k += together)
        add_columns<together>(from + k * ld, ld, rows, column + k, sums);
    for (; k < depth; ++k) add_columns<1>(from + k * ld, ld, rows, column + k, sums);
}

/// The same for a transposed left factor, whose squares are turned in registers.
void add_up_turned(const double* from, std::size_t ld, std::size_t rows, std::size_t depth,
                   const double* column, double* sums) {
    const std::size_t whole = depth / lanes * lanes;
    for (std::size_t r = 0; r < rows; r += lanes, from += lanes * ld) {
        const std::size_t height = smaller(lanes, rows - r);
        Vector sum = {};
        for (std::size_t k = 0; k < whole; k += lanes) {
            Vector square[lanes];
#pragma GCC unroll 8
            for (std::size_t i = 0; i < lanes; ++i)
                square[i] = load(from + smaller(i, height - 1) * ld + k);
            transpose_square(square);
#pragma GCC unroll 8
            for (std::size_t i = 0; i < lanes; ++i) {
                sum += square[i] * (column[k + i] - Vector{});
                keep_in_register(sum);
            }
        }
        for (std::size_t k = whole; k < depth; ++k) {
            sum += load_part(from + k, ld, height) * (column[k] - Vector{});
            keep_in_register(sum);
        }
        store(sums + r, sum);
    }
}

/// Few columns, one after another: to pack the left factor, or to fill a tile, would take longer.
void multiply_by_columns(const Product& product, std::size_t first, std::size_t depth,
                         double* sums) {
    const Factor& left = product.left;
    for (std::size_t col = 0; col < product.cols; ++col) {
        const std::size_t end =
            product.row_ends == nullptr
                ? product.rows
                : part_before(product.row_ends[col], product.ends_from, product.rows);
        const std::size_t reach =
            product.depth_ends == nullptr
                ? depth
                : part_before(product.depth_ends[col], product.ends_from + first, depth);
        const double* column = product.right.data + first + col * product.right.ld;
        double* out = product.out + col * product.ld;
        for (std::size_t row = 0; row < end; row += packed_left) {
            const std::size_t rows = smaller(packed_left, end - row);
            if (left.transposed)
                add_up_turned(left.data + first + row * left.ld, left.ld, rows, reach, column,
                              sums);
            else
                add_up(left.data + row + first * left.ld, left.ld, rows, reach, column, sums);
            for (std::size_t r = 0; r < rows; ++r) {
                const double scaled = product.scale * sums[r];
                out[row + r] = product.add || first > 0 ? out[row + r] + scaled : scaled;
            }
        }
    }
}

void multiply(const Product& product, double* packed) {
    const bool by_columns = product.cols <= most_single_columns && product.depth > 0 &&
                            product.also == nullptr && !product.lower &&
                            !product.right.transposed && product.depth_begins == nullptr &&
                            product.out != product.left.data;
    const std::size_t parts =
        product.depth == 0 ? 1 : (product.depth + block_depth - 1) / block_depth;
    for (std::size_t part = 0; part < parts; ++part) {
        const std::size_t first = product.depth * part / parts;
        const std::size_t depth = product.depth * (part + 1) / parts - first;
        if (by_columns) {
            multiply_by_columns(product, first, depth, packed);
            continue;
        }
        // A shallow block has more rows: each column of the right factor is then packed less often.
        const std::size_t most_rows = packed_left / (depth > 0 ? depth : 1) / tile_rows * tile_rows;
        for (std::size_t row = 0; row < product.rows; row += most_rows) {
            const std::size_t rows = smaller(most_rows, product.rows - row);
            pack_left(product.left, row, rows, first, depth, packed);
            for (const Product* each = &product; each != nullptr; each = each->also)
                multiply_block(*each, first, depth, row, rows, packed);
        }
    }
}

#include "kernels/cpu/dense/triangles.inl"

constexpr DenseKernels kernels(const char* name) {
    return {name, packed_left + packed_right, multiply, factor_triangle, invert_triangle};
}

}  // namespace
}  // namespace cucurbit::CUCURBIT_INSTRUCTION_SET
