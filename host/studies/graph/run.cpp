#include "host/studies/graph/run.hpp"

#include <algorithm>
#include <cmath>

namespace cucurbit {

GraphRun::GraphRun(const GraphStudy& setting, const Design& design, Engine* engine,
                   std::size_t batch)
    : LadderSimulation(design,
                       [&setting, engine](const Design& restricted) {
                           return std::make_unique<GraphRun>(setting, restricted, engine, 1);
                       }),
      setting_(setting),
      p_(static_cast<std::size_t>(design.points.front().parameters.front())),
      feature_counts_(setting.spec().feature_counts(design.points)),
      width_(p_),
      workspace_(
          engine, batch,
          setting.spec().interleaves() ? design.bytes_per_matrix : Workspace::never_interleaved) {
    for (std::size_t m = 0; m < feature_counts_.size(); ++m) {
        const bool linear = setting.spec().features[m].linear();
        first_of_.push_back(linear ? p_ : width_);
        if (!linear) width_ += feature_counts_[m];
    }
    make_nodes();
    make_results();
    make_memory();
}

void GraphRun::attempt(std::span<const std::uint64_t> trials, Rung rung) {
    count_ = trials.size();
    draw(trials);
    workspace_.engine().fill(of(coefficients_), 0.0);
    for (std::size_t k = 0; k < truths_.size(); ++k)
        workspace_.engine().copy(truths_[k].trials(count_), coefficients(nodes_.size() + k));
    std::size_t prepared = samples_.size();
    for (const std::size_t k : order_) {
        if (nodes_[k].sample != prepared) prepare(samples_[prepared = nodes_[k].sample], rung);
        fit_node(k, rung);
    }
    measure();
    measure_own();
    for (auto& [count, features] : features_) features.fit->read(count_);
    workspace_.download(results_, count_, read_results_);
}

/// A fit depends on those that label it.
void GraphRun::read(std::size_t first, std::size_t end, Rung rung, FittedBlock out) const {
    std::vector<Fitted> fitted(nodes_.size());
    const auto depend = [&](Fitted& of, std::size_t on) {
        of.demanded = std::max(of.demanded, fitted[on].demanded);
        of.rank_deficit = std::max(of.rank_deficit, fitted[on].rank_deficit);
    };
    for (std::size_t t = first; t < end; ++t) {
        const double* results = &read_results_[t * results_.rows];
        for (std::size_t k = 0; k < nodes_.size(); ++k) {
            const Node& node = nodes_[k];
            fitted[k] = {};
            if (!node.flows()) {
                const FeatureFit& fit = *features_.at(node.numbers.features).fit;
                fitted[k] = {0.0, fit.demanded(node.solved, t, rung),
                             fit.rank_deficit(node.solved, t, rung)};
            }
            for (const GraphLabels& labels : node.numbers.labels)
                for (const auto& [from, weight] : labels.from_fits) depend(fitted[k], from);
        }
        for (std::size_t s = 0; s < readings_.size(); ++s) {
            Fitted& of = out(s, t - first);
            of = {
                readings_[s].own ? own_values_[*readings_[s].own][t] : value(readings_[s], results),
                Rung::none, 0};
            depend(of, readings_[s].node);
            depend(of, readings_[s].other);
        }
    }
}

double GraphRun::flops() const {
    double flops = 0.0;
    const auto cube = [](const Sample& sample) {
        return std::pow(static_cast<double>(sample.order()), 3.0);
    };
    constexpr double of_eigenvectors = 9.0;  // times the cube
    for (const Sample& sample : samples_)
        if (sample.projection)
            flops += 2.0 * static_cast<double>(p_ * sample.features * sample.rows);
    for (const Sample& sample : samples_)
        if (sample.gram)
            flops += std::pow(static_cast<double>(sample.order()), 2.0) *
                         static_cast<double>(std::max(sample.rows, sample.features)) +
                     (sample.flows ? of_eigenvectors * cube(sample) : 0.0);
    for (const Node& node : nodes_) {
        const Sample& sample = samples_[node.sample];
        flops += (node.flows() || node.triangular ? 0.0 : cube(sample)) +
                 (sample.projection ? 2.0 * static_cast<double>(sample.features * p_) : 0.0) +
                 2.0 * static_cast<double>(sample.rows * (width_ + sample.features));
    }
    return flops;
}

}  // namespace cucurbit
