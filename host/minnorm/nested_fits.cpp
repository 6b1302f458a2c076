#include <algorithm>
#include <numeric>

#include "host/minnorm/array_fits.hpp"

namespace cucurbit {
namespace {

/// The second makes up for the squared condition of the first.
constexpr int refinements = 2;

class NestedFits final : public ArrayFits {
public:
    NestedFits(Workspace& workspace, const FitShape& shape)
        : ArrayFits(workspace, shape),
          narrow_(static_cast<std::size_t>(
              std::upper_bound(shape.sizes.begin(), shape.sizes.end(), shape.features) -
              shape.sizes.begin())),
          narrow_rows_(narrow_ > 0 ? shape.sizes[narrow_ - 1] : 0) {
        const bool wide = narrow_ < shape.sizes.size();
        const std::size_t columns = narrow_ * shape.labels;
        const std::size_t most = std::min(shape.sizes.back(), shape.features);
        factor_ = workspace.aligned(most, most);
        errors_ = workspace.aligned(shape.sizes.back(), std::max(columns, shape.labels));
        const std::size_t solved =
            std::max(narrow_rows_ * columns, wide ? shape.features * shape.labels : 0);
        solution_ = workspace.matrix(solved, 1);
        correction_ = workspace.matrix(solved, 1);
        if (wide) sum_ = workspace.aligned(shape.features, shape.features);
    }

    void solve(std::size_t count, Rung) override {
        count_ = count;
        if (narrow_ > 0) solve_in_row_space();
        if (narrow_ < shape_.sizes.size()) fill(of(sum_), 0.0);
        for (std::size_t size = narrow_, summed = 0; size < shape_.sizes.size(); ++size) {
            const std::size_t rows = shape_.sizes[size];
            workspace_.engine().add_outer(
                features_of(rows).block(0, shape_.features, summed, rows - summed), of(sum_));
            summed = rows;
            solve_least_squares(size);
        }
    }

private:
    /// All narrow sizes: w with X Xᵀ w = y in the leading rows, and Xᵀw.
    void solve_in_row_space() {
        Engine& engine = workspace_.engine();
        const std::size_t columns = narrow_ * shape_.labels;
        std::vector<std::uint32_t> ends, each(columns), reach;
        for (std::size_t size = 0; size < narrow_; ++size) {
            ends.push_back(static_cast<std::uint32_t>(shape_.sizes[size]));
            reach.insert(reach.end(), shape_.labels, ends.back());
        }
        std::iota(each.begin(), each.end(), 0U);
        const IndexList &places = workspace_.kept(each), &rows = workspace_.kept(reach);
        const auto xt = features_of(narrow_rows_);
        const auto lower = of(factor_.leading(narrow_rows_, narrow_rows_));
        const auto errors = of(errors_.leading(narrow_rows_, columns));
        const auto w = shaped(solution_, narrow_rows_, columns);
        const auto change = shaped(correction_, narrow_rows_, columns);
        const auto sample = of(sample_rows(narrow_rows_));

        engine.gram(xt, lower);
        factorise(lower, 0, workspace_.kept(ends));
        fill(w, 0.0);
        fill(coefficients_of(0, narrow_), 0.0);
        for (int step = 0; step < refinements; ++step) {
            engine.project(sample, fits_of(0, narrow_), rows, errors);
            engine.solve_lower(lower, rows, errors);
            engine.spread(errors, places, rows, change);
            engine.solve_lower_transposed(lower, rows, change);
            engine.add_to_columns(as_column(change), -1.0, as_column(w));
            engine.combine(xt, w, rows, coefficients_of(0, narrow_));
        }
        engine.project(sample, fits_of(0, narrow_), rows, errors);
        engine.spread(errors, places, rows, change);
        note_residuals(change, 0, narrow_);
        note_inverse_trace(lower, 0, workspace_.kept(ends));
    }

    /// XᵀX b = Xᵀy of the rows summed so far.
    void solve_least_squares(std::size_t size) {
        Engine& engine = workspace_.engine();
        const std::size_t p = shape_.features, rows = shape_.sizes[size];
        const IndexList &whole = workspace_.repeated(p, 1),
                        &reach = workspace_.repeated(p, shape_.labels);
        const auto lower = of(factor_.leading(p, p));
        const auto errors = of(errors_.leading(rows, shape_.labels));
        const auto b = shaped(solution_, p, shape_.labels);
        const auto change = shaped(correction_, p, shape_.labels);
        const auto sample = of(sample_rows(rows));

        engine.copy(of(sum_), lower);
        factorise(lower, size, whole);
        fill(b, 0.0);
        engine.copy(b, coefficients_of(size));
        for (int step = 0; step < refinements; ++step) {
            engine.multiply(sample, true, fits_of(size), errors);
            engine.multiply(features_of(rows), false, errors, change);
            engine.solve_lower(lower, reach, change);
            engine.solve_lower_transposed(lower, reach, change);
            engine.add_to_columns(as_column(change), -1.0, as_column(b));
            engine.copy(b, coefficients_of(size));
        }
        engine.multiply(sample, true, fits_of(size), errors);
        note_residuals(errors, size);
        note_inverse_trace(lower, size, whole);
    }

    void factorise(BatchMatrix lower, std::size_t size, const IndexList& ends) {
        Engine& engine = workspace_.engine();
        const std::size_t sizes = ends.host().size();
        const auto diagonal = of(diagonal_.leading(lower.rows, 1));
        engine.diagonal(lower, diagonal);
        engine.prefix_sums(diagonal, 1, ends, facts(Fact::trace, size, sizes));
        engine.cholesky(lower, facts(Fact::rows_done, size, sizes));
    }

    BatchMatrix sample_rows(std::size_t rows) const {
        return sample().leading(sample().rows, rows);
    }
    /// The leading part of a column as a matrix without gaps.
    BatchMatrix shaped(const BatchMatrix& column, std::size_t rows, std::size_t cols) const {
        return of({column.data, rows, cols, rows, column.stride, column.count, column.lanes});
    }

    std::size_t narrow_, narrow_rows_;  ///< sizes of at most as many rows as features; their most
    BatchMatrix factor_, errors_, solution_, correction_, sum_;
};

}  // namespace

std::unique_ptr<ArrayFits> make_nested_fits(Workspace& workspace, const FitShape& shape) {
    return std::make_unique<NestedFits>(workspace, shape);
}

}  // namespace cucurbit
