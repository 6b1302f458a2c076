#pragma once
// Philox4x32-10 (Salmon, Moraes, Dror and Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3",
// section 3.3 and table 2), on host and device.

#include <cstdint>

#include "cucurbit/random.hpp"
#include "kernels/common/host_device.hpp"

namespace cucurbit {

inline constexpr std::uint32_t philox_multiplier_0 = 0xD2511F53;
inline constexpr std::uint32_t philox_multiplier_1 = 0xCD9E8D57;
inline constexpr std::uint32_t philox_weyl_0 = 0x9E3779B9;
inline constexpr std::uint32_t philox_weyl_1 = 0xBB67AE85;
inline constexpr int philox_rounds = 10;

/// The four words of one counter as two of 64 bits: first << 32 | second, third << 32 | fourth.
struct PhiloxWords {
    std::uint64_t first;
    std::uint64_t second;
};

/// A row of one trial of a stream: everything of the counter but the index.
struct PhiloxRow {
    std::uint64_t key;
    std::uint32_t row;
    std::uint32_t trial_low;
    std::uint32_t trial_high;  ///< trial >> 32 | stage << 20 | purpose << 28
};

/// The address must be in range (cucurbit/random.hpp): it is not checked here.
CUCURBIT_HOST_DEVICE CUCURBIT_INLINE PhiloxRow philox_row(const Stream& stream, std::uint64_t trial,
                                                          std::uint64_t row) {
    return {stream.key, static_cast<std::uint32_t>(row), static_cast<std::uint32_t>(trial),
            static_cast<std::uint32_t>(trial >> 32) |
                static_cast<std::uint32_t>(stream.stage) << 20 |
                static_cast<std::uint32_t>(stream.purpose) << 28};
}

CUCURBIT_HOST_DEVICE CUCURBIT_INLINE PhiloxWords philox(const PhiloxRow& at, std::uint32_t index) {
    std::uint32_t key_0 = static_cast<std::uint32_t>(at.key);
    std::uint32_t key_1 = static_cast<std::uint32_t>(at.key >> 32);
    std::uint32_t word_0 = index, word_1 = at.row, word_2 = at.trial_low, word_3 = at.trial_high;
    for (int round = 0; round < philox_rounds; ++round) {
        const std::uint64_t product_0 = static_cast<std::uint64_t>(philox_multiplier_0) * word_0;
        const std::uint64_t product_1 = static_cast<std::uint64_t>(philox_multiplier_1) * word_2;
        word_0 = static_cast<std::uint32_t>(product_1 >> 32) ^ word_1 ^ key_0;
        word_1 = static_cast<std::uint32_t>(product_1);
        word_2 = static_cast<std::uint32_t>(product_0 >> 32) ^ word_3 ^ key_1;
        word_3 = static_cast<std::uint32_t>(product_0);
        key_0 += philox_weyl_0;
        key_1 += philox_weyl_1;
    }
    return {static_cast<std::uint64_t>(word_0) << 32 | word_1,
            static_cast<std::uint64_t>(word_2) << 32 | word_3};
}

}  // namespace cucurbit
