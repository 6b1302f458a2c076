// What is measured of the fits of a graph.

#include <algorithm>

#include "host/studies/graph/run.hpp"

namespace cucurbit {

/// Results are the risks of all nodes, then differences, then risks in sample.
void GraphRun::make_results() {
    using Kind = GraphSpec::Measure::Kind;
    const GraphSpec& spec = setting_.spec();
    for (const Series& series : design().series) {
        const auto is_series = [&](const auto& each) {
            return spec.fits[each.fit].name == series.arm && spec.estimand(each) == series.estimand;
        };
        const std::vector<std::size_t>& nodes = nodes_at_[series.point];
        const auto measure = std::find_if(spec.measures.begin(), spec.measures.end(), is_series);
        if (measure == spec.measures.end()) {
            const auto [function, fit] =
                *std::find_if(spec.own_measures.begin(), spec.own_measures.end(), is_series);
            readings_.push_back(
                {{}, nodes[fit], nodes[fit], {}, own_measure({function, nodes[fit]})});
            continue;
        }
        Reading reading{measure->kind, nodes[measure->fit], nodes[measure->other], {}, {}};
        const auto [kind, node, other, none, own] = reading;
        switch (kind) {
            case Kind::excess_risk:
                reading.results = {node};
                break;
            case Kind::misfit:
                reading.results = {difference(node, other)};
                break;
            case Kind::output_variance:
                reading.results = {difference(node, {})};
                break;
            case Kind::in_sample_risk:
                // Points share nodes.
                reading.results = {static_cast<std::size_t>(
                    std::find(in_sample_.begin(), in_sample_.end(), node) - in_sample_.begin())};
                if (reading.results.front() == in_sample_.size()) in_sample_.push_back(node);
                break;
            case Kind::error_rate:
                reading.results = {difference(node, {}), node};
                break;
            case Kind::agreement:
                reading.results = {difference(node, {}), difference(node, other),
                                   difference(other, {})};
                break;
        }
        readings_.push_back(std::move(reading));
    }
    for (Reading& reading : readings_)
        if (!reading.own && reading.kind == Kind::in_sample_risk)
            reading.results.front() += nodes_.size() + differences_.size();
}

std::size_t GraphRun::own_measure(OwnMeasure measure) {
    const auto known = std::find(own_measures_.begin(), own_measures_.end(), measure);
    const auto place = static_cast<std::size_t>(known - own_measures_.begin());
    if (known == own_measures_.end()) own_measures_.push_back(measure);
    return place;
}

std::size_t GraphRun::difference(std::size_t node, std::optional<std::size_t> from) {
    const auto [place, added] =
        known_differences_.try_emplace({node, from}, nodes_.size() + differences_.size());
    if (added) differences_.emplace_back(node, from);
    return place->second;
}

void GraphRun::measure() {
    Engine& engine = workspace_.engine();
    const std::size_t nodes = nodes_.size();
    const auto errors = of(errors_.leading(width_, nodes));
    engine.copy(of(coefficients_.leading(width_, nodes)), errors);
    engine.subtract(truths_.front().data, workspace_.repeated(1, nodes), errors);
    for (std::size_t k = 0; k < differences_.size(); ++k) {
        const auto [node, from] = differences_[k];
        const auto difference = of(errors_.block(0, width_, nodes + k, 1));
        engine.copy(coefficients(node), difference);
        if (from) engine.add_to_columns(coefficients(*from), -1.0, difference);
    }
    std::vector<std::uint32_t> each;
    for (std::size_t j = 0; j < errors_.cols; ++j) each.push_back(static_cast<std::uint32_t>(j));
    const IndexList& all = workspace_.kept(each);
    const bool turns = root_.rows > 0;
    if (turns) engine.multiply(of(root_), false, of(errors_), of(turned_errors_));
    engine.products(of(turns ? turned_errors_ : errors_), weights_.data, all, all,
                    of(results_.leading(errors_.cols, 1)));
    measure_in_sample();
}

/// ‖X(b − β*)‖²/n of a node's own rows.
void GraphRun::measure_in_sample() {
    Engine& engine = workspace_.engine();
    for (std::size_t k = 0; k < in_sample_.size(); ++k) {
        const std::size_t node = in_sample_[k];
        const Sample& sample = samples_[nodes_[node].sample];
        std::size_t first = 0;
        for (std::size_t group = 0; group < sample.groups.size(); ++group) {
            const auto rows = rows_of(sample.groups[group], sample.sizes[group]);
            engine.project(rows.leading(width_, rows.cols), of(errors_.block(0, width_, node, 1)),
                           workspace_.repeated(rows.cols, 1),
                           of(labels_.block(first, rows.cols, 0, 1)));
            first += rows.cols;
        }
        engine.weighted_norm(of(labels_.leading(first, 1)), shares_.at(sample.samples).data,
                             of(results_.block(errors_.cols + k, 1, 0, 1)));
    }
}

/// A function is given a fit's coefficients: of all coordinates, or of its features.
void GraphRun::measure_own() {
    own_values_.resize(own_measures_.size());
    for (std::size_t k = 0; k < own_measures_.size(); ++k) {
        const auto [function, node] = own_measures_[k];
        const Sample& sample = samples_[nodes_[node].sample];
        const bool features = sample.projection || sample.first > 0;
        const auto given = features ? own_coefficients(node) : coefficients(node).leading(p_, 1);
        const std::size_t seen = given.rows;
        workspace_.download(given, count_, own_x_);
        own_values_[k].assign(count_, 0.0);
        setting_.call(function)({count_, 1, seen, own_x_.data(), own_values_[k].data()});
    }
}

double GraphRun::value(const Reading& reading, const double* results) const {
    using Kind = GraphSpec::Measure::Kind;
    const auto result = [&](std::size_t k) { return results[reading.results[k]]; };
    if (reading.kind == Kind::error_rate) return sign_error(result(0), truth_square_, result(1));
    if (reading.kind == Kind::agreement) return 1.0 - sign_error(result(0), result(2), result(1));
    return result(0);
}

}  // namespace cucurbit
