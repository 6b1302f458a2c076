#pragma once
// Batches of minimum-norm fits of arrays in engine memory.

#include <algorithm>
#include <cstddef>
#include <memory>
#include <vector>

#include "cucurbit/study.hpp"
#include "host/studies/fits/workspace.hpp"

namespace cucurbit {

/// All that a trial's matrix stores as one column.
inline BatchMatrix as_column(const BatchMatrix& m) {
    const std::size_t size = m.ld * m.cols;
    return {m.data, size, 1, size, m.stride, m.count, m.lanes};
}

struct FitShape {
    std::size_t features = 0;
    std::size_t labels = 0;
    std::vector<std::size_t> sizes;  ///< n, ascending
    double cut_off = 0.0;            ///< relative to the largest singular value
};

/// The fits of the first n rows of a sample, for every n of the shape.
class ArrayFits {
public:
    ArrayFits(Workspace& workspace, const FitShape& shape);
    ArrayFits(const ArrayFits&) = delete;
    ArrayFits& operator=(const ArrayFits&) = delete;
    virtual ~ArrayFits() = default;

    /// To be filled by the caller: (features + labels)×rows, in each column a row of [X Y].
    BatchMatrix sample() const { return sample_; }
    virtual void solve(std::size_t count, Rung rung) = 0;
    /// Downloads the fits of the last solve; waits for them.
    void read(std::size_t count);

    /// An upper bound of the squared condition; infinite where the factorisation ended early. 0 on
    /// the rung truncated.
    double condition(std::size_t size, std::size_t trial) const;
    /// Sum of squares of all entries of X, after the rung cholesky.
    double samples_squared(std::size_t trial) const {
        return facts_read_[first_fact(trial) + place(Fact::trace, shape_.sizes.size() - 1)];
    }
    /// Effective rank, after the rung truncated; −1 where the iteration did not converge.
    double rank(std::size_t size, std::size_t trial) const {
        return facts_read_[first_fact(trial) + place(Fact::rank, size)];
    }
    double residual(std::size_t size, std::size_t label, std::size_t trial) const;
    double coefficient(std::size_t size, std::size_t feature, std::size_t label,
                       std::size_t trial) const {
        return fits_read_[trial * fits_.ld * fits_.cols +
                          (size * shape_.labels + label) * fits_.ld + feature];
    }

protected:
    enum class Fact : std::size_t { rows_done, trace, inverse_trace, rank, count };

    BatchMatrix of(BatchMatrix m) const { return m.trials(count_); }
    std::size_t order(std::size_t size) const {
        return std::min(shape_.sizes[size], shape_.features);
    }
    BatchMatrix facts(Fact which, std::size_t size, std::size_t sizes = 1) const {
        return of(facts_.block(place(which, size), sizes, 0, 1));
    }
    BatchMatrix features_of(std::size_t rows) const {
        return of(sample_.block(0, shape_.features, 0, rows));
    }
    BatchMatrix labels_of(std::size_t rows) const {
        return of(sample_.block(shape_.features, shape_.labels, 0, rows));
    }
    /// Columns of the coefficients of some sizes.
    BatchMatrix fits_of(std::size_t size, std::size_t sizes = 1) const {
        return of(fits_.block(0, fits_.rows, size * shape_.labels, sizes * shape_.labels));
    }
    BatchMatrix coefficients_of(std::size_t size, std::size_t sizes = 1) const {
        const BatchMatrix columns = fits_of(size, sizes);
        return columns.block(0, shape_.features, 0, columns.cols);
    }
    /// Notes the squared norms of columns that hold the residuals of some sizes.
    void note_residuals(BatchMatrix errors, std::size_t size, std::size_t sizes = 1);
    /// Notes the sum of squares of each row of a lower triangle, or of its inverse, which takes
    /// its place; from `size` on the triangle is that of the leading rows.
    void note_trace(BatchMatrix lower, std::size_t size, const IndexList& ends);
    void note_inverse_trace(BatchMatrix lower, std::size_t size, const IndexList& ends);
    void fill(BatchMatrix m, double value) { workspace_.engine().fill(m, value); }

    Workspace& workspace_;
    FitShape shape_;
    std::size_t count_ = 0;
    BatchMatrix diagonal_;

private:
    std::size_t fact_count() const {
        return shape_.sizes.size() * (static_cast<std::size_t>(Fact::count) + shape_.labels);
    }
    std::size_t place(Fact which, std::size_t size) const {
        return static_cast<std::size_t>(which) * shape_.sizes.size() + size;
    }
    std::size_t first_fact(std::size_t trial) const { return trial * fact_count(); }

    BatchMatrix sample_;
    /// The coefficients, and below them −1 for the column's own label: times a row of [X Y] a
    /// column gives that row's residual.
    BatchMatrix fits_;
    BatchMatrix facts_, ones_;
    std::vector<double> fits_read_, facts_read_;
};

/// All sizes by Cholesky factors: one of XXᵀ for those with at most as many rows as features, whose
/// leading blocks serve them all, and one of XᵀX for each other. Two steps of refinement from zero:
/// the second one makes the fits as exact as Householder's while the squared condition is far below
/// what double precision resolves.
std::unique_ptr<ArrayFits> make_nested_fits(Workspace& workspace, const FitShape& shape);

/// One size by Householder reflections, and on the rung truncated by the singular values of their
/// factor.
std::unique_ptr<ArrayFits> make_orthogonal_fits(Workspace& workspace, const FitShape& shape);

}  // namespace cucurbit
