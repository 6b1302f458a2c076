#include <algorithm>
#include <numeric>

#include "host/minnorm/array_fits.hpp"

namespace cucurbit {
namespace {

class NestedFits final : public ArrayFits {
public:
    NestedFits(Workspace& workspace, const FitShape& shape)
        : ArrayFits(workspace, shape),
          narrow_(static_cast<std::size_t>(
              std::upper_bound(shape.sizes.begin(), shape.sizes.end(), shape.features) -
              shape.sizes.begin())),
          narrow_rows_(narrow_ > 0 ? shape.sizes[narrow_ - 1] : 0) {
        const std::size_t columns = narrow_ * shape.labels, most = shape.sizes.back();
        factor_ = workspace.aligned(std::min(most, shape.features), std::min(most, shape.features));
        errors_ = workspace.aligned(most, std::max(columns, shape.labels));
        change_ = workspace.matrix(shape.features + shape.labels, std::max(columns, shape.labels));
        if (narrow_ > 0) dual_ = workspace.aligned(narrow_rows_, columns);
        if (narrow_ < shape.sizes.size()) sum_ = workspace.aligned(shape.features, shape.features);
        if (!workspace.counting()) fill(change_, 0.0);
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
    /// All narrow sizes: Xᵀ(X Xᵀ)⁻¹ of the leading labels, then less the same of X b − y.
    void solve_in_row_space() {
        Engine& engine = workspace_.engine();
        const std::size_t columns = narrow_ * shape_.labels;
        std::vector<std::uint32_t> ends, labels, each(columns), reach;
        for (std::size_t size = 0; size < narrow_; ++size) {
            ends.push_back(static_cast<std::uint32_t>(shape_.sizes[size]));
            reach.insert(reach.end(), shape_.labels, ends.back());
            for (std::uint32_t label = 0; label < shape_.labels; ++label) labels.push_back(label);
        }
        std::iota(each.begin(), each.end(), 0U);
        const IndexList &places = workspace_.kept(each), &rows = workspace_.kept(reach);
        const auto xt = features_of(narrow_rows_);
        const auto lower = of(factor_.leading(narrow_rows_, narrow_rows_));
        const auto errors = of(errors_.leading(narrow_rows_, columns));
        const auto dual = of(dual_);
        const auto fits = fits_of(0, narrow_), change = of(change_.leading(fits.rows, columns));
        const auto sample = of(sample_rows(narrow_rows_));

        engine.gram(xt, lower);
        factorise(lower, 0, workspace_.kept(ends));
        // Of L⁻¹y the leading rows are those of the leading labels.
        const auto whole = errors.leading(narrow_rows_, shape_.labels);
        engine.transpose(labels_of(narrow_rows_), whole);
        engine.solve_lower(lower, workspace_.repeated(narrow_rows_, shape_.labels), whole);
        engine.spread(whole, workspace_.kept(labels), rows, dual);
        engine.solve_lower_transposed(lower, rows, dual);
        engine.combine(xt, dual, rows, coefficients_of(0, narrow_));

        engine.project(sample, fits, rows, errors);
        engine.solve_lower(lower, rows, errors);
        engine.spread(errors, places, rows, dual);
        engine.solve_lower_transposed(lower, rows, dual);
        engine.combine(xt, dual, rows, change.leading(shape_.features, columns));
        engine.add_to_columns(as_column(change), -1.0, as_column(fits));

        engine.project(sample, fits, rows, errors);
        engine.spread(errors, places, rows, dual);
        note_residuals(dual, 0, narrow_);
        note_inverse_trace(lower, 0, workspace_.kept(ends));
    }

    /// The size whose rows are summed: (XᵀX)⁻¹Xᵀ of the labels, then less the same of X b − y.
    void solve_least_squares(std::size_t size) {
        Engine& engine = workspace_.engine();
        const std::size_t p = shape_.features, rows = shape_.sizes[size];
        const IndexList &whole = workspace_.repeated(p, 1),
                        &reach = workspace_.repeated(p, shape_.labels);
        const auto lower = of(factor_.leading(p, p));
        const auto errors = of(errors_.leading(rows, shape_.labels));
        const auto fits = fits_of(size), change = of(change_.leading(fits.rows, fits.cols));
        const auto sample = of(sample_rows(rows));
        const auto take_from_errors = [&](BatchMatrix solved) {
            engine.multiply(features_of(rows), false, errors, solved);
            engine.solve_lower(lower, reach, solved);
            engine.solve_lower_transposed(lower, reach, solved);
        };

        engine.copy(of(sum_), lower);
        factorise(lower, size, whole);
        engine.transpose(labels_of(rows), errors);
        take_from_errors(coefficients_of(size));

        engine.multiply(sample, true, fits, errors);
        take_from_errors(change.leading(p, fits.cols));
        engine.add_to_columns(as_column(change), -1.0, as_column(fits));

        engine.multiply(sample, true, fits, errors);
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

    std::size_t narrow_, narrow_rows_;  ///< sizes of at most as many rows as features; their most
    BatchMatrix factor_, errors_, dual_, sum_;
    BatchMatrix change_;  ///< as the fits, with zeros below the coefficients
};

}  // namespace

std::unique_ptr<ArrayFits> make_nested_fits(Workspace& workspace, const FitShape& shape) {
    return std::make_unique<NestedFits>(workspace, shape);
}

}  // namespace cucurbit
