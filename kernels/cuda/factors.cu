// What the libraries' Householder factorisations and singular values need before and after them.

#include <cmath>
#include <limits>

#include "kernels/cuda/grid.hpp"

namespace cucurbit::cuda {
namespace {

constexpr double largest = std::numeric_limits<double>::max();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

__global__ void __launch_bounds__(threads_per_block)
    take_lower(BatchMatrix l, BatchMatrix a, double* signs) {
    for_entries(l, [&](std::size_t t, unsigned i, unsigned j) {
        const double* r = item(a, t);
        const double sign = r[j + j * a.ld] < 0.0 ? -1.0 : 1.0;
        item(l, t)[i + j * l.ld] = i < j ? 0.0 : sign * r[j + i * a.ld];
        if (i == j) signs[t * l.cols + j] = sign;
    });
}

__global__ void __launch_bounds__(threads_per_block)
    scale_column_entries(BatchMatrix a, const double* signs) {
    for_entries(a, [&](std::size_t t, unsigned i, unsigned j) {
        item(a, t)[i + j * a.ld] *= signs[t * a.cols + j];
    });
}

/// One block, one trial.
__global__ void __launch_bounds__(threads_per_block) check_finite(BatchMatrix a, int* infos) {
    unsigned* bad = shared_memory<unsigned>();
    for (std::size_t t = blockIdx.y; t < a.count; t += gridDim.y) {
        if (threadIdx.x == 0) *bad = 0;
        __syncthreads();
        for (unsigned j = 0; j < a.cols; ++j)
            for (unsigned i = threadIdx.x; i < a.rows; i += blockDim.x)
                if (!(std::abs(item(a, t)[i + j * a.ld]) <= largest)) atomicAdd(bad, 1U);
        __syncthreads();
        if (threadIdx.x == 0) infos[t] = *bad == 0 ? 0 : 1;
        __syncthreads();
    }
}

/// Singular values come in descending order.
__global__ void __launch_bounds__(threads_per_block)
    count_ranks(Decompositions of, unsigned n, double relative_cut_off, BatchMatrix rank) {
    const std::size_t t = blockIdx.x * blockDim.x + threadIdx.x;
    if (t >= rank.count) return;
    const double* s = of.s + t * n;
    unsigned kept = 0;
    while (kept < n && s[kept] > relative_cut_off * s[0]) ++kept;
    item(rank, t)[0] = of.infos[t] > 0 ? -1.0 : kept;
}

__global__ void __launch_bounds__(threads_per_block)
    take_rotated(BatchMatrix q, BatchMatrix rotated, BatchMatrix rank) {
    for_entries(q, [&](std::size_t t, unsigned i, unsigned j) {
        const double kept = item(rank, t)[0];
        item(q, t)[i + j * q.ld] = kept < 0.0 ? not_a_number
                                   : j < kept ? item(rotated, t)[i + j * rotated.ld]
                                              : 0.0;
    });
}

__global__ void __launch_bounds__(threads_per_block)
    take_inverse(BatchMatrix l, Decompositions of, BatchMatrix rank) {
    for_entries(l, [&](std::size_t t, unsigned i, unsigned j) {
        const std::size_t n = l.rows;
        item(l, t)[i + j * l.ld] =
            i < item(rank, t)[0] ? of.u[t * n * n + j + i * n] / of.s[t * n + i] : 0.0;
    });
}

}  // namespace

void lower_from_upper(cudaStream_t stream, BatchMatrix a, BatchMatrix l, double* signs) {
    launch_on_entries("lower_from_upper", take_lower, stream, l, a, signs);
}

void scale_columns(cudaStream_t stream, const double* signs, BatchMatrix a) {
    launch_on_entries("scale_columns", scale_column_entries, stream, a, signs);
}

void find_not_finite(cudaStream_t stream, BatchMatrix a, int* infos) {
    CUCURBIT_CHECK_CUDA(launch("find_not_finite", check_finite, grid_for(1, a.count, 1),
                               threads_per_block, sizeof(unsigned), stream, a, infos));
}

void finish_truncate(cudaStream_t stream, const Decompositions& of, BatchMatrix rotated,
                     double relative_cut_off, BatchMatrix q, BatchMatrix l, BatchMatrix rank) {
    CUCURBIT_CHECK_CUDA(launch("count_ranks", count_ranks,
                               grid_for(rank.count, 1, threads_per_block), threads_per_block, 0,
                               stream, of, static_cast<unsigned>(l.rows), relative_cut_off, rank));
    launch_on_entries("take_rotated", take_rotated, stream, q, rotated, rank);
    launch_on_entries("take_inverse", take_inverse, stream, l, of, rank);
}

}  // namespace cucurbit::cuda
