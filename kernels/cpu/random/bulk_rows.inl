// Rows of one trial: a unit is a block of 16 columns, a lane one index.

template <bool Scaled>
CUCURBIT_INLINE void write_block(const Chunk& chunk, std::size_t unit, const double* scale,
                                 double* out) {
#pragma GCC unroll 4
    for (std::size_t v = 0; v < unit_vectors; ++v) {
        Pair<VectorLane> pair = pair_at(chunk, unit * unit_vectors + v);
        if constexpr (Scaled) {
            pair.cosine = load(scale + v * lanes) * pair.cosine;
            pair.sine = load(scale + v * lanes + pairs_per_block) * pair.sine;
        }
        store(out + v * lanes, pair.cosine);
        store(out + v * lanes + pairs_per_block, pair.sine);
    }
}

/// Columns of the tile, from the tile's first; scale may be null.
struct RowTarget {
    std::size_t columns;
    const double* scale;
    double* out;
    std::size_t ld;
};

template <bool Scaled>
void draw_row_tile(const Keys& keys, const Tile& tile, std::size_t rows, const RowTarget& to) {
    draw_tile(
        keys, tile, rows,
        [&](const Chunk& chunk, std::size_t unit, const Place& at) __attribute__((always_inline)) {
            const std::size_t column = at.unit * columns_per_block;
            double* out = to.out + at.row * to.ld + column;
            if (column + columns_per_block <= to.columns) {
                write_block<Scaled>(chunk, unit, Scaled ? to.scale + column : nullptr, out);
                return;
            }
            double whole[columns_per_block];
            write_block<false>(chunk, unit, nullptr, whole);
            for (std::size_t c = 0; column + c < to.columns; ++c)
                out[c] = Scaled ? to.scale[column + c] * whole[c] : whole[c];
        });
}

void draw_rows(const PhiloxRow& from, std::size_t rows, std::size_t columns, const double* scale,
               // Written through RowTarget.  NOLINTNEXTLINE(readability-non-const-parameter)
               double* out, std::size_t ld) {
    constexpr std::size_t tile_columns = tile_units * columns_per_block;
    const Keys keys = schedule(from.key);
    Tile tile;
    tile.first_row = from.row;
    for (TrialTerms& trial : tile.trial)
        trial = {product(broadcast(from.trial_low), philox_multiplier_1),
                 broadcast(from.trial_high)};
    for (std::size_t first = 0; first < columns; first += tile_columns) {
        const RowTarget to{smaller(columns - first, tile_columns),
                           scale != nullptr ? scale + first : nullptr, out + first, ld};
        tile.units = (to.columns + columns_per_block - 1) / columns_per_block;
        Bits index = first_lanes + first / columns_per_block * pairs_per_block;
        for (std::size_t v = 0; v < tile.units * unit_vectors; ++v, index += lanes)
            tile.unit[v] = unit_terms(keys, tile.trial[0], index);
        if (scale != nullptr)
            draw_row_tile<true>(keys, tile, rows, to);
        else
            draw_row_tile<false>(keys, tile, rows, to);
    }
}
