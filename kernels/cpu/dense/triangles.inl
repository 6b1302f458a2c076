// Cholesky factor and inverse of one block on the diagonal, tile_cols columns of the factor (rows
// of the inverse) at a time: what went before them is taken off in tiles that stay in registers,
// then each takes off those beside it.

constexpr std::size_t most_vectors = 8;

CUCURBIT_INLINE double square_root(double value) {
#if defined(__SSE2__)
    return _mm_cvtsd_f64(_mm_sqrt_sd(_mm_set_sd(0.0), _mm_set_sd(value)));
#else
    return __builtin_sqrt(value);
#endif
}

/// to −= Σ_{k<count} factors[k·triangle_order]·(from + k·triangle_order), `vectors` of each.
template <std::size_t vectors>
CUCURBIT_INLINE void take_off(const double* from, const double* factors, std::size_t count,
                              double* to) {
    Vector sum[vectors];
#pragma GCC unroll 8
    for (std::size_t v = 0; v < vectors; ++v) sum[v] = load(to + v * lanes);
    for (std::size_t k = 0; k < count; ++k) {
        const Vector factor = factors[k * triangle_order] - Vector{};
#pragma GCC unroll 8
        for (std::size_t v = 0; v < vectors; ++v)
            sum[v] -= factor * load(from + k * triangle_order + v * lanes);
    }
#pragma GCC unroll 8
    for (std::size_t v = 0; v < vectors; ++v) store(to + v * lanes, sum[v]);
}

/// The same for elements [first, end), both multiples of `lanes`.
template <std::size_t vectors = most_vectors>
CUCURBIT_INLINE void take_off(const double* from, const double* factors, std::size_t count,
                              std::size_t first, std::size_t end, double* to) {
    for (; first + vectors * lanes <= end; first += vectors * lanes)
        take_off<vectors>(from + first, factors, count, to + first);
    if constexpr (vectors > 1) take_off<vectors - 1>(from, factors, count, first, end, to);
}

/// The same for tile_cols columns `to` at once, side by side as their factors are, `vectors` of
/// each.
template <std::size_t vectors>
void take_off_tile(const double* from, const double* factors, std::size_t count, double* to) {
    Vector sum[tile_cols][vectors];
#pragma GCC unroll 8
    for (std::size_t c = 0; c < tile_cols; ++c)
#pragma GCC unroll 3
        for (std::size_t v = 0; v < vectors; ++v)
            sum[c][v] = load(to + c * triangle_order + v * lanes);
    for (std::size_t k = 0; k < count; ++k) {
        Vector row[vectors];
#pragma GCC unroll 3
        for (std::size_t v = 0; v < vectors; ++v)
            row[v] = load(from + k * triangle_order + v * lanes);
#pragma GCC unroll 8
        for (std::size_t c = 0; c < tile_cols; ++c) {
            const Vector factor = factors[c + k * triangle_order] - Vector{};
#pragma GCC unroll 3
            for (std::size_t v = 0; v < vectors; ++v) sum[c][v] -= factor * row[v];
        }
    }
#pragma GCC unroll 8
    for (std::size_t c = 0; c < tile_cols; ++c)
#pragma GCC unroll 3
        for (std::size_t v = 0; v < vectors; ++v)
            store(to + c * triangle_order + v * lanes, sum[c][v]);
}

CUCURBIT_INLINE void take_off_tile(const double* from, const double* factors, std::size_t count,
                                   std::size_t vectors, double* to) {
    if (vectors >= tile_vectors)
        take_off_tile<tile_vectors>(from, factors, count, to);
    else if (vectors == 2)
        take_off_tile<2>(from, factors, count, to);
    else
        take_off_tile<1>(from, factors, count, to);
}

std::size_t factor_triangle(double* block) {
    for (std::size_t j = 0; j < triangle_order; ++j) {
        const std::size_t begin = j / tile_cols * tile_cols, row = j / lanes * lanes;
        if (j == begin)
            for (std::size_t i = row; i < triangle_order; i += tile_rows)
                take_off_tile(block + i, block + j, j, (triangle_order - i) / lanes,
                              block + j * triangle_order + i);
        double* column = block + j * triangle_order;
        take_off(block + begin * triangle_order, block + begin * triangle_order + j, j - begin, row,
                 triangle_order, column);
        // Also where the pivot is not a number.
        if (!(column[j] > 0.0 && column[j] <= __DBL_MAX__)) return j;
        const double root = square_root(column[j]), inverse_root = 1.0 / root;
        column[j] = root;
        for (std::size_t i = j + 1; i < triangle_order; ++i) column[i] *= inverse_root;
    }
    return triangle_order;
}

void invert_triangle(const double* block, double* inverse) {
    for (std::size_t i = 0; i < triangle_order; ++i)
        for (std::size_t j = 0; j < triangle_order; ++j)
            inverse[i * triangle_order + j] = i == j ? 1.0 : 0.0;
    for (std::size_t i = 0; i < triangle_order; ++i) {
        const std::size_t begin = i / tile_cols * tile_cols;
        const std::size_t end = (begin + tile_cols + lanes - 1) / lanes * lanes;
        double* row = inverse + i * triangle_order;
        // Rows before `j` are zero from there on.
        if (i == begin)
            for (std::size_t j = 0; j < begin; j += tile_rows)
                take_off_tile(inverse + j * triangle_order + j, block + i + j * triangle_order,
                              begin - j, (end - j) / lanes, row + j);
        take_off(inverse + begin * triangle_order, block + i + begin * triangle_order, i - begin, 0,
                 end, row);
        const double inverse_pivot = 1.0 / block[i + i * triangle_order];
        for (std::size_t j = 0; j <= i; ++j) row[j] *= inverse_pivot;
    }
}
