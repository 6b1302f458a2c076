#pragma once
// An Engine that computes nothing: it counts what each operation asks of a card, as the CUDA engine
// divides it into kernels and library calls. So a design's cost comes from the very code that runs
// it, for every setting, without a card. tests/cuda compares the counts with what the CUDA engine
// does.

#include <algorithm>
#include <cstdint>
#include <map>
#include <string_view>
#include <vector>

#include "kernels/contract.hpp"

namespace cucurbit {

/// One kernel launch or library call, or so many alike. Bytes: each operand once, however often the
/// call reads it.
struct DeviceCall {
    double product_flops = 0.0;  ///< of matrix products, which tensor cores can do
    double solver_flops = 0.0;   ///< of other library calls, by formula
    double draw_flops = 0.0;     ///< of random numbers, never fused; integer operations not counted
    double bytes_read = 0.0;
    double bytes_written = 0.0;
    std::size_t times = 1;
    bool vendor = false;
};

/// Flops of a pair of normals from its words (kernels/common/normal.hpp); a division and a root
/// count as one.
inline constexpr double flops_per_normal_pair = 49.0;

class CountingEngine final : public Engine {
public:
    /// What operations may use beside their operands; they take fewer trials at a time where it is
    /// little.
    explicit CountingEngine(std::size_t scratch_bytes)
        : scratch_doubles_(scratch_bytes / sizeof(double)) {}

    /// Since the last forget().
    const std::vector<DeviceCall>& calls() const { return calls_; }
    /// Names of the operations met since then, in order.
    const std::vector<std::string_view>& operations() const { return operations_; }
    void forget() {
        calls_.clear();
        operations_.clear();
    }

    /// Addresses of no memory.
    std::unique_ptr<EngineBuffer> allocate(std::size_t doubles) override;
    std::unique_ptr<IndexList> indices(std::vector<std::uint32_t> values) override;
    void upload(std::span<const double> from, double* to) override;
    /// Zero but for what was filled, and the rows that Cholesky factorisations did: all of them. By
    /// these values every trial stays on the ladder's first rung.
    void download(const double* from, std::span<double> to) override;
    void fill(BatchMatrix out, double value) override;
    void copy(BatchMatrix from, BatchMatrix to) override;
    void scale_rows(BatchMatrix from, const double* scale, BatchMatrix to) override;
    void draw(const Stream& stream, std::span<const std::uint64_t> trials, std::size_t first_row,
              const double* scale, BatchMatrix out) override;
    void draw_triangular(std::uint64_t key, std::uint8_t stage,
                         std::span<const std::uint64_t> trials, std::uint64_t samples,
                         BatchMatrix out) override;

    bool prefers_adjacent_labels() const override { return true; }
    void gram(BatchMatrix a, BatchMatrix g) override;
    void gram_and_project(BatchMatrix a, BatchMatrix g, BatchMatrix b, const IndexList& rows,
                          BatchMatrix c) override;
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

    void eigen(BatchMatrix g, BatchMatrix values) override;
    void rectify(BatchMatrix a) override;
    void gather(BatchMatrix from, BatchMatrix order, bool rows, BatchMatrix to) override;
    void predict(const DescentLink& link, BatchMatrix outputs, BatchMatrix predictions) override;
    void descend(DescentSpace space, BatchMatrix samples, std::span<const DescentLoss> losses,
                 BatchMatrix rate, double momentum, BatchMatrix outputs, BatchMatrix velocity,
                 BatchMatrix iterates) override;

private:
    /// One launch of an own kernel on so many doubles.
    void launch(double doubles_read, double doubles_written);
    void draw_normals(BatchMatrix out, std::size_t count, double per_pair, bool scaled);
    /// c = a b or c += a b by a library, a: c.rows×inner, b: inner×c.cols.
    void product(BatchMatrix a, BatchMatrix b, std::size_t inner, BatchMatrix c, bool adds = false);
    void multiply_gram(BatchMatrix ba, std::size_t before, BatchMatrix cg);
    void triangular_solve(BatchMatrix l, BatchMatrix c);
    /// A library call for each of so many trials.
    void call_for_each(std::size_t trials, double flops, double doubles_read,
                       double doubles_written);
    void factor_columns(std::size_t rows, std::size_t cols, std::size_t count);

    /// Calls body(number) for parts of a batch whose scratch stays within bounds.
    template <class Body>
    void for_parts(std::size_t count, std::size_t doubles_per_trial, Body body) {
        const std::size_t fits = scratch_doubles_ / std::max<std::size_t>(doubles_per_trial, 1);
        const std::size_t most = std::clamp<std::size_t>(fits, 1, std::max<std::size_t>(count, 1));
        for (std::size_t first = 0; first < count; first += most)
            body(std::min(most, count - first));
    }

    std::size_t scratch_doubles_;
    std::size_t allocated_ = 1;
    std::vector<DeviceCall> calls_;
    std::vector<std::string_view> operations_;
    std::map<const double*, std::pair<BatchMatrix, double>> known_;  ///< what download finds
};

}  // namespace cucurbit
