// Philox normals and Bartlett's factors: the same bits as on the CPU. Compiled without contraction
// of products and sums.

#include "kernels/cuda/grid.hpp"

#include "kernels/common/chi_square.hpp"

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

__global__ void __launch_bounds__(threads_per_block)
    finish_triangle(BatchMatrix out, Stream diagonal, const std::uint64_t* trials,
                    std::uint64_t samples) {
    for_entries(out, [&](std::size_t t, unsigned i, unsigned j) {
        if (i > j) return;
        item(out, t)[i + j * out.ld] =
            i < j ? 0.0 : sqrt(chi_square(philox_row(diagonal, trials[t], j), samples - j));
    });
}

}  // namespace

void draw_triangular(cudaStream_t stream, std::uint64_t key, std::uint8_t stage,
                     const std::uint64_t* trials, std::uint64_t samples, BatchMatrix out) {
    draw(stream, {key, stage, Purpose::samples}, trials, 0, nullptr, out);
    launch_on_entries("finish_triangle", finish_triangle, stream, out,
                      Stream{key, stage, Purpose::chi_square}, trials, samples);
}

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
