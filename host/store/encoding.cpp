#include "host/store/encoding.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace cucurbit {

static_assert(std::endian::native == std::endian::little,
              "payloads are copied as they lie in memory");

namespace {

constexpr std::size_t outcome_bytes = 4;

void put(const Outcome& outcome, std::byte* to) {
    to[0] = static_cast<std::byte>(outcome.status);
    to[1] = static_cast<std::byte>(outcome.rung);
    std::memcpy(to + 2, &outcome.rank_deficit, 2);
}

Outcome get(const std::byte* from) {
    Outcome outcome;
    outcome.status = static_cast<Status>(from[0]);
    outcome.rung = static_cast<Rung>(from[1]);
    std::memcpy(&outcome.rank_deficit, from + 2, 2);
    return outcome;
}

}  // namespace

Checksum& Checksum::add(std::span<const std::byte> bytes) {
    const std::uint64_t size = bytes.size();
    crc_.process_bytes(&size, sizeof size);
    crc_.process_bytes(bytes.data(), bytes.size());
    return *this;
}

Checksum& Checksum::add(std::string_view text) {
    return add(std::as_bytes(std::span(text)));
}

Checksum& Checksum::add(std::uint64_t number) {
    return add(std::as_bytes(std::span(&number, 1)));
}

Checksum& Checksum::add_lanes(std::span<const std::byte> bytes) {
    std::array<boost::crc_32_type, 8> lanes;
    const auto* at = reinterpret_cast<const unsigned char*>(bytes.data());
    for (std::size_t rest = bytes.size(); rest > 0;) {
        const std::size_t count = std::min(rest, lanes.size());
        if (count == lanes.size())
            for (std::size_t i = 0; i < lanes.size(); ++i) lanes[i].process_byte(at[i]);
        else
            for (std::size_t i = 0; i < count; ++i) lanes[i].process_byte(at[i]);
        at += count;
        rest -= count;
    }
    add(bytes.size());
    for (const boost::crc_32_type& lane : lanes) add(std::uint64_t{lane.checksum()});
    return *this;
}

Checksum checksum(const SeriesKey& key) {
    Checksum sum;
    sum.add(key.design).add(key.point).add(key.arm).add(key.estimand);
    return sum;
}

void encode(const BlockValues& block, std::vector<std::byte>& payload) {
    const std::size_t value_bytes = block.values.size() * sizeof(double);
    const bool uniform = std::adjacent_find(block.outcomes.begin(), block.outcomes.end(),
                                            std::not_equal_to<>()) == block.outcomes.end();
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

}  // namespace cucurbit
