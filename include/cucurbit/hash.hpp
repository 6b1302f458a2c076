#pragma once
// Canonical text and its hash: what random keys and the identities of studies and files are made
// of.

#include <cstdint>
#include <string>
#include <string_view>

namespace cucurbit {

/// SipHash-2-4 (Aumasson and Bernstein 2012, section 2) of the bytes under a 128-bit key, given as
/// its two little-endian halves. The same on every machine.
std::uint64_t sip_hash(std::uint64_t key_low, std::uint64_t key_high, std::string_view bytes);

/// The project's one hash: sip_hash under a fixed key. Never changes: stored runs depend on it.
std::uint64_t hash_text(std::string_view bytes);

/// hash_text as 16 hexadecimal digits.
std::string hash_digits(std::string_view bytes);

/// The shortest text that reads back to the same double; "inf", "-inf" and "nan" for the others.
/// Minus zero is written as zero, to which it compares equal.
std::string canonical_number(double value);

}  // namespace cucurbit
