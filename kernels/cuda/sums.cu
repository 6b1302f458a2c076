// Sums in a fixed order: risks, norms, traces and noise gains.

#include "kernels/cuda/grid.hpp"

namespace cucurbit::cuda {
namespace {

/// One warp, one product of one trial.
__global__ void __launch_bounds__(warp_size* warps_per_block)
    sum_products(BatchMatrix e, const double* weights, DeviceList left, DeviceList right,
                 BatchMatrix out) {
    const unsigned lane = threadIdx.x % warp_size;
    const unsigned j = blockIdx.x * warps_per_block + threadIdx.x / warp_size;
    if (j >= left.size) return;
    for (std::size_t t = blockIdx.y; t < out.count; t += gridDim.y) {
        const double* x = item(e, t) + left.values[j] * e.ld;
        const double* y = item(e, t) + right.values[j] * e.ld;
        double sum = 0.0;
        for (unsigned i = lane; i < e.rows; i += warp_size) sum += weights[i] * x[i] * y[i];
        sum = warp_sum(sum);
        if (lane == 0) item(out, t)[j] = sum;
    }
}

/// One block, one trial.
__global__ void __launch_bounds__(threads_per_block)
    sum_weighted_squares(BatchMatrix a, const double* weights, BatchMatrix out) {
    double* sums = shared_memory<double>();
    for (std::size_t t = blockIdx.y; t < out.count; t += gridDim.y) {
        double sum = 0.0;
        for (unsigned j = 0; j < a.cols; ++j) {
            const double* x = item(a, t) + j * a.ld;
            for (unsigned i = threadIdx.x; i < a.rows; i += blockDim.x)
                sum += weights[i] * x[i] * x[i];
        }
        sums[threadIdx.x] = sum;
        for (unsigned half = blockDim.x / 2; half > 0; half /= 2) {
            __syncthreads();
            if (threadIdx.x < half) sums[threadIdx.x] += sums[threadIdx.x + half];
        }
        if (threadIdx.x == 0) item(out, t)[0] = sums[0];
        __syncthreads();
    }
}

/// One thread, one row of each trial.
__global__ void __launch_bounds__(threads_per_block)
    sum_row_squares(BatchMatrix out, BatchMatrix r) {
    for_entries(out, [&](std::size_t t, unsigned i, unsigned) {
        const double* x = item(r, t) + i;
        double sum = 0.0;
        for (unsigned j = 0; j < r.cols; ++j) sum += x[j * r.ld] * x[j * r.ld];
        item(out, t)[i] = sum;
    });
}

__global__ void __launch_bounds__(threads_per_block)
    sum_gains(BatchMatrix out, BatchMatrix product, BatchMatrix s) {
    for_entries(out, [&](std::size_t t, unsigned i, unsigned) {
        const double* x = item(product, t) + i;
        const double* y = item(s, t) + i;
        double sum = 0.0;
        for (unsigned j = 0; j < i; ++j) sum += x[j * product.ld] * y[j * s.ld];
        item(out, t)[i] = 2.0 * sum + x[i * product.ld] * y[i * s.ld];
    });
}

/// One warp, one trial.
__global__ void __launch_bounds__(warp_size* warps_per_block)
    sum_prefixes(BatchMatrix v, int power, DeviceList ends, BatchMatrix out) {
    const unsigned lane = threadIdx.x % warp_size;
    const std::size_t t = blockIdx.x * warps_per_block + threadIdx.x / warp_size;
    if (t >= out.count) return;
    const double* x = item(v, t);
    double total = 0.0;
    unsigned begin = 0;
    for (unsigned j = 0; j < ends.size; ++j) {
        double sum = 0.0;
        for (unsigned i = begin + lane; i < ends.values[j]; i += warp_size)
            sum += power == 2 ? x[i] * x[i] : x[i];
        total += warp_sum(sum);
        begin = ends.values[j];
        if (lane == 0) item(out, t)[j] = total;
    }
}

}  // namespace

void products(cudaStream_t stream, BatchMatrix e, const double* weights, DeviceList left,
              DeviceList right, BatchMatrix out) {
    if (left.size * out.count == 0) return;
    CUCURBIT_CHECK_CUDA(
        launch("products", sum_products, grid_for(left.size, out.count, warps_per_block),
               warp_size * warps_per_block, 0, stream, e, weights, left, right, out));
}

void weighted_norm(cudaStream_t stream, BatchMatrix a, const double* weights, BatchMatrix out) {
    CUCURBIT_CHECK_CUDA(launch("weighted_norm", sum_weighted_squares, grid_for(1, out.count, 1),
                               threads_per_block, threads_per_block * sizeof(double), stream, a,
                               weights, out));
}

void row_norms(cudaStream_t stream, BatchMatrix r, BatchMatrix out) {
    launch_on_entries("row_norms", sum_row_squares, stream, out.leading(r.rows, 1), r);
}

void gain_sums(cudaStream_t stream, BatchMatrix t, BatchMatrix s, BatchMatrix out) {
    launch_on_entries("gain_sums", sum_gains, stream, out.leading(s.rows, 1), t, s);
}

void prefix_sums(cudaStream_t stream, BatchMatrix v, int power, DeviceList ends, BatchMatrix out) {
    if (ends.size * out.count == 0) return;
    CUCURBIT_CHECK_CUDA(launch("prefix_sums", sum_prefixes, grid_for(out.count, 1, warps_per_block),
                               warp_size * warps_per_block, 0, stream, v, power, ends, out));
}

}  // namespace cucurbit::cuda
