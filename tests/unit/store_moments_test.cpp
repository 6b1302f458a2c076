// Moments in a store: one result in whatever order, sessions and shards they come.

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <random>

#include "cucurbit/store.hpp"
#include "host/store/encoding.hpp"
#include "host/store/units.hpp"
#include "tests/unit/run_fake.hpp"
#include "tests/unit/store_values.hpp"

namespace cucurbit {
namespace {

const SeriesKey unit_key{7, "n=10", "standard", "excess_risk"};

MomentsBlock block_of(TrialRange trials, double factor = 1.0) {
    std::vector<double> above, below;
    for (std::uint64_t trial = trials.first; trial < trials.end(); ++trial) {
        above.push_back(factor * std::sqrt(static_cast<double>(trial)));
        below.push_back(factor * std::cos(static_cast<double>(trial)));
    }
    above.pop_back();
    below.pop_back();
    return {trials, 1, 2, 3, {above, below}};
}

using Blocks = std::vector<std::pair<SeriesKey, MomentsBlock>>;

/// The 64-trial units of a range.
Blocks blocks_of(TrialRange trials, double factor = 1.0) {
    Blocks blocks;
    for (std::uint64_t first = trials.first; first < trials.end(); first += unit_trials)
        blocks.emplace_back(unit_key, block_of({first, unit_trials}, factor));
    return blocks;
}

/// Every bit of what a store holds.
std::vector<std::byte> bits_of(const Store& store) {
    std::vector<std::byte> all, payload;
    for (const MomentsBlock& block : store.read_moments(unit_key)) {
        encode(block, payload);
        all.push_back(static_cast<std::byte>(std::countr_zero(block.trials.count)));
        all.insert(all.end(), payload.begin(), payload.end());
    }
    return all;
}

Store store_of(const Folder& folder, const Blocks& blocks) {
    Store store = Store::open_to_write(folder.path(), fake::study({}, 64));
    store.write(blocks);
    return store;
}

std::vector<std::uint64_t> lengths_of(const Store& store) {
    std::vector<std::uint64_t> lengths;
    for (const MomentsBlock& block : store.read_moments(unit_key))
        lengths.push_back(block.trials.count);
    return lengths;
}

TEST(Units, AreAsFewAsCounted) {
    for (const std::uint64_t blocks : {3, 4, 21, 100}) {
        const Folder folder;
        const Store store = store_of(folder, blocks_of({0, blocks * unit_trials}));
        EXPECT_EQ(lengths_of(store).size(), count_units(blocks * unit_trials)) << blocks;
    }
    EXPECT_EQ(count_units(1'000'000'000), 34u);
}

TEST(StoreMoments, AreTheSameBitsInEveryOrder) {
    const Folder whole;
    const TrialRange trials{0, 37 * unit_trials};
    const Store expected = store_of(whole, blocks_of(trials));
    EXPECT_EQ(lengths_of(expected), (std::vector<std::uint64_t>{256, 256, 512, 1024, 256, 64}));
    EXPECT_EQ(expected.trials(unit_key), (std::vector<TrialRange>{trials}));
    std::mt19937 random(3);
    for (int repeat = 0; repeat < 5; ++repeat) {
        Blocks blocks = blocks_of(trials);
        std::shuffle(blocks.begin(), blocks.end(), random);
        const Folder folder;
        while (!blocks.empty()) {  // sessions of a few transactions
            Store store = Store::open_to_write(folder.path(), fake::study({}, 64));
            for (int write = 0; write < 3 && !blocks.empty(); ++write) {
                const std::size_t count = std::min<std::size_t>(blocks.size(), 1 + random() % 9);
                Units units;
                for (std::size_t k = 0; k < count; ++k) {
                    add_unit(blocks.back().second, units);
                    blocks.pop_back();
                }
                Blocks joined;
                for (const auto& [first, unit] : units) joined.emplace_back(unit_key, unit);
                store.write(joined);
            }
        }
        const Store store = Store::open_to_read(folder.path());
        EXPECT_EQ(bits_of(store), bits_of(expected));
        EXPECT_TRUE(store.keeps_moments());
        EXPECT_NO_THROW(store.verify());
    }
}

TEST(StoreMoments, AreNeverReplacedNorMixed) {
    const Folder folder;
    Store store = store_of(folder, blocks_of({0, 512}));
    EXPECT_THROW(store.read(unit_key), StoreError);
    EXPECT_THROW(store.write(Blocks{{unit_key, block_of({544, 64})}}), StoreError);
    EXPECT_THROW(store.write(blocks_of({64, 64})), StoreError);
}

TEST(StoreMoments, OfShardsMergeIntoTheWhole) {
    const Folder whole;
    const Store expected = store_of(whole, blocks_of({0, 40 * unit_trials}));
    const TrialRange ranges[] = {{0, 832}, {832, 640}, {1472, 1088}};
    for (const std::vector<int>& order : {std::vector{0, 1, 2}, {2, 0, 1}, {1, 2, 0, 1}}) {
        const Folder folder;
        Store into = Store::open_to_write(folder.path(), fake::study({}, 64));
        std::uint64_t copied = 0;
        for (const int part : order) {
            const Folder shard;
            const Store from = store_of(shard, blocks_of(ranges[part]));
            copied += into.merge(from, nine_digits).copied;
        }
        EXPECT_EQ(copied, 40u * 64u);
        EXPECT_EQ(bits_of(into), bits_of(expected));
    }
}

// A shard that was merged half done comes again, complete; and the other way round.
TEST(StoreMoments, OfMoreTrialsTakeThePlaceOfFewer) {
    const Folder first, second;
    Store into = store_of(first, blocks_of({1024, 320}));
    Store from = store_of(second, blocks_of({1024, 1024}));
    Merged merged = into.merge(from, nine_digits);
    EXPECT_EQ(merged.copied, 1024u - 320u);
    EXPECT_EQ(merged.held, 320u);
    EXPECT_EQ(bits_of(into), bits_of(from));
    const Folder third;
    merged = into.merge(store_of(third, blocks_of({1024, 320})), nine_digits);
    EXPECT_EQ(merged.copied, 0u);
    EXPECT_EQ(merged.held, 320u);
    EXPECT_EQ(bits_of(into), bits_of(from));
    EXPECT_NO_THROW(into.verify());
}

TEST(StoreMoments, ThatContradictAreRefused) {
    const Folder first;
    Store into = store_of(first, blocks_of({0, 1024}));
    const auto contradicted = [&](TrialRange trials, double factor) {
        const Folder other;
        const Merged merged = into.merge(store_of(other, blocks_of(trials, factor)), nine_digits);
        EXPECT_TRUE(merged.contradicted == 0 || merged.copied == 0);
        return merged.contradicted > 0;
    };
    EXPECT_FALSE(contradicted({0, 1024}, 1.0 + 1e-12));
    EXPECT_TRUE(contradicted({0, 1024}, 1.5));
    EXPECT_TRUE(contradicted({0, 1024}, 1.01));
    EXPECT_TRUE(contradicted({256, 256}, 1.01));  // as large a unit
    EXPECT_TRUE(contradicted({960, 1088}, 1.5));  // part of the other's unit, and beyond
    EXPECT_FALSE(contradicted({1024, 64}, 1.5));  // nothing to compare
    const Folder other;
    const Store from = store_of(other, blocks_of({0, 1024}, 1.5));
    EXPECT_NE(
        into.merge(from, nine_digits)
            .contradiction.find("the mean of standard excess_risk at n=10, trials 0 to 255: "),
        std::string::npos);
}

TEST(StoreMoments, AreDecodedOnlyWhereTheyFit) {
    std::vector<std::byte> payload;
    encode(block_of({128, 128}), payload);
    EXPECT_EQ(payload.size(), 152u);
    ASSERT_TRUE(decode_moments(payload, {128, 128}));
    EXPECT_FALSE(decode_moments(payload, {128, 64}));
    EXPECT_FALSE(decode_moments(payload, {64, 128}));
    EXPECT_FALSE(decode(payload, {128, 128}));
    payload.pop_back();
    EXPECT_FALSE(decode_moments(payload, {128, 128}));
}

}  // namespace
}  // namespace cucurbit
