// Triangles that one warp holds: the factors and solutions of small trials. Kernels that share a
// larger block (blocks.cu) would spend most of such a trial's time on waiting for each other.

#include <limits>

#include "kernels/card/engine.hpp"
#include "kernels/cuda/grid.hpp"

namespace cucurbit::cuda {
namespace {

constexpr unsigned order = card::small_order;
static_assert(order == warp_size, "each lane holds a row");
constexpr double largest = std::numeric_limits<double>::max();

/// One warp, one trial: lane i holds row i in registers, for which every index of an array must be
/// known to the compiler.
__global__ void __launch_bounds__(warp_size* warps_per_block)
    factor_rows(BatchMatrix g, BatchMatrix rows_done) {
    const unsigned i = threadIdx.x % warp_size, warp = threadIdx.x / warp_size;
    // Two columns of the factor, by turns, so that one barrier a pivot is enough.
    double* columns = shared_memory<double>() + 2 * order * warp;
    const std::size_t t = blockIdx.x * std::size_t{warps_per_block} + warp;
    if (t >= g.count) return;
    const unsigned m = static_cast<unsigned>(g.rows);
    double* data = item(g, t);
    double row[order];
#pragma unroll
    for (unsigned j = 0; j < order; ++j) row[j] = i < m && j <= i ? data[i + j * g.ld] : 0.0;
    unsigned good = m;
#pragma unroll
    for (unsigned k = 0; k < order; ++k) {
        const double pivot = __shfl_sync(~0U, row[k], static_cast<int>(k));
        if (k >= good || !(pivot > 0.0 && pivot <= largest)) {
            good = k < good ? k : good;
            continue;
        }
        double* column = columns + k % 2 * order;
        const double entry = row[k] * rsqrt(pivot);
        row[k] = column[i] = entry;
        __syncwarp();
#pragma unroll
        for (unsigned j = k + 1; j < order; ++j) row[j] -= entry * column[j];
    }
#pragma unroll
    for (unsigned j = 0; j < order; ++j)
        if (i < m && j <= i) data[i + j * g.ld] = i < good ? row[j] : i == j ? 1.0 : 0.0;
    for (unsigned k = i; k < rows_done.rows; k += warp_size)
        item(rows_done, t)[k] = static_cast<double>(good);
}

/// One warp, one trial: each lane solves for a column of c that it holds in registers.
template <bool transposed>
__global__ void __launch_bounds__(warp_size* warps_per_block)
    solve_columns(BatchMatrix l, BatchMatrix c) {
    const unsigned lane = threadIdx.x % warp_size, warp = threadIdx.x / warp_size;
    double* lower = shared_memory<double>() + order * order * warp;  // l(i, j) at j, i
    const std::size_t t = blockIdx.x * std::size_t{warps_per_block} + warp;
    if (t >= c.count) return;
    const unsigned m = static_cast<unsigned>(l.rows);
    const double* data = item(l, t);
#pragma unroll 8
    for (unsigned j = 0; j < order; ++j) {
        const double entry = lane < m && j <= lane ? data[lane + j * l.ld] : 0.0;
        lower[j * order + lane] = j == lane ? 1.0 / entry : entry;
    }
    __syncwarp();
    for (unsigned j = lane; j < c.cols; j += warp_size) {
        double* column = item(c, t) + j * c.ld;
        double x[order];
#pragma unroll
        for (unsigned i = 0; i < order; ++i) x[i] = i < m ? column[i] : 0.0;
#pragma unroll
        for (unsigned step = 0; step < order; ++step) {
            const unsigned k = transposed ? order - 1 - step : step;
            if (k >= m) continue;
            x[k] *= lower[k * order + k];
#pragma unroll
            for (unsigned i = 0; i < order; ++i)
                if (transposed ? i < k : i > k)
                    x[i] -= lower[transposed ? i * order + k : k * order + i] * x[k];
        }
#pragma unroll
        for (unsigned i = 0; i < order; ++i)
            if (i < m) column[i] = x[i];
    }
}

/// One warp for each of so many trials.
dim3 grid_of_warps(std::size_t count) {
    return grid_for(count, 1, warps_per_block);
}

}  // namespace

void factor_small(cudaStream_t stream, BatchMatrix g, BatchMatrix rows_done) {
    CUCURBIT_CHECK_CUDA(launch("factor_small", factor_rows, grid_of_warps(g.count),
                               warp_size * warps_per_block,
                               2 * order * warps_per_block * sizeof(double), stream, g, rows_done));
}

void solve_small(cudaStream_t stream, BatchMatrix l, bool transposed, BatchMatrix c) {
    CUCURBIT_CHECK_CUDA(launch("solve_small",
                               transposed ? solve_columns<true> : solve_columns<false>,
                               grid_of_warps(c.count), warp_size * warps_per_block,
                               order * order * warps_per_block * sizeof(double), stream, l, c));
}

}  // namespace cucurbit::cuda
