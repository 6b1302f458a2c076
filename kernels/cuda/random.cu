// Philox normals: the same bits as on the CPU. Compiled without contraction of products and sums.

#include "kernels/cuda/grid.hpp"

#include "kernels/common/normal.hpp"

namespace cucurbit::cuda {
namespace {

/// One thread, one pair of normals in one column of each trial.
__global__ void __launch_bounds__(threads_per_block)
    draw_pairs(Stream from, const std::uint64_t* trials, std::uint32_t first_row,
               const double* scale, BatchMatrix out, std::uint32_t pairs) {
    const unsigned entry = blockIdx.x * blockDim.x + threadIdx.x;
    if (entry >= pairs * static_cast<unsigned>(out.cols)) return;
    const std::uint32_t pair = entry % pairs, column = entry / pairs;
    const std::uint32_t cosine =
        pair / pairs_per_block * columns_per_block + pair % pairs_per_block;
    const std::uint32_t sine = cosine + pairs_per_block;
    for (std::size_t t = blockIdx.y; t < out.count; t += gridDim.y) {
        const PhiloxRow row =
            philox_row(from, trials[t], static_cast<std::uint64_t>(first_row) + column);
        const Pair<ScalarLane> normals = normal_pair(philox(row, pair));
        double* to = item(out, t) + column * out.ld;
        if (cosine < out.rows)
            to[cosine] = scale == nullptr ? normals.cosine : scale[cosine] * normals.cosine;
        if (sine < out.rows)
            to[sine] = scale == nullptr ? normals.sine : scale[sine] * normals.sine;
    }
}

}  // namespace

void draw(cudaStream_t stream, const Stream& from, const std::uint64_t* trials,
          std::uint64_t first_row, const double* scale, BatchMatrix out) {
    const std::size_t blocks = (out.rows + columns_per_block - 1) / columns_per_block;
    const std::size_t pairs = blocks * pairs_per_block;
    if (pairs * out.cols * out.count == 0) return;
    CUCURBIT_CHECK_CUDA(
        launch("draw_pairs", draw_pairs, grid_for(pairs * out.cols, out.count, threads_per_block),
               threads_per_block, 0, stream, from, trials, static_cast<std::uint32_t>(first_row),
               scale, out, static_cast<std::uint32_t>(pairs)));
}

}  // namespace cucurbit::cuda
