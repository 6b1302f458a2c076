// What the store writes, apart from the file: bytes, checksums, ranges and names.

#include "cucurbit/store.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <boost/crc.hpp>
#include <cmath>
#include <random>

#include "host/store/encoding.hpp"
#include "host/store/folder.hpp"
#include "host/store/state.hpp"
#include "tests/unit/run_fake.hpp"
#include "tests/unit/store_values.hpp"

namespace cucurbit {
namespace {

TEST(Encoding, ReturnsEveryBit) {
    BlockValues block{7, {0.1, -0.0, std::nan(""), INFINITY, 5e-324}, {}};
    block.outcomes = {{Status::ok, Rung::none, 0},
                      {Status::not_finite, Rung::truncated, 65535},
                      {Status::not_converged, Rung::orthogonal, 258},
                      {Status::ok, Rung::refined, 1},
                      {Status::ok, Rung::cholesky, 0}};
    std::vector<std::byte> payload;
    encode(block, payload);
    const std::optional<BlockValues> back = decode(payload, {7, 5});
    ASSERT_TRUE(back);
    EXPECT_EQ(back->first_trial, 7u);
    EXPECT_EQ(back->outcomes, block.outcomes);
    for (std::size_t i = 0; i < 5; ++i)
        EXPECT_EQ(std::bit_cast<std::uint64_t>(back->values[i]),
                  std::bit_cast<std::uint64_t>(block.values[i]));
}

TEST(Encoding, KeepsOneOutcomeWhenAllAreEqual) {
    std::vector<std::byte> payload;
    encode(some_values(0, 64), payload);
    EXPECT_EQ(payload.size(), 64 * 8 + 4u);
    EXPECT_TRUE(*decode(payload, {0, 64}) == some_values(0, 64));
}

TEST(Encoding, RefusesLengthsThatDoNotFit) {
    std::vector<std::byte> payload;
    encode(some_values(0, 3), payload);
    EXPECT_FALSE(decode(payload, {0, 0}));
    EXPECT_FALSE(decode(payload, {0, 2}));
    EXPECT_FALSE(decode(payload, {0, 4}));
    EXPECT_FALSE(decode(payload, {0, ~std::uint64_t{0}}));
    payload.pop_back();
    EXPECT_FALSE(decode(payload, {0, 3}));
}

std::vector<std::byte> some_bytes(std::size_t size) {
    std::mt19937 random(1);
    std::vector<std::byte> bytes(size);
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(random() & 0xffU);
    return bytes;
}

TEST(Checksum, IsThatOfZlib) {
    Crc32 known;
    known.add(std::as_bytes(std::span("123456789")).data(), 9);
    EXPECT_EQ(known.value(), 0xcbf43926u);
    for (std::size_t size = 0; size < 300; ++size) {
        const std::vector<std::byte> bytes = some_bytes(size);
        Crc32 sum;
        sum.add(bytes.data(), bytes.size());
        boost::crc_32_type reference;
        reference.process_bytes(bytes.data(), bytes.size());
        EXPECT_EQ(sum.value(), reference.checksum()) << size;
    }
}

/// As stores that exist have it.
TEST(Checksum, OfLanesIsThatOfEachEighthByte) {
    for (std::size_t size = 0; size < 300; ++size) {
        const std::vector<std::byte> bytes = some_bytes(size);
        Checksum expected;
        expected.add(std::uint64_t{size});
        for (std::size_t lane = 0; lane < 8; ++lane) {
            boost::crc_32_type sum;
            for (std::size_t i = lane; i < size; i += 8)
                sum.process_byte(std::to_integer<unsigned char>(bytes[i]));
            expected.add(std::uint64_t{sum.checksum()});
        }
        EXPECT_EQ(Checksum().add_lanes(bytes).value(), expected.value()) << size;
    }
}

TEST(Checksum, SeparatesFields) {
    EXPECT_NE(Checksum().add("ab").add("c").value(), Checksum().add("a").add("bc").value());
}

TEST(Checksum, LanesSeeEveryByteAndItsPlace) {
    for (const std::size_t size : {0, 1, 7, 8, 9, 20}) {
        std::vector<std::byte> bytes(size, std::byte{3});
        const std::int64_t whole = Checksum().add_lanes(bytes).value();
        EXPECT_EQ(Checksum().add_lanes(bytes).value(), whole);
        for (std::byte& byte : bytes) {
            byte ^= std::byte{16};
            EXPECT_NE(Checksum().add_lanes(bytes).value(), whole) << size;
            byte ^= std::byte{16};
        }
        bytes.push_back(std::byte{0});
        EXPECT_NE(Checksum().add_lanes(bytes).value(), whole) << size;
    }
}

TEST(Ranges, JoinWhereTheyTouchAndRefuseToOverlap) {
    std::vector<TrialRange> ranges;
    EXPECT_TRUE(join(ranges, {64, 64}));
    EXPECT_TRUE(join(ranges, {0, 10}));
    EXPECT_EQ(ranges, (std::vector<TrialRange>{{0, 10}, {64, 64}}));
    for (const TrialRange overlap :
         {TrialRange{0, 1}, {9, 5}, {60, 5}, {5, 100}, {127, 1}, {70, 2}})
        EXPECT_FALSE(join(ranges, overlap)) << overlap.first;
    EXPECT_TRUE(join(ranges, {10, 54}));
    EXPECT_EQ(ranges, (std::vector<TrialRange>{{0, 128}}));
    EXPECT_TRUE(join(ranges, {200, 5}));
    EXPECT_TRUE(join(ranges, {195, 5}));
    EXPECT_EQ(ranges, (std::vector<TrialRange>{{0, 128}, {195, 10}}));
    EXPECT_FALSE(join(ranges, {~std::uint64_t{0}, 5}));
}

TEST(SeriesKey, SpellsPointsInTheShortestWay) {
    const fake::FakeSetting setting({}, std::make_shared<fake::Log>());
    Design design = setting.designs().front();
    design.points.at(0).parameters = {100.0, 0.1};
    const SeriesKey found = series_key(setting, design, design.series.front());
    EXPECT_EQ(found.point, "p=100 n=0.1");
    EXPECT_EQ(found.design, design.key);
}

TEST(Difference, NamesTheFirstLineOrWord) {
    EXPECT_EQ(first_difference("a\nb\nc", "a\nx\nc"), "'b' in the folder, 'x' in this study");
    EXPECT_EQ(first_difference("a b", "a"), "'b' in the folder, nothing in this study");
    EXPECT_EQ(first_difference("a c", "a b c"), "nothing in the folder, 'b' in this study");
    EXPECT_EQ(first_difference("a b c", "a c"), "'b' in the folder, nothing in this study");
}

}  // namespace
}  // namespace cucurbit
