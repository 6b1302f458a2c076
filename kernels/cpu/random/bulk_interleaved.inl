// The same elements of eight trials side by side: a unit is one index, a lane one trial.

/// The column of a pair's cosine; its sine lies pairs_per_block columns further, if there.
CUCURBIT_INLINE std::size_t column_of_pair(std::size_t pair) {
    return pair / pairs_per_block * columns_per_block + pair % pairs_per_block;
}

CUCURBIT_INLINE void write_trials(const Chunk& chunk, std::size_t unit, std::size_t column,
                                  std::size_t columns, const double* scale, double* out) {
    const bool has_sine = column + pairs_per_block < columns;
    const double cosine_scale = scale != nullptr ? scale[column] : 1.0;
    const double sine_scale = scale != nullptr && has_sine ? scale[column + pairs_per_block] : 1.0;
    double* cosines = out + column * pairs_per_block;
    double* sines = cosines + std::size_t{pairs_per_block} * pairs_per_block;
#pragma GCC unroll 4
    for (std::size_t v = 0; v < unit_vectors; ++v) {
        const Pair<VectorLane> pair = pair_at(chunk, unit * unit_vectors + v);
        store(cosines + v * lanes, cosine_scale * pair.cosine);
        if (has_sine) store(sines + v * lanes, sine_scale * pair.sine);
    }
}

void draw_interleaved(const PhiloxRow* from, std::size_t rows, std::size_t columns,
                      const double* scale, double* out) {
    const Keys keys = schedule(from[0].key);
    Tile tile;
    tile.first_row = from[0].row;
    for (std::size_t v = 0; v < unit_vectors; ++v) {
        Bits low = {}, high = {};
        for (std::size_t i = 0; i < lanes; ++i) {
            low[i] = from[v * lanes + i].trial_low;
            high[i] = from[v * lanes + i].trial_high;
        }
        tile.trial[v] = {product(low, philox_multiplier_1), high};
    }
    const std::size_t pairs = columns / columns_per_block * pairs_per_block +
                              smaller(columns % columns_per_block, pairs_per_block);
    for (std::size_t first = 0; first < pairs; first += tile_units) {
        tile.units = smaller(pairs - first, tile_units);
        for (std::size_t unit = 0; unit < tile.units; ++unit)
            for (std::size_t v = 0; v < unit_vectors; ++v)
                tile.unit[unit * unit_vectors + v] =
                    unit_terms(keys, tile.trial[v], broadcast(first + unit));
        draw_tile(
            keys, tile, rows,
            [&](const Chunk& chunk, std::size_t unit, const Place& at)
                __attribute__((always_inline)) {
                    write_trials(chunk, unit, column_of_pair(first + at.unit), columns, scale,
                                 out + at.row * columns * pairs_per_block);
                });
    }
}
