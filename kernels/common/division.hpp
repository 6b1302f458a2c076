#pragma once
// How the engine of a CUDA device divides its work: what runs there (kernels/cuda/) and what
// predicts its cost (kernels/costs/) take it from here.

#include <algorithm>
#include <cstddef>

namespace cucurbit::division {

/// Cholesky factorisations up to this order are done by cuSOLVER's batched routine, larger ones by
/// its routine for one matrix on several streams. The batched one is made for small matrices; where
/// it stops to pay has not been measured.
inline constexpr std::size_t largest_batched_cholesky = 512;

/// Columns that one product of a triangle's block columns covers: a wider block computes more of
/// what is not needed, a narrower one reads its operands more often.
inline constexpr std::size_t block_columns = 128;

/// Calls body(first, columns) for the block columns of a matrix of order n.
template <class Body>
void for_block_columns(std::size_t n, Body body) {
    for (std::size_t first = 0; first < n; first += block_columns)
        body(first, std::min(block_columns, n - first));
}

/// What operations may use beside their operands, with so much memory free: enough for many trials
/// at a time.
inline std::size_t scratch_bytes(std::size_t free_bytes) {
    return std::max(free_bytes / 16, std::size_t{16} << 20);
}

/// The workspace given to cuBLAS once, of the size that NVIDIA recommends on its largest cards:
/// without it cuBLAS would allocate whenever it likes.
inline constexpr std::size_t blas_workspace_bytes = std::size_t{32} << 20;

/// All that an engine takes for itself.
inline std::size_t engine_bytes(std::size_t free_bytes) {
    return scratch_bytes(free_bytes) + blas_workspace_bytes;
}

}  // namespace cucurbit::division
