// Vectors of lanes, matrices of them, and the product of two strips, on which all else is built.

using Mask = std::int64_t __attribute__((vector_size(CUCURBIT_LANE_BYTES)));
/// Order of a tile: as many accumulators as the registers hold beside their factors.
constexpr std::size_t tile_order = CUCURBIT_LANE_BYTES == 64 ? 4 : 3;

CUCURBIT_INLINE Vector broadcast(double value) {
    return value - Vector{};  // Vector{} + value would be computed, for it turns −0 into 0
}
CUCURBIT_INLINE Vector choose(Mask mask, Vector if_set, Vector if_clear) {
    return reinterpret_cast<Vector>((reinterpret_cast<Mask>(if_set) & mask) |
                                    (reinterpret_cast<Mask>(if_clear) & ~mask));
}
CUCURBIT_INLINE Vector root(Vector value) {
#if CUCURBIT_LANE_BYTES == 64
    return _mm512_sqrt_pd(value);
#elif CUCURBIT_LANE_BYTES == 32
    return _mm256_sqrt_pd(value);
#elif defined(__SSE2__)
    return _mm_sqrt_pd(value);
#else
    return Vector{__builtin_sqrt(value[0]), __builtin_sqrt(value[1])};
#endif
}

constexpr std::size_t smaller(std::size_t a, std::size_t b) {
    return a < b ? a : b;
}
/// Height or width of the tile that begins at `first`.
constexpr std::size_t tile_size(std::size_t first, std::size_t end) {
    return smaller(tile_order, end - first);
}

/// A matrix whose rows and columns are any distances apart, in doubles.
struct View {
    double* data;
    std::ptrdiff_t row, col;

    explicit View(Panel panel)
        : data(panel.data),
          row(interleaved_lanes),
          col(static_cast<std::ptrdiff_t>(panel.ld) * row) {}
    View(double* first, std::ptrdiff_t row_distance, std::ptrdiff_t col_distance)
        : data(first), row(row_distance), col(col_distance) {}

    double* at(std::size_t i, std::size_t j) const {
        return data + static_cast<std::ptrdiff_t>(i) * row + static_cast<std::ptrdiff_t>(j) * col;
    }
    View from(std::size_t i, std::size_t j) const { return {at(i, j), row, col}; }
    Vector operator()(std::size_t i, std::size_t j) const { return load(at(i, j)); }
    void set(std::size_t i, std::size_t j, Vector value) const { store(at(i, j), value); }
    View turned() const { return {data, col, row}; }
    /// The rows from the last, row end − 1, to the first.
    View upside_down(std::size_t end) const { return {at(end - 1, 0), -row, col}; }
};

struct Tile {
    Vector value[tile_order][tile_order];
};

/// tile = a b, a: height×depth, b: depth×width, height, width ≤ tile_order.
template <std::size_t height, std::size_t width, bool shared>
void fixed_product(const View& a, const View& b, std::size_t depth, Tile& tile) {
    Vector sum[height][width] = {};
    const double* left = a.data;
    const double* right = b.data;
    for (std::size_t k = 0; k < depth; ++k, left += a.col, right += b.row) {
        Vector factor[width];
#pragma GCC unroll 4
        for (std::size_t c = 0; c < width; ++c) {
            const double* at = right + static_cast<std::ptrdiff_t>(c) * b.col;
            factor[c] = shared ? broadcast(*at) : load(at);
        }
#pragma GCC unroll 4
        for (std::size_t r = 0; r < height; ++r) {
            const Vector x = load(left + static_cast<std::ptrdiff_t>(r) * a.row);
#pragma GCC unroll 4
            for (std::size_t c = 0; c < width; ++c) sum[r][c] += x * factor[c];
        }
    }
#pragma GCC unroll 4
    for (std::size_t r = 0; r < height; ++r)
#pragma GCC unroll 4
        for (std::size_t c = 0; c < width; ++c) tile.value[r][c] = sum[r][c];
}

using FixedProduct = void (*)(const View&, const View&, std::size_t, Tile&);

template <std::size_t height, bool shared>
CUCURBIT_INLINE FixedProduct of_width(std::size_t width) {
    switch (width) {
        case 1:
            return fixed_product<height, 1, shared>;
        case 2:
            return fixed_product<height, 2, shared>;
        case 3:
            return fixed_product<height, 3, shared>;
        default:
            return fixed_product<height, tile_order, shared>;
    }
}

/// tile = a b; shared: b is one matrix for all lanes.
template <bool shared = false>
void multiply_strips(const View& a, const View& b, std::size_t height, std::size_t width,
                     std::size_t depth, Tile& tile) {
    switch (height) {
        case 1:
            return of_width<1, shared>(width)(a, b, depth, tile);
        case 2:
            return of_width<2, shared>(width)(a, b, depth, tile);
        case 3:
            return of_width<3, shared>(width)(a, b, depth, tile);
        default:
            return of_width<tile_order, shared>(width)(a, b, depth, tile);
    }
}

/// Calls body(first, width) for columns in tiles of nearly equal width.
template <class Body>
CUCURBIT_INLINE void for_even_tiles(std::size_t columns, Body body) {
    std::size_t tiles = (columns + tile_order - 1) / tile_order;
    for (std::size_t first = 0; first < columns; --tiles) {
        const std::size_t width = (columns - first + tiles - 1) / tiles;
        body(first, width);
        first += width;
    }
}
