#pragma once
// Numbers as they lie in files and keys.

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace cucurbit {

/// The number whose bytes, at most eight, the least significant first, these are.
inline std::uint64_t little_endian(std::string_view bytes) {
    std::uint64_t word = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i)
        word |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
    return word;
}

}  // namespace cucurbit
