#include "cucurbit/hash.hpp"

#include <array>
#include <bit>
#include <charconv>
#include <cmath>

#include "host/config/bytes.hpp"

namespace cucurbit {
namespace {

struct SipState {
    std::uint64_t v0, v1, v2, v3;

    void round() {
        v0 += v1;
        v1 = std::rotl(v1, 13) ^ v0;
        v0 = std::rotl(v0, 32);
        v2 += v3;
        v3 = std::rotl(v3, 16) ^ v2;
        v0 += v3;
        v3 = std::rotl(v3, 21) ^ v0;
        v2 += v1;
        v1 = std::rotl(v1, 17) ^ v2;
        v2 = std::rotl(v2, 32);
    }

    void absorb(std::uint64_t word) {
        v3 ^= word;
        round();
        round();
        v0 ^= word;
    }
};

}  // namespace

std::uint64_t sip_hash(std::uint64_t key_low, std::uint64_t key_high, std::string_view bytes) {
    SipState state{key_low ^ 0x736f6d6570736575U, key_high ^ 0x646f72616e646f6dU,
                   key_low ^ 0x6c7967656e657261U, key_high ^ 0x7465646279746573U};
    const std::size_t whole = bytes.size() / 8 * 8;
    for (std::size_t i = 0; i < whole; i += 8) state.absorb(little_endian(bytes.substr(i, 8)));
    const std::uint64_t length = bytes.size() & 0xffU;
    state.absorb(little_endian(bytes.substr(whole)) | length << 56);
    state.v2 ^= 0xffU;
    for (int i = 0; i < 4; ++i) state.round();
    return state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
}

std::uint64_t hash_text(std::string_view bytes) {
    return sip_hash(little_endian("cucurbit"), little_endian("a still."), bytes);
}

std::string hash_digits(std::string_view bytes) {
    const std::uint64_t hash = hash_text(bytes);
    std::string digits(16, '0');
    for (std::size_t i = 0; i < 16; ++i)
        digits[i] = "0123456789abcdef"[hash >> (60 - 4 * i) & 0xfU];
    return digits;
}

std::string canonical_number(double value) {
    if (std::isnan(value)) return "nan";
    std::array<char, 32> digits;
    const auto written =
        std::to_chars(digits.data(), digits.data() + digits.size(), value == 0.0 ? 0.0 : value);
    return {digits.data(), written.ptr};
}

}  // namespace cucurbit
