#include "host/studies/fits/feature_fit.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "host/studies/fits/ladder.hpp"

namespace cucurbit {

FeatureFit::FeatureFit(Workspace& workspace, std::size_t features, std::size_t labels,
                       std::vector<std::size_t> rows, bool triangular,
                       std::vector<double> penalties)
    : workspace_(workspace),
      features_(features),
      labels_(labels),
      rows_(std::move(rows)),
      penalties_(std::move(penalties)) {
    std::size_t most = *std::max_element(rows_.begin(), rows_.end());
    const std::size_t width = features + labels;
    const bool ridge = std::any_of(penalties_.begin(), penalties_.end(),
                                   [](double penalty) { return penalty > 0.0; });
    if (ridge) {
        most += features;
        one_ = workspace.matrix(1, 1);
        augmented_ = workspace.matrix(most, width);
        std::vector<double> identity(workspace.counting() ? 0 : features * width, 0.0);
        for (std::size_t i = 0; i < features && !identity.empty(); ++i)
            identity[i * (features + 1)] = 1.0;
        identity_ = workspace.shared(identity, features, width);
        for (const double penalty : penalties_)
            if (penalty > 0.0 && !penalty_roots_.contains(penalty))
                penalty_roots_[penalty] = workspace.shared(
                    std::vector<double>(features, std::sqrt(penalty)), features, 1);
    }
    coefficients_ = workspace.matrix(features, labels);
    facts_ = workspace.matrix(rows_.size() * fact_count, 1);
    if (triangular) return;
    gram_ = workspace.matrix(width, width);
    turned_ = workspace.matrix(width, most);
    vectors_ = workspace.matrix(features, labels);
    more_vectors_ = workspace.matrix(features, labels);
    diagonal_ = workspace.matrix(width, 1);
}

void FeatureFit::begin(std::size_t index, std::size_t count, Rung rung) {
    count_ = count;
    const auto full = static_cast<double>(order(index, rung));
    workspace_.engine().fill(fact(index, rank), full);
    workspace_.engine().fill(fact(index, rows_done), full);
    if (penalty(index) > 0.0) workspace_.engine().fill(of(one_), 1.0);
}

void FeatureFit::solve(std::size_t index, BatchMatrix sample, std::size_t count, Rung rung) {
    begin(index, count, rung);
    if (penalty(index) > 0.0 && rung != Rung::cholesky)
        fit_least_squares(index, augmented(index, of(sample)), rung);
    else if (rows_[index] >= features_)
        fit_least_squares(index, of(sample), rung);
    else
        fit_row_space(index, of(sample), rung);
}

void FeatureFit::add_penalty(std::size_t index, BatchMatrix g) {
    if (penalty(index) == 0.0) return;
    // The diagonal as one row.
    BatchMatrix diagonal = g;
    diagonal.rows = 1;
    diagonal.ld = g.ld + 1;
    workspace_.engine().add_to_columns(of(one_), penalty(index), diagonal);
}

void FeatureFit::solve_by_cholesky(std::size_t index, BatchMatrix g, BatchMatrix right) {
    Engine& engine = workspace_.engine();
    const IndexList& whole = workspace_.repeated(g.rows, 1);
    const IndexList& reach = workspace_.repeated(g.rows, labels_);
    const auto diagonal = of(diagonal_.leading(g.rows, 1));
    add_penalty(index, g);
    engine.diagonal(g, diagonal);
    engine.prefix_sums(diagonal, 1, whole, fact(index, trace));
    engine.cholesky(g, fact(index, rows_done));
    engine.solve_lower(g, reach, right);
    engine.solve_lower_transposed(g, reach, right);
    judge(index, g);
}

void FeatureFit::solve_gram(std::size_t index, BatchMatrix gram, BatchMatrix right,
                            std::size_t count) {
    begin(index, count, Rung::cholesky);
    const auto lower = of(gram_.leading(gram.rows, gram.rows));
    workspace_.engine().copy(of(gram), lower);
    solve_by_cholesky(index, lower, of(right));
}

BatchMatrix FeatureFit::augmented(std::size_t index, BatchMatrix sample) {
    Engine& engine = workspace_.engine();
    const auto all = of(augmented_.leading(sample.rows + features_, sample.cols));
    const auto ridge = all.block(sample.rows, features_, 0, sample.cols);
    engine.copy(sample, all.leading(sample.rows, sample.cols));
    engine.copy(identity_.trials(count_), ridge);
    engine.scale_rows(ridge, penalty_roots_.at(penalty(index)).data, ridge);
    return all;
}

void FeatureFit::solve_triangular(std::size_t index, BatchMatrix factor, BatchMatrix labels,
                                  std::size_t count, bool judged) {
    Engine& engine = workspace_.engine();
    begin(index, count, Rung::cholesky);
    engine.copy(of(labels), of(coefficients_));
    engine.solve_lower_transposed(of(factor), workspace_.repeated(features_, labels_),
                                  of(coefficients_));
    engine.fill(fact(index, trace), 1.0);
    engine.fill(fact(index, inverse_trace), 1.0);
    if (!judged) return;
    const auto lower = of(gram_.leading(features_, features_));
    const auto norms = of(diagonal_.leading(features_, 1));
    engine.copy(of(factor), lower);
    engine.row_norms(lower, norms);
    engine.prefix_sums(norms, 1, workspace_.repeated(features_, 1), fact(index, trace));
    judge(index, lower);
}

void FeatureFit::judge(std::size_t index, BatchMatrix factor) {
    Engine& engine = workspace_.engine();
    const auto norms = of(diagonal_.leading(factor.rows, 1));
    engine.invert_lower(factor);
    engine.row_norms(factor, norms);
    engine.prefix_sums(norms, 1, workspace_.repeated(factor.rows, 1), fact(index, inverse_trace));
}

/// With the sample's factor [L 0; V ·] of [features labels]ᵀ the coefficients are L⁻ᵀVᵀ.
void FeatureFit::fit_least_squares(std::size_t index, BatchMatrix sample, Rung rung) {
    if (rung == Rung::truncated) {
        fit_truncated(index, sample);
        return;
    }
    Engine& engine = workspace_.engine();
    const std::size_t width = features_ + labels_;
    const auto fitted = of(coefficients_);
    const auto lower = of(gram_.leading(features_, features_));
    const auto below = of(gram_.block(features_, labels_, 0, features_));
    if (rung == Rung::cholesky) {
        engine.gram(sample, of(gram_));
        engine.transpose(below, fitted);
        solve_by_cholesky(index, lower, fitted);
        return;
    }
    const auto norms = of(diagonal_.leading(features_, 1));
    const auto turned = of(turned_.leading(width, sample.rows));
    engine.transpose(sample, turned);
    engine.lower_factor(turned, of(gram_.leading(width, std::min(width, sample.rows))));
    engine.row_norms(lower, norms);
    engine.prefix_sums(norms, 1, workspace_.repeated(features_, 1), fact(index, trace));
    engine.transpose(below, fitted);
    engine.solve_lower_transposed(lower, workspace_.repeated(features_, labels_), fitted);
    judge(index, lower);
}

/// With features = Q Lᵀ, L = U s Vᵀ, the coefficients are U s⁺ (QV)ᵀ labels.
void FeatureFit::fit_truncated(std::size_t index, BatchMatrix sample) {
    Engine& engine = workspace_.engine();
    const std::size_t n = sample.rows;
    BatchMatrix columns = of(turned_);
    columns.rows = columns.ld = n;
    columns.cols = features_;
    const auto lower = of(gram_.leading(features_, features_));
    engine.copy(sample.leading(n, features_), columns);
    engine.orthogonal_columns(columns, lower);
    engine.truncate(columns, lower, cut_off(index), fact(index, rank));
    engine.multiply(columns, true, sample.block(0, n, features_, labels_), of(vectors_));
    engine.multiply(lower, true, of(vectors_), of(coefficients_));
    engine.fill(fact(index, trace), 0.0);
    engine.fill(fact(index, inverse_trace), 0.0);
}

/// With features featuresᵀ = L Q, Q of orthonormal rows, the coefficients are Qᵀ L⁻¹ labels.
void FeatureFit::fit_row_space(std::size_t index, BatchMatrix sample, Rung rung) {
    Engine& engine = workspace_.engine();
    const std::size_t n = rows_[index];
    const auto norms = of(diagonal_.leading(n, 1));
    const auto lower = of(gram_.leading(n, n));
    const auto columns = of(turned_.leading(features_, n));
    const auto solved = of(vectors_.leading(n, labels_));
    engine.transpose(sample.leading(n, features_), columns);
    engine.copy(sample.block(0, n, features_, labels_), solved);
    if (rung == Rung::cholesky) {
        engine.gram(columns, lower);
        solve_by_cholesky(index, lower, solved);
        engine.multiply(columns, false, solved, of(coefficients_));
        return;
    }
    engine.orthogonal_columns(columns, lower);
    engine.row_norms(lower, norms);
    engine.prefix_sums(norms, 1, workspace_.repeated(n, 1), fact(index, trace));
    if (rung == Rung::truncated) {
        const auto truncated = of(more_vectors_.leading(n, labels_));
        engine.truncate(columns, lower, cut_off(index), fact(index, rank));
        engine.multiply(lower, false, solved, truncated);
        engine.multiply(columns, false, truncated, of(coefficients_));
        engine.fill(fact(index, inverse_trace), 0.0);
        return;
    }
    engine.solve_lower(lower, workspace_.repeated(n, labels_), solved);
    engine.multiply(columns, false, solved, of(coefficients_));
    judge(index, lower);
}

void FeatureFit::read(std::size_t count) {
    workspace_.download(facts_, count, read_);
}

Rung FeatureFit::demanded(std::size_t index, std::size_t trial, Rung used) const {
    const auto full = static_cast<double>(order(index, used));
    const double condition =
        value(index, trial, rows_done) < full
            ? std::numeric_limits<double>::infinity()
            : value(index, trial, trace) * value(index, trial, inverse_trace) / full;
    // Samples of Gaussian rows have full rank; those of a file need not have it.
    if (used == Rung::orthogonal && !(condition < std::pow(cut_off(index), -2.0)))
        return Rung::truncated;
    const Rung demanded = demanded_rung(used, condition, rows_[index] < features_, features_);
    return demanded == Rung::refined ? Rung::orthogonal : demanded;
}

std::uint16_t FeatureFit::rank_deficit(std::size_t index, std::size_t trial, Rung used) const {
    const double found = value(index, trial, rank);
    // A rank of −1 marks an iteration that did not converge: the fit is not a number then.
    if (used != Rung::truncated || found < 0.0) return 0;
    return static_cast<std::uint16_t>(
        std::clamp(static_cast<double>(order(index, used)) - found, 0.0, 65535.0));
}

}  // namespace cucurbit
