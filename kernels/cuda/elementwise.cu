// Kernels whose threads do not talk to each other, and the transposition.

#include "kernels/common/flow.hpp"
#include "kernels/cuda/grid.hpp"

namespace cucurbit::cuda {
namespace {

constexpr unsigned tile = 32;
constexpr unsigned tile_rows = 8;

__global__ void __launch_bounds__(threads_per_block)
    apply_to_entries(BatchMatrix a, Entrywise function) {
    constexpr double sqrt2 = 1.4142135623730951, sqrt3 = 1.7320508075688772;
    for_entries(a, [&](std::size_t t, unsigned i, unsigned j) {
        double& x = item(a, t)[i + j * a.ld];
        switch (function) {
            case Entrywise::rectifier:
                x = x < 0.0 ? 0.0 : x;
                break;
            case Entrywise::sign:
                x = x < 0.0 ? -1.0 : x > 0.0 ? 1.0 : x;
                break;
            case Entrywise::uniform:
                x = sqrt3 * erf(x / sqrt2);
                break;
            case Entrywise::laplace:
                x = copysign(log(erfc(fabs(x) / sqrt2)) / sqrt2, x);
                break;
        }
    });
}

__global__ void __launch_bounds__(threads_per_block)
    flow_entries(BatchMatrix c, BatchMatrix values, double rate) {
    for_entries(c, [&](std::size_t t, unsigned i, unsigned j) {
        item(c, t)[i + j * c.ld] *= flow_factor(item(values, t)[i], rate);
    });
}

__global__ void __launch_bounds__(threads_per_block) fill_entries(BatchMatrix out, double value) {
    for_entries(
        out, [&](std::size_t t, unsigned i, unsigned j) { item(out, t)[i + j * out.ld] = value; });
}

__global__ void __launch_bounds__(threads_per_block)
    copy_entries(BatchMatrix to, BatchMatrix from) {
    for_entries(to, [&](std::size_t t, unsigned i, unsigned j) {
        item(to, t)[i + j * to.ld] = item(from, t)[i + j * from.ld];
    });
}

__global__ void __launch_bounds__(threads_per_block)
    scale_entries(BatchMatrix to, const double* scale, BatchMatrix from) {
    for_entries(to, [&](std::size_t t, unsigned i, unsigned j) {
        item(to, t)[i + j * to.ld] = scale[i] * item(from, t)[i + j * from.ld];
    });
}

__global__ void __launch_bounds__(threads_per_block)
    copy_diagonal(BatchMatrix diagonal, BatchMatrix g) {
    for_entries(diagonal, [&](std::size_t t, unsigned i, unsigned) {
        item(diagonal, t)[i] = item(g, t)[i + i * g.ld];
    });
}

__global__ void __launch_bounds__(threads_per_block)
    multiply_entries(BatchMatrix out, BatchMatrix a, DeviceList left, BatchMatrix b,
                     DeviceList right, bool adds) {
    for_entries(out, [&](std::size_t t, unsigned i, unsigned j) {
        double& to = item(out, t)[i + j * out.ld];
        const double made =
            item(a, t)[i + left.values[j] * a.ld] * item(b, t)[i + right.values[j] * b.ld];
        to = adds ? to + made : made;
    });
}

__global__ void __launch_bounds__(threads_per_block)
    add_column(BatchMatrix c, BatchMatrix column, double factor) {
    for_entries(c, [&](std::size_t t, unsigned i, unsigned j) {
        item(c, t)[i + j * c.ld] += factor * item(column, t)[i];
    });
}

__global__ void __launch_bounds__(threads_per_block)
    spread_entries(BatchMatrix w, BatchMatrix c, DeviceList source, DeviceList rows) {
    for_entries(w, [&](std::size_t t, unsigned i, unsigned j) {
        item(w, t)[i + j * w.ld] =
            i < rows.values[j] ? item(c, t)[i + source.values[j] * c.ld] : 0.0;
    });
}

__global__ void __launch_bounds__(threads_per_block)
    subtract_entries(BatchMatrix e, const double* reference, DeviceList subtracted) {
    for_entries(e, [&](std::size_t t, unsigned i, unsigned j) {
        if (subtracted.values[j] != 0) item(e, t)[i + j * e.ld] -= reference[i];
    });
}

/// A block of 32×8 threads turns one tile of 32×32 through shared memory, so that reads and writes
/// both follow columns; rows of 33 keep a column's entries in different banks.
__global__ void __launch_bounds__(tile* tile_rows) transpose_tiles(BatchMatrix a, BatchMatrix out) {
    double* shared = shared_memory<double>();
    const unsigned tiles = (static_cast<unsigned>(a.rows) + tile - 1) / tile;
    const unsigned row = blockIdx.x % tiles * tile, col = blockIdx.x / tiles * tile;
    for (std::size_t t = blockIdx.y; t < out.count; t += gridDim.y) {
        for (unsigned y = threadIdx.y; y < tile; y += tile_rows)
            if (row + threadIdx.x < a.rows && col + y < a.cols)
                shared[y * (tile + 1) + threadIdx.x] =
                    item(a, t)[row + threadIdx.x + (col + y) * a.ld];
        __syncthreads();
        for (unsigned y = threadIdx.y; y < tile; y += tile_rows)
            if (col + threadIdx.x < a.cols && row + y < a.rows)
                item(out, t)[col + threadIdx.x + (row + y) * out.ld] =
                    shared[threadIdx.x * (tile + 1) + y];
        __syncthreads();
    }
}

}  // namespace

void apply(cudaStream_t stream, Entrywise function, BatchMatrix a) {
    launch_on_entries("apply", apply_to_entries, stream, a, function);
}

void flow(cudaStream_t stream, BatchMatrix values, double rate, BatchMatrix c) {
    launch_on_entries("flow", flow_entries, stream, c, values, rate);
}

void multiply_columns(cudaStream_t stream, BatchMatrix a, DeviceList left, BatchMatrix b,
                      DeviceList right, bool adds, BatchMatrix out) {
    launch_on_entries("multiply_columns", multiply_entries, stream, out, a, left, b, right, adds);
}

void fill(cudaStream_t stream, BatchMatrix out, double value) {
    launch_on_entries("fill", fill_entries, stream, out, value);
}

void copy(cudaStream_t stream, BatchMatrix from, BatchMatrix to) {
    launch_on_entries("copy", copy_entries, stream, to, from);
}

void scale_rows(cudaStream_t stream, BatchMatrix from, const double* scale, BatchMatrix to) {
    launch_on_entries("scale_rows", scale_entries, stream, to, scale, from);
}

void diagonal(cudaStream_t stream, BatchMatrix g, BatchMatrix diagonal) {
    launch_on_entries("diagonal", copy_diagonal, stream, diagonal.leading(g.rows, 1), g);
}

void add_to_columns(cudaStream_t stream, BatchMatrix column, double factor, BatchMatrix c) {
    launch_on_entries("add_to_columns", add_column, stream, c, column, factor);
}

void spread(cudaStream_t stream, BatchMatrix c, DeviceList source, DeviceList rows, BatchMatrix w) {
    launch_on_entries("spread", spread_entries, stream, w, c, source, rows);
}

void subtract(cudaStream_t stream, const double* reference, DeviceList subtracted, BatchMatrix e) {
    launch_on_entries("subtract", subtract_entries, stream, e, reference, subtracted);
}

void transpose(cudaStream_t stream, BatchMatrix a, BatchMatrix out) {
    if (a.rows * a.cols * out.count == 0) return;
    const std::size_t tiles = (a.rows + tile - 1) / tile * ((a.cols + tile - 1) / tile);
    CUCURBIT_CHECK_CUDA(launch("transpose", transpose_tiles, grid_for(tiles, out.count, 1),
                               dim3(tile, tile_rows), tile * (tile + 1) * sizeof(double), stream, a,
                               out));
}

}  // namespace cucurbit::cuda
