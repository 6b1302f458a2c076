#include "host/studies/descent/samples.hpp"

#include <algorithm>
#include <cmath>

#include "cucurbit/hash.hpp"
#include "host/studies/shuffle.hpp"
#include "host/threads/host_threads.hpp"

namespace cucurbit {
namespace {

/// Standard normals of random features, p×width: unit j's weights are row j of the draws, so that a
/// wider layer begins with the same units.
std::vector<double> random_weights(std::size_t p, std::size_t width, std::uint64_t seed) {
    const std::uint64_t key = hash_text("random_relu seed=" + std::to_string(seed));
    std::vector<double> weights(p * width);
    for (std::size_t j = 0; j < width; ++j)
        draw_normals({key, 0, Purpose::samples}, 0, j, std::span(weights).subspan(j * p, p));
    return weights;
}

}  // namespace

DescentSampler::DescentSampler(Workspace& workspace, const DescentSpec& spec,
                               const DescentGrid& grid, std::uint64_t key)
    : workspace_(workspace),
      spec_(spec),
      grid_(grid),
      key_(key),
      dimension_(spec.features.dimension(grid.p())),
      outputs_(spec.data.outputs()) {
    const std::size_t p = grid.p(), n = grid.n(), rank = std::min(n, dimension_);
    const bool counting = workspace.counting();
    if (spec.data.from_files()) {
        const std::size_t samples = spec.data.file_labels.size();
        file_ = workspace.shared(spec.data.features, p, samples);
        order_ = workspace.matrix(n, 1);
    } else {
        const std::vector<double> spectrum = spec.data.spectrum.values(p);
        scale_ = workspace.shared(square_roots(spectrum), p, 1);
        std::vector<double> truth;
        if (spec.data.classes == 0)
            truth = spec.data.signal.values(spectrum);
        else if (!counting)
            truth = class_coefficients(spec.data, p, key);
        truth_ = workspace.shared(truth, p, outputs_);
        if (spec.data.classes > 0) logits_ = workspace.matrix(n, outputs_);
    }
    if (spec.data.classes == 0) {
        noise_ = workspace.matrix(n, 2);
        mixing_ =
            workspace.shared(noise_mixing(grid.disturbances()), 2, grid.disturbances().size());
    }
    if (spec.features.width > 0) {
        inputs_ = workspace.matrix(p, n);
        projection_ = workspace.shared(
            counting ? std::vector<double>() : random_weights(p, dimension_, spec.features.seed), p,
            dimension_);
    }
    if (wide()) gram_ = workspace.matrix(n, n);
    eigenvectors_ = workspace.matrix(rank, rank);
    eigenvalues_ = workspace.matrix(rank, 1);
}

DescentSample DescentSampler::make_sample() const {
    return {workspace_.matrix(dimension_, grid_.n()),
            workspace_.matrix(grid_.n(), grid_.disturbances().size() * outputs_),
            {},
            {}};
}

std::vector<double> DescentSampler::choose_rows(std::span<const std::uint64_t> trials,
                                                DescentStage stage, std::size_t first_row,
                                                std::size_t rows) const {
    const std::size_t all = spec_.data.file_labels.size();
    const std::size_t before_test = all - spec_.data.test_samples;
    const std::size_t before = stage == DescentStage::labelled         ? 0
                               : stage == DescentStage::student_inputs ? grid_.n()
                               : stage == DescentStage::test           ? before_test
                                                             : before_test - spec_.data.held_out;
    std::vector<double> chosen;
    for (const std::uint64_t trial : trials) {
        const std::vector<std::size_t> order = shuffled({key_, 0, Purpose::split}, trial, 0, all);
        for (std::size_t i = 0; i < rows; ++i)
            chosen.push_back(static_cast<double>(order[before + first_row + i]));
    }
    return chosen;
}

std::vector<ClassLabels> DescentSampler::draw(std::span<const std::uint64_t> trials,
                                              DescentStage stage, std::size_t first_row,
                                              BatchMatrix features) {
    Engine& engine = workspace_.engine();
    const std::size_t count = trials.size(), rows = features.cols;
    const auto of = [&](BatchMatrix matrix) { return matrix.trials(count); };
    const auto number = static_cast<std::uint8_t>(stage);
    const BatchMatrix inputs =
        spec_.features.width > 0 ? of(inputs_.leading(inputs_.rows, rows)) : features;
    std::vector<double> chosen;
    if (spec_.data.from_files()) {
        chosen = choose_rows(trials, stage, first_row, rows);
        BatchMatrix order = of(order_);
        order.rows = order.ld = order.stride = rows;
        engine.upload(chosen, order.data);
        engine.gather(of(file_), order, false, inputs);
    } else {
        engine.draw({key_, number, Purpose::samples}, trials, first_row, scale_.data, inputs);
    }
    if (spec_.features.width > 0) {
        engine.multiply(of(projection_), true, inputs, features);
        engine.apply(Entrywise::rectifier, features);
    }
    std::vector<ClassLabels> labels(count);
    if (spec_.data.classes == 0) return labels;
    if (!spec_.data.from_files()) {
        const BatchMatrix outputs = of(logits_.leading(rows, outputs_));
        engine.multiply(inputs, true, of(truth_), outputs);
        fetch_as_stored(engine, outputs, read_logits_);
    }
    for_blocks(count, 1, [&](std::size_t t, std::size_t) {
        const LabelRows at{key_, number, trials[t], first_row, rows};
        std::vector<std::uint32_t>& clean = labels[t].clean;
        if (!spec_.data.from_files())
            clean = draw_class_labels(outputs_, at, &read_logits_[t * logits_.stride], logits_.ld);
        for (std::size_t i = clean.size(); i < rows; ++i)
            clean.push_back(spec_.data.file_labels[static_cast<std::size_t>(chosen[t * rows + i])]);
        labels[t].observed = flip_labels(clean, spec_.data.classes, grid_.disturbances(), at);
    });
    return labels;
}

void DescentSampler::draw(std::span<const std::uint64_t> trials, DescentStage stage,
                          DescentSample& sample) {
    Engine& engine = workspace_.engine();
    const auto of = [&](BatchMatrix matrix) { return matrix.trials(trials.size()); };
    sample.labels = draw(trials, stage, 0, of(sample.features));
    if (spec_.data.classes > 0) {
        std::vector<double> targets(sample.targets.stride * trials.size());
        for (std::size_t t = 0; t < trials.size(); ++t)
            write_one_hot(sample.labels[t], outputs_, targets.data() + t * sample.targets.stride);
        engine.upload(targets, sample.targets.data);
    } else {
        const auto column = [&](std::size_t j) { return of(noise_.block(0, noise_.rows, j, 1)); };
        const auto number = static_cast<std::uint8_t>(stage);
        engine.draw({key_, number, Purpose::label_noise}, trials, 0, nullptr, column(1));
        engine.multiply(of(sample.features), true, of(truth_), column(0));
        engine.multiply(of(noise_), false, of(mixing_), of(sample.targets));
    }
    decompose(sample, trials.size());
}

void DescentSampler::decompose(DescentSample& sample, std::size_t count) {
    Engine& engine = workspace_.engine();
    const auto of = [&](BatchMatrix matrix) { return matrix.trials(count); };
    if (wide()) {
        engine.multiply(of(sample.features), true, of(sample.features), of(gram_));
        engine.copy(of(gram_), of(eigenvectors_));
    } else {
        engine.fill(of(eigenvectors_), 0.0);
        engine.add_outer(of(sample.features), of(eigenvectors_));
    }
    engine.eigen(of(eigenvectors_), of(eigenvalues_));
    const std::vector<double> values = fetch(engine, of(eigenvalues_));
    sample.squares.clear();
    for (std::size_t t = 0; t < count; ++t)
        for (std::size_t k = 0; k < spec_.student.directions; ++k)
            sample.squares.push_back(values[(t + 1) * eigenvalues_.rows - 1 - k]);
}

void DescentSampler::directions(const DescentSample& sample, BatchMatrix out) const {
    Engine& engine = workspace_.engine();
    const std::size_t rank = eigenvectors_.rows;
    const BatchMatrix last =
        eigenvectors_.block(0, rank, rank - out.cols, out.cols).trials(out.count);
    if (wide())
        engine.multiply(sample.features.trials(out.count), false, last, out);
    else
        engine.copy(last, out);
}

std::vector<double> DescentSampler::lengths(const DescentSample& sample, std::size_t trial) const {
    std::vector<double> all(spec_.student.directions, 1.0);
    if (wide())
        for (std::size_t k = 0; k < all.size(); ++k)
            all[k] = std::sqrt(sample.squares[trial * all.size() + k]);
    return all;
}

}  // namespace cucurbit
