#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "cucurbit/hash.hpp"

namespace cucurbit {
namespace {

// Answers of OpenSSL 3.0's SIPHASH; the first is also in the paper's reference vectors (length 15).
TEST(Hash, SipHashKnownAnswers) {
    const std::uint64_t low = 0x0706050403020100U, high = 0x0f0e0d0c0b0a0908U;
    std::string bytes;
    for (char i = 0; i < 63; ++i) bytes += i;
    const auto hash = [&](std::size_t n) { return sip_hash(low, high, bytes.substr(0, n)); };
    EXPECT_EQ(hash(15), 0xa129ca6149be45e5U);
    EXPECT_EQ(hash(0), 0x726fdb47dd0e0e31U);
    EXPECT_EQ(hash(1), 0x74f839c593dc67fdU);
    EXPECT_EQ(hash(7), 0xab0200f58b01d137U);
    EXPECT_EQ(hash(8), 0x93f5f5799a932462U);
    EXPECT_EQ(hash(16), 0x3f2acc7f57c29bdbU);
    EXPECT_EQ(hash(63), 0x958a324ceb064572U);
}

TEST(Hash, TheProjectsKeyIsFixed) {
    EXPECT_EQ(hash_text(""), 0x70983241f1f7c66fU);
    EXPECT_EQ(hash_text("cucurbit"), 0xc274713c11afd573U);
    EXPECT_EQ(hash_digits("p=500 spectrum=power_law:2"), "ca2b0853df859ee9");
}

TEST(Hash, BytesAboveAsciiAreNotSignExtended) {
    EXPECT_NE(hash_text("\xff"), hash_text(std::string(8, '\xff')));
    EXPECT_NE(hash_text(std::string(1, '\0')), hash_text(""));
}

TEST(CanonicalNumber, ShortestRoundTrip) {
    EXPECT_EQ(canonical_number(0.1), "0.1");
    EXPECT_EQ(canonical_number(2.0), "2");
    EXPECT_EQ(canonical_number(1.0 / 3.0), "0.3333333333333333");
    EXPECT_EQ(canonical_number(0.1 + 0.2), "0.30000000000000004");
    EXPECT_EQ(canonical_number(-0.0), "0");
    EXPECT_EQ(canonical_number(std::numeric_limits<double>::infinity()), "inf");
    EXPECT_EQ(canonical_number(-std::numeric_limits<double>::infinity()), "-inf");
    EXPECT_EQ(canonical_number(-std::nan("")), "nan");
    for (const double value : {1e-300, 3e-308, 1.7976931348623157e308, 123456789.123})
        EXPECT_EQ(std::stod(canonical_number(value)), value) << value;
}

}  // namespace
}  // namespace cucurbit
