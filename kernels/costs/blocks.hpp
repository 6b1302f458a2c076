#pragma once
// How the CUDA engine divides its operations (kernels/cuda/), and the sizes of their operands.

#include "kernels/contract.hpp"

namespace cucurbit::costs {

inline constexpr std::size_t block_columns = 128;
inline constexpr std::size_t largest_batched_cholesky = 512;

/// Calls body(first, columns) for the block columns of a matrix of order n.
template <class Body>
void for_block_columns(std::size_t n, Body body) {
    for (std::size_t first = 0; first < n; first += block_columns)
        body(first, std::min(block_columns, n - first));
}

/// Doubles in all trials' matrices; a shared one counts once.
inline double doubles(const BatchMatrix& m) {
    return static_cast<double>(m.rows * m.cols * (m.stride == 0 ? 1 : m.count));
}

inline double triangle_doubles(std::size_t n, std::size_t count) {
    return 0.5 * static_cast<double>(n * (n + 1) * count);
}

/// The columns that have a length.
inline BatchMatrix with_columns(BatchMatrix m, const IndexList& rows) {
    return m.leading(m.rows, rows.host().size());
}

}  // namespace cucurbit::costs
