#pragma once
// Launches of the engine's own kernels. All matrices, lists and pointers are in device memory;
// every trial's values are computed in an order of its own, whatever the batch.

#include <cuda_runtime.h>

#include <cstdint>

#include "kernels/card/engine.hpp"

namespace cucurbit::cuda {

/// A list of `size` indices in device memory.
struct DeviceList {
    const std::uint32_t* values;
    unsigned size;
};

inline DeviceList device_list(const IndexList& list) {
    return {list.data(), static_cast<unsigned>(list.host().size())};
}

// random.cu
void draw(cudaStream_t stream, const Stream& from, const std::uint64_t* trials,
          std::uint64_t first_row, const double* scale, BatchMatrix out);
void draw_triangular(cudaStream_t stream, std::uint64_t key, std::uint8_t stage,
                     const std::uint64_t* trials, std::uint64_t samples, BatchMatrix out);

// elementwise.cu: as the operations of kernels/contract.hpp.
void apply(cudaStream_t stream, Entrywise function, BatchMatrix a);
void flow(cudaStream_t stream, BatchMatrix values, double rate, BatchMatrix c);
void fill(cudaStream_t stream, BatchMatrix out, double value);
void copy(cudaStream_t stream, BatchMatrix from, BatchMatrix to);
void scale_rows(cudaStream_t stream, BatchMatrix from, const double* scale, BatchMatrix to);
void diagonal(cudaStream_t stream, BatchMatrix g, BatchMatrix diagonal);
void transpose(cudaStream_t stream, BatchMatrix a, BatchMatrix out);
void add_to_columns(cudaStream_t stream, BatchMatrix column, double factor, BatchMatrix c);
void spread(cudaStream_t stream, BatchMatrix c, DeviceList source, DeviceList rows, BatchMatrix w);
void multiply_columns(cudaStream_t stream, BatchMatrix a, DeviceList left, BatchMatrix b,
                      DeviceList right, bool adds, BatchMatrix out);
void subtract(cudaStream_t stream, const double* reference, DeviceList subtracted, BatchMatrix e);

// sums.cu
void products(cudaStream_t stream, BatchMatrix e, const double* weights, DeviceList left,
              DeviceList right, BatchMatrix out);
void weighted_norm(cudaStream_t stream, BatchMatrix a, const double* weights, BatchMatrix out);
void row_norms(cudaStream_t stream, BatchMatrix r, BatchMatrix out);
void prefix_sums(cudaStream_t stream, BatchMatrix v, int power, DeviceList ends, BatchMatrix out);
/// out(i, 0) = Σ_{j<i} 2 t(i, j) s(i, j) + t(i, i) s(i, i): the lower triangles are read.
void gain_sums(cudaStream_t stream, BatchMatrix t, BatchMatrix s, BatchMatrix out);

// small.cu: whole triangles of at most small_order rows (kernels/card/).

/// As Engine::cholesky.
void factor_small(cudaStream_t stream, BatchMatrix g, BatchMatrix rows_done);
/// c ← l⁻¹ c, or c ← l⁻ᵀ c.
void solve_small(cudaStream_t stream, BatchMatrix l, bool transposed, BatchMatrix c);

// blocks.cu: the diagonal blocks of triangles, of at most block_order rows (kernels/card/).
/// The lower triangle of g becomes its Cholesky factor, `inverse` (zero above) that factor's
/// inverse. rows_done(0, 0): before + the rows factored: fewer than all of g where a pivot is not
/// positive or not finite, and what is in the further rows is then undefined. Where before > 0
/// and rows_done(0, 0) < before the trial is passed over.
void factor_block(cudaStream_t stream, BatchMatrix g, std::size_t before, BatchMatrix inverse,
                  BatchMatrix rows_done);
/// The inverses (zero above) of all diagonal blocks of block_order rows of the lower triangular l:
/// where the blocks are, in `inverses` = l, or side by side in `inverses`.
void invert_blocks(cudaStream_t stream, BatchMatrix l, BatchMatrix inverses, bool in_place);
/// x ← op(inverse) x, or from the right x ← x op(inverse)ᵀ.
void multiply_by_block(cudaStream_t stream, BatchMatrix inverse, bool transposed, BatchMatrix x,
                       bool from_right);
/// All rows of rows_done as its first. From that row on the lower triangle of g becomes that of the
/// identity, so that nothing in it can spoil what is computed from the other rows.
void finish_cholesky(cudaStream_t stream, BatchMatrix g, BatchMatrix rows_done);
/// l(i, j) = 0 for i < j.
void clear_upper(cudaStream_t stream, BatchMatrix l);

// factors.cu
/// l(i, j) = signs[j] r(j, i) for i ≥ j, else 0, with r the upper triangle of a; signs (one row of
/// l.cols for each trial) make the diagonal positive.
void lower_from_upper(cudaStream_t stream, BatchMatrix a, BatchMatrix l, double* signs);
/// a(i, j) ← signs[j] a(i, j).
void scale_columns(cudaStream_t stream, const double* signs, BatchMatrix a);
/// infos[t] = 0 where every entry of trial t is finite, else 1.
void find_not_finite(cudaStream_t stream, BatchMatrix a, int* infos);

/// Singular value decompositions l = u s vᵀ of a batch of n×n matrices: s [trial][n], u and vt
/// [trial][n][n], infos [trial] (above 0: did not converge).
struct Decompositions {
    const double* s;
    const double* u;
    const int* infos;
};
/// rank(0, 0), q and l as Engine::truncate says; rotated = q v.
void finish_truncate(cudaStream_t stream, const Decompositions& of, BatchMatrix rotated,
                     double relative_cut_off, BatchMatrix q, BatchMatrix l, BatchMatrix rank);

// descent.cu: gather, predict and score as the operations of kernels/contract.hpp.
/// bad[t] = 1 and the lower triangle that of the identity where an entry of trial t's lower
/// triangle is not finite, else 0.
void replace_not_finite(cudaStream_t stream, BatchMatrix g, int* bad);
/// All of g and values NaN for the trials where bad or infos are not zero.
void finish_eigen(cudaStream_t stream, BatchMatrix g, BatchMatrix values, const int* bad,
                  const int* infos);
void gather(cudaStream_t stream, BatchMatrix from, BatchMatrix order, bool rows, BatchMatrix to);
void predict(cudaStream_t stream, const DescentLink& link, BatchMatrix outputs,
             BatchMatrix predictions);
void score(cudaStream_t stream, std::size_t classes, BatchMatrix outputs, BatchMatrix labels,
           DeviceList of, BatchMatrix sums);
/// Losses as an argument of a kernel, at most 4 KB of which are certain.
struct Losses {
    static constexpr unsigned most = card::most_losses;
    DescentLoss values[most];
    unsigned size = 0;
    std::size_t classes = 1;  ///< of every link
    double keep = 0.0;        ///< share that stays of what was there, which 0 does not read
};
/// out = keep · out − Σ over losses of rate(0, 0) · factor · (link(outputs) − targets).
void subtract_residuals(cudaStream_t stream, const Losses& losses, BatchMatrix rate,
                        BatchMatrix outputs, BatchMatrix out);
/// to += from.
void add(cudaStream_t stream, BatchMatrix from, BatchMatrix to);

// margins.cu: as the operations of kernels/contract.hpp.
void margins(cudaStream_t stream, std::size_t classes, BatchMatrix outputs, DeviceList of,
             BatchMatrix margins);
void order_rows(cudaStream_t stream, BatchMatrix values, BatchMatrix order);
void compare_margins(cudaStream_t stream, BatchMatrix margins, BatchMatrix order,
                     DeviceList students, DeviceList teachers, std::size_t bins, BatchMatrix out);

// compaction.cu, by Thrust
/// Writes the indices of the zeros among `count` values, ascending, and returns their number. Waits
/// for the stream.
std::size_t select_zeros(cudaStream_t stream, const int* values, std::size_t count,
                         std::uint32_t* indices);

}  // namespace cucurbit::cuda
