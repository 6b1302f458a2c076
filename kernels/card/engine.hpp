#pragma once
// What the engines of a card have in common: how an operation on a batch is divided into matrix
// products and kernels. CudaEngine (kernels/cuda/) runs these parts, CountingEngine
// (kernels/costs/) counts what they ask of a card.

#include <algorithm>
#include <cstddef>
#include <span>

#include "kernels/contract.hpp"

namespace cucurbit {

namespace card {

/// Rows of the diagonal blocks that one kernel factors and inverts.
inline constexpr std::size_t block_order = 64;
/// Rows of the triangles that are factored and solved whole, by a warp each.
inline constexpr std::size_t small_order = 32;
/// Columns that one product of a triangle's block columns covers: a wider block computes more of
/// what is not needed, a narrower one reads its operands more often.
inline constexpr std::size_t block_columns = 128;
/// Matrices that one call of the library decomposes: it refuses about twice as many.
inline constexpr std::size_t most_decompositions = 16384;
/// Doubles of workspace for each of these matrices, in whole lines of 256 bytes. cuSOLVER asked for
/// 17.9 n² at n = 200.
inline std::size_t decomposition_workspace(std::size_t n) {
    constexpr std::size_t line = 32;
    return (18 * n * n + 512 * n) / line * line + line;
}
/// Losses that one kernel takes as an argument, of which 4 KB are certain to fit.
inline constexpr std::size_t most_losses = 16;

/// What operations may use beside their operands, with so much memory free: enough for many trials
/// at a time.
inline std::size_t scratch_bytes(std::size_t free_bytes) {
    return std::max(free_bytes / 16, std::size_t{16} << 20);
}
/// The workspace given to cuBLAS once, of the size that NVIDIA recommends on its largest cards:
/// without it cuBLAS would allocate whenever it likes.
inline constexpr std::size_t blas_workspace_bytes = std::size_t{32} << 20;
/// All that an engine takes for itself.
inline std::size_t engine_bytes(std::size_t free_bytes) {
    return scratch_bytes(free_bytes) + blas_workspace_bytes;
}

/// A batch of matrices one behind the other.
inline BatchMatrix packed(double* data, std::size_t rows, std::size_t cols, std::size_t count) {
    BatchMatrix m{nullptr, rows, cols, rows, rows * cols, count};
    m.data = data;
    return m;
}
/// Trials first .. first + count − 1 of a batch.
inline BatchMatrix part(BatchMatrix m, std::size_t first, std::size_t count) {
    m.data += first * m.stride;
    return m.trials(count);
}
/// The columns that have a length.
inline BatchMatrix with_columns(BatchMatrix m, const IndexList& rows) {
    return m.leading(m.rows, rows.host().size());
}

}  // namespace card

class CardEngine : public Engine {
public:
    bool prefers_adjacent_labels() const final { return true; }
    void gram(BatchMatrix a, BatchMatrix g) final;
    void gram_and_project(BatchMatrix a, BatchMatrix g, BatchMatrix b, const IndexList& rows,
                          BatchMatrix c) final;
    void add_outer(BatchMatrix a, BatchMatrix g) final;
    void cholesky(BatchMatrix g, BatchMatrix rows_done) final;
    void invert_lower(BatchMatrix l) final;
    void multiply(BatchMatrix a, bool transpose_a, BatchMatrix b, BatchMatrix out) final;
    void multiply_by_transposed_lower(BatchMatrix r, BatchMatrix a) final;
    void multiply_by_lower(BatchMatrix r, BatchMatrix a) final;
    void orthogonal_columns(BatchMatrix a, BatchMatrix l) final;
    void lower_factor(BatchMatrix a, BatchMatrix l) final;
    void truncate(BatchMatrix q, BatchMatrix l, double relative_cut_off, BatchMatrix rank) final;
    void project(BatchMatrix a, BatchMatrix b, const IndexList& rows, BatchMatrix c) final;
    void solve_lower(BatchMatrix l, const IndexList& rows, BatchMatrix c) final;
    void solve_lower_transposed(BatchMatrix l, const IndexList& rows, BatchMatrix c) final;
    void combine(BatchMatrix a, BatchMatrix w, const IndexList& rows, BatchMatrix e) final;
    void gains(BatchMatrix r, bool triangular, BatchMatrix s, BatchMatrix out) final;
    void eigen(BatchMatrix g, BatchMatrix values) final;
    void descend(DescentSpace space, BatchMatrix samples, std::span<const DescentLoss> losses,
                 BatchMatrix rate, double momentum, BatchMatrix outputs, BatchMatrix velocity,
                 BatchMatrix iterates) final;

protected:
    /// scratch_bytes: bound on the memory that operations use beside their operands; they take
    /// fewer trials at a time where it is little.
    explicit CardEngine(std::size_t scratch_bytes)
        : scratch_doubles_(scratch_bytes / sizeof(double)) {}

    /// An operand of a product: a matrix, or its transpose.
    struct Factor {
        BatchMatrix of;
        bool transposed = false;
    };
    /// Singular value decompositions l = u s vᵀ of a batch of n×n matrices.
    struct Decompositions {
        double* s;   ///< [trial][n], descending
        double* u;   ///< [trial][n][n]
        double* vt;  ///< [trial][n][n]
    };

    // The parts. Memory is the card's.

    /// An operation begins, or ends: for profiles and counts.
    virtual void begin(const char* operation) = 0;
    virtual void end() = 0;
    /// Memory that operations share, at least so many doubles; what it holds is lost from one
    /// operation to the next.
    virtual double* scratch(std::size_t doubles) = 0;

    /// c = alpha·a b + beta·c for every trial of c.
    virtual void product(double alpha, Factor a, Factor b, double beta, BatchMatrix c) = 0;

    // Whole triangles of at most small_order rows.
    /// As Engine::cholesky.
    virtual void factor_small(BatchMatrix g, BatchMatrix rows_done) = 0;
    /// c ← l⁻¹ c, or c ← l⁻ᵀ c.
    virtual void solve_small(BatchMatrix l, bool transposed, BatchMatrix c) = 0;

    // Diagonal blocks of triangles, of at most block_order rows.
    /// The lower triangle of g becomes its Cholesky factor, `inverse` (zero above) that factor's
    /// inverse. rows_done(0, 0): before + the rows factored: fewer than all of g where a pivot is
    /// not positive or not finite, and what is in the further rows is then undefined. Where
    /// before > 0 and rows_done(0, 0) < before the trial is passed over.
    virtual void factor_block(BatchMatrix g, std::size_t before, BatchMatrix inverse,
                              BatchMatrix rows_done) = 0;
    /// The inverses (zero above) of all diagonal blocks of block_order rows of the lower triangular
    /// l: where the blocks are, in `inverses` = l, or side by side in `inverses`.
    virtual void invert_blocks(BatchMatrix l, BatchMatrix inverses, bool in_place) = 0;
    /// x ← op(inverse) x, or from the right x ← x op(inverse)ᵀ.
    virtual void multiply_by_block(BatchMatrix inverse, bool transposed, BatchMatrix x,
                                   bool from_right) = 0;
    /// All rows of rows_done as its first. From that row on the lower triangle of g becomes that of
    /// the identity, so that nothing in it can spoil what is computed from the other rows.
    virtual void finish_cholesky(BatchMatrix g, BatchMatrix rows_done) = 0;
    /// l(i, j) = 0 for i < j.
    virtual void clear_upper(BatchMatrix l) = 0;

    /// The Householder factorisation of every trial of a, in place; the reflections' factors go to
    /// taus, min(rows, cols) for each trial.
    virtual void factor_columns(BatchMatrix a, double* taus) = 0;
    /// a becomes the orthonormal columns of its reflections.
    virtual void form_orthogonal(BatchMatrix a, const double* taus) = 0;
    /// l(i, j) = signs[j] r(j, i) for i ≥ j, else 0, with r the upper triangle of a; signs (one row
    /// of l.cols for each trial) make the diagonal positive.
    virtual void lower_from_upper(BatchMatrix a, BatchMatrix l, double* signs) = 0;
    /// a(i, j) ← signs[j] a(i, j).
    virtual void scale_columns(const double* signs, BatchMatrix a) = 0;
    /// Those of l, whose content is lost.
    virtual void decompose(BatchMatrix l, const Decompositions& to) = 0;
    /// After decompose: rank(0, 0), q and l as Engine::truncate says; rotated = q v.
    virtual void finish_truncate(const Decompositions& of, BatchMatrix rotated,
                                 double relative_cut_off, BatchMatrix q, BatchMatrix l,
                                 BatchMatrix rank) = 0;

    /// As Engine::eigen, of at most most_decompositions matrices that lie one behind the other, as
    /// the values do. workspace: decomposition_workspace for each of them.
    virtual void decompose_symmetric(BatchMatrix g, BatchMatrix values,
                                     std::span<double> workspace) = 0;

    /// out(i, 0) = Σ_{j<i} 2 t(i, j) s(i, j) + t(i, i) s(i, i): the lower triangles are read.
    virtual void gain_sums(BatchMatrix t, BatchMatrix s, BatchMatrix out) = 0;

    /// out = keep · out − R of Engine::descend for the trials of out, to which the losses' targets
    /// belong too; at most most_losses of them.
    virtual void subtract_residuals(std::span<const DescentLoss> losses, BatchMatrix rate,
                                    BatchMatrix outputs, double keep, BatchMatrix out) = 0;
    /// to += from.
    virtual void add(BatchMatrix from, BatchMatrix to) = 0;

    /// Calls body(first, number, scratch) for parts of `count` trials whose scratch, so many
    /// doubles for each trial, stays within bounds, of at most `limit` trials.
    template <class Body>
    void for_parts(std::size_t count, std::size_t doubles_per_trial, Body body,
                   std::size_t limit = ~std::size_t{0}) {
        const std::size_t fits = scratch_doubles_ / std::max<std::size_t>(doubles_per_trial, 1);
        const std::size_t most =
            std::clamp<std::size_t>(fits, 1, std::max<std::size_t>(std::min(count, limit), 1));
        // All of it at once: an array that grew would wait for the card.
        double* memory = scratch(std::max(scratch_doubles_, most * doubles_per_trial));
        for (std::size_t first = 0; first < count; first += most)
            body(first, std::min(most, count - first), memory);
    }

private:
    struct Operation;

    void multiply_gram(BatchMatrix ba, std::size_t before, BatchMatrix cg);
    void factor(BatchMatrix g, std::size_t first, std::size_t size, BatchMatrix inverse,
                BatchMatrix rows_done);
    void join_inverses(BatchMatrix l, std::size_t first, std::size_t size, double* scratch);
    void solve(BatchMatrix l, bool transposed, BatchMatrix c);
    void solve_part(BatchMatrix l, BatchMatrix inverses, bool transposed, std::size_t first,
                    std::size_t size, BatchMatrix c);
    void subtract_all_residuals(std::span<const DescentLoss> losses, BatchMatrix rate,
                                BatchMatrix outputs, std::size_t first, double keep,
                                BatchMatrix out);
    template <class Body>
    void replace(BatchMatrix r, BatchMatrix a, std::size_t order, Body body);

    std::size_t scratch_doubles_;
};

}  // namespace cucurbit
