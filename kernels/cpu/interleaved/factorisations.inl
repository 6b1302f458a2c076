// Cholesky factors, their inverses and solves.

/// Which lanes' pivots were all positive and finite so far, and how many rows that makes.
struct Progress {
    Mask alive = ~Mask{};
    Vector rows = {};

    /// 1/√pivot where the pivot is good and 0 elsewhere; diagonal: √pivot, or 1.
    CUCURBIT_INLINE Vector take(Vector pivot, Vector& diagonal) {
        const Mask good = (pivot > Vector{}) & (pivot <= broadcast(__DBL_MAX__));
        alive &= good;
        rows += choose(alive, broadcast(1.0), Vector{});
        diagonal = choose(good, root(pivot), broadcast(1.0));
        return choose(good, 1.0 / diagonal, Vector{});
    }
};

void cholesky(Panel g, double* rows_done) {
    const View l(g);
    const std::size_t n = g.rows;
    Progress progress;
    Tile tile;
    Vector reciprocal[tile_order];
    for (std::size_t j = 0; j < n; j += tile_order) {
        const std::size_t width = tile_size(j, n);
        for (std::size_t i = j; i < n; i += tile_order) {
            const std::size_t height = tile_size(i, n);
            multiply_strips(l.from(i, 0), l.from(j, 0).turned(), height, width, j, tile);
            for (std::size_t c = 0; c < width; ++c)
                for (std::size_t r = i == j ? c : 0; r < height; ++r) {
                    Vector value = l(i + r, j + c) - tile.value[r][c];
                    for (std::size_t k = 0; k < c; ++k) value -= l(i + r, j + k) * l(j + c, j + k);
                    if (i + r == j + c)
                        reciprocal[c] = progress.take(value, value);
                    else
                        value *= reciprocal[c];
                    l.set(i + r, j + c, value);
                }
        }
    }
    store(rows_done, progress.rows);
}

/// c ← l⁻¹ c in the first `end` rows of `width` columns.
void solve(const View& l, const View& c, std::size_t end, std::size_t width) {
    Tile tile;
    for (std::size_t i = 0; i < end; i += tile_order) {
        const std::size_t height = tile_size(i, end);
        multiply_strips(l.from(i, 0), c, height, width, i, tile);
        for (std::size_t r = 0; r < height; ++r) {
            const Vector reciprocal = 1.0 / l(i + r, i + r);
            for (std::size_t j = 0; j < width; ++j) {
                Vector value = c(i + r, j) - tile.value[r][j];
                for (std::size_t k = 0; k < r; ++k) value -= l(i + r, i + k) * c(i + k, j);
                c.set(i + r, j, value * reciprocal);
            }
        }
    }
}

void solve_lower(Panel l, List rows, Panel c) {
    for_even_tiles(rows.size, [&](std::size_t j, std::size_t width) {
        solve(View(l), View(c).from(0, j), rows.values[j + width - 1], width);
    });
}

/// Upside down and turned, lᵀ is a lower triangle again.
void solve_lower_transposed(Panel l, List rows, Panel c) {
    for_even_tiles(rows.size, [&](std::size_t j, std::size_t width) {
        const std::size_t end = rows.values[j + width - 1];
        if (end == 0) return;
        const View reversed = View(l).upside_down(end).turned().upside_down(end);
        solve(reversed, View(c).from(0, j).upside_down(end), end, width);
    });
}

/// l ← l⁻¹ for the diagonal tile of height h.
void invert_tile(const View& l, std::size_t h) {
    for (std::size_t r = 0; r < h; ++r) {
        const Vector reciprocal = 1.0 / l(r, r);
        for (std::size_t c = 0; c < r; ++c) {
            Vector sum = {};
            for (std::size_t k = c; k < r; ++k) sum += l(r, k) * l(k, c);
            l.set(r, c, -(sum * reciprocal));
        }
        l.set(r, r, reciprocal);
    }
}

/// Strips of rows downwards: with the inverse A⁻¹ of what is above, [B C] becomes [−C⁻¹B A⁻¹, C⁻¹].
void invert_lower(Panel panel) {
    const View l(panel);
    const std::size_t n = panel.rows;
    for (std::size_t j = 1; j < n; ++j)
        for (std::size_t i = 0; i < j; ++i) l.set(i, j, Vector{});
    Tile tile;
    for (std::size_t i = 0; i < n; i += tile_order) {
        const std::size_t height = tile_size(i, n);
        const View corner = l.from(i, i);
        invert_tile(corner, height);
        for (std::size_t j = 0; j < i; j += tile_order) {
            multiply_strips(l.from(i, j), l.from(j, j), height, tile_order, i - j, tile);
            for (std::size_t r = 0; r < height; ++r)
                for (std::size_t c = 0; c < tile_order; ++c) {
                    Vector sum = {};
                    for (std::size_t k = 0; k <= r; ++k) sum += corner(r, k) * tile.value[k][c];
                    l.set(i + r, j + c, -sum);
                }
        }
    }
}
