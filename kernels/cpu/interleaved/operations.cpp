#include "kernels/cpu/interleaved/operations.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

#include "kernels/cpu/random/draw.hpp"

namespace cucurbit {
namespace {

static_assert(interleaved_lanes == interleaved_trials);

constexpr std::size_t lanes = interleaved_lanes;

std::size_t groups(std::size_t trials) {
    return (trials + lanes - 1) / lanes;
}

double* element(const BatchMatrix& m, std::size_t group, std::size_t i, std::size_t j) {
    return m.data + (group * m.stride + i + j * m.ld) * lanes;
}

/// The trials of a group of lanes; the last trial fills a group that is not full.
std::array<std::uint64_t, lanes> trials_of_group(std::span<const std::uint64_t> trials,
                                                 std::size_t group) {
    std::array<std::uint64_t, lanes> members;
    for (std::size_t i = 0; i < lanes; ++i)
        members[i] = trials[std::min(group * lanes + i, trials.size() - 1)];
    return members;
}

InterleavedKernels::List list(const IndexList& indices) {
    return {indices.host().data(), indices.host().size()};
}

}  // namespace

template <class Body>
void InterleavedOperations::for_parts(std::size_t count, Body body) const {
    for (std::size_t g = 0; g < groups(count); ++g)
        for (std::size_t part = 0; part < lanes; part += kernels_.lanes)
            body([g, part](const BatchMatrix& m) {
                double* data = m.lanes == 1 ? m.data : element(m, g, 0, 0) + part;
                return InterleavedKernels::Panel{data, m.rows, m.cols, m.ld};
            });
}

void InterleavedOperations::fill(BatchMatrix out, double value) const {
    for (std::size_t g = 0; g < groups(out.count); ++g)
        for (std::size_t j = 0; j < out.cols; ++j)
            std::fill_n(element(out, g, 0, j), out.rows * lanes, value);
}

void InterleavedOperations::copy(BatchMatrix from, BatchMatrix to) const {
    for (std::size_t g = 0; g < groups(to.count); ++g)
        for (std::size_t j = 0; j < to.cols; ++j) {
            double* target = element(to, g, 0, j);
            if (from.lanes > 1) {
                std::copy_n(element(from, g, 0, j), to.rows * lanes, target);
                continue;
            }
            for (std::size_t i = 0; i < to.rows; ++i)
                std::fill_n(target + i * lanes, lanes, from.data[i + j * from.ld]);
        }
}

void InterleavedOperations::draw(const Stream& stream, std::span<const std::uint64_t> trials,
                                 std::size_t first_row, const double* scale,
                                 BatchMatrix out) const {
    // Columns that follow each other without a gap are drawn at once.
    const std::size_t width = out.ld == out.rows ? out.cols : 1;
    for (std::size_t g = 0; g < groups(trials.size()); ++g) {
        const auto group = trials_of_group(trials, g);
        for (std::size_t j = 0; j < out.cols; j += width)
            draw_block_interleaved(stream, group.data(), first_row + j, width, out.rows, scale,
                                   element(out, g, 0, j));
    }
}

void InterleavedOperations::draw_triangular(std::uint64_t key, std::uint8_t stage,
                                            std::span<const std::uint64_t> trials,
                                            std::uint64_t samples, BatchMatrix out) const {
    for (std::size_t g = 0; g < groups(trials.size()); ++g)
        draw_triangular_interleaved(key, stage, trials_of_group(trials, g).data(), samples,
                                    out.rows, out.cols, element(out, g, 0, 0), out.ld);
}

void InterleavedOperations::diagonal(BatchMatrix g, BatchMatrix diagonal) const {
    for (std::size_t group = 0; group < groups(g.count); ++group)
        for (std::size_t i = 0; i < g.rows; ++i)
            std::copy_n(element(g, group, i, i), lanes, element(diagonal, group, i, 0));
}

void InterleavedOperations::transpose(BatchMatrix a, BatchMatrix out) const {
    for (std::size_t g = 0; g < groups(out.count); ++g)
        for (std::size_t j = 0; j < out.cols; ++j)
            for (std::size_t i = 0; i < out.rows; ++i)
                std::copy_n(element(a, g, j, i), lanes, element(out, g, i, j));
}

void InterleavedOperations::add_to_columns(BatchMatrix column, double factor, BatchMatrix c) const {
    for (std::size_t g = 0; g < groups(c.count); ++g)
        for (std::size_t j = 0; j < c.cols; ++j) {
            const double* from = element(column, g, 0, 0);
            double* to = element(c, g, 0, j);
            for (std::size_t i = 0; i < c.rows * lanes; ++i) to[i] += factor * from[i];
        }
}

void InterleavedOperations::spread(BatchMatrix c, const IndexList& source, const IndexList& rows,
                                   BatchMatrix w) const {
    for (std::size_t g = 0; g < groups(w.count); ++g)
        for (std::size_t j = 0; j < w.cols; ++j) {
            const std::size_t kept = rows.host()[j];
            std::copy_n(element(c, g, 0, source.host()[j]), kept * lanes, element(w, g, 0, j));
            std::fill_n(element(w, g, kept, j), (w.rows - kept) * lanes, 0.0);
        }
}

void InterleavedOperations::scale_rows(BatchMatrix from, const double* scale,
                                       BatchMatrix to) const {
    for_parts(to.count, [&](auto panel) { kernels_.scale_rows(panel(from), scale, panel(to)); });
}

void InterleavedOperations::gram(BatchMatrix a, BatchMatrix g) const {
    for_parts(g.count, [&](auto panel) { kernels_.gram(panel(a), panel(g)); });
}

void InterleavedOperations::add_outer(BatchMatrix a, BatchMatrix g) const {
    for_parts(g.count, [&](auto panel) { kernels_.add_outer(panel(a), panel(g)); });
}

void InterleavedOperations::cholesky(BatchMatrix g, BatchMatrix rows_done) const {
    for_parts(g.count, [&](auto panel) { kernels_.cholesky(panel(g), panel(rows_done).data); });
    for (std::size_t group = 0; group < groups(g.count); ++group)
        for (std::size_t i = 1; i < rows_done.rows; ++i)
            std::copy_n(element(rows_done, group, 0, 0), lanes, element(rows_done, group, i, 0));
}

void InterleavedOperations::invert_lower(BatchMatrix l) const {
    for_parts(l.count, [&](auto panel) { kernels_.invert_lower(panel(l)); });
}

void InterleavedOperations::multiply(BatchMatrix a, bool transpose_a, BatchMatrix b,
                                     BatchMatrix out) const {
    if (a.lanes != out.lanes || b.lanes != out.lanes)
        throw std::logic_error("an interleaved product of a matrix that trials share");
    for_parts(out.count,
              [&](auto panel) { kernels_.multiply(panel(a), transpose_a, panel(b), panel(out)); });
}

void InterleavedOperations::multiply_by_transposed_lower(BatchMatrix r, BatchMatrix a) const {
    for_parts(a.count,
              [&](auto panel) { kernels_.multiply_by_transposed_lower(panel(r), panel(a)); });
}

void InterleavedOperations::multiply_by_lower(BatchMatrix r, BatchMatrix a) const {
    for_parts(a.count, [&](auto panel) { kernels_.multiply_by_lower(panel(r), panel(a)); });
}

void InterleavedOperations::project(BatchMatrix a, BatchMatrix b, const IndexList& rows,
                                    BatchMatrix c) const {
    for_parts(c.count, [&](auto panel) {
        kernels_.project(panel(a), panel(b), b.lanes == 1, list(rows), panel(c));
    });
}

void InterleavedOperations::solve_lower(BatchMatrix l, const IndexList& rows, BatchMatrix c) const {
    for_parts(c.count, [&](auto panel) { kernels_.solve_lower(panel(l), list(rows), panel(c)); });
}

void InterleavedOperations::solve_lower_transposed(BatchMatrix l, const IndexList& rows,
                                                   BatchMatrix c) const {
    for_parts(c.count,
              [&](auto panel) { kernels_.solve_lower_transposed(panel(l), list(rows), panel(c)); });
}

void InterleavedOperations::combine(BatchMatrix a, BatchMatrix w, const IndexList& rows,
                                    BatchMatrix e) const {
    for_parts(e.count,
              [&](auto panel) { kernels_.combine(panel(a), panel(w), list(rows), panel(e)); });
}

void InterleavedOperations::subtract(const double* reference, const IndexList& subtracted,
                                     BatchMatrix e) const {
    for_parts(e.count,
              [&](auto panel) { kernels_.subtract(reference, list(subtracted), panel(e)); });
}

void InterleavedOperations::products(BatchMatrix e, const double* weights, const IndexList& left,
                                     const IndexList& right, BatchMatrix out) const {
    for_parts(out.count, [&](auto panel) {
        kernels_.products(panel(e), weights, list(left), list(right), panel(out));
    });
}

void InterleavedOperations::weighted_norm(BatchMatrix a, const double* weights,
                                          BatchMatrix out) const {
    for_parts(out.count,
              [&](auto panel) { kernels_.weighted_norm(panel(a), weights, panel(out).data); });
}

void InterleavedOperations::row_norms(BatchMatrix r, BatchMatrix out) const {
    for_parts(out.count, [&](auto panel) { kernels_.row_norms(panel(r), panel(out)); });
}

void InterleavedOperations::gains(BatchMatrix r, bool triangular, BatchMatrix s,
                                  BatchMatrix out) const {
    for_parts(out.count,
              [&](auto panel) { kernels_.gains(panel(r), triangular, panel(s), panel(out)); });
}

void InterleavedOperations::prefix_sums(BatchMatrix v, int power, const IndexList& ends,
                                        BatchMatrix out) const {
    for_parts(out.count,
              [&](auto panel) { kernels_.prefix_sums(panel(v), power, list(ends), panel(out)); });
}

}  // namespace cucurbit
