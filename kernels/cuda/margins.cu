// Students' margins beside their teachers'.

#include "kernels/cuda/grid.hpp"

#include <cmath>

#include "kernels/common/margins.hpp"
#include "kernels/common/score.hpp"

namespace cucurbit::cuda {
namespace {

/// One thread, one point of one model of each trial.
__global__ void __launch_bounds__(threads_per_block)
    margin_entries(BatchMatrix margins, BatchMatrix outputs, std::size_t classes, DeviceList of) {
    for_entries(margins, [&](std::size_t t, unsigned i, unsigned j) {
        const double* own = item(outputs, t) + i + j * classes * outputs.ld;
        const double* other = item(outputs, t) + i + of.values[j] * classes * outputs.ld;
        double* to = item(margins, t) + i + j * margins.ld;
        if (classes == 1) {
            *to = *other > 0.0 ? *own : -*own;
            return;
        }
        const std::size_t predicted = Logits{other, outputs.ld, classes}.prediction();
        *to = Logits{own, outputs.ld, classes}.margin(predicted);
    });
}

/// One block, one column of one trial: each thread counts what comes before its rows. Shared
/// memory: as many values as the block has threads, then a counter.
__global__ void __launch_bounds__(threads_per_block)
    order_columns(BatchMatrix order, BatchMatrix values) {
    double* tile = shared_memory<double>();
    unsigned* nans = reinterpret_cast<unsigned*>(tile + blockDim.x);
    const unsigned rows = static_cast<unsigned>(values.rows), j = blockIdx.x;
    for (std::size_t t = blockIdx.y; t < order.count; t += gridDim.y) {
        const double* x = item(values, t) + j * values.ld;
        double* to = item(order, t) + j * order.ld;
        if (threadIdx.x == 0) *nans = 0;
        __syncthreads();
        for (unsigned i = threadIdx.x; i < rows; i += blockDim.x)
            if (std::isnan(x[i])) atomicAdd(nans, 1U);
        for (unsigned first = 0; first < rows; first += blockDim.x) {
            const unsigned i = first + threadIdx.x;
            const double own = i < rows ? x[i] : 0.0;
            unsigned before = 0;
            for (unsigned begin = 0; begin < rows; begin += blockDim.x) {
                __syncthreads();
                if (begin + threadIdx.x < rows) tile[threadIdx.x] = x[begin + threadIdx.x];
                __syncthreads();
                const unsigned size = rows - begin < blockDim.x ? rows - begin : blockDim.x;
                for (unsigned k = 0; k < size; ++k)
                    before += tile[k] < own || (tile[k] == own && begin + k < i) ? 1U : 0U;
            }
            if (i < rows) to[*nans == 0 ? before : i] = i;
        }
        __syncthreads();
    }
}

/// One warp, one student of one trial.
__global__ void __launch_bounds__(warp_size* warps_per_block)
    compare_students(BatchMatrix out, BatchMatrix margins, BatchMatrix order, DeviceList students,
                     DeviceList teachers, unsigned bins) {
    const unsigned lane = threadIdx.x % warp_size;
    const unsigned s = blockIdx.x * warps_per_block + threadIdx.x / warp_size;
    if (s >= students.size) return;
    const unsigned points = static_cast<unsigned>(margins.rows);
    const unsigned quarter = static_cast<unsigned>(quarter_of(points));
    for (std::size_t t = blockIdx.y; t < out.count; t += gridDim.y) {
        const double* teacher = item(margins, t) + teachers.values[s] * margins.ld;
        const double* student = item(margins, t) + students.values[s] * margins.ld;
        const double* places = item(order, t) + teachers.values[s] * order.ld;
        double* to = item(out, t) + s * out.ld;
        double mean_x = 0.0, mean_y = 0.0;
        for (unsigned i = lane; i < points; i += warp_size) {
            mean_x += teacher[i];
            mean_y += student[i];
        }
        mean_x = warp_sum(mean_x) / points;
        mean_y = warp_sum(mean_y) / points;
        for (unsigned b = 0; b < bins; ++b) {
            const unsigned begin = static_cast<unsigned>(std::size_t{b} * points / bins);
            const unsigned end = static_cast<unsigned>((std::size_t{b} + 1) * points / bins);
            double x = 0.0, y = 0.0;
            for (unsigned k = begin + lane; k < end; k += warp_size) {
                const auto i = static_cast<std::size_t>(places[k]);
                x += teacher[i];
                y += student[i];
            }
            x = warp_sum(x);
            y = warp_sum(y);
            if (lane == 0) {
                to[4 + 2 * b] = x / (end - begin);
                to[5 + 2 * b] = y / (end - begin);
            }
        }
        double squares = 0.0, products = 0.0, below = 0.0, above = 0.0;
        for (unsigned k = lane; k < points; k += warp_size) {
            const auto i = static_cast<std::size_t>(places[k]);
            const double x = teacher[i], y = student[i], gap = margin_gap(y, x);
            squares += (x - mean_x) * (x - mean_x);
            products += (x - mean_x) * (y - mean_y);
            if (k < quarter) below += std::isnan(gap) ? gap : (gap < 0.0 ? 1.0 : 0.0);
            if (k >= points - quarter) above += std::isnan(gap) ? gap : (gap > 0.0 ? 1.0 : 0.0);
        }
        squares = warp_sum(squares);
        products = warp_sum(products);
        below = warp_sum(below);
        above = warp_sum(above);
        if (lane != 0) continue;
        const double slope = products / squares;
        to[0] = slope;
        to[1] = mean_y - slope * mean_x;
        to[2] = below / quarter;
        to[3] = above / quarter;
    }
}

}  // namespace

void margins(cudaStream_t stream, std::size_t classes, BatchMatrix outputs, DeviceList of,
             BatchMatrix margins) {
    launch_on_entries("margins", margin_entries, stream, margins, outputs, classes, of);
}

void order_rows(cudaStream_t stream, BatchMatrix values, BatchMatrix order) {
    if (order.rows * order.cols * order.count == 0) return;
    CUCURBIT_CHECK_CUDA(
        launch("order_rows", order_columns, grid_for(order.cols, order.count, 1), threads_per_block,
               threads_per_block * sizeof(double) + sizeof(unsigned), stream, order, values));
}

void compare_margins(cudaStream_t stream, BatchMatrix margins, BatchMatrix order,
                     DeviceList students, DeviceList teachers, std::size_t bins, BatchMatrix out) {
    if (students.size * out.count == 0) return;
    CUCURBIT_CHECK_CUDA(launch(
        "compare_margins", compare_students, grid_for(students.size, out.count, warps_per_block),
        warp_size * warps_per_block, 0, stream, out, margins, order, students, teachers, bins));
}

}  // namespace cucurbit::cuda
