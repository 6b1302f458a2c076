#pragma once
// Classes that a study reads from a file.

#include <cstdint>
#include <span>
#include <vector>

#include "host/config/reader.hpp"

namespace cucurbit {

inline constexpr std::uint64_t most_classes = 1000;

/// Classes of samples.
struct ClassFile {
    std::vector<std::uint32_t> labels;
    std::size_t classes = 0;
};

/// Values as classes 0, 1, …: two or more, each with a sample. Throws StudyError at the key that
/// names the file.
ClassFile read_classes(const Reader& table, std::string_view key, std::span<const double> values);

}  // namespace cucurbit
