// The vectorised draws of one instruction set. Included by one source file for each; nothing of the
// standard library is instantiated here, because the linker might keep that copy for processors
// that lack the set.

#include "kernels/cpu/random/bulk.hpp"
#include "kernels/cpu/random/lanes.hpp"

namespace cucurbit::CUCURBIT_INSTRUCTION_SET {
namespace {

// A unit is eight Philox counters: eight indices of one trial, or one index of eight trials.
// Several vectors go through the rounds side by side, because one alone waits for its
// multiplications. A tile is what is drawn of every row before the next tile begins.
constexpr std::size_t unit_vectors = pairs_per_block / lanes;
constexpr std::size_t group_units = CUCURBIT_LANE_BYTES == 64 ? 4 : 1;
constexpr std::size_t group_vectors = group_units * unit_vectors;
constexpr std::size_t chunk_units = 32;
constexpr std::size_t tile_units = 32;

CUCURBIT_INLINE std::size_t smaller(std::size_t a, std::size_t b) {
    return a < b ? a : b;
}

struct Keys {
    std::uint64_t first[philox_rounds];
    std::uint64_t second[philox_rounds];
};

Keys schedule(std::uint64_t key) {
    Keys keys;
    for (std::uint64_t round = 0; round < philox_rounds; ++round) {
        keys.first[round] = (key + round * philox_weyl_0) & low_word;
        keys.second[round] = ((key >> 32) + round * philox_weyl_1) & low_word;
    }
    return keys;
}

/// The four words of one counter in the lower halves of 64-bit lanes; the upper halves are
/// undefined.
struct Words {
    Bits word[4];
};

/// The counters' words that stay while index and row change.
struct TrialTerms {
    Bits product;  ///< of round 0
    Bits high;
};

/// What rounds 0 to 2 make of index and trial without the row …
struct UnitTerms {
    Bits word_2_of_1, word_0_of_2, word_2_of_2, word_3_of_2;
};

/// … and of row and trial without the index.
struct RowTerms {
    Bits word_2_of_1, word_2_of_2;
};

CUCURBIT_INLINE UnitTerms unit_terms(const Keys& keys, const TrialTerms& trial, Bits index) {
    const Bits product_0 = product(index, philox_multiplier_0);
    const Bits word_2 = upper(product_0) ^ trial.high ^ keys.second[0];
    const Bits product_1 = product(word_2, philox_multiplier_1);
    const Bits word_0 = upper(product_1) ^ trial.product ^ keys.first[1];
    const Bits product_2 = product(word_0, philox_multiplier_0);
    return {product_0, product_1 ^ keys.first[2], upper(product_2) ^ keys.second[2], product_2};
}

CUCURBIT_INLINE RowTerms row_terms(const Keys& keys, const TrialTerms& trial, std::uint32_t row) {
    const Bits word_0 = upper(trial.product) ^ broadcast(row ^ keys.first[0]);
    const Bits product_0 = product(word_0, philox_multiplier_0);
    return {upper(product_0) ^ keys.second[1], product_0};
}

CUCURBIT_INLINE Words after_three_rounds(const UnitTerms& unit, const RowTerms& row) {
    const Bits product_1 = product(unit.word_2_of_1 ^ row.word_2_of_1, philox_multiplier_1);
    return {{upper(product_1) ^ unit.word_0_of_2, product_1, unit.word_2_of_2 ^ row.word_2_of_2,
             unit.word_3_of_2}};
}

/// What a chunk of units needs for its normals.
struct Chunk {
    Bits second[chunk_units * unit_vectors];
    Magnitude<VectorLane> magnitude[chunk_units * unit_vectors];
};

/// Rounds 3 to 9 of a group, and the part of the normals that keeps the divider busy meanwhile.
CUCURBIT_INLINE void finish_rounds(const Keys& keys, Words (&group)[group_vectors], Chunk& chunk,
                                   std::size_t at) {
    constexpr std::size_t last = philox_rounds - 1;
#pragma GCC unroll 10
    for (std::size_t round = 3; round < last; ++round) {
#pragma GCC unroll 4
        for (Words& words : group) {
            Bits(&word)[4] = words.word;
            const Bits product_0 = product(word[0], philox_multiplier_0);
            const Bits product_1 = product(word[2], philox_multiplier_1);
            word[0] = upper(product_1) ^ word[1] ^ keys.first[round];
            word[1] = product_1;
            word[2] = upper(product_0) ^ word[3] ^ keys.second[round];
            word[3] = product_0;
        }
    }
#pragma GCC unroll 4
    for (std::size_t v = 0; v < group_vectors; ++v) {
        // The last round leaves its words where PhiloxWords wants them: high half first.
        const Bits(&word)[4] = group[v].word;
        const Bits first =
            product(word[2], philox_multiplier_1) ^ (word[1] << 32) ^ (keys.first[last] << 32);
        chunk.second[at + v] =
            product(word[0], philox_multiplier_0) ^ (word[3] << 32) ^ (keys.second[last] << 32);
        chunk.magnitude[at + v] = magnitude<VectorLane>(first);
    }
}

CUCURBIT_INLINE Pair<VectorLane> pair_at(const Chunk& chunk, std::size_t v) {
    return turn<VectorLane>(chunk.second[v], radius(chunk.magnitude[v]));
}

struct Tile {
    TrialTerms trial[unit_vectors];
    UnitTerms unit[tile_units * unit_vectors];
    std::size_t units;
    std::uint32_t first_row;
};

/// Where a walk over a tile is: all units of a row, then the next row.
struct Place {
    std::size_t row = 0;
    std::size_t unit = 0;
};

/// Moves on to the next group of a tile and draws it. Past the last row it draws rows nobody reads.
class Walk {
public:
    Walk(const Keys& keys, const Tile& tile) : keys_(keys), tile_(tile) { start_row(); }

    CUCURBIT_INLINE void draw_group(Chunk& chunk, std::size_t at) {
        Words group[group_vectors];
#pragma GCC unroll 4
        for (std::size_t u = 0; u < group_units; ++u) {
#pragma GCC unroll 4
            for (std::size_t v = 0; v < unit_vectors; ++v)
                group[u * unit_vectors + v] =
                    after_three_rounds(tile_.unit[place_.unit * unit_vectors + v], row_[v]);
            if (++place_.unit == tile_.units) {
                place_.unit = 0;
                ++place_.row;
                start_row();
            }
        }
        finish_rounds(keys_, group, chunk, at * unit_vectors);
    }

private:
    CUCURBIT_INLINE void start_row() {
        const std::uint32_t row = tile_.first_row + static_cast<std::uint32_t>(place_.row);
        for (std::size_t v = 0; v < unit_vectors; ++v)
            row_[v] = row_terms(keys_, tile_.trial[v], row);
    }

    const Keys& keys_;
    const Tile& tile_;
    Place place_;
    RowTerms row_[unit_vectors];
};

/// Draws the tile's units of all rows; write(chunk, unit of the chunk, place) for each in order.
template <class Write>
CUCURBIT_INLINE void draw_tile(const Keys& keys, const Tile& tile, std::size_t rows,
                               const Write& write) {
    Walk walk(keys, tile);
    Place written;
    Chunk chunk;
    const std::size_t units = rows * tile.units;
    for (std::size_t done = 0; done < units; done += chunk_units) {
        const std::size_t count = smaller(units - done, chunk_units);
        for (std::size_t unit = 0; unit < count; unit += group_units) walk.draw_group(chunk, unit);
        for (std::size_t unit = 0; unit < count; ++unit) {
            write(chunk, unit, written);
            if (++written.unit == tile.units) {
                written.unit = 0;
                ++written.row;
            }
        }
    }
}

#include "kernels/cpu/random/bulk_interleaved.inl"
#include "kernels/cpu/random/bulk_rows.inl"

}  // namespace
}  // namespace cucurbit::CUCURBIT_INSTRUCTION_SET
