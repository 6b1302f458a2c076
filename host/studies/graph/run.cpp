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
      workspace_(engine, batch, design.bytes_per_trial) {
    make_nodes();
    make_results();
    make_memory();
}

void GraphRun::make_nodes() {
    Known known;
    for (const Point& point : design().points) {
        const auto [rows, fits] = setting_.spec().at(point.parameters);
        std::vector<std::size_t>& made = nodes_at_.emplace_back();
        most_rows_.resize(rows.size(), 0);
        for (std::size_t g = 0; g < rows.size(); ++g)
            most_rows_[g] = std::max(most_rows_[g], rows[g].count);
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
    std::vector<double> key{static_cast<double>(fit), static_cast<double>(numbers.features),
                            numbers.penalty, numbers.noise_std};
    for (std::size_t k = 0; k < numbers.rows.size(); ++k) {
        const GraphRows& group = rows[numbers.rows[k]];
        GraphLabels& labels = numbers.labels[k];
        node.noise.push_back(group.noise_std);
        key.insert(key.end(), {static_cast<double>(group.count), labels.observed, labels.from_truth,
                               labels.observed == 0.0 ? 0.0 : group.noise_std});
        for (auto& [from, weight] : labels.from_fits) {
            from = made[from];
            key.insert(key.end(), {static_cast<double>(from), weight});
        }
    }
    const auto [place, added] = known.nodes.try_emplace(key, nodes_.size());
    if (!added) return place->second;
    node.sample = sample_of(numbers, rows, known);
    Features& features = features_[numbers.features];
    node.solved = features.rows.size();
    features.rows.push_back(samples_[node.sample].rows);
    features.penalties.push_back(numbers.penalty);
    nodes_.push_back(std::move(node));
    return place->second;
}

std::size_t GraphRun::sample_of(const GraphFit& fit, const std::vector<GraphRows>& rows,
                                Known& known) {
    Sample sample{fit.rows, {}, fit.features, samples_of(fit, rows)};
    std::vector<std::size_t> key{fit.features};
    for (const std::size_t group : fit.rows) {
        sample.counts.push_back(rows[group].count);
        key.insert(key.end(), {group, rows[group].count});
    }
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

void GraphRun::make_results() {
    const GraphSpec& spec = setting_.spec();
    const auto fit_named = [&](const std::string& name) {
        return static_cast<std::size_t>(
            std::find_if(spec.fits.begin(), spec.fits.end(),
                         [&](const GraphSpec::Fit& fit) { return fit.name == name; }) -
            spec.fits.begin());
    };
    std::map<Difference, std::size_t> known;
    for (const Series& series : design().series) {
        const std::vector<std::size_t>& nodes = nodes_at_[series.point];
        const std::size_t node = nodes[fit_named(series.arm)];
        if (series.estimand == "excess_risk") {
            result_of_.push_back(node);
            continue;
        }
        Difference difference{node, {}};
        if (series.estimand != "output_variance") {
            std::size_t other = 0;
            while (setting_.misfit_name(other) != series.estimand) ++other;
            difference.second = nodes[other];
        }
        const auto [place, added] = known.try_emplace(difference, differences_.size());
        result_of_.push_back(nodes_.size() + place->second);
        if (added) differences_.push_back(difference);
    }
}

void GraphRun::make_memory() {
    const GraphSpec& spec = setting_.spec();
    for (const GraphSpec::Fit& fit : spec.fits) noise_row_.push_back(fit.noise_std ? noises_++ : 0);
    for (std::size_t g = 0; g < spec.rows.size(); ++g) {
        rows_.push_back(workspace_.matrix(p_ + noises_, most_rows_[g]));
        scales_.push_back(workspace_.shared(square_roots(spec.rows[g].spectrum.values(p_)), p_, 1));
    }
    coefficients_ = workspace_.matrix(p_, nodes_.size() + 1);
    errors_ = workspace_.matrix(p_, nodes_.size() + differences_.size());
    label_ = workspace_.matrix(p_ + noises_, 1);
    results_ = workspace_.matrix(errors_.cols, 1);
    for (auto& [count, features] : features_)
        features.fit = std::make_unique<FeatureFit>(workspace_, count, 1, features.rows, false,
                                                    features.penalties);
    std::size_t order = 0, rows = 0, elements = 0;
    for (const Sample& sample : samples_) {
        order = std::max(order, sample.order());
        rows = std::max(rows, sample.rows);
        elements = std::max(elements, sample.rows * (sample.features + 1));
    }
    gram_ = workspace_.matrix(order, order);
    stacked_ = workspace_.matrix(elements, 1);
    labels_ = workspace_.matrix(rows, 1);
    part_ = workspace_.matrix(p_, 1);
    const Population population = spec.population.at(p_);
    truth_ = workspace_.shared(population.truth, p_, 1);
    weights_ = workspace_.shared(population.spectrum, p_, 1);
}

void GraphRun::attempt(std::span<const std::uint64_t> trials, Rung rung) {
    count_ = trials.size();
    draw(trials);
    workspace_.engine().fill(of(coefficients_), 0.0);
    workspace_.engine().copy(truth_.trials(count_), coefficients(nodes_.size()));
    std::size_t prepared = samples_.size();
    for (const std::size_t k : order_) {
        if (nodes_[k].sample != prepared) prepare(samples_[prepared = nodes_[k].sample], rung);
        fit_node(k, rung);
    }
    measure();
    for (auto& [count, features] : features_) features.fit->read(count_);
    workspace_.download(results_, count_, read_results_);
}

void GraphRun::draw(std::span<const std::uint64_t> trials) {
    Engine& engine = workspace_.engine();
    for (std::size_t g = 0; g < rows_.size(); ++g) {
        const auto stage = static_cast<std::uint8_t>(g);
        const std::size_t n = most_rows_[g];
        engine.draw({design().key, stage, Purpose::samples}, trials, 0, scales_[g].data,
                    of(rows_[g].leading(p_, n)));
        engine.draw({design().key, stage, Purpose::label_noise}, trials, 0, nullptr,
                    of(rows_[g].block(p_, noises_, 0, n)));
    }
}

void GraphRun::prepare(const Sample& sample, Rung rung) {
    if (rung == Rung::cholesky) {
        form_gram(sample);
        return;
    }
    std::size_t first = 0;
    for (std::size_t k = 0; k < sample.groups.size(); ++k) {
        workspace_.engine().transpose(
            columns(sample, k), stacked(sample).block(first, sample.counts[k], 0, sample.features));
        first += sample.counts[k];
    }
}

/// XᵀX, or XXᵀ where there are fewer rows than features.
void GraphRun::form_gram(const Sample& sample) {
    Engine& engine = workspace_.engine();
    const auto whole = gram(sample);
    if (sample.least_squares()) {
        engine.fill(whole, 0.0);
        for (std::size_t k = 0; k < sample.groups.size(); ++k)
            engine.add_outer(columns(sample, k), whole);
        return;
    }
    std::size_t first = 0;
    for (std::size_t k = 0; k < sample.groups.size(); ++k) {
        const std::size_t n = sample.counts[k];
        engine.gram(columns(sample, k), whole.block(first, n, first, n));
        std::size_t below = first + n;
        for (std::size_t j = k + 1; j < sample.groups.size(); ++j) {
            engine.multiply(columns(sample, j), true, columns(sample, k),
                            whole.block(below, sample.counts[j], first, n));
            below += sample.counts[j];
        }
        first += n;
    }
}

void GraphRun::make_labels(const Node& node) {
    const Sample& sample = samples_[node.sample];
    std::size_t first = 0;
    for (std::size_t k = 0; k < sample.groups.size(); ++k) {
        make_labels(node, k, of(labels_.block(first, sample.counts[k], 0, 1)));
        first += sample.counts[k];
    }
}

/// Labels of a group's rows are one product with what the labels are made of: coefficients of x,
/// and of each noise.
void GraphRun::make_labels(const Node& node, std::size_t group, BatchMatrix labels) {
    Engine& engine = workspace_.engine();
    const GraphFit& fit = node.numbers;
    const GraphLabels& of_group = fit.labels[group];
    const auto whole = of(label_), x = whole.leading(p_, 1);
    engine.fill(whole, 0.0);
    const auto add = [&](BatchMatrix column, double weight) {
        if (weight != 0.0) engine.add_to_columns(column, weight, x);
    };
    add(coefficients(nodes_.size()), of_group.from_truth + of_group.observed);
    for (const auto& [from, weight] : of_group.from_fits) add(coefficients(from), weight);
    const auto set = [&](std::size_t noise, double std) {
        if (std != 0.0) engine.fill(whole.block(p_ + noise, 1, 0, 1), std);
    };
    set(0, of_group.observed * node.noise[group]);
    if (noise_row_[node.fit] != 0) set(noise_row_[node.fit], fit.noise_std);
    engine.project(of(rows_[fit.rows[group]].leading(p_ + noises_, labels.rows)), whole,
                   workspace_.repeated(labels.rows, 1), labels);
}

/// out = Xᵀ factors, factors: one for each row.
void GraphRun::combine(const Sample& sample, BatchMatrix factors, BatchMatrix out) {
    Engine& engine = workspace_.engine();
    const auto part = of(part_.leading(sample.features, 1));
    std::size_t first = 0;
    for (std::size_t k = 0; k < sample.groups.size(); ++k) {
        const auto of_group = factors.block(first, sample.counts[k], 0, 1);
        engine.multiply(columns(sample, k), false, of_group, k == 0 ? out : part);
        if (k > 0) engine.add_to_columns(part, 1.0, out);
        first += sample.counts[k];
    }
}

void GraphRun::fit_node(std::size_t index, Rung rung) {
    Engine& engine = workspace_.engine();
    const Node& node = nodes_[index];
    const Sample& sample = samples_[node.sample];
    FeatureFit& fit = *features_.at(sample.features).fit;
    const auto labels = of(labels_.leading(sample.rows, 1));
    const auto fitted = coefficients(index).leading(sample.features, 1);
    make_labels(node);
    if (rung != Rung::cholesky) {
        engine.copy(labels, stacked(sample).block(0, sample.rows, sample.features, 1));
        fit.solve(node.solved, stacked(sample), count_, rung);
        engine.copy(of(fit.coefficients()), fitted);
    } else if (sample.least_squares()) {
        combine(sample, labels, fitted);
        fit.solve_gram(node.solved, gram(sample), fitted, count_);
    } else {
        fit.solve_gram(node.solved, gram(sample), labels, count_);
        combine(sample, labels, fitted);
    }
}

void GraphRun::measure() {
    Engine& engine = workspace_.engine();
    const std::size_t nodes = nodes_.size();
    const auto errors = of(errors_.leading(p_, nodes));
    engine.copy(of(coefficients_.leading(p_, nodes)), errors);
    engine.subtract(truth_.data, workspace_.repeated(1, nodes), errors);
    for (std::size_t k = 0; k < differences_.size(); ++k) {
        const auto [node, from] = differences_[k];
        const auto difference = of(errors_.block(0, p_, nodes + k, 1));
        engine.copy(coefficients(node), difference);
        if (from) engine.add_to_columns(coefficients(*from), -1.0, difference);
    }
    std::vector<std::uint32_t> each;
    for (std::size_t j = 0; j < errors_.cols; ++j) each.push_back(static_cast<std::uint32_t>(j));
    const IndexList& all = workspace_.kept(each);
    engine.products(of(errors_), weights_.data, all, all, of(results_));
}

/// A fit depends on those that label it.
void GraphRun::read(std::size_t first, std::size_t end, Rung rung, std::span<Fitted> out) const {
    const std::size_t series = design().series.size();
    std::vector<Fitted> fitted(errors_.cols);
    const auto depend = [&](Fitted& of, std::size_t on) {
        of.demanded = std::max(of.demanded, fitted[on].demanded);
        of.rank_deficit = std::max(of.rank_deficit, fitted[on].rank_deficit);
    };
    for (std::size_t t = first; t < end; ++t) {
        const double* results = &read_results_[t * errors_.cols];
        for (std::size_t k = 0; k < nodes_.size(); ++k) {
            const Node& node = nodes_[k];
            const FeatureFit& fit = *features_.at(node.numbers.features).fit;
            fitted[k] = {results[k], fit.demanded(node.solved, t, rung),
                         fit.rank_deficit(node.solved, t, rung)};
            for (const GraphLabels& labels : node.numbers.labels)
                for (const auto& [from, weight] : labels.from_fits) depend(fitted[k], from);
        }
        for (std::size_t k = 0; k < differences_.size(); ++k) {
            const auto [node, from] = differences_[k];
            Fitted& of = fitted[nodes_.size() + k];
            of = {results[nodes_.size() + k], Rung::none, 0};
            depend(of, node);
            if (from) depend(of, *from);
        }
        for (std::size_t s = 0; s < series; ++s)
            out[(t - first) * series + s] = fitted[result_of_[s]];
    }
}

double GraphRun::flops() const {
    double flops = 0.0;
    for (const Sample& sample : samples_)
        flops += std::pow(static_cast<double>(sample.order()), 2.0) *
                 static_cast<double>(std::max(sample.rows, sample.features));
    for (const Node& node : nodes_) {
        const Sample& sample = samples_[node.sample];
        flops += std::pow(static_cast<double>(sample.order()), 3.0) +
                 2.0 * static_cast<double>(sample.rows * (p_ + sample.features));
    }
    return flops;
}

}  // namespace cucurbit
