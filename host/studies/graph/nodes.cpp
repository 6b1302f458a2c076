// Which fits the points of a graph have, in which order they are made, and on which samples.

#include <algorithm>

#include "host/studies/graph/run.hpp"

namespace cucurbit {

void GraphRun::make_nodes() {
    Known known;
    for (const Point& point : design().points) {
        const auto [rows, fits] = setting_.spec().at(point.parameters, feature_counts_);
        std::vector<std::size_t>& made = nodes_at_.emplace_back();
        draws_.resize(rows.size());
        for (std::size_t g = 0; g < rows.size(); ++g) {
            if (factored(g, rows[g].count))
                draws_[g].factors.insert(rows[g].count);
            else
                draws_[g].rows = std::max(draws_[g].rows, rows[g].count);
        }
        for (std::size_t a = 0; a < fits.size(); ++a)
            made.push_back(node_of(a, rows, fits, made, known));
    }
    order_nodes();
}

/// A node is known by its fit, its own numbers and the nodes that label it.
std::size_t GraphRun::node_of(std::size_t fit, const std::vector<GraphRows>& rows,
                              const std::vector<GraphFit>& fits, std::vector<std::size_t>& made,
                              Known& known) {
    Node node;
    node.fit = fit;
    node.numbers = fits[fit];
    GraphFit& numbers = node.numbers;
    std::vector<double> key{static_cast<double>(fit),
                            static_cast<double>(numbers.first),
                            static_cast<double>(numbers.features),
                            numbers.penalty,
                            numbers.time,
                            numbers.noise_std};
    for (std::size_t k = 0; k < numbers.rows.size(); ++k) {
        const GraphRows& group = rows[numbers.rows[k]];
        GraphLabels& labels = numbers.labels[k];
        node.noise.push_back(group.noise_std);
        key.insert(key.end(),
                   {static_cast<double>(group.count), numbers.row_weights[k], labels.observed,
                    labels.from_truth, labels.observed == 0.0 ? 0.0 : group.noise_std});
        for (auto& [from, weight] : labels.from_fits) {
            from = made[from];
            key.insert(key.end(), {static_cast<double>(from), weight});
        }
    }
    const auto [place, added] = known.nodes.try_emplace(key, nodes_.size());
    if (!added) return place->second;
    node.sample = sample_of(fit, numbers, rows, known);
    Sample& sample = samples_[node.sample];
    if (sample.projection) {
        node.projected = projected_++;
        projected_features_ = std::max(projected_features_, sample.features);
    }
    node.triangular = sample.triangular && numbers.penalty == 0.0 && !node.flows();
    if (!node.triangular) sample.gram = true;
    if (node.flows()) {
        sample.flows = true;
    } else {
        Features& features = features_[numbers.features];
        features.triangular = features.triangular && node.triangular;
        node.solved = features.rows.size();
        features.rows.push_back(sample.rows);
        features.penalties.push_back(numbers.penalty);
    }
    nodes_.push_back(std::move(node));
    return place->second;
}

std::size_t GraphRun::sample_of(std::size_t fit, const GraphFit& numbers,
                                const std::vector<GraphRows>& rows, Known& known) {
    Sample sample;
    sample.groups = numbers.rows;
    sample.weights = numbers.row_weights;
    sample.features = numbers.features;
    sample.samples = samples_of(numbers, rows);
    const GraphSpec& spec = setting_.spec();
    const std::optional<std::size_t> features = spec.fits[fit].features;
    if (features && spec.features[*features].linear())
        sample.projection = features;
    else if (features)
        sample.first = first_of_[*features];
    std::vector<double> key{static_cast<double>(numbers.first),
                            static_cast<double>(numbers.features)};
    bool factors = true;
    for (std::size_t k = 0; k < numbers.rows.size(); ++k) {
        const std::size_t group = numbers.rows[k], n = rows[group].count;
        const bool factor = factored(group, n);
        factors = factors && factor;
        sample.sizes.push_back(n);
        // Coordinates are zero in the columns behind them of a triangle that is not rotated.
        const bool triangle = !features && spec.rows[group].covariance.diagonal();
        factors = factors && triangle;
        sample.counts.push_back(!factor ? n : triangle ? numbers.features : p_);
        sample.rows += sample.counts.back();
        key.insert(key.end(),
                   {static_cast<double>(group), static_cast<double>(n), numbers.row_weights[k]});
    }
    sample.triangular = factors && numbers.rows.size() == 1;
    const auto [place, added] = known.samples.try_emplace(key, samples_.size());
    if (added) samples_.push_back(std::move(sample));
    return place->second;
}

/// Whenever there is a choice, the next is on the same sample, whose Gram matrix is at hand.
void GraphRun::order_nodes() {
    std::vector<std::vector<std::size_t>> readers(nodes_.size());
    std::vector<std::size_t> lacking(nodes_.size(), 0);
    std::map<std::size_t, std::vector<std::size_t>> ready;
    for (std::size_t k = 0; k < nodes_.size(); ++k) {
        for (const GraphLabels& labels : nodes_[k].numbers.labels)
            for (const auto& [from, weight] : labels.from_fits) {
                readers[from].push_back(k);
                ++lacking[k];
            }
        if (lacking[k] == 0) ready[nodes_[k].sample].push_back(k);
    }
    while (!ready.empty()) {
        const auto sample = ready.begin();
        while (!sample->second.empty()) {
            order_.push_back(sample->second.back());
            sample->second.pop_back();
            for (const std::size_t reader : readers[order_.back()])
                if (--lacking[reader] == 0) ready[nodes_[reader].sample].push_back(reader);
        }
        ready.erase(sample);
    }
}

}  // namespace cucurbit
