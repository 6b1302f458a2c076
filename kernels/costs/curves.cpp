// Fits, errors and noise gains along a learning curve, counted as kernels/cuda/curves.cpp does
// them.

#include <algorithm>
#include <numeric>
#include <set>

#include "kernels/common/division.hpp"
#include "kernels/costs/blocks.hpp"
#include "kernels/costs/counting_engine.hpp"

namespace cucurbit {

using costs::doubles;
using costs::with_columns;

namespace {

/// Doubles of the distinct columns of a batch that lists name.
double columns_named(const BatchMatrix& m, std::initializer_list<const IndexList*> lists) {
    std::set<std::uint32_t> columns;
    for (const IndexList* list : lists) columns.insert(list->host().begin(), list->host().end());
    return doubles(m.leading(m.rows, columns.size()));
}

}  // namespace

void CountingEngine::project(BatchMatrix a, BatchMatrix b, const IndexList& rows, BatchMatrix c) {
    operations_.emplace_back(__func__);
    product(a, with_columns(b, rows), a.rows, with_columns(c, rows));
}

void CountingEngine::solve_lower(BatchMatrix l, const IndexList& rows, BatchMatrix c) {
    operations_.emplace_back(__func__);
    triangular_solve(l, with_columns(c, rows));
}

void CountingEngine::solve_lower_transposed(BatchMatrix l, const IndexList& rows, BatchMatrix c) {
    operations_.emplace_back(__func__);
    triangular_solve(l, with_columns(c, rows));
}

void CountingEngine::add_to_columns(BatchMatrix column, double, BatchMatrix c) {
    operations_.emplace_back(__func__);
    if (doubles(c) > 0.0) launch(doubles(column) + doubles(c), doubles(c));
}

void CountingEngine::spread(BatchMatrix c, const IndexList& source, const IndexList& rows,
                            BatchMatrix w) {
    operations_.emplace_back(__func__);
    const auto lengths = rows.host();
    const auto copied = static_cast<double>(
        std::accumulate(lengths.begin(), lengths.end(), std::uint64_t{0}) * c.count);
    launch(std::min(copied, columns_named(c, {&source})), doubles(w));
}

void CountingEngine::combine(BatchMatrix a, BatchMatrix w, const IndexList& rows, BatchMatrix e) {
    operations_.emplace_back(__func__);
    product(a, with_columns(w, rows), a.cols, with_columns(e, rows));
}

void CountingEngine::subtract(const double*, const IndexList& subtracted, BatchMatrix e) {
    operations_.emplace_back(__func__);
    const auto flags = subtracted.host();
    const auto columns = static_cast<std::size_t>(
        std::count_if(flags.begin(), flags.end(), [](std::uint32_t flag) { return flag != 0; }));
    const double changed = doubles(e.leading(e.rows, columns));
    launch(changed + static_cast<double>(e.rows), changed);
}

void CountingEngine::products(BatchMatrix e, const double*, const IndexList& left,
                              const IndexList& right, BatchMatrix out) {
    operations_.emplace_back(__func__);
    launch(columns_named(e, {&left, &right}) + static_cast<double>(e.rows), doubles(out));
}

void CountingEngine::weighted_norm(BatchMatrix a, const double*, BatchMatrix out) {
    operations_.emplace_back(__func__);
    launch(doubles(a) + static_cast<double>(a.rows), doubles(out));
}

void CountingEngine::row_norms(BatchMatrix r, BatchMatrix out) {
    operations_.emplace_back(__func__);
    launch(doubles(r), doubles(out.leading(r.rows, 1)));
}

void CountingEngine::gains(BatchMatrix r, bool triangular, BatchMatrix s, BatchMatrix out) {
    operations_.emplace_back(__func__);
    const std::size_t n = s.rows;
    for_parts(out.count, n * n, [&](std::size_t count) {
        division::for_block_columns(n, [&](std::size_t j, std::size_t columns) {
            const std::size_t inner = triangular ? j + columns : r.cols;
            const BatchMatrix rows = r.block(j, n - j, 0, inner).trials(count);
            product(rows, rows.leading(columns, inner), inner,
                    s.block(j, n - j, j, columns).trials(count));
        });
        launch(2.0 * costs::triangle_doubles(n, count), static_cast<double>(n * count));
    });
}

void CountingEngine::prefix_sums(BatchMatrix v, int, const IndexList& ends, BatchMatrix out) {
    operations_.emplace_back(__func__);
    const auto last = ends.host().empty() ? 0U : ends.host().back();
    launch(static_cast<double>(last * v.count), doubles(out));
}

}  // namespace cucurbit
