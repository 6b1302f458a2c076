// Cholesky factor and inverse of one block on the diagonal. Left-looking: up to eight vectors of a
// column (of a row of the inverse) stay in registers while all that went before is taken off.

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

std::size_t factor_triangle(double* block) {
    for (std::size_t j = 0; j < triangle_order; ++j) {
        double* column = block + j * triangle_order;
        take_off(block, block + j, j, j / lanes * lanes, triangle_order, column);
        // Also where the pivot is not a number.
        if (!(column[j] > 0.0 && column[j] <= __DBL_MAX__)) return j;
        const double root = square_root(column[j]), inverse_root = 1.0 / root;
        column[j] = root;
        for (std::size_t i = j + 1; i < triangle_order; ++i) column[i] *= inverse_root;
    }
    return triangle_order;
}

void invert_triangle(const double* block, double* inverse) {
    for (std::size_t i = 0; i < triangle_order; ++i) {
        double* row = inverse + i * triangle_order;
        for (std::size_t j = 0; j < triangle_order; ++j) row[j] = i == j ? 1.0 : 0.0;
        take_off(inverse, block + i, i, 0, (i / lanes + 1) * lanes, row);
        const double inverse_pivot = 1.0 / block[i + i * triangle_order];
        for (std::size_t j = 0; j <= i; ++j) row[j] *= inverse_pivot;
    }
}
