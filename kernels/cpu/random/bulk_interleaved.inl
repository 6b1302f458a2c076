// The same elements of eight trials side by side: a unit is one Philox index, a lane one trial.

/// Words after one round, up to what depends on row and index.
class TrialsStart {
public:
    CUCURBIT_INLINE TrialsStart(const Keys& keys, const PhiloxRow* from) {
        for (int v = 0; v < unit_vectors; ++v) {
            Bits low = {}, high = {};
            for (int i = 0; i < lanes; ++i) {
                low[i] = from[v * lanes + i].trial_low;
                high[i] = from[v * lanes + i].trial_high;
            }
            word_1_[v] = product(low, philox_multiplier_1);
            mix_0_[v] = upper(word_1_[v]) ^ keys.first[0];
            mix_2_[v] = high ^ keys.second[0];
        }
    }

    CUCURBIT_INLINE Words after_one_round(int v, Bits row, Bits product_of_index) const {
        return {{mix_0_[v] ^ row, word_1_[v], mix_2_[v] ^ upper(product_of_index), product_of_index}};
    }

private:
    Bits word_1_[unit_vectors], mix_0_[unit_vectors], mix_2_[unit_vectors];
};

/// The tile's pairs, row by row; a row's last block may have fewer than eight.
struct PairCursor {
    std::size_t row = 0;
    std::size_t pair = 0;

    CUCURBIT_INLINE void advance(std::size_t pairs) {
        if (++pair == pairs) {
            pair = 0;
            ++row;
        }
    }
};

CUCURBIT_INLINE void write_trials(const Chunk& chunk, int unit, const double* scale,
                                  std::size_t column, std::size_t columns, double* out) {
    const bool has_sine = column + pairs_per_block < columns;
    const double cosine_scale = scale != nullptr ? scale[column] : 1.0;
    const double sine_scale = scale != nullptr && has_sine ? scale[column + pairs_per_block] : 1.0;
    double* cosines = out + column * 8;
    double* sines = cosines + pairs_per_block * 8;
#pragma GCC unroll 4
    for (int v = 0; v < unit_vectors; ++v) {
        const Pair<VectorLane> pair = pair_at(chunk, unit * unit_vectors + v);
        store(cosines + v * lanes, pair.cosine * cosine_scale);
        if (has_sine) store(sines + v * lanes, pair.sine * sine_scale);
    }
}

CUCURBIT_INLINE std::size_t column_of_pair(std::size_t pair) {
    return pair / pairs_per_block * columns_per_block + pair % pairs_per_block;
}

/// Pairs first_pair … first_pair + pairs − 1 of all rows.
void draw_pairs(const Keys& keys, const PhiloxRow* from, std::size_t rows, std::size_t columns,
                std::size_t first_pair, std::size_t pairs, const double* scale, double* out) {
    Products products;
    products.fill(first_pair, pairs);
    const TrialsStart start(keys, from);
    const std::size_t units = rows * pairs;
    Bits row = broadcast(from[0].row);
    PairCursor drawn, written;
    Chunk chunk;
    for (std::size_t done = 0; done < units; done += chunk_units) {
        const int count = units - done < chunk_units ? static_cast<int>(units - done) : chunk_units;
        for (int unit = 0; unit < count; unit += group_units) {
            Words group[group_vectors];
#pragma GCC unroll 4
            for (int u = 0; u < group_units; ++u) {
                const Bits index = broadcast(products.of_index[drawn.pair]);
#pragma GCC unroll 4
                for (int v = 0; v < unit_vectors; ++v)
                    group[u * unit_vectors + v] = start.after_one_round(v, row, index);
                drawn.advance(pairs);
                if (drawn.pair == 0) row += 1;
            }
            finish_rounds<1>(keys, group, chunk, unit * unit_vectors);
        }
        for (int unit = 0; unit < count; ++unit, written.advance(pairs))
            write_trials(chunk, unit, scale, column_of_pair(first_pair + written.pair), columns,
                         out + written.row * columns * 8);
    }
}

void draw_interleaved(const PhiloxRow* from, std::size_t rows, std::size_t columns,
                      const double* scale, double* out) {
    constexpr std::size_t tile_pairs = tile_blocks * pairs_per_block;
    const Keys keys = schedule(from[0].key);
    const std::size_t tail = columns % columns_per_block;
    const std::size_t pairs = columns / columns_per_block * pairs_per_block +
                              (tail < pairs_per_block ? tail : pairs_per_block);
    for (std::size_t first = 0; first < pairs; first += tile_pairs) {
        const std::size_t left = pairs - first;
        draw_pairs(keys, from, rows, columns, first, left < tile_pairs ? left : tile_pairs, scale, out);
    }
}
