#pragma once

#include <cstddef>

namespace cucurbit {

/// Brings into the cache what will be written soon. Each series' values lie in pages of their own,
/// which the processor does not foresee (docs/benchmarks.md).
template <class T>
void prefetch(const T* to, std::size_t count) {
    constexpr std::size_t line = 64 / sizeof(T);
    for (std::size_t i = 0; i < count; i += line) __builtin_prefetch(to + i, 1);
}

}  // namespace cucurbit
