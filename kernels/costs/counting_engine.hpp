#pragma once
// An Engine that computes nothing: it counts what the parts of each operation (kernels/card/) ask
// of a card. So a design's cost comes from the very code that runs it, for every setting, without a
// card. tests/cuda compares the counts with what the CUDA engine does.

#include <cstdint>
#include <map>
#include <string_view>
#include <vector>

#include "kernels/card/engine.hpp"

namespace cucurbit {

/// One kernel launch or library call, or so many alike. Bytes: each operand once, however often the
/// call reads it.
struct DeviceCall {
    double product_flops = 0.0;  ///< of matrix products, which tensor cores can do
    double solver_flops = 0.0;   ///< of other linear algebra, by formula
    double draw_flops = 0.0;     ///< of random numbers, never fused; integer operations not counted
    double bytes_read = 0.0;
    double bytes_written = 0.0;
    std::size_t times = 1;
    bool vendor = false;
};

/// Flops of a pair of normals from its words (kernels/common/normal.hpp); a division and a root
/// count as one.
inline constexpr double flops_per_normal_pair = 49.0;

class CountingEngine final : public CardEngine {
public:
    /// scratch_bytes: as of CardEngine.
    explicit CountingEngine(std::size_t scratch_bytes) : CardEngine(scratch_bytes) {}

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

    void diagonal(BatchMatrix g, BatchMatrix diagonal) override;
    void transpose(BatchMatrix a, BatchMatrix out) override;

    void apply(Entrywise function, BatchMatrix a) override;
    void add_to_columns(BatchMatrix column, double factor, BatchMatrix c) override;
    void spread(BatchMatrix c, const IndexList& source, const IndexList& rows,
                BatchMatrix w) override;
    void subtract(const double* reference, const IndexList& subtracted, BatchMatrix e) override;
    void products(BatchMatrix e, const double* weights, const IndexList& left,
                  const IndexList& right, BatchMatrix out) override;
    void weighted_norm(BatchMatrix a, const double* weights, BatchMatrix out) override;
    void row_norms(BatchMatrix r, BatchMatrix out) override;
    void prefix_sums(BatchMatrix v, int power, const IndexList& ends, BatchMatrix out) override;

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

private:
    void begin(const char* operation) override { operations_.emplace_back(operation); }
    void end() override {}
    /// An address of no memory.
    double* scratch(std::size_t) override;
    void product(double alpha, Factor a, Factor b, double beta, BatchMatrix c) override;
    void factor_small(BatchMatrix g, BatchMatrix rows_done) override;
    void solve_small(BatchMatrix l, bool transposed, BatchMatrix c) override;
    void factor_block(BatchMatrix g, std::size_t before, BatchMatrix inverse,
                      BatchMatrix rows_done) override;
    void invert_blocks(BatchMatrix l, BatchMatrix inverses, bool in_place) override;
    void multiply_by_block(BatchMatrix inverse, bool transposed, BatchMatrix x,
                           bool from_right) override;
    void finish_cholesky(BatchMatrix g, BatchMatrix rows_done) override;
    void clear_upper(BatchMatrix l) override;
    void factor_columns(BatchMatrix a, double* taus) override;
    void form_orthogonal(BatchMatrix a, const double* taus) override;
    void lower_from_upper(BatchMatrix a, BatchMatrix l, double* signs) override;
    void scale_columns(const double* signs, BatchMatrix a) override;
    void decompose(BatchMatrix l, const Decompositions& to) override;
    void finish_truncate(const Decompositions& of, BatchMatrix rotated, double relative_cut_off,
                         BatchMatrix q, BatchMatrix l, BatchMatrix rank) override;
    void decompose_symmetric(BatchMatrix g, BatchMatrix values,
                             std::span<double> workspace) override;
    void gain_sums(BatchMatrix t, BatchMatrix s, BatchMatrix out) override;
    void subtract_residuals(std::span<const DescentLoss> losses, BatchMatrix rate,
                            BatchMatrix outputs, double keep, BatchMatrix out) override;
    void add(BatchMatrix from, BatchMatrix to) override;

    /// One launch of an own kernel on so many doubles.
    void launch(double doubles_read, double doubles_written, double flops = 0.0);
    void draw_normals(BatchMatrix out, std::size_t count, double per_pair, bool scaled);
    /// A library call for each of so many trials.
    void call_for_each(std::size_t trials, double flops, double doubles_read,
                       double doubles_written);

    std::size_t allocated_ = 1;
    std::vector<DeviceCall> calls_;
    std::vector<std::string_view> operations_;
    std::map<const double*, std::pair<BatchMatrix, double>> known_;  ///< what download finds
};

}  // namespace cucurbit
