#include "host/studies/features/head_fit.hpp"

#include <algorithm>
#include <cmath>

namespace cucurbit {

HeadFit::HeadFit(Workspace& workspace, const std::vector<double>& spectrum, std::size_t labels,
                 std::vector<Sample> samples)
    : workspace_(workspace),
      features_(spectrum.size()),
      labels_(labels),
      samples_(std::move(samples)),
      fit_(workspace, features_, labels, stacked_rows()) {
    const std::vector<std::size_t> rows = stacked_rows();
    sample_ = workspace.matrix(*std::max_element(rows.begin(), rows.end()), features_ + labels_);
    std::size_t most = 0;
    std::vector<double> roots;
    for (const double variance : spectrum) roots.push_back(std::sqrt(variance));
    for (const Sample& sample : samples_) {
        if (sample.penalty == 0.0) most = std::max(most, sample.rows);
        if (sample.penalty == 0.0 || penalty_roots_.contains(sample.penalty)) continue;
        std::vector<double> scale;
        for (const double root : roots) scale.push_back(std::sqrt(sample.penalty) / root);
        penalty_roots_[sample.penalty] = workspace.shared(scale, features_, 1);
    }
    if (most > 0) {
        scaled_ = workspace.matrix(features_, most);
        roots_ = workspace.shared(roots, features_, 1);
    }
    if (penalty_roots_.empty()) return;
    std::vector<double> identity(features_ * (features_ + labels_), 0.0);
    for (std::size_t i = 0; i < features_; ++i) identity[i + i * features_] = 1.0;
    identity_ = workspace.shared(identity, features_, features_ + labels_);
}

std::vector<std::size_t> HeadFit::stacked_rows() const {
    std::vector<std::size_t> rows;
    for (const Sample& sample : samples_) rows.push_back(stacked(sample));
    return rows;
}

void HeadFit::solve(std::size_t index, BatchMatrix features, std::size_t count, Rung rung) {
    const Sample& of = samples_[index];
    Engine& engine = workspace_.engine();
    const auto sample = sample_.leading(stacked(of), features_ + labels_).trials(count);
    const auto seen = sample.leading(of.rows, features_);
    if (needs_scales(of, rung)) {
        const auto scaled = scaled_.leading(features_, of.rows).trials(count);
        engine.scale_rows(features, roots_.data, scaled);
        engine.transpose(scaled, seen);
    } else {
        engine.transpose(features, seen);
    }
    if (of.penalty > 0.0) {
        const auto ridge = sample.block(of.rows, features_, 0, features_ + labels_);
        engine.copy(identity_.trials(count), ridge);
        engine.scale_rows(ridge, penalty_roots_.at(of.penalty).data, ridge);
    }
    fit_.solve(index, sample, count, rung);
    if (!needs_scales(of, rung)) return;
    const auto fitted = fit_.coefficients().trials(count);
    engine.scale_rows(fitted, roots_.data, fitted);
}

}  // namespace cucurbit
