// The same bits from every instruction set of this processor, and for ever.

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "kernels/cpu/processor.hpp"
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

#if defined(__x86_64__)
TEST(RandomBits, TheProcessorRunsWhatTheCompilersOwnCheckSays) {
    __builtin_cpu_init();
    const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") &&
                        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    EXPECT_TRUE(processor_runs("generic"));
    EXPECT_EQ(processor_runs("avx2"), avx2);
    EXPECT_EQ(processor_runs("avx512"), avx512);
    EXPECT_EQ(processor_instruction_set(), avx512 ? "avx512" : avx2 ? "avx2" : "generic");
}
#endif

}  // namespace
}  // namespace cucurbit
