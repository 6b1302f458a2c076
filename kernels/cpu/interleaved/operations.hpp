#pragma once
// The Engine's operations on batches with eight lanes, group after group. Arguments: as
// kernels/contract.hpp says.

#include "kernels/contract.hpp"
#include "kernels/cpu/interleaved/kernels.hpp"

namespace cucurbit {

class InterleavedOperations {
public:
    explicit InterleavedOperations(const InterleavedKernels& kernels) : kernels_(kernels) {}

    void fill(BatchMatrix out, double value) const;
    void copy(BatchMatrix from, BatchMatrix to) const;
    void scale_rows(BatchMatrix from, const double* scale, BatchMatrix to) const;
    /// The last trial is drawn again where the last group has lanes left.
    void draw(const Stream& stream, std::span<const std::uint64_t> trials, std::size_t first_row,
              const double* scale, BatchMatrix out) const;
    void draw_triangular(std::uint64_t key, std::uint8_t stage,
                         std::span<const std::uint64_t> trials, std::uint64_t samples,
                         BatchMatrix out) const;
    void diagonal(BatchMatrix g, BatchMatrix diagonal) const;
    void transpose(BatchMatrix a, BatchMatrix out) const;
    void add_to_columns(BatchMatrix column, double factor, BatchMatrix c) const;
    void spread(BatchMatrix c, const IndexList& source, const IndexList& rows, BatchMatrix w) const;

    void gram(BatchMatrix a, BatchMatrix g) const;
    void add_outer(BatchMatrix a, BatchMatrix g) const;
    /// Rows from the first pivot on that is not positive are finite where the matrix was.
    void cholesky(BatchMatrix g, BatchMatrix rows_done) const;
    void invert_lower(BatchMatrix l) const;
    void multiply(BatchMatrix a, bool transpose_a, BatchMatrix b, BatchMatrix out) const;
    void multiply_by_transposed_lower(BatchMatrix r, BatchMatrix a) const;
    void multiply_by_lower(BatchMatrix r, BatchMatrix a) const;
    void project(BatchMatrix a, BatchMatrix b, const IndexList& rows, BatchMatrix c) const;
    void solve_lower(BatchMatrix l, const IndexList& rows, BatchMatrix c) const;
    void solve_lower_transposed(BatchMatrix l, const IndexList& rows, BatchMatrix c) const;
    void combine(BatchMatrix a, BatchMatrix w, const IndexList& rows, BatchMatrix e) const;
    void subtract(const double* reference, const IndexList& subtracted, BatchMatrix e) const;
    void products(BatchMatrix e, const double* weights, const IndexList& left,
                  const IndexList& right, BatchMatrix out) const;
    void weighted_norm(BatchMatrix a, const double* weights, BatchMatrix out) const;
    void row_norms(BatchMatrix r, BatchMatrix out) const;
    void gains(BatchMatrix r, bool triangular, BatchMatrix s, BatchMatrix out) const;
    void prefix_sums(BatchMatrix v, int power, const IndexList& ends, BatchMatrix out) const;

private:
    /// Calls body(panel) for every part of every group that the kernels take at once, panel(m)
    /// being that part of m.
    template <class Body>
    void for_parts(std::size_t count, Body body) const;

    const InterleavedKernels& kernels_;
};

}  // namespace cucurbit
