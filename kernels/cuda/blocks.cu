// The diagonal blocks of triangles: factored, inverted, and multiplied with what lies beside them.
// Matrix products (cuBLAS) do the rest of a factorisation or a solution (kernels/card/).

#include <limits>
#include <type_traits>

#include "kernels/cuda/grid.hpp"

namespace cucurbit::cuda {
namespace {

constexpr double largest = std::numeric_limits<double>::max();
/// How the threads of a block share a square of `order` rows: thread (ti, tj) holds the entries
/// (ti + tall·a, tj + wide·b) in its registers. Few threads with many entries each load little from
/// shared memory for what they compute.
template <unsigned order>
struct Tile {
    static constexpr unsigned rows = 8, cols = 4;
    static constexpr unsigned tall = order / rows, wide = order / cols;
    static constexpr unsigned threads = tall * wide;
    /// Blocks on one multiprocessor: its registers suffice for so many.
    static constexpr unsigned blocks = order == 64 ? 4 : 8;
};

/// What the threads of a block tell each other of pivot k: its column before it was scaled, its row
/// of the inverse likewise, and the pivot's reciprocal (of its root, for a factor). Two of them are
/// used by turns, so that one barrier a pivot is enough.
template <unsigned order>
struct Exchange {
    double column[order];
    double row[order];
    double reciprocal;
};

/// Eliminates the block's columns one by one (Gauss and Jordan): where the entries of the lower
/// triangle were, those of its inverse stand afterwards. With `factors` the triangle is that of a
/// symmetric matrix, and keep(k, i, value) is called for the entries of column k of its Cholesky
/// factor, whose inverse it is then. Returns the number of columns before the first whose pivot is
/// not positive or not finite; entries from there on are undefined.
template <unsigned order, bool factors, class Keep>
__device__ unsigned eliminate(double (&value)[Tile<order>::rows][Tile<order>::cols], unsigned ti,
                              unsigned tj, unsigned m, Exchange<order>* exchange, Keep keep) {
    using Of = Tile<order>;
    constexpr unsigned turns = Of::wide / Of::tall;
// Arrays stay in registers only where their indices are known to the compiler: column k is entry u
// of its owners, row k entry s.
#pragma unroll
    for (unsigned s = 0; s < Of::rows; ++s)
        for (unsigned kk = 0; kk < Of::tall; ++kk) {
            constexpr unsigned tall = Of::tall, wide = Of::wide;
            const unsigned u = s / turns, k = s * tall + kk;
            const bool column_owner = tj == s % turns * tall + kk, row_owner = ti == kk;
            if (k >= m) return m;
            Exchange<order>& shared = exchange[k % 2];
            if (column_owner)
#pragma unroll
                for (unsigned a = 0; a < Of::rows; ++a) shared.column[ti + tall * a] = value[a][u];
            if (row_owner)
#pragma unroll
                for (unsigned b = 0; b < Of::cols; ++b) shared.row[tj + wide * b] = value[s][b];
            if (column_owner && row_owner) {
                const double pivot = value[s][u];
                const bool good = !factors || (pivot > 0.0 && pivot <= largest);
                shared.reciprocal = !good ? 0.0 : factors ? rsqrt(pivot) : 1.0 / pivot;
            }
            __syncthreads();
            const double reciprocal = shared.reciprocal;
            if (factors && reciprocal == 0.0) return k;
            // Rows above the pivot's, and columns whose entries are final, change by nothing.
            double below[Of::rows], beside[Of::cols];
#pragma unroll
            for (unsigned a = 0; a < Of::rows; ++a) {
                const double entry = shared.column[ti + tall * a];
                below[a] = factors ? entry * reciprocal : entry;
                if (column_owner && ti + tall * a >= k) keep(k, ti + tall * a, below[a]);
                if (ti + tall * a <= k) below[a] = 0.0;
            }
#pragma unroll
            for (unsigned b = 0; b < Of::cols; ++b) {
                const unsigned j = tj + wide * b;
                const double entry = j < k ? shared.row[j] : factors ? shared.column[j] : 0.0;
                beside[b] = j == k ? reciprocal : entry * reciprocal;
            }
            if (column_owner)
#pragma unroll
                for (unsigned a = 0; a < Of::rows; ++a)
                    if (ti + tall * a > k) value[a][u] = 0.0;
            if (row_owner)
#pragma unroll
                for (unsigned b = 0; b < Of::cols; ++b) value[s][b] = beside[b];
#pragma unroll
            for (unsigned a = 0; a < Of::rows; ++a)
#pragma unroll
                for (unsigned b = 0; b < Of::cols; ++b) value[a][b] -= below[a] * beside[b];
        }
    return m;
}

/// Calls body(a, b, i, j) for a thread's entries: (i, j) of the square.
template <unsigned order, class Body>
__device__ void for_own(unsigned ti, unsigned tj, Body body) {
    using Of = Tile<order>;
#pragma unroll
    for (unsigned b = 0; b < Of::cols; ++b)
#pragma unroll
        for (unsigned a = 0; a < Of::rows; ++a) body(a, b, ti + Of::tall * a, tj + Of::wide * b);
}

/// One block of threads, one trial.
template <unsigned order>
__global__ void __launch_bounds__(Tile<order>::threads, Tile<order>::blocks)
    factor_blocks(BatchMatrix g, std::size_t before, BatchMatrix inverse, BatchMatrix rows_done) {
    using Of = Tile<order>;
    auto* exchange = shared_memory<Exchange<order>>();
    const unsigned ti = threadIdx.x % Of::tall, tj = threadIdx.x / Of::tall;
    const unsigned m = static_cast<unsigned>(g.rows), ld = static_cast<unsigned>(g.ld);
    for (std::size_t t = blockIdx.y; t < g.count; t += gridDim.y) {
        double* done = item(rows_done, t);
        // Nothing is computed of a trial that stopped: its blocks would be of no meaning.
        const bool stopped = before > 0 && *done < static_cast<double>(before);
        __syncthreads();
        if (stopped) continue;
        double* from = item(g, t);
        double* to = item(inverse, t);
        double value[Of::rows][Of::cols];
        for_own<order>(ti, tj, [&](unsigned a, unsigned b, unsigned i, unsigned j) {
            value[a][b] = i < m && j <= i ? from[i + j * ld] : 0.0;
        });
        const unsigned good = eliminate<order, true>(value, ti, tj, m, exchange,
                                                     [&](unsigned k, unsigned i, double entry) {
                                                         if (i < m) from[i + k * ld] = entry;
                                                     });
        for_own<order>(ti, tj, [&](unsigned a, unsigned b, unsigned i, unsigned j) {
            if (i < m && j < m)
                to[i + j * static_cast<unsigned>(inverse.ld)] = j <= i ? value[a][b] : 0.0;
        });
        if (threadIdx.x == 0) *done = static_cast<double>(before + good);
        __syncthreads();
    }
}

/// Block b of threads, diagonal block b of a trial; the inverses lie side by side in `inverses`, or
/// where the blocks were.
template <unsigned order>
__global__ void __launch_bounds__(Tile<order>::threads, Tile<order>::blocks)
    invert_blocks_of(BatchMatrix l, BatchMatrix inverses, bool in_place) {
    using Of = Tile<order>;
    auto* exchange = shared_memory<Exchange<order>>();
    const unsigned ti = threadIdx.x % Of::tall, tj = threadIdx.x / Of::tall;
    const unsigned ld = static_cast<unsigned>(l.ld), ldi = static_cast<unsigned>(inverses.ld);
    const unsigned first = blockIdx.x * order;
    const unsigned rows = static_cast<unsigned>(l.rows) - first, m = rows < order ? rows : order;
    for (std::size_t t = blockIdx.y; t < inverses.count; t += gridDim.y) {
        const double* from = item(l, t) + first * (l.ld + 1);
        double* to = item(inverses, t) + first * (inverses.ld + (in_place ? 1 : 0));
        double value[Of::rows][Of::cols];
        for_own<order>(ti, tj, [&](unsigned a, unsigned b, unsigned i, unsigned j) {
            value[a][b] = i < m && j <= i ? from[i + j * ld] : 0.0;
        });
        eliminate<order, false>(value, ti, tj, m, exchange, [](unsigned, unsigned, double) {});
        for_own<order>(ti, tj, [&](unsigned a, unsigned b, unsigned i, unsigned j) {
            if (i < m && j < m) to[i + j * ldi] = j <= i ? value[a][b] : 0.0;
        });
        __syncthreads();
    }
}

/// Terms of the sums that are in shared memory at a time.
constexpr unsigned depth = 16;
template <unsigned order>
constexpr unsigned shared_ld = order + 1;

/// A block of threads multiplies `order` columns of op(inverse)·x, or as many rows of
/// x·op(inverse)ᵀ, of one trial.
template <unsigned order, bool transposed>
__global__ void __launch_bounds__(Tile<order>::threads, Tile<order>::blocks - 1)
    multiply_by_blocks(BatchMatrix inverse, BatchMatrix x, bool from_right) {
    using Of = Tile<order>;
    constexpr unsigned ld = shared_ld<order>;
    double* factor = shared_memory<double>();  // [depth][ld]: op(inverse)(i, k) at k, i
    double* operand = factor + depth * ld;     // [depth][ld]: x(k, j) at k, j
    const unsigned ti = threadIdx.x % Of::tall, tj = threadIdx.x / Of::tall;
    const unsigned m = static_cast<unsigned>(inverse.rows), first = blockIdx.x * order;
    const unsigned all = static_cast<unsigned>(from_right ? x.rows : x.cols);
    const unsigned size = all - first < order ? all - first : order;
    const unsigned ldd = static_cast<unsigned>(inverse.ld), ldx = static_cast<unsigned>(x.ld);
    const unsigned along = from_right ? ldx : 1, across = from_right ? 1 : ldx;
    for (std::size_t t = blockIdx.y; t < x.count; t += gridDim.y) {
        const double* d = item(inverse, t);
        double* data = item(x, t) + static_cast<std::size_t>(first) * across;
        double sums[Of::rows][Of::cols] = {};
#pragma unroll
        for (unsigned begin = 0; begin < order; begin += depth) {
            if (begin >= m) break;
#pragma unroll 4
            for (unsigned e = threadIdx.x; e < depth * order; e += Of::threads) {
                // Neighbouring threads read neighbouring addresses.
                const unsigned i = transposed ? e / depth : e % order;
                const unsigned k = transposed ? e % depth : e / order;
                factor[k * ld + i] =
                    i < m && begin + k < m
                        ? d[transposed ? begin + k + i * ldd : i + (begin + k) * ldd]
                        : 0.0;
            }
#pragma unroll 4
            for (unsigned e = threadIdx.x; e < depth * order; e += Of::threads) {
                const unsigned j = from_right ? e % order : e / depth;
                const unsigned k = from_right ? e / order : e % depth;
                operand[k * ld + j] =
                    j < size && begin + k < m ? data[(begin + k) * along + j * across] : 0.0;
            }
            __syncthreads();
#pragma unroll 2
            for (unsigned k = 0; k < depth; ++k) {
                double left[Of::rows], right[Of::cols];
#pragma unroll
                for (unsigned a = 0; a < Of::rows; ++a)
                    left[a] = factor[k * ld + ti + Of::tall * a];
#pragma unroll
                for (unsigned b = 0; b < Of::cols; ++b)
                    right[b] = operand[k * ld + tj + Of::wide * b];
#pragma unroll
                for (unsigned a = 0; a < Of::rows; ++a) {
                    // The inverse is a triangle: these rows have no part in the terms at hand.
                    if (transposed ? Of::tall * a >= begin + depth : Of::tall * (a + 1) <= begin)
                        continue;
#pragma unroll
                    for (unsigned b = 0; b < Of::cols; ++b) sums[a][b] += left[a] * right[b];
                }
            }
            __syncthreads();
        }
        for_own<order>(ti, tj, [&](unsigned a, unsigned b, unsigned i, unsigned j) {
            if (i < m && j < size) data[i * along + j * across] = sums[a][b];
        });
    }
}

/// One block of threads, one trial. Rows from the first bad pivot on become those of the identity.
__global__ void __launch_bounds__(threads_per_block)
    finish_factor(BatchMatrix g, BatchMatrix rows_done) {
    const unsigned n = static_cast<unsigned>(g.rows);
    for (std::size_t t = blockIdx.y; t < g.count; t += gridDim.y) {
        double* l = item(g, t);
        const double done = item(rows_done, t)[0];
        __syncthreads();
        for (unsigned k = threadIdx.x; k < rows_done.rows; k += blockDim.x)
            item(rows_done, t)[k] = done;
        for (unsigned i = static_cast<unsigned>(done) + threadIdx.x; i < n; i += blockDim.x)
            for (unsigned j = 0; j <= i; ++j) l[i + j * g.ld] = i == j ? 1.0 : 0.0;
    }
}

__global__ void __launch_bounds__(threads_per_block) clear_upper_entries(BatchMatrix l) {
    for_entries(l, [&](std::size_t t, unsigned i, unsigned j) {
        if (i < j) item(l, t)[i + j * l.ld] = 0.0;
    });
}

/// body(a constant of the smallest block that holds so many rows).
template <class Body>
void with_order(std::size_t rows, Body body) {
    if (rows <= 32)
        body(std::integral_constant<unsigned, 32>());
    else
        body(std::integral_constant<unsigned, 64>());
}

}  // namespace

void factor_block(cudaStream_t stream, BatchMatrix g, std::size_t before, BatchMatrix inverse,
                  BatchMatrix rows_done) {
    with_order(g.rows, [&](auto order) {
        CUCURBIT_CHECK_CUDA(launch("factor_block", factor_blocks<order>, grid_for(1, g.count, 1),
                                   Tile<order>::threads, 2 * sizeof(Exchange<order>), stream, g,
                                   before, inverse, rows_done));
    });
}

void invert_blocks(cudaStream_t stream, BatchMatrix l, BatchMatrix inverses, bool in_place) {
    with_order(l.rows, [&](auto order) {
        CUCURBIT_CHECK_CUDA(launch("invert_blocks", invert_blocks_of<order>,
                                   grid_for(l.rows, inverses.count, order), Tile<order>::threads,
                                   2 * sizeof(Exchange<order>), stream, l, inverses, in_place));
    });
}

void multiply_by_block(cudaStream_t stream, BatchMatrix inverse, bool transposed, BatchMatrix x,
                       bool from_right) {
    const std::size_t size = from_right ? x.rows : x.cols;
    if (size * x.count == 0) return;
    with_order(inverse.rows, [&](auto order) {
        CUCURBIT_CHECK_CUDA(
            launch("multiply_by_block",
                   transposed ? multiply_by_blocks<order, true> : multiply_by_blocks<order, false>,
                   grid_for(size, x.count, order), Tile<order>::threads,
                   2 * depth * shared_ld<order> * sizeof(double), stream, inverse, x, from_right));
    });
}

void finish_cholesky(cudaStream_t stream, BatchMatrix g, BatchMatrix rows_done) {
    CUCURBIT_CHECK_CUDA(launch("finish_cholesky", finish_factor, grid_for(1, g.count, 1),
                               threads_per_block, 0, stream, g, rows_done));
}

void clear_upper(cudaStream_t stream, BatchMatrix l) {
    launch_on_entries("clear_upper", clear_upper_entries, stream, l);
}

}  // namespace cucurbit::cuda
