// The vectorised draws of one instruction set. Included by one source file for each; nothing of the standard
// library is instantiated here, because the linker might keep that copy for processors that lack the set.

#include "kernels/cpu/random/bulk.hpp"
#include "kernels/cpu/random/lanes.hpp"

namespace cucurbit::CUCURBIT_INSTRUCTION_SET {
namespace {

// A unit is eight Philox pairs: one block of columns, or one pair of eight trials. Several vectors go through
// the rounds side by side, because one alone waits for its multiplications.
constexpr int unit_vectors = pairs_per_block / lanes;
constexpr int group_units = CUCURBIT_LANE_BYTES == 64 ? 4 : 1;
constexpr int group_vectors = group_units * unit_vectors;
constexpr int chunk_units = 16;
constexpr std::size_t tile_blocks = 32;

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

/// The four words of one counter in the lower halves of 64-bit lanes; the upper halves are undefined.
struct Words {
    Bits word[4];
};

/// What a chunk of units needs for its normals.
struct Chunk {
    Bits second[chunk_units * unit_vectors];
    Real ratio[chunk_units * unit_vectors];
    Real log_term[chunk_units * unit_vectors];
};

/// Rounds first_round … 9 of a group, and the part of the normals that keeps the divider busy meanwhile.
template <int first_round>
CUCURBIT_INLINE void finish_rounds(const Keys& keys, Words (&group)[group_vectors], Chunk& chunk,
                                   int at) {
    constexpr int last = philox_rounds - 1;
#pragma GCC unroll 10
    for (int round = first_round; round < last; ++round) {
#pragma GCC unroll 4
        for (int v = 0; v < group_vectors; ++v) {
            Bits(&word)[4] = group[v].word;
            const Bits product_0 = product(word[0], philox_multiplier_0);
            const Bits product_1 = product(word[2], philox_multiplier_1);
            word[0] = upper(product_1) ^ word[1] ^ keys.first[round];
            word[1] = product_1;
            word[2] = upper(product_0) ^ word[3] ^ keys.second[round];
            word[3] = product_0;
        }
    }
#pragma GCC unroll 4
    for (int v = 0; v < group_vectors; ++v) {
        // The last round leaves its words where PhiloxWords wants them: high half first.
        const Bits(&word)[4] = group[v].word;
        const Bits first = product(word[2], philox_multiplier_1) ^ (word[1] << 32) ^
                           (keys.first[last] << 32);
        chunk.second[at + v] = product(word[0], philox_multiplier_0) ^ (word[3] << 32) ^
                               (keys.second[last] << 32);
        const Magnitude<VectorLane> parts = magnitude<VectorLane>(first);
        chunk.ratio[at + v] = parts.ratio;
        chunk.log_term[at + v] = parts.log_term;
    }
}

CUCURBIT_INLINE Pair<VectorLane> pair_at(const Chunk& chunk, int v) {
    const Magnitude<VectorLane> parts{chunk.ratio[v], chunk.log_term[v]};
    return turn<VectorLane>(chunk.second[v], radius(parts));
}

CUCURBIT_INLINE Real load(const double* from) {
    Real value;
    __builtin_memcpy(&value, from, sizeof value);
    return value;
}
CUCURBIT_INLINE void store(double* to, Real value) { __builtin_memcpy(to, &value, sizeof value); }

/// The products of round 1, which depend on the index alone.
struct Products {
    alignas(64) std::uint64_t of_index[tile_blocks * pairs_per_block];

    CUCURBIT_INLINE void fill(std::uint64_t first_index, std::size_t count) {
        for (std::size_t i = 0; i < count; ++i)
            of_index[i] = (first_index + i) * philox_multiplier_0;
    }
};

#include "kernels/cpu/random/bulk_rows.inl"
#include "kernels/cpu/random/bulk_interleaved.inl"

}  // namespace
}  // namespace cucurbit::CUCURBIT_INSTRUCTION_SET
