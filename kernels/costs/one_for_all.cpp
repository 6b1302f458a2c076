#include "kernels/costs/one_for_all.hpp"

#include <algorithm>
#include <utility>

namespace cucurbit {

std::vector<std::uint64_t> OneForAll::all(std::span<const std::uint64_t> one) const {
    std::vector<std::uint64_t> trials;
    trials.reserve(one.size() * trials_);
    for (std::size_t t = 0; t < trials_; ++t) trials.insert(trials.end(), one.begin(), one.end());
    return trials;
}

std::unique_ptr<EngineBuffer> OneForAll::allocate(std::size_t doubles) {
    return engine_.allocate(doubles * trials_);
}

std::unique_ptr<IndexList> OneForAll::indices(std::vector<std::uint32_t> values) {
    return engine_.indices(std::move(values));
}

void OneForAll::upload(std::span<const double> from, double* to) {
    transfers_.largest_up = std::max(transfers_.largest_up, from.size());
    engine_.upload(from, to);
}

void OneForAll::download(const double* from, std::span<double> to) {
    transfers_.down += to.size();
    transfers_.largest_down = std::max(transfers_.largest_down, to.size());
    engine_.download(from, to);
}

void OneForAll::fill(BatchMatrix out, double value) {
    engine_.fill(all(out), value);
}

void OneForAll::copy(BatchMatrix from, BatchMatrix to) {
    engine_.copy(all(from), all(to));
}

void OneForAll::scale_rows(BatchMatrix from, const double* scale, BatchMatrix to) {
    engine_.scale_rows(all(from), scale, all(to));
}

void OneForAll::draw(const Stream& stream, std::span<const std::uint64_t> trials,
                     std::size_t first_row, const double* scale, BatchMatrix out) {
    engine_.draw(stream, all(trials), first_row, scale, all(out));
}

void OneForAll::draw_triangular(std::uint64_t key, std::uint8_t stage,
                                std::span<const std::uint64_t> trials, std::uint64_t samples,
                                BatchMatrix out) {
    engine_.draw_triangular(key, stage, all(trials), samples, all(out));
}

void OneForAll::gram(BatchMatrix a, BatchMatrix g) {
    engine_.gram(all(a), all(g));
}

void OneForAll::gram_and_project(BatchMatrix a, BatchMatrix g, BatchMatrix b, const IndexList& rows,
                                 BatchMatrix c) {
    engine_.gram_and_project(all(a), all(g), all(b), rows, all(c));
}

void OneForAll::add_outer(BatchMatrix a, BatchMatrix g) {
    engine_.add_outer(all(a), all(g));
}

void OneForAll::diagonal(BatchMatrix g, BatchMatrix diagonal) {
    engine_.diagonal(all(g), all(diagonal));
}

void OneForAll::cholesky(BatchMatrix g, BatchMatrix rows_done) {
    engine_.cholesky(all(g), all(rows_done));
}

void OneForAll::invert_lower(BatchMatrix l) {
    engine_.invert_lower(all(l));
}

void OneForAll::multiply(BatchMatrix a, bool transpose_a, BatchMatrix b, BatchMatrix out) {
    engine_.multiply(all(a), transpose_a, all(b), all(out));
}

void OneForAll::transpose(BatchMatrix a, BatchMatrix out) {
    engine_.transpose(all(a), all(out));
}

void OneForAll::multiply_by_transposed_lower(BatchMatrix r, BatchMatrix a) {
    engine_.multiply_by_transposed_lower(all(r), all(a));
}

void OneForAll::multiply_by_lower(BatchMatrix r, BatchMatrix a) {
    engine_.multiply_by_lower(all(r), all(a));
}

void OneForAll::orthogonal_columns(BatchMatrix a, BatchMatrix l) {
    engine_.orthogonal_columns(all(a), all(l));
}

void OneForAll::lower_factor(BatchMatrix a, BatchMatrix l) {
    engine_.lower_factor(all(a), all(l));
}

void OneForAll::truncate(BatchMatrix q, BatchMatrix l, double relative_cut_off, BatchMatrix rank) {
    engine_.truncate(all(q), all(l), relative_cut_off, all(rank));
}

void OneForAll::project(BatchMatrix a, BatchMatrix b, const IndexList& rows, BatchMatrix c) {
    engine_.project(all(a), all(b), rows, all(c));
}

void OneForAll::solve_lower(BatchMatrix l, const IndexList& rows, BatchMatrix c) {
    engine_.solve_lower(all(l), rows, all(c));
}

void OneForAll::solve_lower_transposed(BatchMatrix l, const IndexList& rows, BatchMatrix c) {
    engine_.solve_lower_transposed(all(l), rows, all(c));
}

void OneForAll::apply(Entrywise function, BatchMatrix a) {
    engine_.apply(function, all(a));
}

void OneForAll::add_to_columns(BatchMatrix column, double factor, BatchMatrix c) {
    engine_.add_to_columns(all(column), factor, all(c));
}

void OneForAll::spread(BatchMatrix c, const IndexList& source, const IndexList& rows,
                       BatchMatrix w) {
    engine_.spread(all(c), source, rows, all(w));
}

void OneForAll::combine(BatchMatrix a, BatchMatrix w, const IndexList& rows, BatchMatrix e) {
    engine_.combine(all(a), all(w), rows, all(e));
}

void OneForAll::subtract(const double* reference, const IndexList& subtracted, BatchMatrix e) {
    engine_.subtract(reference, subtracted, all(e));
}

void OneForAll::products(BatchMatrix e, const double* weights, const IndexList& left,
                         const IndexList& right, BatchMatrix out) {
    engine_.products(all(e), weights, left, right, all(out));
}

void OneForAll::weighted_norm(BatchMatrix a, const double* weights, BatchMatrix out) {
    engine_.weighted_norm(all(a), weights, all(out));
}

void OneForAll::row_norms(BatchMatrix r, BatchMatrix out) {
    engine_.row_norms(all(r), all(out));
}

void OneForAll::gains(BatchMatrix r, bool triangular, BatchMatrix s, BatchMatrix out) {
    engine_.gains(all(r), triangular, all(s), all(out));
}

void OneForAll::prefix_sums(BatchMatrix v, int power, const IndexList& ends, BatchMatrix out) {
    engine_.prefix_sums(all(v), power, ends, all(out));
}

void OneForAll::eigen(BatchMatrix g, BatchMatrix values) {
    engine_.eigen(all(g), all(values));
}

void OneForAll::flow(BatchMatrix values, double rate, BatchMatrix c) {
    engine_.flow(all(values), rate, all(c));
}

void OneForAll::gather(BatchMatrix from, BatchMatrix order, bool rows, BatchMatrix to) {
    engine_.gather(all(from), all(order), rows, all(to));
}

void OneForAll::predict(const DescentLink& link, BatchMatrix outputs, BatchMatrix predictions) {
    engine_.predict(link, all(outputs), all(predictions));
}

void OneForAll::score(std::size_t classes, BatchMatrix outputs, BatchMatrix labels,
                      const IndexList& of, BatchMatrix sums) {
    engine_.score(classes, all(outputs), all(labels), of, all(sums));
}

void OneForAll::margins(std::size_t classes, BatchMatrix outputs, const IndexList& of,
                        BatchMatrix margins) {
    engine_.margins(classes, all(outputs), of, all(margins));
}

void OneForAll::order_rows(BatchMatrix values, BatchMatrix order) {
    engine_.order_rows(all(values), all(order));
}

void OneForAll::compare_margins(BatchMatrix margins, BatchMatrix order, const IndexList& students,
                                const IndexList& teachers, std::size_t bins, BatchMatrix out) {
    engine_.compare_margins(all(margins), all(order), students, teachers, bins, all(out));
}

void OneForAll::multiply_columns(BatchMatrix a, const IndexList& left, BatchMatrix b,
                                 const IndexList& right, bool adds, BatchMatrix out) {
    engine_.multiply_columns(all(a), left, all(b), right, adds, all(out));
}

void OneForAll::descend(DescentSpace space, BatchMatrix samples,
                        std::span<const DescentLoss> losses, BatchMatrix rate, double momentum,
                        BatchMatrix outputs, BatchMatrix velocity, BatchMatrix iterates) {
    std::vector<DescentLoss> scaled(losses.begin(), losses.end());
    for (DescentLoss& loss : scaled) loss.targets = all(loss.targets);
    engine_.descend(space, all(samples), scaled, all(rate), momentum, all(outputs), all(velocity),
                    all(iterates));
}

}  // namespace cucurbit
