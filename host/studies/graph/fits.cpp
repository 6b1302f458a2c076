// Labels of a graph's fits, and the fits to them.

#include "host/studies/graph/run.hpp"

namespace cucurbit {

void GraphRun::make_labels(const Node& node) {
    const Sample& sample = samples_[node.sample];
    std::size_t first = 0;
    for (std::size_t k = 0; k < sample.groups.size(); ++k) {
        const auto labels = of(labels_.block(first, sample.counts[k], 0, 1));
        make_labels(node, k, labels);
        if (const double weight = sample.weights[k]; weight != 1.0)
            workspace_.engine().scale_rows(labels, roots_.at(weight).data, labels);
        first += sample.counts[k];
    }
}

/// Labels of a group's rows are one product with what the labels are made of: coefficients of x,
/// and of each noise. Hard labels are signs of such products; of others a function makes labels.
/// Either way noise of the fit's own is added behind.
void GraphRun::make_labels(const Node& node, std::size_t group, BatchMatrix labels) {
    Engine& engine = workspace_.engine();
    const GraphFit& fit = node.numbers;
    const GraphLabels& of_group = fit.labels[group];
    const auto rows = rows_of(fit.rows[group], samples_[node.sample].sizes[group]);
    const bool hard = fit.link == GraphLink::sign;
    const std::optional<std::size_t> function = setting_.spec().fits[node.fit].function;
    const auto whole = of(label_), x = whole.leading(width_, 1);
    const auto add = [&](BatchMatrix column, double weight) {
        if (weight != 0.0) engine.add_to_columns(column, weight, x);
    };
    const auto set = [&](std::size_t noise, double std) {
        if (std != 0.0) engine.fill(whole.block(width_ + noise, 1, 0, 1), std);
    };
    const auto project = [&](BatchMatrix out) {
        engine.project(rows.leading(width_ + noises_, labels.rows), whole,
                       workspace_.repeated(labels.rows, 1), out);
    };
    const auto add_sign = [&](BatchMatrix column, double noise, double weight) {
        if (weight == 0.0) return;
        const auto part = of(signs_.leading(labels.rows, 1));
        engine.fill(whole, 0.0);
        add(column, 1.0);
        set(0, noise);
        project(part);
        engine.apply(Entrywise::sign, part);
        engine.add_to_columns(part, weight, labels);
    };
    const auto set_own_noise = [&] {
        if (noise_row_[node.fit] != 0) set(noise_row_[node.fit], fit.noise_std);
    };
    const auto truth = coefficients(nodes_.size() + truth_of_[fit.rows[group]]);
    engine.fill(whole, 0.0);
    if (hard) {
        engine.fill(labels, 0.0);
        add_sign(truth, node.noise[group], of_group.observed);
        add_sign(truth, 0.0, of_group.from_truth);
        for (const auto& [from, weight] : of_group.from_fits)
            add_sign(coefficients(from), 0.0, weight);
    } else {
        if (!function) set_own_noise();
        add(truth, of_group.from_truth + of_group.observed);
        for (const auto& [from, weight] : of_group.from_fits) add(coefficients(from), weight);
        set(0, of_group.observed * node.noise[group]);
        project(labels);
        if (function) call(*function, rows.leading(p_, labels.rows), labels);
    }
    if ((!hard && !function) || noise_row_[node.fit] == 0) return;
    const auto part = of(signs_.leading(labels.rows, 1));
    engine.fill(whole, 0.0);
    set_own_noise();
    project(part);
    engine.add_to_columns(part, 1.0, labels);
}

/// Lets a function make labels of a group's rows and of the labels that these have.
void GraphRun::call(std::size_t function, BatchMatrix rows, BatchMatrix labels) {
    workspace_.download(rows, count_, own_x_);
    workspace_.download(labels, count_, own_labels_);
    setting_.call(function)({count_, labels.rows, p_, own_x_.data(), own_labels_.data()});
    workspace_.upload(own_labels_, count_, labels);
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
    const auto labels = of(labels_.leading(sample.rows, 1));
    const auto fitted = own_coefficients(index);
    make_labels(node);
    solve(node, labels, fitted, rung);
    if (sample.projection)
        engine.multiply(projection(sample), false, fitted, coefficients(index).leading(p_, 1));
}

void GraphRun::solve(const Node& node, BatchMatrix labels, BatchMatrix fitted, Rung rung) {
    Engine& engine = workspace_.engine();
    const Sample& sample = samples_[node.sample];
    if (node.flows()) return flow(node, labels, fitted);
    FeatureFit& fit = *features_.at(sample.features).fit;
    if (node.triangular) {
        fit.solve_triangular(node.solved, columns(sample, 0), labels, count_, false);
        engine.copy(of(fit.coefficients()), fitted);
    } else if (rung != Rung::cholesky) {
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

/// With XᵀX = VΛVᵀ, or XXᵀ, a flow is V f(Λ)Vᵀ Xᵀy, or Xᵀ V f(Λ)Vᵀ y: as stable on every rung.
void GraphRun::flow(const Node& node, BatchMatrix labels, BatchMatrix fitted) {
    Engine& engine = workspace_.engine();
    const Sample& sample = samples_[node.sample];
    const std::size_t order = sample.order();
    const auto vectors = of(vectors_.leading(order, order));
    const auto turned = of(turned_.leading(order, 1));
    const auto change = [&](BatchMatrix values) {
        engine.multiply(vectors, true, values, turned);
        engine.flow(of(eigenvalues_.leading(order, 1)),
                    node.numbers.time / static_cast<double>(sample.samples), turned);
        engine.multiply(vectors, false, turned, values);
    };
    if (sample.least_squares()) {
        combine(sample, labels, fitted);
        change(fitted);
    } else {
        change(labels);
        combine(sample, labels, fitted);
    }
}

}  // namespace cucurbit
