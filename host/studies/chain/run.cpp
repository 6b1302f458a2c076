#include "host/studies/chain/run.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>

#include <fmt/format.h>

#include "host/studies/points.hpp"

namespace cucurbit {

ChainRun::ChainRun(const Chain& setting, const Design& design, Engine* engine, std::size_t batch)
    : LadderSimulation(design,
                       [&setting, engine](const Design& restricted) {
                           return std::make_unique<ChainRun>(setting, restricted, engine, 1);
                       }),
      setting_(setting),
      p_(static_cast<std::size_t>(design.points.front().parameters[0])),
      workspace_(engine, batch, design.bytes_per_trial) {
    for (const Series& series : design.series)
        stage_of_.push_back(std::stoul(series.arm.substr(series.arm.find('_') + 1)) - 1);
    make_nodes();
    labels_ = workspace_.matrix(p_ + 1, 1);
    turned_ = workspace_.matrix(1, p_);
    wide_ = workspace_.matrix(p_, p_);
    error_ = workspace_.matrix(p_, 1);
    results_ = workspace_.matrix(nodes_.size(), 1);
    for (std::size_t k = 0; k < stages_.size(); ++k) make_stage(k);
    truth_ = workspace_.shared(setting.population(p_).truth, p_, 1);
    if (setting.test().diagonal())
        test_weights_ = workspace_.shared(setting.test().spectrum(p_), p_, 1);
    else
        test_root_ = workspace_.shared(
            workspace_.counting() ? std::vector<double>() : setting.test().root(p_).values, p_, p_);
}

void ChainRun::make_nodes() {
    using Key = std::tuple<std::size_t, std::size_t, std::size_t, double, double>;
    std::map<Key, std::size_t> found;
    stages_.resize(setting_.stages().size());
    for (const Point& point : design().points) {
        std::vector<std::size_t>& path = path_.emplace_back();
        for (std::size_t k = 0; k < stages_.size(); ++k) {
            const Chain::StagePoint at = Chain::at(point, k);
            const std::size_t parent = setting_.stages()[k].from_truth ? none : path.back();
            const auto [place, added] =
                found.try_emplace({k, parent, at.n, at.noise_std, at.penalty}, nodes_.size());
            path.push_back(place->second);
            if (!added) continue;
            nodes_.push_back({parent, at, 0, stages_[k].nodes.size()});
            stages_[k].nodes.push_back(place->second);
        }
    }
}

std::size_t ChainRun::rows_of(std::size_t k, const Node& node) const {
    return stages_[k].rows->columns(node.size);
}

void ChainRun::make_stage(std::size_t k) {
    const StageSpec& spec = setting_.stages()[k];
    Stage& stage = stages_[k];
    stage.diagonal = spec.diagonal();
    stage.features = spec.feature_count(p_);
    std::set<std::uint64_t> sizes;
    for (const std::size_t node : stage.nodes) sizes.insert(nodes_[node].point.n);
    RowRequest request;
    request.stage = static_cast<std::uint8_t>(k);
    request.sizes.assign(sizes.begin(), sizes.end());
    request.width = p_ + 1;
    request.seen = p_;
    for (const std::uint64_t n : sizes)
        request.keys.push_back(
            factor_key(setting_.seed(), design(), fmt::format("stage={} n", k), n));
    stage.rows = std::make_unique<RowFactor>(workspace_, request);
    std::vector<std::size_t> rows;
    std::vector<double> penalties;
    for (const std::size_t index : stage.nodes) {
        Node& node = nodes_[index];
        node.size =
            static_cast<std::size_t>(std::distance(sizes.begin(), sizes.find(node.point.n)));
        rows.push_back(rows_of(k, node));
        penalties.push_back(node.point.penalty);
    }
    stage.fit = std::make_unique<FeatureFit>(workspace_, stage.features, 1, rows, false, penalties);
    stage.sample =
        workspace_.matrix(*std::max_element(rows.begin(), rows.end()), stage.features + 1);
    stage.fitted = workspace_.matrix(p_, 1);
    const bool counting = workspace_.counting();
    if (stage.diagonal) {
        stage.root = workspace_.shared(square_roots(spec.covariance.spectrum(p_)), p_, 1);
        return;
    }
    const DenseMatrix root = counting ? DenseMatrix() : spec.covariance.root(p_);
    const DenseMatrix features = counting ? DenseMatrix() : spec.features(p_);
    DenseMatrix seen(counting ? 0 : p_ + 1, stage.features);
    if (!counting) {
        const DenseMatrix turned = product(root, true, features, true);
        for (std::size_t j = 0; j < stage.features; ++j)
            for (std::size_t i = 0; i < p_; ++i) seen(i, j) = turned(i, j);
    }
    stage.root = workspace_.shared(root.values, p_, p_);
    stage.hand_on = workspace_.shared(features.values, stage.features, p_);
    stage.seen = workspace_.shared(seen.values, p_ + 1, stage.features);
}

void ChainRun::attempt(std::span<const std::uint64_t> trials, Rung rung) {
    count_ = trials.size();
    std::vector<std::size_t> current(stages_.size(), none);
    for (const std::vector<std::size_t>& path : path_)
        for (std::size_t k = 0; k < stages_.size(); ++k) {
            if (current[k] == path[k]) continue;
            fit_node(k, nodes_[path[k]], trials, rung);
            measure(path[k], of(stages_[k].fitted));
            current[k] = path[k];
        }
    for (Stage& stage : stages_) stage.fit->read(count_);
    workspace_.download(results_, count_, read_results_);
}

/// A fit depends on those of the stages before.
void ChainRun::read(std::size_t first, std::size_t end, Rung rung, FittedBlock out) const {
    const std::size_t series = design().series.size();
    std::vector<Fitted> fitted(nodes_.size());
    for (std::size_t t = first; t < end; ++t) {
        for (const Stage& stage : stages_)
            for (const std::size_t index : stage.nodes) {
                const Node& node = nodes_[index];
                Fitted& of = fitted[index];
                of = {read_results_[t * nodes_.size() + index],
                      stage.fit->demanded(node.fit, t, rung),
                      stage.fit->rank_deficit(node.fit, t, rung)};
                if (node.parent == none) continue;
                of.demanded = std::max(of.demanded, fitted[node.parent].demanded);
                of.rank_deficit = std::max(of.rank_deficit, fitted[node.parent].rank_deficit);
            }
        for (std::size_t s = 0; s < series; ++s)
            out(s, t - first) = fitted[path_[design().series[s].point][stage_of_[s]]];
    }
}

void ChainRun::fit_node(std::size_t k, const Node& node, std::span<const std::uint64_t> trials,
                        Rung rung) {
    Engine& engine = workspace_.engine();
    Stage& stage = stages_[k];
    stage.rows->draw(node.size, trials, rung);
    const auto rows = of(stage.rows->rows(node.size));
    const auto coefficients =
        node.parent == none ? truth_.trials(count_) : of(stages_[k - 1].fitted);
    const auto whitened = of(labels_.leading(p_, 1));
    const auto sample = of(stage.sample.leading(rows_of(k, node), stage.features + 1));
    const auto seen = sample.leading(rows.cols, stage.features);
    const auto labels = sample.block(0, rows.cols, stage.features, 1);
    const auto scaled = of(wide_.leading(p_, rows.cols));
    engine.copy(coefficients, of(error_));
    if (stage.diagonal) {
        engine.scale_rows(of(error_), stage.root.data, whitened);
        engine.scale_rows(rows.leading(p_, rows.cols), stage.root.data, scaled);
    } else {
        engine.project(of(error_), stage.root, workspace_.repeated(1, p_), of(turned_));
        engine.transpose(of(turned_), whitened);
        engine.project(rows, stage.seen, workspace_.repeated(rows.cols, stage.features), seen);
    }
    engine.fill(of(labels_.block(p_, 1, 0, 1)), node.point.noise_std);
    engine.project(rows, of(labels_), workspace_.repeated(rows.cols, 1), labels);
    if (stage.diagonal && node.point.penalty == 0.0 && rows.cols == p_) {
        stage.fit->solve_triangular(node.fit, scaled, labels, count_, false);
    } else {
        if (stage.diagonal) engine.transpose(scaled, seen);
        stage.fit->solve(node.fit, sample, count_, rung);
    }
    if (stage.diagonal) {
        engine.copy(of(stage.fit->coefficients()), of(stage.fitted));
        return;
    }
    engine.project(of(stage.fit->coefficients()), stage.hand_on, workspace_.repeated(1, p_),
                   of(turned_));
    engine.transpose(of(turned_), of(stage.fitted));
}

/// The excess risk on the test covariance.
void ChainRun::measure(std::size_t index, BatchMatrix fitted) {
    Engine& engine = workspace_.engine();
    const auto result = of(results_.block(index, 1, 0, 1));
    engine.copy(fitted, of(error_));
    engine.subtract(truth_.data, workspace_.repeated(1, 1), of(error_));
    if (setting_.test().diagonal()) {
        engine.products(of(error_), test_weights_.data, workspace_.repeated(0, 1),
                        workspace_.repeated(0, 1), result);
        return;
    }
    engine.project(of(error_), test_root_, workspace_.repeated(1, p_), of(turned_));
    engine.row_norms(of(turned_), result);
}

double ChainRun::flops() const {
    double flops = 0.0;
    const auto p = static_cast<double>(p_);
    for (std::size_t k = 0; k < stages_.size(); ++k)
        for (const std::size_t index : stages_[k].nodes) {
            const auto rows = static_cast<double>(rows_of(k, nodes_[index]));
            const auto features = static_cast<double>(stages_[k].features);
            const double small = std::min(rows, features), large = std::max(rows, features);
            flops += small * small * large + small * small * small +
                     (stages_[k].diagonal ? 0.0 : 2.0 * p * rows * features + 4.0 * p * p);
        }
    return flops;
}

}  // namespace cucurbit
