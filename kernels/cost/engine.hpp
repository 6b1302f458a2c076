#pragma once
// What a batch costs on a card, counted by running a simulation on an engine that computes nothing:
// the same calls in the same order, so that a prediction cannot drift from the code.

#include <initializer_list>

#include "kernels/contract.hpp"

namespace cucurbit {

/// Of the CUDA engine (kernels/cuda/). Bytes are those that must move at least: every operand of an
/// operation once.
struct BatchCost {
    double flops = 0.0;       ///< of library calls, by formula; a multiplication and an addition
                              ///< are two
    double normals = 0.0;     ///< drawn
    double bytes_read = 0.0;  ///< of device memory
    double bytes_written = 0.0;
    double bytes_copied = 0.0;  ///< between host and device
    std::size_t launches = 0;   ///< of own kernels
    std::size_t library_calls = 0;
};

/// Counts. Memory that it hands out must not be touched.
class CostEngine final : public Engine {
public:
    /// reading: every number that is downloaded. The larger of n and p lets a simulation believe
    /// that all rows were factored and no condition is large, so that none climbs the ladder.
    explicit CostEngine(double reading) : reading_(reading) {}

    const BatchCost& cost() const { return cost_; }
    void reset() { cost_ = {}; }

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
    void solve_lower(BatchMatrix l, const IndexList& rows, BatchMatrix c) override;
    void solve_lower_transposed(BatchMatrix l, const IndexList& rows, BatchMatrix c) override;
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

private:
    void kernel(std::initializer_list<BatchMatrix> read,
                std::initializer_list<BatchMatrix> written);
    void library(double flops_per_trial, std::initializer_list<BatchMatrix> read,
                 std::initializer_list<BatchMatrix> written);
    /// c = op(a) op(b), or c += it, with so many terms in each sum.
    void product(std::size_t terms, BatchMatrix a, BatchMatrix b, BatchMatrix c, bool adds = false);
    void solve(BatchMatrix l, BatchMatrix c);
    /// One call for each trial.
    void one_by_one(double flops_per_trial, BatchMatrix changed);

    double reading_;
    BatchCost cost_;
    std::vector<std::uint64_t> known_trials_;
};

}  // namespace cucurbit
