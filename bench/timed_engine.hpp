#pragma once
// An engine that computes nothing and knows the processor time spent in it, so that what is left of
// a batch's time is the host's own part.

#include <array>
#include <ctime>
#include <map>
#include <utility>

#include "kernels/costs/counting_engine.hpp"

namespace cucurbit {

/// Processor time of the calling thread, in seconds.
inline double thread_seconds() {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

/// Forwards every operation to a CountingEngine. Where that gives zeros, downloads give numbers in
/// (−1, 1), and eigenvalues ascend: the host's branches and sorts then meet what they would meet.
class TimedEngine final : public Engine {
public:
    explicit TimedEngine(std::size_t scratch_bytes) : counting_(scratch_bytes) {
        std::uint64_t state = 1;  // Knuth's linear congruential generator
        for (double& number : numbers_) {
            state = state * 6364136223846793005U + 1442695040888963407U;
            number = static_cast<double>(state >> 11) * 0x1p-52 - 1.0;
        }
    }

    /// Processor time inside the engine, and doubles downloaded, since the last forget().
    double seconds() const { return seconds_; }
    std::size_t downloaded() const { return downloaded_; }
    void forget() {
        counting_.forget();
        seconds_ = 0.0;
        downloaded_ = 0;
    }

    std::size_t preferred_lanes(std::size_t bytes_per_matrix) const override {
        return counting_.preferred_lanes(bytes_per_matrix);
    }
    bool prefers_adjacent_labels() const override { return counting_.prefers_adjacent_labels(); }
    std::unique_ptr<EngineBuffer> allocate(std::size_t doubles) override {
        return counting_.allocate(doubles);
    }
    std::unique_ptr<IndexList> indices(std::vector<std::uint32_t> values) override {
        return counting_.indices(std::move(values));
    }
    void upload(std::span<const double> from, double* to) override {
        timed([&] { counting_.upload(from, to); });
    }
    void download(const double* from, std::span<double> to) override {
        downloaded_ += to.size();
        timed([&] {
            counting_.download(from, to);
            const auto rows = eigenvalues_.find(from);
            for (std::size_t i = 0; i < to.size(); ++i)
                if (rows != eigenvalues_.end())
                    to[i] = static_cast<double>(i % rows->second + 1);
                else if (to[i] == 0.0)
                    to[i] = numbers_[i % numbers_.size()];
        });
    }
    void fill(BatchMatrix out, double value) override {
        timed([&] { counting_.fill(out, value); });
    }
    void copy(BatchMatrix from, BatchMatrix to) override {
        timed([&] { counting_.copy(from, to); });
    }
    void scale_rows(BatchMatrix from, const double* scale, BatchMatrix to) override {
        timed([&] { counting_.scale_rows(from, scale, to); });
    }
    void draw(const Stream& stream, std::span<const std::uint64_t> trials, std::size_t first_row,
              const double* scale, BatchMatrix out) override {
        timed([&] { counting_.draw(stream, trials, first_row, scale, out); });
    }
    void gram(BatchMatrix a, BatchMatrix g) override {
        timed([&] { counting_.gram(a, g); });
    }
    void add_outer(BatchMatrix a, BatchMatrix g) override {
        timed([&] { counting_.add_outer(a, g); });
    }
    void diagonal(BatchMatrix g, BatchMatrix diagonal) override {
        timed([&] { counting_.diagonal(g, diagonal); });
    }
    void cholesky(BatchMatrix g, BatchMatrix rows_done) override {
        timed([&] { counting_.cholesky(g, rows_done); });
    }
    void invert_lower(BatchMatrix l) override {
        timed([&] { counting_.invert_lower(l); });
    }
    void multiply(BatchMatrix a, bool transpose_a, BatchMatrix b, BatchMatrix out) override {
        timed([&] { counting_.multiply(a, transpose_a, b, out); });
    }
    void transpose(BatchMatrix a, BatchMatrix out) override {
        timed([&] { counting_.transpose(a, out); });
    }
    void multiply_by_transposed_lower(BatchMatrix r, BatchMatrix a) override {
        timed([&] { counting_.multiply_by_transposed_lower(r, a); });
    }
    void multiply_by_lower(BatchMatrix r, BatchMatrix a) override {
        timed([&] { counting_.multiply_by_lower(r, a); });
    }
    void orthogonal_columns(BatchMatrix a, BatchMatrix l) override {
        timed([&] { counting_.orthogonal_columns(a, l); });
    }
    void lower_factor(BatchMatrix a, BatchMatrix l) override {
        timed([&] { counting_.lower_factor(a, l); });
    }
    void truncate(BatchMatrix q, BatchMatrix l, double cut_off, BatchMatrix rank) override {
        timed([&] { counting_.truncate(q, l, cut_off, rank); });
    }
    void project(BatchMatrix a, BatchMatrix b, const IndexList& rows, BatchMatrix c) override {
        timed([&] { counting_.project(a, b, rows, c); });
    }
    void gram_and_project(BatchMatrix a, BatchMatrix g, BatchMatrix b, const IndexList& rows,
                          BatchMatrix c) override {
        timed([&] { counting_.gram_and_project(a, g, b, rows, c); });
    }
    void solve_lower(BatchMatrix l, const IndexList& rows, BatchMatrix c) override {
        timed([&] { counting_.solve_lower(l, rows, c); });
    }
    void solve_lower_transposed(BatchMatrix l, const IndexList& rows, BatchMatrix c) override {
        timed([&] { counting_.solve_lower_transposed(l, rows, c); });
    }
    void apply(Entrywise function, BatchMatrix a) override {
        timed([&] { counting_.apply(function, a); });
    }
    void add_to_columns(BatchMatrix column, double factor, BatchMatrix c) override {
        timed([&] { counting_.add_to_columns(column, factor, c); });
    }
    void spread(BatchMatrix c, const IndexList& source, const IndexList& rows,
                BatchMatrix w) override {
        timed([&] { counting_.spread(c, source, rows, w); });
    }
    void combine(BatchMatrix a, BatchMatrix w, const IndexList& rows, BatchMatrix e) override {
        timed([&] { counting_.combine(a, w, rows, e); });
    }
    void subtract(const double* reference, const IndexList& subtracted, BatchMatrix e) override {
        timed([&] { counting_.subtract(reference, subtracted, e); });
    }
    void products(BatchMatrix e, const double* weights, const IndexList& left,
                  const IndexList& right, BatchMatrix out) override {
        timed([&] { counting_.products(e, weights, left, right, out); });
    }
    void weighted_norm(BatchMatrix a, const double* weights, BatchMatrix out) override {
        timed([&] { counting_.weighted_norm(a, weights, out); });
    }
    void row_norms(BatchMatrix r, BatchMatrix out) override {
        timed([&] { counting_.row_norms(r, out); });
    }
    void gains(BatchMatrix r, bool triangular, BatchMatrix s, BatchMatrix out) override {
        timed([&] { counting_.gains(r, triangular, s, out); });
    }
    void prefix_sums(BatchMatrix v, int power, const IndexList& ends, BatchMatrix out) override {
        timed([&] { counting_.prefix_sums(v, power, ends, out); });
    }
    void draw_triangular(std::uint64_t key, std::uint8_t stage,
                         std::span<const std::uint64_t> trials, std::uint64_t samples,
                         BatchMatrix out) override {
        timed([&] { counting_.draw_triangular(key, stage, trials, samples, out); });
    }
    void eigen(BatchMatrix g, BatchMatrix values) override {
        eigenvalues_[values.data] = values.rows;
        timed([&] { counting_.eigen(g, values); });
    }
    void flow(BatchMatrix values, double rate, BatchMatrix c) override {
        timed([&] { counting_.flow(values, rate, c); });
    }
    void gather(BatchMatrix from, BatchMatrix order, bool rows, BatchMatrix to) override {
        timed([&] { counting_.gather(from, order, rows, to); });
    }
    void predict(const DescentLink& link, BatchMatrix outputs, BatchMatrix predictions) override {
        timed([&] { counting_.predict(link, outputs, predictions); });
    }
    void score(std::size_t classes, BatchMatrix outputs, BatchMatrix labels, const IndexList& of,
               BatchMatrix sums) override {
        timed([&] { counting_.score(classes, outputs, labels, of, sums); });
    }
    void margins(std::size_t classes, BatchMatrix outputs, const IndexList& of,
                 BatchMatrix margins) override {
        timed([&] { counting_.margins(classes, outputs, of, margins); });
    }
    void order_rows(BatchMatrix values, BatchMatrix order) override {
        timed([&] { counting_.order_rows(values, order); });
    }
    void compare_margins(BatchMatrix margins, BatchMatrix order, const IndexList& students,
                         const IndexList& teachers, std::size_t bins, BatchMatrix out) override {
        timed([&] { counting_.compare_margins(margins, order, students, teachers, bins, out); });
    }
    void multiply_columns(BatchMatrix a, const IndexList& left, BatchMatrix b,
                          const IndexList& right, bool adds, BatchMatrix out) override {
        timed([&] { counting_.multiply_columns(a, left, b, right, adds, out); });
    }
    void descend(DescentSpace space, BatchMatrix samples, std::span<const DescentLoss> losses,
                 BatchMatrix rate, double momentum, BatchMatrix outputs, BatchMatrix velocity,
                 BatchMatrix iterates) override {
        timed([&] {
            counting_.descend(space, samples, losses, rate, momentum, outputs, velocity, iterates);
        });
    }

private:
    template <class Operation>
    void timed(Operation operation) {
        const double start = thread_seconds();
        operation();
        seconds_ += thread_seconds() - start;
    }

    CountingEngine counting_;
    std::array<double, 4099> numbers_{};                // a prime: no two columns are the same
    std::map<const double*, std::size_t> eigenvalues_;  ///< their number
    double seconds_ = 0.0;
    std::size_t downloaded_ = 0;
};

}  // namespace cucurbit
