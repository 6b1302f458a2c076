// Rows of one trial: a unit is a block of 16 columns, a lane one Philox index.

/// Words 0 to 3 after two rounds, up to what depends on the index.
class RowStart {
public:
    CUCURBIT_INLINE RowStart(const Keys& keys, const PhiloxRow& at) {
        const std::uint64_t product_1 = std::uint64_t{at.trial_low} * philox_multiplier_1;
        const std::uint64_t word_0 = (product_1 >> 32) ^ at.row ^ keys.first[0];
        const std::uint64_t product_0 = word_0 * philox_multiplier_0;
        mix_2_ = broadcast(at.trial_high ^ keys.second[0]);
        mix_0_ = broadcast((product_1 & low_word) ^ keys.first[1]);
        mix_3_ = broadcast((product_0 >> 32) ^ keys.second[1]);
        word_3_ = broadcast(product_0 & low_word);
    }

    CUCURBIT_INLINE Words after_two_rounds(Bits product_of_index) const {
        const Bits product_1 = product(upper(product_of_index) ^ mix_2_, philox_multiplier_1);
        return {{upper(product_1) ^ mix_0_, product_1, product_of_index ^ mix_3_, word_3_}};
    }

private:
    Bits mix_0_, mix_2_, mix_3_, word_3_;
};

/// A column tile of all rows, walked block by block and row by row.
struct RowTile {
    PhiloxRow from;
    std::size_t rows;
    std::size_t columns;
    const double* scale;  ///< of the tile's first column, or null
    double* out;
    std::size_t ld;

    std::size_t blocks() const { return (columns + columns_per_block - 1) / columns_per_block; }
};

struct BlockCursor {
    std::size_t row = 0;
    std::size_t block = 0;

    CUCURBIT_INLINE void advance(std::size_t blocks) {
        if (++block == blocks) {
            block = 0;
            ++row;
        }
    }
};

template <bool scaled>
CUCURBIT_INLINE void write_block(const Chunk& chunk, int unit, const double* scale, double* out) {
#pragma GCC unroll 4
    for (int v = 0; v < unit_vectors; ++v) {
        Pair<VectorLane> pair = pair_at(chunk, unit * unit_vectors + v);
        if constexpr (scaled) {
            pair.cosine *= load(scale + v * lanes);
            pair.sine *= load(scale + v * lanes + pairs_per_block);
        }
        store(out + v * lanes, pair.cosine);
        store(out + v * lanes + pairs_per_block, pair.sine);
    }
}

template <bool scaled>
void write_chunk(const Chunk& chunk, int units, const RowTile& tile, BlockCursor& at) {
    const std::size_t blocks = tile.blocks();
    for (int unit = 0; unit < units; ++unit, at.advance(blocks)) {
        const std::size_t column = at.block * columns_per_block;
        double* out = tile.out + at.row * tile.ld + column;
        if (column + columns_per_block <= tile.columns) {
            write_block<scaled>(chunk, unit, tile.scale + column, out);
            continue;
        }
        double whole[columns_per_block];
        write_block<false>(chunk, unit, nullptr, whole);
        for (std::size_t c = 0; column + c < tile.columns; ++c)
            out[c] = scaled ? whole[c] * tile.scale[column + c] : whole[c];
    }
}

void draw_tile(const Keys& keys, const Products& products, const RowTile& tile) {
    const std::size_t blocks = tile.blocks();
    const std::size_t units = tile.rows * blocks;
    PhiloxRow row = tile.from;
    RowStart start(keys, row);
    BlockCursor drawn, written;
    Chunk chunk;
    for (std::size_t done = 0; done < units; done += chunk_units) {
        const int count = units - done < chunk_units ? static_cast<int>(units - done) : chunk_units;
        for (int unit = 0; unit < count; unit += group_units) {
            Words group[group_vectors];
#pragma GCC unroll 4
            for (int u = 0; u < group_units; ++u) {
                const std::uint64_t* indices = products.of_index + drawn.block * pairs_per_block;
#pragma GCC unroll 4
                for (int v = 0; v < unit_vectors; ++v)
                    group[u * unit_vectors + v] = start.after_two_rounds(
                        *reinterpret_cast<const Bits*>(indices + v * lanes));
                drawn.advance(blocks);
                if (drawn.block == 0) {
                    ++row.row;
                    start = RowStart(keys, row);
                }
            }
            finish_rounds<2>(keys, group, chunk, unit * unit_vectors);
        }
        if (tile.scale != nullptr)
            write_chunk<true>(chunk, count, tile, written);
        else
            write_chunk<false>(chunk, count, tile, written);
    }
}

void draw_rows(const PhiloxRow& from, std::size_t rows, std::size_t columns, const double* scale,
               double* out, std::size_t ld) {
    constexpr std::size_t tile_columns = tile_blocks * columns_per_block;
    const Keys keys = schedule(from.key);
    Products products;
    for (std::size_t first = 0; first < columns; first += tile_columns) {
        const std::size_t left = columns - first;
        const RowTile tile{from, rows, left < tile_columns ? left : tile_columns,
                           scale != nullptr ? scale + first : nullptr, out + first, ld};
        products.fill(first / 2, tile.blocks() * pairs_per_block);
        draw_tile(keys, products, tile);
    }
}
