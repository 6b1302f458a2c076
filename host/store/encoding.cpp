#include "host/store/encoding.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <type_traits>

#include "host/store/units.hpp"

namespace cucurbit {

static_assert(std::endian::native == std::endian::little,
              "payloads are copied as they lie in memory");

namespace {

constexpr std::size_t outcome_bytes = 4;
static_assert(std::has_unique_object_representations_v<Outcome>, "outcomes are compared as bytes");

using CrcTable = std::array<std::uint32_t, 256>;

/// [k][b]: what a byte b adds to the sum after k more bytes.
constexpr std::array<CrcTable, 8> make_crc_tables() {
    constexpr std::uint32_t polynomial = 0xedb88320U;
    std::array<CrcTable, 8> tables{};
    for (std::uint32_t b = 0; b < 256; ++b) {
        std::uint32_t sum = b;
        for (int bit = 0; bit < 8; ++bit) sum = sum >> 1U ^ ((sum & 1U) != 0 ? polynomial : 0U);
        tables[0][b] = sum;
    }
    for (std::size_t k = 1; k < tables.size(); ++k)
        for (std::uint32_t b = 0; b < 256; ++b)
            tables[k][b] = tables[0][tables[k - 1][b] & 0xffU] ^ tables[k - 1][b] >> 8U;
    return tables;
}
constexpr std::array<CrcTable, 8> crc_tables = make_crc_tables();

void put(const Outcome& outcome, std::byte* to) {
    to[0] = static_cast<std::byte>(outcome.status);
    to[1] = static_cast<std::byte>(outcome.rung);
    std::memcpy(to + 2, &outcome.rank_deficit, 2);
}

using Sums = Moments::Sums;
using Cross = PairMoments::Cross;

/// What a payload of moments begins with, and what follows where there is a pair.
struct Single {
    std::uint64_t failed, rank_deficient, escalated;
    double unit;
    Sums above;
};
struct Pair {
    Single single;
    Sums below;
    Cross cross;
};
static_assert(sizeof(Single) == 80 && sizeof(Pair) == 152 && std::is_trivially_copyable_v<Pair>,
              "moments are copied as they lie in memory");

Outcome get(const std::byte* from) {
    Outcome outcome;
    outcome.status = static_cast<Status>(from[0]);
    outcome.rung = static_cast<Rung>(from[1]);
    std::memcpy(&outcome.rank_deficit, from + 2, 2);
    return outcome;
}

}  // namespace

void Crc32::add_eight(const std::byte* from, std::size_t stride) {
    const auto byte = [&](std::size_t i) {
        return std::to_integer<std::uint32_t>(from[i * stride]);
    };
    const auto after = [](std::size_t bytes, std::uint32_t index) {
        return crc_tables[bytes][index & 0xffU];
    };
    const std::uint32_t s = state_;
    state_ = after(7, s ^ byte(0)) ^ after(6, s >> 8U ^ byte(1)) ^ after(5, s >> 16U ^ byte(2)) ^
             after(4, s >> 24U ^ byte(3)) ^ after(3, byte(4)) ^ after(2, byte(5)) ^
             after(1, byte(6)) ^ after(0, byte(7));
}

void Crc32::add(const std::byte* from, std::size_t count, std::size_t stride) {
    for (; count >= 8; count -= 8, from += 8 * stride) add_eight(from, stride);
    for (; count > 0; --count, from += stride)
        state_ =
            crc_tables[0][(state_ ^ std::to_integer<std::uint32_t>(*from)) & 0xffU] ^ state_ >> 8U;
}

Checksum& Checksum::add(std::span<const std::byte> bytes) {
    const std::uint64_t size = bytes.size();
    crc_.add(std::as_bytes(std::span(&size, 1)).data(), sizeof size);
    crc_.add(bytes.data(), bytes.size());
    return *this;
}

Checksum& Checksum::add(std::string_view text) {
    return add(std::as_bytes(std::span(text)));
}

Checksum& Checksum::add(std::uint64_t number) {
    return add(std::as_bytes(std::span(&number, 1)));
}

Checksum& Checksum::add_lanes(std::span<const std::byte> bytes) {
    constexpr std::size_t count = 8, group = count * count;
    std::array<Crc32, count> lanes;
    std::size_t done = 0;
    for (; done + group <= bytes.size(); done += group)
        for (std::size_t i = 0; i < count; ++i) lanes[i].add_eight(bytes.data() + done + i, count);
    for (std::size_t i = 0; i < count && done + i < bytes.size(); ++i)
        lanes[i].add(bytes.data() + done + i, (bytes.size() - done - i + count - 1) / count, count);
    add(bytes.size());
    for (const Crc32& lane : lanes) add(std::uint64_t{lane.value()});
    return *this;
}

Checksum checksum(const SeriesKey& key) {
    Checksum sum;
    sum.add(key.design).add(key.point).add(key.arm).add(key.estimand);
    return sum;
}

void encode(const BlockValues& block, std::vector<std::byte>& payload) {
    const std::size_t value_bytes = block.values.size() * sizeof(double);
    // All are equal where each is its neighbour.
    const std::vector<Outcome>& all = block.outcomes;
    const bool uniform = all.size() < 2 || std::memcmp(all.data(), all.data() + 1,
                                                       (all.size() - 1) * sizeof(Outcome)) == 0;
    const std::size_t outcomes = uniform ? 1 : block.outcomes.size();
    payload.resize(value_bytes + outcomes * outcome_bytes);
    std::memcpy(payload.data(), block.values.data(), value_bytes);
    for (std::size_t i = 0; i < outcomes; ++i)
        put(block.outcomes[i], payload.data() + value_bytes + i * outcome_bytes);
}

std::optional<BlockValues> decode(std::span<const std::byte> payload, TrialRange trials) {
    const std::size_t count = trials.count;
    if (count == 0 || payload.size() / sizeof(double) < count) return {};
    const std::size_t value_bytes = count * sizeof(double);
    const std::size_t outcomes = (payload.size() - value_bytes) / outcome_bytes;
    if (payload.size() != value_bytes + outcomes * outcome_bytes) return {};
    if (outcomes != 1 && outcomes != count) return {};
    BlockValues block{trials.first, std::vector<double>(count), std::vector<Outcome>(count)};
    std::memcpy(block.values.data(), payload.data(), value_bytes);
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t at = outcomes == 1 ? 0 : i;
        block.outcomes[i] = get(payload.data() + value_bytes + at * outcome_bytes);
    }
    return block;
}

void encode(const MomentsBlock& block, std::vector<std::byte>& payload) {
    const PairMoments& moments = block.moments;
    const Pair all{{block.failed, block.rank_deficient, block.escalated, moments.unit(),
                    moments.above().sums()},
                   moments.below().sums(),
                   moments.cross()};
    payload.resize(moments.below().count() > 0 ? sizeof(Pair) : sizeof(Single));
    std::memcpy(payload.data(), &all, payload.size());
}

std::optional<MomentsBlock> decode_moments(std::span<const std::byte> payload, TrialRange trials) {
    if (payload.size() != sizeof(Single) && payload.size() != sizeof(Pair)) return {};
    Pair all{};
    std::memcpy(&all, payload.data(), payload.size());
    const Single& single = all.single;
    if (!is_unit(trials) || single.above.count + single.failed != trials.count) return {};
    return MomentsBlock{trials,
                        single.failed,
                        single.rank_deficient,
                        single.escalated,
                        {single.unit, Moments(single.above), Moments(all.below), all.cross}};
}

}  // namespace cucurbit
