#include "host/studies/graph/run.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "host/studies/points.hpp"

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
      width_(std::accumulate(feature_counts_.begin(), feature_counts_.end(), p_)),
      workspace_(
          engine, batch,
          setting.spec().interleaves() ? design.bytes_per_trial : Workspace::never_interleaved) {
    make_nodes();
    make_results();
    make_memory();
}

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
    node.sample = sample_of(numbers, rows, known);
    Sample& sample = samples_[node.sample];
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

std::size_t GraphRun::sample_of(const GraphFit& fit, const std::vector<GraphRows>& rows,
                                Known& known) {
    Sample sample;
    sample.groups = fit.rows;
    sample.weights = fit.row_weights;
    sample.first = fit.first;
    sample.features = fit.features;
    sample.samples = samples_of(fit, rows);
    std::vector<double> key{static_cast<double>(fit.first), static_cast<double>(fit.features)};
    bool factors = true;
    for (std::size_t k = 0; k < fit.rows.size(); ++k) {
        const std::size_t group = fit.rows[k], n = rows[group].count;
        const bool factor = factored(group, n);
        factors = factors && factor;
        sample.sizes.push_back(n);
        // Coordinates are zero in the columns behind them of a triangle that is not rotated.
        const bool triangle = fit.first == 0 && setting_.spec().rows[group].covariance.diagonal();
        factors = factors && triangle;
        sample.counts.push_back(!factor ? n : triangle ? fit.features : p_);
        sample.rows += sample.counts.back();
        key.insert(key.end(),
                   {static_cast<double>(group), static_cast<double>(n), fit.row_weights[k]});
    }
    sample.triangular = factors && fit.rows.size() == 1;
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

void GraphRun::make_memory() {
    const GraphSpec& spec = setting_.spec();
    for (const GraphSpec::Fit& fit : spec.fits) noise_row_.push_back(fit.noise_std ? noises_++ : 0);
    const Population population = spec.population.at(p_);
    const auto add_truth = [&](std::vector<double> truth) {
        truth.resize(width_, 0.0);
        truths_.push_back(workspace_.shared(truth, width_, 1));
        return truths_.size() - 1;
    };
    add_truth(population.truth);
    std::size_t turned = 0;
    for (std::size_t g = 0; g < spec.rows.size(); ++g) {
        const std::optional<Signal>& signal = spec.rows[g].signal;
        truth_of_.push_back(signal ? add_truth(signal->values(population.spectrum)) : 0);
        rows_.push_back(workspace_.matrix(width_ + noises_, draws_[g].columns(p_)));
        const RotatedSpectrum& covariance = spec.rows[g].covariance;
        const bool diagonal = covariance.diagonal();
        roots_of_rows_.push_back(
            diagonal ? workspace_.shared(square_roots(covariance.spectrum(p_)), p_, 1)
                     : workspace_.shared(workspace_.counting() ? std::vector<double>()
                                                               : covariance.root(p_).values,
                                         p_, p_));
        if (!diagonal) turned = std::max(turned, draws_[g].rows);
    }
    if (turned > 0) whitened_ = workspace_.matrix(p_, turned);
    if (std::any_of(draws_.begin(), draws_.end(),
                    [](const Draws& group) { return !group.factors.empty(); }))
        factor_ = workspace_.matrix(p_ + noises_, p_);
    coefficients_ = workspace_.matrix(width_, nodes_.size() + truths_.size());
    errors_ = workspace_.matrix(width_, nodes_.size() + differences_.size());
    label_ = workspace_.matrix(width_ + noises_, 1);
    results_ = workspace_.matrix(errors_.cols + in_sample_.size(), 1);
    for (auto& [count, features] : features_)
        features.fit = std::make_unique<FeatureFit>(workspace_, count, 1, features.rows,
                                                    features.triangular, features.penalties);
    std::size_t order = 0, flows = 0, rows = 0, elements = 0, weighted = 0, longest = 0;
    for (const Sample& sample : samples_) {
        rows = std::max(rows, sample.rows);
        longest = std::max({longest, sample.rows, sample.features});
        if (sample.weighted()) weighted = std::max(weighted, sample.rows * sample.features);
        if (!sample.gram) continue;
        if (sample.flows) flows = std::max(flows, sample.order());
        order = std::max(order, sample.order());
        elements = std::max(elements, sample.rows * (sample.features + 1));
    }
    // Risks in sample are of whole rows.
    for (const std::size_t node : in_sample_) {
        const Sample& sample = samples_[nodes_[node].sample];
        std::size_t whole = 0;
        for (std::size_t k = 0; k < sample.groups.size(); ++k)
            whole += rows_of(sample.groups[k], sample.sizes[k]).cols;
        rows = std::max(rows, whole);
    }
    gram_ = workspace_.matrix(order, order);
    if (flows > 0) {
        vectors_ = workspace_.matrix(flows, flows);
        eigenvalues_ = workspace_.matrix(flows, 1);
        turned_ = workspace_.matrix(flows, 1);
    }
    stacked_ = workspace_.matrix(elements, 1);
    if (weighted > 0) weighted_ = workspace_.matrix(weighted, 1);
    for (const Sample& sample : samples_)
        for (const double weight : sample.weights)
            if (weight != 1.0 && !roots_.contains(weight))
                roots_[weight] =
                    workspace_.shared(std::vector<double>(longest, std::sqrt(weight)), longest, 1);
    labels_ = workspace_.matrix(rows, 1);
    for (const std::size_t node : in_sample_) {
        const std::size_t n = samples_[nodes_[node].sample].samples;
        if (!shares_.contains(n))
            shares_[n] =
                workspace_.shared(std::vector<double>(rows, 1.0 / static_cast<double>(n)), rows, 1);
    }
    part_ = workspace_.matrix(width_, 1);
    // Of a function's labels only where noise comes behind: a study of built-in labels takes the
    // same memory, and so gives the same bits.
    if (std::any_of(spec.fits.begin(), spec.fits.end(), [](const auto& fit) {
            return fit.link == GraphLink::sign || (fit.function && fit.noise_std);
        }))
        signs_ = workspace_.matrix(rows, 1);
    truth_square_ = label_variance(population.truth, population.spectrum);
    std::vector<double> weights = population.spectrum;
    if (width_ > p_) {
        make_features(population);
        // Errors are turned by the root before they are squared.
        weights.assign(width_, 1.0);
    }
    weights_ = workspace_.shared(weights, width_, 1);
}

void GraphRun::make_features(const Population& population) {
    const std::vector<RowFeatures>& features = setting_.spec().features;
    const auto share = [&](const DenseMatrix& of, std::size_t rows, std::size_t cols) {
        return workspace_.shared(of.values, rows, cols);
    };
    for (std::size_t m = 0; m < features.size(); ++m)
        projections_.push_back(share(
            workspace_.counting() ? DenseMatrix()
                                  : features[m].projection(feature_counts_[m], population.spectrum),
            p_, feature_counts_[m]));
    turned_errors_ = workspace_.matrix(width_, errors_.cols);
    root_ = share(
        workspace_.counting()
            ? DenseMatrix()
            : RowMoments(features, feature_counts_,
                         RotatedSpectrum(setting_.spec().population.spectrum), population.spectrum)
                  .root(),
        width_, width_);
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

void GraphRun::draw(std::span<const std::uint64_t> trials) {
    Engine& engine = workspace_.engine();
    for (std::size_t g = 0; g < rows_.size(); ++g) {
        const auto stage = static_cast<std::uint8_t>(g);
        if (const std::size_t n = draws_[g].rows; n > 0) {
            const auto& [name, place, noise, covariance, signal, distribution] =
                setting_.spec().rows[g];
            const bool diagonal = covariance.diagonal();
            const auto x = of(rows_[g].leading(p_, n));
            const auto drawn = diagonal ? x : of(whitened_.leading(p_, n));
            engine.draw({design().key, stage, Purpose::samples}, trials, 0,
                        diagonal && !distribution ? roots_of_rows_[g].data : nullptr, drawn);
            if (distribution) engine.apply(*distribution, drawn);
            if (distribution || !diagonal) give_covariance(g, drawn, x);
            engine.draw({design().key, stage, Purpose::label_noise}, trials, 0, nullptr,
                        of(rows_[g].block(width_, noises_, 0, n)));
        }
        draw_factors(g, trials);
        for (std::size_t m = 0, first = p_; m < projections_.size(); ++m) {
            const auto x = of(rows_[g].leading(p_, rows_[g].cols));
            const auto features = of(rows_[g].block(first, feature_counts_[m], 0, x.cols));
            engine.multiply(of(projections_[m]), true, x, features);
            if (const auto function = setting_.spec().features[m].function())
                engine.apply(*function, features);
            first += feature_counts_[m];
        }
    }
}

void GraphRun::draw_factors(std::size_t group, std::span<const std::uint64_t> trials) {
    Engine& engine = workspace_.engine();
    for (const std::size_t n : draws_[group].factors) {
        const auto rows = rows_of(group, n);
        engine.draw_triangular(setting_.factor_key(design(), group, n),
                               static_cast<std::uint8_t>(group), trials, n, of(factor_));
        give_covariance(group, of(factor_.leading(p_, p_)), rows.leading(p_, p_));
        engine.copy(of(factor_.block(p_, noises_, 0, p_)), rows.block(width_, noises_, 0, p_));
    }
}

/// out = R whitened, R Rᵀ the covariance of a group's rows.
void GraphRun::give_covariance(std::size_t group, BatchMatrix whitened, BatchMatrix out) {
    const BatchMatrix& root = roots_of_rows_[group];
    if (setting_.spec().rows[group].covariance.diagonal())
        workspace_.engine().scale_rows(whitened, root.data, out);
    else
        workspace_.engine().multiply(of(root), false, whitened, out);
}

BatchMatrix GraphRun::rows_of(std::size_t group, std::size_t n) const {
    const auto& [rows, factors] = draws_[group];
    const auto factor = factors.find(n);
    if (factor == factors.end()) return of(rows_[group].leading(width_ + noises_, n));
    const auto place = static_cast<std::size_t>(std::distance(factors.begin(), factor));
    return of(rows_[group].block(0, width_ + noises_, rows + place * p_, p_));
}

void GraphRun::weigh(const Sample& sample) {
    for (std::size_t k = 0; k < sample.groups.size(); ++k) {
        const double weight = sample.weights[k];
        if (weight == 1.0)
            workspace_.engine().copy(drawn(sample, k), columns(sample, k));
        else
            workspace_.engine().scale_rows(drawn(sample, k), roots_.at(weight).data,
                                           columns(sample, k));
    }
}

void GraphRun::prepare(const Sample& sample, Rung rung) {
    if (sample.weighted()) weigh(sample);
    if (!sample.gram) return;
    if (rung == Rung::cholesky || sample.flows) form_gram(sample);
    if (sample.flows) {
        const auto vectors = of(vectors_.leading(sample.order(), sample.order()));
        workspace_.engine().copy(gram(sample), vectors);
        workspace_.engine().eigen(vectors, of(eigenvalues_.leading(sample.order(), 1)));
    }
    if (rung == Rung::cholesky) return;
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
    const auto fitted = coefficients(index).block(sample.first, sample.features, 0, 1);
    make_labels(node);
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
    if (width_ > p_) engine.multiply(of(root_), false, of(errors_), of(turned_errors_));
    engine.products(of(width_ > p_ ? turned_errors_ : errors_), weights_.data, all, all,
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
        const std::size_t seen = sample.first == 0 ? p_ : sample.features;
        workspace_.download(coefficients(node).block(sample.first, seen, 0, 1), count_, own_x_);
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
        if (sample.gram)
            flops += std::pow(static_cast<double>(sample.order()), 2.0) *
                         static_cast<double>(std::max(sample.rows, sample.features)) +
                     (sample.flows ? of_eigenvectors * cube(sample) : 0.0);
    for (const Node& node : nodes_) {
        const Sample& sample = samples_[node.sample];
        flops += (node.flows() || node.triangular ? 0.0 : cube(sample)) +
                 2.0 * static_cast<double>(sample.rows * (width_ + sample.features));
    }
    return flops;
}

}  // namespace cucurbit
