#pragma once
// Bytes of the store: payloads and checksums.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "cucurbit/store.hpp"

namespace cucurbit {

/// The CRC-32 of zlib, eight bytes at a time (Kounavis and Berry 2005, "slicing by 8").
class Crc32 {
public:
    /// Adds the bytes from[0], from[stride], from[2·stride], …, `count` of them.
    void add(const std::byte* from, std::size_t count, std::size_t stride = 1);
    /// As add() of eight bytes.
    void add_eight(const std::byte* from, std::size_t stride);
    std::uint32_t value() const { return ~state_; }

private:
    std::uint32_t state_ = ~std::uint32_t{0};
};

/// CRC-32 (as in zlib) over fields; each field is preceded by its length, so that no two lists of
/// fields share their bytes.
class Checksum {
public:
    Checksum& add(std::span<const std::byte> bytes);
    Checksum& add(std::string_view text);
    Checksum& add(std::uint64_t number);
    /// For long fields: adds the CRC-32 of each eighth byte, from the first, second, … on. The
    /// eight sums do not wait for each other, which makes this faster.
    Checksum& add_lanes(std::span<const std::byte> bytes);
    std::int64_t value() const { return crc_.value(); }

private:
    Crc32 crc_;
};

/// The checksum of a series' key, to which its values' fields are added.
Checksum checksum(const SeriesKey& key);

/// Replaces `payload` by the values as little-endian doubles, then the outcomes: status, rung, rank
/// deficit (2 bytes, little-endian), only one when all are equal.
void encode(const BlockValues& block, std::vector<std::byte>& payload);
/// Nothing when the payload's length does not fit the count of trials.
std::optional<BlockValues> decode(std::span<const std::byte> payload, TrialRange trials);

/// Replaces `payload` by the counts and sums as little-endian numbers of eight bytes.
void encode(const MomentsBlock& block, std::vector<std::byte>& payload);
/// Nothing when the payload is none of moments of so many trials: it is shorter than their values.
std::optional<MomentsBlock> decode_moments(std::span<const std::byte> payload, TrialRange trials);

}  // namespace cucurbit
