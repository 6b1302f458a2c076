#pragma once
#include <limits>

namespace cucurbit {

inline constexpr double infinity = std::numeric_limits<double>::infinity();
/// A number that is not there; a table leaves its cell empty.
inline constexpr double missing = std::numeric_limits<double>::quiet_NaN();

}  // namespace cucurbit
