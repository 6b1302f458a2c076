#pragma once
// A batch costs what its calls cost, and every call of a batch treats all trials alike. So a
// simulation of one trial tells what a batch of thousands asks of an engine, without the host's
// work on thousands of results.

#include <cstddef>
#include <vector>

#include "kernels/contract.hpp"

namespace cucurbit {

/// Passes every operation on as if the batch held `trials` trials instead of one. For an engine
/// that computes nothing; simulations must be made for a batch of one.
class OneForAll final : public Engine {
public:
    /// `engine` outlives this.
    OneForAll(Engine& engine, std::size_t trials) : engine_(engine), trials_(trials) {}

    /// Doubles of one trial that came from the engine, or went to it, since the last forget().
    struct Transfers {
        std::size_t down = 0;
        std::size_t largest_down = 0;  ///< by a single call
        std::size_t largest_up = 0;
    };
    const Transfers& transfers() const { return transfers_; }
    void forget() { transfers_ = {}; }

    bool prefers_adjacent_labels() const override { return engine_.prefers_adjacent_labels(); }
    std::unique_ptr<EngineBuffer> allocate(std::size_t doubles) override;
    std::unique_ptr<IndexList> indices(std::vector<std::uint32_t> values) override;
    void upload(std::span<const double> from, double* to) override;
    void download(const double* from, std::span<double> to) override;
    void fill(BatchMatrix out, double value) override;
    void copy(BatchMatrix from, BatchMatrix to) override;
    void scale_rows(BatchMatrix from, const double* scale, BatchMatrix to) override;
    void draw(const Stream& stream, std::span<const std::uint64_t> trials, std::size_t first_row,
              const double* scale, BatchMatrix out) override;
    void draw_triangular(std::uint64_t key, std::uint8_t stage,
                         std::span<const std::uint64_t> trials, std::uint64_t samples,
                         BatchMatrix out) override;

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
    BatchMatrix all(BatchMatrix one) const { return one.trials(one.count * trials_); }
    std::vector<std::uint64_t> all(std::span<const std::uint64_t> one) const;

    Engine& engine_;
    std::size_t trials_;
    Transfers transfers_;
};

}  // namespace cucurbit
