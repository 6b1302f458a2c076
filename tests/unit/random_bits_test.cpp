// The same bits from every instruction set of this processor, and for ever.

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "random_hash.hpp"

namespace cucurbit {
namespace {

TEST(RandomBits, EveryInstructionSetGivesThePinnedHash) {
    for (const BulkDraw* draw : supported_bulk_draws())
        EXPECT_EQ(hash_of_normals(*draw), pinned_hash)
            << draw->name << " " << std::hex << hash_of_normals(*draw);
}

TEST(RandomBits, TheHashSeesOneUlp) {
    std::vector<double> values = {0.25, -1.5, 3.0};
    const std::uint64_t before = hash_of_bits(values);
    values[1] = std::nextafter(values[1], 0.0);
    EXPECT_NE(hash_of_bits(values), before);
}

}  // namespace
}  // namespace cucurbit
