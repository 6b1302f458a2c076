#pragma once
// Ridge and ridgeless fits of explicit features, from the rows of a sample or of its sufficient
// factor.

#include <algorithm>
#include <cstddef>
#include <limits>
#include <map>
#include <span>
#include <vector>

#include "cucurbit/study.hpp"
#include "host/studies/fits/workspace.hpp"

namespace cucurbit {

/// The fits of several label vectors on the same features, solved one sample after another in one
/// workspace. A sample is a matrix k×(features + labels) per trial, one row after another:
/// features, then labels. At least as many rows as features: least squares, of minimum norm where
/// that leaves a choice; fewer: minimum norm. A penalty μ > 0 on the sum of squares of the
/// coefficients: ridge, by a factor of the smaller of XᵀX + μ and XXᵀ + μ; where that is too
/// ill-conditioned, as least squares with the rows √μ I below the sample.
class FeatureFit {
public:
    /// rows: k of each sample that will be solved, in the order of its index. triangular: each by
    /// solve_triangular, not judged, which needs no memory for factorisations. penalties: of each
    /// sample, or none.
    FeatureFit(Workspace& workspace, std::size_t features, std::size_t labels,
               std::vector<std::size_t> rows, bool triangular = false,
               std::vector<double> penalties = {});

    /// Fits sample `index` of `count` trials on a rung (cholesky, orthogonal, truncated; refined is
    /// done as orthogonal) into coefficients().
    void solve(std::size_t index, BatchMatrix sample, std::size_t count, Rung rung);
    /// The same where the sample, features transposed, is the lower triangular factor that a
    /// factorisation would end with: features×features, with labels features×labels. judged:
    /// whether its condition matters, as of a Cholesky factor; drawn or by Householder it is good
    /// as it is.
    void solve_triangular(std::size_t index, BatchMatrix factor, BatchMatrix labels,
                          std::size_t count, bool judged);
    /// Solves (gram + μ) x = right in place for sample `index` on the rung cholesky, μ its penalty;
    /// gram: XᵀX, or XXᵀ where there are fewer rows than features, its lower triangle read; right:
    /// as many rows, labels columns. For several fits on the same sample, of which each would form
    /// the Gram matrix anew.
    void solve_gram(std::size_t index, BatchMatrix gram, BatchMatrix right, std::size_t count);
    /// features×labels per trial, of the last solve or solve_triangular.
    BatchMatrix coefficients() const { return coefficients_; }

    /// Downloads what the solves say about their condition; waits for them.
    void read(std::size_t count);
    /// The rung that a sample's fit needs, and its effective rank's deficit, after read().
    Rung demanded(std::size_t index, std::size_t trial, Rung used) const;
    std::uint16_t rank_deficit(std::size_t index, std::size_t trial, Rung used) const;

private:
    enum Fact : std::size_t { rows_done = 0, trace = 1, inverse_trace = 2, rank = 3, fact_count };

    void begin(std::size_t index, std::size_t count, Rung rung);
    double penalty(std::size_t index) const { return penalties_.empty() ? 0.0 : penalties_[index]; }
    /// g += μ I.
    void add_penalty(std::size_t index, BatchMatrix g);
    /// Solves (g + μ) x = right in place, notes the condition, and destroys g.
    void solve_by_cholesky(std::size_t index, BatchMatrix g, BatchMatrix right);
    /// The sample with the rows √μ I below it.
    BatchMatrix augmented(std::size_t index, BatchMatrix sample);
    void fit_least_squares(std::size_t index, BatchMatrix sample, Rung rung);
    /// Least squares of a sample of less than full rank: the solution of minimum norm.
    void fit_truncated(std::size_t index, BatchMatrix sample);
    void fit_row_space(std::size_t index, BatchMatrix sample, Rung rung);
    /// Notes tr(L⁻¹L⁻ᵀ) of a lower triangular factor, which is destroyed.
    void judge(std::size_t index, BatchMatrix factor);
    BatchMatrix of(BatchMatrix m) const { return m.trials(count_); }
    /// Relative to the largest, the singular values that rounding may have made of zeros.
    double cut_off(std::size_t index) const {
        return std::numeric_limits<double>::epsilon() *
               static_cast<double>(std::max(rows_[index], features_));
    }
    /// Of what is factored on a rung.
    std::size_t order(std::size_t index, Rung rung) const {
        const bool augments = penalty(index) > 0.0 && rung != Rung::cholesky;
        return augments ? features_ : std::min(rows_[index], features_);
    }
    BatchMatrix fact(std::size_t index, Fact which) const {
        return of(facts_.block(index * fact_count + which, 1, 0, 1));
    }
    double value(std::size_t index, std::size_t trial, Fact which) const {
        return read_[(trial * rows_.size() + index) * fact_count + which];
    }

    Workspace& workspace_;
    std::size_t features_, labels_;
    std::vector<std::size_t> rows_;
    std::vector<double> penalties_;
    std::map<double, BatchMatrix> penalty_roots_;
    std::size_t count_ = 0;
    BatchMatrix one_, identity_, augmented_;  ///< of ridges
    BatchMatrix gram_, turned_, vectors_, more_vectors_, diagonal_, coefficients_, facts_;
    std::vector<double> read_;
};

}  // namespace cucurbit
