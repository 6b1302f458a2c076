// Matrix products, whole and triangular.

/// Lower triangle of g (+)= a aᵀ, a: n×depth.
template <bool add>
void symmetric_product(const View& a, std::size_t n, std::size_t depth, const View& g) {
    Tile tile;
    for (std::size_t i = 0; i < n; i += tile_order)
        for (std::size_t j = 0; j <= i; j += tile_order) {
            const std::size_t height = tile_size(i, n), width = tile_size(j, n);
            multiply_strips(a.from(i, 0), a.from(j, 0).turned(), height, width, depth, tile);
            for (std::size_t c = 0; c < width; ++c)
                for (std::size_t r = i == j ? c : 0; r < height; ++r)
                    g.set(i + r, j + c,
                          add ? g(i + r, j + c) + tile.value[r][c] : tile.value[r][c]);
        }
}

void gram(Panel a, Panel g) {
    symmetric_product<false>(View(a).turned(), a.cols, a.rows, View(g));
}

void add_outer(Panel a, Panel g) {
    symmetric_product<true>(View(a), a.rows, a.cols, View(g));
}

void put(const Tile& tile, std::size_t height, std::size_t width, const View& out) {
    for (std::size_t c = 0; c < width; ++c)
        for (std::size_t r = 0; r < height; ++r) out.set(r, c, tile.value[r][c]);
}

void multiply(Panel a, bool transpose_a, Panel b, Panel out) {
    const View left = transpose_a ? View(a).turned() : View(a), right(b), to(out);
    Tile tile;
    for (std::size_t i = 0; i < out.rows; i += tile_order)
        for_even_tiles(out.cols, [&](std::size_t j, std::size_t width) {
            const std::size_t height = tile_size(i, out.rows);
            multiply_strips(left.from(i, 0), right.from(0, j), height, width, b.rows, tile);
            put(tile, height, width, to.from(i, j));
        });
}

template <bool shared>
void project_on(Panel a, const View& b, List rows, Panel c) {
    const View left = View(a).turned(), out(c);
    const std::size_t end = rows.size == 0 ? 0 : rows.values[rows.size - 1];
    Tile tile;
    for (std::size_t i = 0; i < end; i += tile_order)
        for_even_tiles(rows.size, [&](std::size_t j, std::size_t width) {
            if (i >= rows.values[j + width - 1]) return;
            const std::size_t height = tile_size(i, end);
            multiply_strips<shared>(left.from(i, 0), b.from(0, j), height, width, a.rows, tile);
            put(tile, height, width, out.from(i, j));
        });
}

void project(Panel a, Panel b, bool shared, List rows, Panel c) {
    if (shared)
        project_on<true>(a, View(b.data, 1, static_cast<std::ptrdiff_t>(b.ld)), rows, c);
    else
        project_on<false>(a, View(b), rows, c);
}

void combine(Panel a, Panel w, List rows, Panel e) {
    const View left(a), right(w), out(e);
    Tile tile;
    for (std::size_t i = 0; i < e.rows; i += tile_order)
        for_even_tiles(rows.size, [&](std::size_t j, std::size_t width) {
            const std::size_t height = tile_size(i, e.rows);
            multiply_strips(left.from(i, 0), right.from(0, j), height, width,
                            rows.values[j + width - 1], tile);
            put(tile, height, width, out.from(i, j));
        });
}

/// a ← a rᵀ for lower triangular r, a: m×n; from the last columns on, which nobody else needs.
void multiply_in_place(const View& r, std::size_t n, const View& a, std::size_t m) {
    Tile tile;
    for (std::size_t i = 0; i < m; i += tile_order)
        for (std::size_t end = n; end > 0;) {
            const std::size_t j = (end - 1) / tile_order * tile_order;
            const std::size_t height = tile_size(i, m), width = end - j;
            multiply_strips(a.from(i, 0), r.from(j, 0).turned(), height, width, j, tile);
            for (std::size_t c = width; c-- > 0;)
                for (std::size_t row = 0; row < height; ++row) {
                    Vector sum = tile.value[row][c];
                    for (std::size_t k = 0; k <= c; ++k) sum += a(i + row, j + k) * r(j + c, j + k);
                    a.set(i + row, j + c, sum);
                }
            end = j;
        }
}

void multiply_by_transposed_lower(Panel r, Panel a) {
    multiply_in_place(View(r), a.cols, View(a), a.rows);
}

void multiply_by_lower(Panel r, Panel a) {
    multiply_in_place(View(r), a.rows, View(a).turned(), a.cols);
}

/// The rows' gains (contract), tile by tile of T = r rᵀ.
void gains(Panel r, bool triangular, Panel s, Panel out) {
    const View factor(r), gram_of(s), sums(out);
    Tile tile;
    for (std::size_t i = 0; i < s.rows; i += tile_order) {
        const std::size_t height = tile_size(i, s.rows);
        Vector sum[tile_order] = {};
        for (std::size_t j = 0; j <= i; j += tile_order) {
            const std::size_t width = tile_size(j, s.rows);
            multiply_strips(factor.from(i, 0), factor.from(j, 0).turned(), height, width,
                            triangular ? j + width : r.cols, tile);
            for (std::size_t row = 0; row < height; ++row)
                for (std::size_t c = 0; c < width && j + c <= i + row; ++c) {
                    const Vector term = tile.value[row][c] * gram_of(i + row, j + c);
                    sum[row] += j + c < i + row ? term + term : term;
                }
        }
        for (std::size_t row = 0; row < height; ++row) sums.set(i + row, 0, sum[row]);
    }
}
