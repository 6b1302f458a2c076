#include "kernels/cost/engine.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/common/block_columns.hpp"

namespace cucurbit {
namespace {

/// What a card reads at least: a lone double of a diagonal costs as much as four.
constexpr std::size_t doubles_per_sector = 4;

class NoMemory final : public EngineBuffer {
public:
    NoMemory() { data_ = &never_touched_; }

private:
    double never_touched_ = 0.0;
};

double bytes(const BatchMatrix& m) {
    const std::size_t copies = m.stride == 0 ? 1 : m.count;
    return static_cast<double>(m.rows * m.cols * copies * sizeof(double));
}

double number(std::size_t value) {
    return static_cast<double>(value);
}

/// A vector of the batch with one entry in each row of m.
BatchMatrix column_of(BatchMatrix m, std::size_t rows) {
    m.rows = rows;
    m.cols = 1;
    return m;
}

BatchMatrix diagonal_of(const BatchMatrix& m) {
    return column_of(m, m.rows * doubles_per_sector);
}

/// Shared by all trials.
BatchMatrix constant(std::size_t rows) {
    return {nullptr, rows, 1, rows, 0, 1};
}

}  // namespace

void CostEngine::kernel(std::initializer_list<BatchMatrix> read,
                        std::initializer_list<BatchMatrix> written) {
    ++cost_.launches;
    for (const BatchMatrix& m : read) cost_.bytes_read += bytes(m);
    for (const BatchMatrix& m : written) cost_.bytes_written += bytes(m);
}

void CostEngine::library(double flops_per_trial, std::initializer_list<BatchMatrix> read,
                         std::initializer_list<BatchMatrix> written) {
    kernel(read, written);
    --cost_.launches;
    ++cost_.library_calls;
    cost_.flops += flops_per_trial * number(written.begin()->count);
}

void CostEngine::product(std::size_t terms, BatchMatrix a, BatchMatrix b, BatchMatrix c,
                         bool adds) {
    library(2.0 * number(c.rows * c.cols) * number(terms), {a, b}, {c});
    if (adds) cost_.bytes_read += bytes(c);
}

void CostEngine::solve(BatchMatrix l, BatchMatrix c) {
    library(number(l.rows) * number(l.rows) * number(c.cols), {l, c}, {c});
}

void CostEngine::one_by_one(double flops_per_trial, BatchMatrix changed) {
    library(flops_per_trial, {changed}, {changed});
    cost_.library_calls += changed.count - 1;
}

std::unique_ptr<EngineBuffer> CostEngine::allocate(std::size_t) {
    return std::make_unique<NoMemory>();
}

std::unique_ptr<IndexList> CostEngine::indices(std::vector<std::uint32_t> values) {
    return std::make_unique<IndexList>(std::move(values));
}

void CostEngine::upload(std::span<const double> from, double*) {
    cost_.bytes_copied += number(from.size_bytes());
}

void CostEngine::download(const double*, std::span<double> to) {
    cost_.bytes_copied += number(to.size_bytes());
    std::fill(to.begin(), to.end(), reading_);
}

void CostEngine::fill(BatchMatrix out, double) {
    kernel({}, {out});
}

void CostEngine::copy(BatchMatrix from, BatchMatrix to) {
    kernel({from}, {to});
}

void CostEngine::scale_rows(BatchMatrix from, const double*, BatchMatrix to) {
    kernel({from, constant(from.rows)}, {to});
}

void CostEngine::draw(const Stream&, std::span<const std::uint64_t> trials, std::size_t,
                      const double* scale, BatchMatrix out) {
    const BatchMatrix drawn = out.trials(trials.size());
    kernel({constant(trials.size() + (scale == nullptr ? 0 : out.rows))}, {drawn});
    cost_.normals += number(out.rows * out.cols * trials.size());
    if (std::equal(trials.begin(), trials.end(), known_trials_.begin(), known_trials_.end()))
        return;
    known_trials_.assign(trials.begin(), trials.end());
    cost_.bytes_copied += number(trials.size_bytes());
}

void CostEngine::gram(BatchMatrix a, BatchMatrix g) {
    for_block_columns(a.cols, [&](std::size_t j, std::size_t columns) {
        const BatchMatrix right = a.block(0, a.rows, j, a.cols - j);
        product(a.rows, right, constant(0), g.block(j, a.cols - j, j, columns));
    });
}

void CostEngine::add_outer(BatchMatrix a, BatchMatrix g) {
    for_block_columns(a.rows, [&](std::size_t j, std::size_t columns) {
        const BatchMatrix below = a.block(j, a.rows - j, 0, a.cols);
        product(a.cols, below, constant(0), g.block(j, a.rows - j, j, columns), true);
    });
}

void CostEngine::diagonal(BatchMatrix g, BatchMatrix diagonal) {
    kernel({diagonal_of(g)}, {diagonal});
}

void CostEngine::cholesky(BatchMatrix g, BatchMatrix rows_done) {
    library(std::pow(number(g.rows), 3.0) / 3.0, {g}, {g});
    kernel({diagonal_of(g)}, {rows_done});
}

void CostEngine::invert_lower(BatchMatrix l) {
    const std::size_t n = l.rows;
    kernel({}, {l});
    for_block_columns(n, [&](std::size_t j, std::size_t columns) {
        solve(l.block(j, n - j, j, n - j), l.block(j, n - j, j, columns));
    });
    kernel({l}, {l});
}

void CostEngine::multiply(BatchMatrix a, bool transpose_a, BatchMatrix b, BatchMatrix out) {
    product(transpose_a ? a.rows : a.cols, a, b, out);
}

void CostEngine::transpose(BatchMatrix a, BatchMatrix out) {
    kernel({a}, {out});
}

void CostEngine::multiply_by_transposed_lower(BatchMatrix r, BatchMatrix a) {
    for_block_columns(a.cols, [&](std::size_t j, std::size_t columns) {
        product(j + columns, a.leading(a.rows, j + columns), r.block(j, columns, 0, j + columns),
                a.block(0, a.rows, j, columns));
    });
    kernel({a}, {a});
}

void CostEngine::multiply_by_lower(BatchMatrix r, BatchMatrix a) {
    for_block_columns(a.rows, [&](std::size_t i, std::size_t rows) {
        product(i + rows, r.block(i, rows, 0, i + rows), a.leading(i + rows, a.cols),
                a.block(i, rows, 0, a.cols));
    });
    kernel({a}, {a});
}

void CostEngine::orthogonal_columns(BatchMatrix a, BatchMatrix l) {
    const double m = number(a.rows), n = number(a.cols);
    const double factor = 2.0 * n * n * (m - n / 3.0);
    one_by_one(factor, a);
    kernel({l}, {l});
    one_by_one(factor, a);
    kernel({a}, {a});
}

void CostEngine::lower_factor(BatchMatrix a, BatchMatrix l) {
    const double longer = number(std::max(a.rows, a.cols));
    const double shorter = number(std::min(a.rows, a.cols));
    kernel({a}, {a});
    one_by_one(2.0 * shorter * shorter * (longer - shorter / 3.0), a);
    kernel({l}, {l});
}

void CostEngine::truncate(BatchMatrix q, BatchMatrix l, double, BatchMatrix rank) {
    kernel({l}, {constant(l.count)});
    one_by_one(21.0 * std::pow(number(l.rows), 3.0), l);
    product(l.rows, q, l, q);
    kernel({column_of(l, l.rows)}, {rank});
    kernel({q}, {q});
    kernel({l}, {l});
}

void CostEngine::project(BatchMatrix a, BatchMatrix b, const IndexList& rows, BatchMatrix c) {
    const std::size_t columns = rows.host().size();
    product(a.rows, a, b.leading(b.rows, columns), c.leading(c.rows, columns));
}

void CostEngine::solve_lower(BatchMatrix l, const IndexList& rows, BatchMatrix c) {
    solve(l, c.leading(c.rows, rows.host().size()));
}

void CostEngine::solve_lower_transposed(BatchMatrix l, const IndexList& rows, BatchMatrix c) {
    solve(l, c.leading(c.rows, rows.host().size()));
}

void CostEngine::add_to_columns(BatchMatrix column, double, BatchMatrix c) {
    kernel({column, c}, {c});
}

void CostEngine::spread(BatchMatrix c, const IndexList&, const IndexList&, BatchMatrix w) {
    kernel({c}, {w});
}

void CostEngine::combine(BatchMatrix a, BatchMatrix w, const IndexList& rows, BatchMatrix e) {
    const std::size_t columns = rows.host().size();
    product(a.cols, a, w.leading(w.rows, columns), e.leading(e.rows, columns));
}

void CostEngine::subtract(const double*, const IndexList&, BatchMatrix e) {
    kernel({e, constant(e.rows)}, {e});
}

void CostEngine::products(BatchMatrix e, const double*, const IndexList& left, const IndexList&,
                          BatchMatrix out) {
    kernel({e, constant(e.rows)}, {column_of(out, left.host().size())});
}

void CostEngine::weighted_norm(BatchMatrix a, const double*, BatchMatrix out) {
    kernel({a, constant(a.rows)}, {column_of(out, 1)});
}

void CostEngine::row_norms(BatchMatrix r, BatchMatrix out) {
    kernel({r}, {column_of(out, r.rows)});
}

void CostEngine::gains(BatchMatrix r, bool triangular, BatchMatrix s, BatchMatrix out) {
    const std::size_t n = s.rows;
    for_block_columns(n, [&](std::size_t j, std::size_t columns) {
        const std::size_t terms = triangular ? j + columns : r.cols;
        product(terms, r.block(j, n - j, 0, terms), constant(0), s.block(j, n - j, j, columns));
    });
    kernel({s, s}, {column_of(out, n)});
}

void CostEngine::prefix_sums(BatchMatrix v, int, const IndexList& ends, BatchMatrix out) {
    kernel({column_of(v, ends.host().empty() ? 0 : ends.host().back())},
           {column_of(out, ends.host().size())});
}

void CostEngine::draw_triangular(std::uint64_t key, std::uint8_t stage,
                                 std::span<const std::uint64_t> trials, std::uint64_t,
                                 BatchMatrix out) {
    draw({key, stage, Purpose::samples}, trials, 0, nullptr, out);
    kernel({}, {out.trials(trials.size())});
}

}  // namespace cucurbit
