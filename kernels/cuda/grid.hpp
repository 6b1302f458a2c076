#pragma once
// How kernels divide a batch among threads. For .cu files.

#include "kernels/cuda/launch.hpp"
// The order matters: launch.hpp comes before any other CUDA header.
#include "kernels/cuda/check.hpp"
#include "kernels/cuda/kernels.hpp"

namespace cucurbit::cuda {

inline constexpr unsigned threads_per_block = 256;
inline constexpr unsigned warp_size = 32;
inline constexpr unsigned warps_per_block = 4;
/// CUDA's limit for a grid's second dimension.
inline constexpr std::size_t max_grid_y = 65535;

/// Blocks of threads for `size` items (x) of every trial (y).
inline dim3 grid_for(std::size_t size, std::size_t count, unsigned items_per_block) {
    return {static_cast<unsigned>((size + items_per_block - 1) / items_per_block),
            static_cast<unsigned>(count < max_grid_y ? count : max_grid_y), 1};
}

/// Launches a kernel on every entry (i, j) of every trial of `m`, its first argument.
template <class... Parameters, class... Arguments>
void launch_on_entries(const char* name, void (*kernel)(BatchMatrix, Parameters...),
                       cudaStream_t stream, const BatchMatrix& m, Arguments... arguments) {
    if (m.rows * m.cols * m.count == 0) return;
    CUCURBIT_CHECK_CUDA(launch(name, kernel, grid_for(m.rows * m.cols, m.count, threads_per_block),
                               threads_per_block, 0, stream, m, arguments...));
}

#if defined(__CUDACC__) || defined(CUCURBIT_STANDIN)
__device__ inline double* item(const BatchMatrix& m, std::size_t trial) {
    return m.data + trial * m.stride;
}

/// Calls body(trial, i, j) for this thread's entry of every trial that falls to its block.
template <class Body>
__device__ void for_entries(const BatchMatrix& m, Body body) {
    const unsigned rows = static_cast<unsigned>(m.rows);
    const unsigned entry = blockIdx.x * blockDim.x + threadIdx.x;
    if (entry >= rows * static_cast<unsigned>(m.cols)) return;
    const unsigned i = entry % rows, j = entry / rows;
    for (std::size_t trial = blockIdx.y; trial < m.count; trial += gridDim.y) body(trial, i, j);
}

/// The sum over a warp's lanes, by halving: one fixed order.
__device__ inline double warp_sum(double value) {
    for (unsigned distance = warp_size / 2; distance > 0; distance /= 2)
        value += __shfl_xor_sync(~0U, value, static_cast<int>(distance));
    return value;
}
#endif

}  // namespace cucurbit::cuda
