// Philox: Random123's known answers and Random123 itself.

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>

#include <Random123/philox.h>

#include "cucurbit/random.hpp"

namespace cucurbit {
namespace {

using Words = std::array<std::uint32_t, 4>;

/// The address whose counter is these four words; every counter is some address.
struct Address {
    Stream stream;
    std::uint64_t trial;
    std::uint64_t row;
    std::uint64_t index;
};

Address address_of(const Words& counter, std::uint64_t key) {
    const std::uint32_t high = counter[3];
    return {{key, static_cast<std::uint8_t>(high >> 20), static_cast<Purpose>(high >> 28)},
            static_cast<std::uint64_t>(high & 0xfffff) << 32 | counter[2],
            counter[1],
            counter[0]};
}

Words words_at(const Address& at) {
    return random_words(at.stream, at.trial, at.row, at.index);
}

TEST(RandomWords, KnownAnswersOfRandom123) {
    std::ifstream file(std::string(CUCURBIT_SOURCE) + "/tests/data/philox4x32_10.txt");
    ASSERT_TRUE(file);
    int vectors = 0;
    for (std::string line; std::getline(file, line);) {
        if (line.empty() || line[0] == '#') continue;
        std::istringstream in(line);
        in >> std::hex;
        std::array<std::uint32_t, 10> number{};
        for (auto& value : number) in >> value;
        ASSERT_TRUE(in) << line;
        const Words counter = {number[0], number[1], number[2], number[3]};
        const std::uint64_t key = static_cast<std::uint64_t>(number[5]) << 32 | number[4];
        const Words expected = {number[6], number[7], number[8], number[9]};
        EXPECT_EQ(words_at(address_of(counter, key)), expected) << line;
        ++vectors;
    }
    EXPECT_EQ(vectors, 3);
}

TEST(RandomWords, EqualRandom123AtManyAddresses) {
    r123::Philox4x32 oracle;
    std::uint64_t state = 1;
    const auto next =
        [&state] {  // an LCG of 64 bits (Knuth's MMIX): any spread of addresses will do
            state = state * 6364136223846793005u + 1442695040888963407u;
            return static_cast<std::uint32_t>(state >> 32);
        };
    for (int i = 0; i < 20000; ++i) {
        const Words counter = {next(), next(), next(), next()};
        const std::uint64_t key = static_cast<std::uint64_t>(next()) << 32 | next();
        const r123::Philox4x32::ctr_type expected =
            oracle({{counter[0], counter[1], counter[2], counter[3]}},
                   {{static_cast<std::uint32_t>(key), static_cast<std::uint32_t>(key >> 32)}});
        const Words words = words_at(address_of(counter, key));
        for (std::size_t w = 0; w < 4; ++w) ASSERT_EQ(words[w], expected[w]) << "address " << i;
    }
}

TEST(RandomWords, EveryPartOfTheAddressMatters) {
    const Stream stream{0x0123456789abcdef, 1, Purpose::samples};
    const Words words = random_words(stream, 5, 6, 7);
    EXPECT_NE(random_words({stream.key ^ 1, 1, Purpose::samples}, 5, 6, 7), words);
    EXPECT_NE(random_words({stream.key ^ (std::uint64_t{1} << 63), 1, Purpose::samples}, 5, 6, 7),
              words);
    EXPECT_NE(random_words({stream.key, 2, Purpose::samples}, 5, 6, 7), words);
    EXPECT_NE(random_words({stream.key, 1, Purpose::label_noise}, 5, 6, 7), words);
    EXPECT_NE(random_words(stream, 4, 6, 7), words);
    EXPECT_NE(random_words(stream, 5 + (std::uint64_t{1} << 51), 6, 7), words);
    EXPECT_NE(random_words(stream, 5, 7, 6), words);
    EXPECT_NE(random_words(stream, 5, 6, 8), words);
}

TEST(RandomWords, AddressesThatDoNotFitAreRefused) {
    const Stream stream{1, 255, static_cast<Purpose>(15)};
    const std::uint64_t max_index = 0xffffffff;
    EXPECT_NO_THROW(random_words(stream, max_trial, max_row, max_index));
    EXPECT_THROW(random_words(stream, max_trial + 1, 0, 0), std::out_of_range);
    EXPECT_THROW(random_words(stream, 0, max_row + 1, 0), std::out_of_range);
    EXPECT_THROW(random_words(stream, 0, 0, max_index + 1), std::out_of_range);
    EXPECT_THROW(random_words({1, 0, static_cast<Purpose>(16)}, 0, 0, 0), std::out_of_range);
}

}  // namespace
}  // namespace cucurbit
