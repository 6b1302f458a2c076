#pragma once
// How the engine of a CUDA device divides its work: what runs there (kernels/cuda/) and what
// predicts its cost (kernels/costs/) take it from here.

#include <algorithm>
#include <cstddef>

#include "kernels/contract.hpp"

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

/// Whether the columns of b lie directly before those of a, as columns of one matrix in each trial.
inline bool adjacent(const BatchMatrix& b, const BatchMatrix& a) {
    return b.rows == a.rows && b.ld == a.ld && b.stride == a.stride && b.lanes == a.lanes &&
           b.data + b.cols * b.ld == a.data;
}

/// Calls body(left, right, out) for the products out = leftᵀ right that make the lower triangle of
/// g = aᵀa, and c = aᵀb, from the columns ba = [b a]; cg = [c g]; b and c have `before` columns.
/// The first block column takes b with it.
template <class Body>
void for_gram_products(BatchMatrix ba, std::size_t before, BatchMatrix cg, Body body) {
    const std::size_t order = ba.cols - before;
    for_block_columns(order, [&](std::size_t j, std::size_t columns) {
        const std::size_t first = j == 0 ? 0 : before + j;
        const std::size_t width = before + j + columns - first;
        body(ba.block(0, ba.rows, before + j, order - j), ba.block(0, ba.rows, first, width),
             cg.block(j, order - j, first, width));
    });
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
