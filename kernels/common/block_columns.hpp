#pragma once
// How the CUDA engine divides a triangle, for the engine and for the prediction of its cost.

#include <algorithm>
#include <cstddef>

namespace cucurbit {

/// Columns that one product of a triangle's block columns covers: a wider block computes more of
/// what is not needed, a narrower one reads its operands more often.
inline constexpr std::size_t block_columns = 128;

/// Calls body(first, columns) for the block columns of a matrix of order n.
template <class Body>
void for_block_columns(std::size_t n, Body body) {
    for (std::size_t first = 0; first < n; first += block_columns)
        body(first, std::min(block_columns, n - first));
}

}  // namespace cucurbit
