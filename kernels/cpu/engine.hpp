#pragma once
// The Engine on one CPU core: vectorised draws, single-threaded BLAS and LAPACK, one trial after
// another so that a trial's matrices stay in cache; small trials eight side by side in loops of our
// own. A trial's bits do not depend on the batch it came in.

#include "kernels/contract.hpp"
#include "kernels/cpu/dense/kernels.hpp"
#include "kernels/cpu/descent/choice.hpp"
#include "kernels/cpu/interleaved/operations.hpp"

namespace cucurbit {

class CpuEngine : public Engine {
public:
    /// Trials are interleaved whose matrices take up to so many bytes: eight of them fill half of a
    /// second-level cache (1 MiB and more on current processors). Measured, LAPACK's cache blocking
    /// begins to pay at 96 KiB, however many matrices a trial has.
    static constexpr std::size_t default_interleaved_bytes = std::size_t{64} << 10;

    /// Other than the default for tests and measurements.
    explicit CpuEngine(std::size_t interleaved_bytes = default_interleaved_bytes,
                       const InterleavedKernels& interleaved = chosen_interleaved_kernels(),
                       const DenseKernels& dense = chosen_dense_kernels());

    std::size_t preferred_lanes(std::size_t bytes_per_matrix) const override;
    std::unique_ptr<EngineBuffer> allocate(std::size_t doubles) override;
    std::unique_ptr<IndexList> indices(std::vector<std::uint32_t> values) override;
    void upload(std::span<const double> from, double* to) override;
    void download(const double* from, std::span<double> to) override;
    void fill(BatchMatrix out, double value) override;
    void copy(BatchMatrix from, BatchMatrix to) override;
    void scale_rows(BatchMatrix from, const double* scale, BatchMatrix to) override;
    void draw(const Stream& stream, std::span<const std::uint64_t> trials, std::size_t first_row,
              const double* scale, BatchMatrix out) override;

    void gram(BatchMatrix a, BatchMatrix g) override;
    void add_outer(BatchMatrix a, BatchMatrix g) override;
    void diagonal(BatchMatrix g, BatchMatrix diagonal) override;
    void cholesky(BatchMatrix g, BatchMatrix rows_done) override;
    void invert_lower(BatchMatrix l) override;
    void multiply(BatchMatrix a, bool transpose_a, BatchMatrix b, BatchMatrix out) override;
    void transpose(BatchMatrix a, BatchMatrix out) override;
    void multiply_by_transposed_lower(BatchMatrix r, BatchMatrix a) override;
    void multiply_by_lower(BatchMatrix r, BatchMatrix a) override;
    void orthogonal_columns(BatchMatrix a, BatchMatrix l) override;
    void lower_factor(BatchMatrix a, BatchMatrix l) override;
    void truncate(BatchMatrix q, BatchMatrix l, double relative_cut_off, BatchMatrix rank) override;

    void project(BatchMatrix a, BatchMatrix b, const IndexList& rows, BatchMatrix c) override;
    void gram_and_project(BatchMatrix a, BatchMatrix g, BatchMatrix b, const IndexList& rows,
                          BatchMatrix c) override;
    void solve_lower(BatchMatrix l, const IndexList& rows, BatchMatrix c) override;
    void solve_lower_transposed(BatchMatrix l, const IndexList& rows, BatchMatrix c) override;
    void apply(Entrywise function, BatchMatrix a) override;
    void add_to_columns(BatchMatrix column, double factor, BatchMatrix c) override;
    void spread(BatchMatrix c, const IndexList& source, const IndexList& rows,
                BatchMatrix w) override;
    void combine(BatchMatrix a, BatchMatrix w, const IndexList& rows, BatchMatrix e) override;
    void subtract(const double* reference, const IndexList& subtracted, BatchMatrix e) override;
    void products(BatchMatrix e, const double* weights, const IndexList& left,
                  const IndexList& right, BatchMatrix out) override;

    void weighted_norm(BatchMatrix a, const double* weights, BatchMatrix out) override;
    void row_norms(BatchMatrix r, BatchMatrix out) override;
    void gains(BatchMatrix r, bool triangular, BatchMatrix s, BatchMatrix out) override;
    void prefix_sums(BatchMatrix v, int power, const IndexList& ends, BatchMatrix out) override;
    void draw_triangular(std::uint64_t key, std::uint8_t stage,
                         std::span<const std::uint64_t> trials, std::uint64_t samples,
                         BatchMatrix out) override;

    void eigen(BatchMatrix g, BatchMatrix values) override;
    void flow(BatchMatrix values, double rate, BatchMatrix c) override;
    void gather(BatchMatrix from, BatchMatrix order, bool rows, BatchMatrix to) override;
    void predict(const DescentLink& link, BatchMatrix outputs, BatchMatrix predictions) override;
    void score(std::size_t classes, BatchMatrix outputs, BatchMatrix labels, const IndexList& of,
               BatchMatrix sums) override;
    void margins(std::size_t classes, BatchMatrix outputs, const IndexList& of,
                 BatchMatrix margins) override;
    void order_rows(BatchMatrix values, BatchMatrix order) override;
    void compare_margins(BatchMatrix margins, BatchMatrix order, const IndexList& students,
                         const IndexList& teachers, std::size_t bins, BatchMatrix out) override;
    void multiply_columns(BatchMatrix a, const IndexList& left, BatchMatrix b,
                          const IndexList& right, bool adds, BatchMatrix out) override;
    void descend(DescentSpace space, BatchMatrix samples, std::span<const DescentLoss> losses,
                 BatchMatrix rate, double momentum, BatchMatrix outputs, BatchMatrix velocity,
                 BatchMatrix iterates) override;

private:
    void compute(const Product& product) { dense_.multiply(product, packed_->data()); }
    /// g's lower triangle ← its Cholesky factor; returns the leading rows factored.
    std::size_t factorise(double* g, std::size_t n, std::size_t ld);
    /// Lower triangle of l ← that of l⁻¹.
    void invert(double* l, std::size_t n, std::size_t ld);
    /// c ← l⁻¹ c or l⁻ᵀ c for one block on the diagonal, which begins at `row`; the columns end
    /// where `ends` says.
    void solve_block(bool transposed, std::size_t row, std::size_t rows,
                     std::span<const std::uint32_t> ends, const double* l, std::size_t ldl,
                     double* c, std::size_t ldc);
    /// 0, 1, … last: where the columns of a triangle begin, and from 1 on where they end.
    const std::uint32_t* ascending(std::size_t last);
    std::vector<std::uint32_t> ascending_;
    /// Scratch that grows to the largest request and then stays.
    std::span<double> workspace(std::size_t doubles);
    std::vector<double> workspace_;
    std::size_t interleaved_bytes_;
    InterleavedOperations interleaved_;
    const DenseKernels& dense_;
    std::unique_ptr<EngineBuffer> packed_;
    const DescentKernels& descent_ = chosen_descent_kernels();
};

}  // namespace cucurbit
