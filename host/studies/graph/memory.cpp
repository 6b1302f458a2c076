// What trials of a graph need of the engine before they are drawn.

#include <algorithm>
#include <cmath>

#include "host/studies/graph/run.hpp"

namespace cucurbit {

void GraphRun::make_memory() {
    const GraphSpec& spec = setting_.spec();
    for (const GraphSpec::Fit& fit : spec.fits) noise_row_.push_back(fit.noise_std ? noises_++ : 0);
    const Population population = spec.population.at(p_);
    const auto add_truth = [&](std::vector<double> truth) {
        truth.resize(width_, 0.0);
        truths_.push_back(workspace_.shared(truth, width_, 1));
        return truths_.size() - 1;
    };
    add_truth(spec.test_truth(p_));
    const std::size_t usual = spec.test.signal ? add_truth(population.truth) : 0;
    std::size_t turned = 0;
    for (std::size_t g = 0; g < spec.rows.size(); ++g) {
        const std::optional<Signal>& signal = spec.rows[g].signal;
        truth_of_.push_back(signal ? add_truth(signal->values(population.spectrum)) : usual);
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
    std::size_t order = 0, flows = 0, rows = 0, elements = 0, made = 0, longest = 0;
    for (const Sample& sample : samples_) {
        rows = std::max(rows, sample.rows);
        longest = std::max({longest, sample.rows, sample.features});
        if (sample.made()) made = std::max(made, sample.rows * sample.features);
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
    if (made > 0) made_ = workspace_.matrix(made, 1);
    if (projected_ > 0) own_coefficients_ = workspace_.matrix(projected_features_, projected_);
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
    make_features();
    make_test();
}

void GraphRun::make_features() {
    const GraphSpec& spec = setting_.spec();
    const std::vector<double> spectrum = spec.population.spectrum.values(p_);
    for (std::size_t m = 0; m < spec.features.size(); ++m)
        projections_.push_back(workspace_.shared(
            workspace_.counting()
                ? std::vector<double>()
                : spec.features[m].projection(feature_counts_[m], spectrum).values,
            p_, feature_counts_[m]));
}

void GraphRun::make_test() {
    const GraphSpec& spec = setting_.spec();
    const RotatedSpectrum& test = spec.test.covariance;
    truth_square_ = test.square(spec.test_truth(p_));
    std::vector<double> weights = test.spectrum(p_);
    if (width_ > p_ || !test.diagonal()) {
        // Errors are turned by a root of their rows' moments before they are squared.
        std::vector<RowFeatures> features;
        std::vector<std::size_t> counts;
        for (std::size_t m = 0; m < spec.features.size(); ++m)
            if (!spec.features[m].linear()) {
                features.push_back(spec.features[m]);
                counts.push_back(feature_counts_[m]);
            }
        turned_errors_ = workspace_.matrix(width_, errors_.cols);
        root_ = workspace_.shared(
            workspace_.counting()
                ? std::vector<double>()
                : RowMoments(features, counts, test, spec.population.spectrum.values(p_))
                      .root()
                      .values,
            width_, width_);
        weights.assign(width_, 1.0);
    }
    weights_ = workspace_.shared(weights, width_, 1);
}

}  // namespace cucurbit
