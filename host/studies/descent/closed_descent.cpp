#include "host/studies/descent/closed_descent.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "host/threads/host_threads.hpp"

namespace cucurbit {
ClosedDescent::ClosedDescent(const DescentSpec& spec, const Design& design, Engine* engine,
                             std::size_t batch)
    : design_(design),
      grid_(spec, design),
      paths_(spec, grid_),
      wide_(grid_.n() < grid_.p()),
      measured_(spec.student.directions),
      workspace_(engine, batch, Workspace::never_interleaved) {
    const std::size_t p = grid_.p(), n = grid_.n(), rank = std::min(n, p);
    const std::size_t noises = grid_.disturbances().size(), models = grid_.columns();
    const std::vector<double> spectrum = spec.data.spectrum.values(p);
    xt_ = workspace_.matrix(p, n);
    gram_ = workspace_.matrix(rank, rank);
    eigenvalues_ = workspace_.matrix(rank, 1);
    labels_ = workspace_.matrix(n, 2);
    noisy_labels_ = workspace_.matrix(n, noises);
    if (!wide_) projected_ = workspace_.matrix(p, noises);
    moments_ = workspace_.matrix(rank, noises);
    factors_ = workspace_.matrix(rank, paths_.factors());
    paths_at_ = workspace_.matrix(rank, paths_.paths() * noises);
    coefficients_ = workspace_.matrix(rank, models);
    if (wide_) basis_ = workspace_.matrix(n, models);
    weights_ = workspace_.matrix(p, models);
    risks_ = workspace_.matrix(models, 1);
    scale_ = workspace_.shared(square_roots(spectrum), p, 1);
    truth_ = workspace_.shared(spec.data.signal.values(spectrum), p, 1);
    spectrum_ = workspace_.shared(spectrum, p, 1);
    mixing_ = workspace_.shared(noise_mixing(grid_.disturbances()), 2, noises);
    std::vector<std::uint32_t> columns(models);
    std::iota(columns.begin(), columns.end(), 0U);
    all_ = &workspace_.indices(columns);
    every_one_ = &workspace_.indices(std::vector<std::uint32_t>(models, 1));
    make_products();
}

void ClosedDescent::make_products() {
    std::vector<std::uint32_t> paths, disturbances;
    for (std::uint32_t path = 0; path < paths_.paths(); ++path)
        for (std::uint32_t f = 0; f < grid_.disturbances().size(); ++f) {
            paths.push_back(path);
            disturbances.push_back(f);
        }
    const auto columns = [&](const ClosedPaths::Products& of) {
        return Columns{&workspace_.indices(of.shares), &workspace_.indices(of.paths)};
    };
    every_path_ = {&workspace_.indices(paths), &workspace_.indices(disturbances)};
    models_ = columns(paths_.models());
    const ClosedPaths::Products later = paths_.after_switches();
    if (!later.shares.empty()) after_switches_ = columns(later);
}

double ClosedDescent::flops(const DescentSpec& spec, const Design& design) {
    const DescentGrid grid(spec, design);
    const auto p = static_cast<double>(grid.p()), n = static_cast<double>(grid.n());
    const double rank = std::min(n, p), models = static_cast<double>(grid.columns());
    constexpr double eigen = 9.0;  // rank³: tridiagonalisation, values and vectors
    return p * n * rank + eigen * rank * rank * rank + 2.0 * rank * models * (n + p);
}

void ClosedDescent::draw(std::span<const std::uint64_t> trials) {
    Engine& engine = workspace_.engine();
    const auto of = [&](BatchMatrix matrix) { return matrix.trials(trials.size()); };
    const auto column = [&](std::size_t j) { return of(labels_.block(0, labels_.rows, j, 1)); };
    engine.draw({design_.key, 0, Purpose::samples}, trials, 0, scale_.data, of(xt_));
    engine.draw({design_.key, 0, Purpose::label_noise}, trials, 0, nullptr, column(1));
    engine.multiply(of(xt_), true, of(truth_), column(0));
    engine.multiply(of(labels_), false, of(mixing_), of(noisy_labels_));
    if (wide_) {
        engine.gram(of(xt_), of(gram_));
    } else {
        engine.fill(of(gram_), 0.0);
        engine.add_outer(of(xt_), of(gram_));
        engine.multiply(of(xt_), false, of(noisy_labels_), of(projected_));
    }
    engine.eigen(of(gram_), of(eigenvalues_));
    engine.multiply(of(gram_), true, of(wide_ ? noisy_labels_ : projected_), of(moments_));
}

void ClosedDescent::find_risks(std::size_t count) {
    Engine& engine = workspace_.engine();
    const auto of = [&](BatchMatrix matrix) { return matrix.trials(count); };
    engine.upload(written_factors_, factors_.data);
    const auto factors = [&](std::size_t first, std::size_t number) {
        return of(factors_.block(0, factors_.rows, first, number));
    };
    const BatchMatrix shares = factors(0, paths_.shares());
    const BatchMatrix paths = factors(paths_.shares(), paths_.paths());
    const BatchMatrix whole =
        factors(paths_.shares() + paths_.paths(), grid_.disturbances().size());
    const auto multiply = [&](BatchMatrix a, BatchMatrix b, const Columns& columns, bool adds,
                              BatchMatrix out) {
        engine.multiply_columns(a, *columns.left, b, *columns.right, adds, of(out));
    };
    multiply(paths, whole, every_path_, false, paths_at_);
    multiply(shares, of(paths_at_), models_, false, coefficients_);
    if (after_switches_) multiply(shares, of(paths_at_), *after_switches_, true, coefficients_);
    engine.multiply(of(gram_), false, of(coefficients_), of(wide_ ? basis_ : weights_));
    if (wide_) engine.multiply(of(xt_), false, of(basis_), of(weights_));
    engine.subtract(truth_.data, *every_one_, of(weights_));
    engine.products(of(weights_), spectrum_.data, *all_, *all_, of(risks_));
}

void ClosedDescent::run(std::span<const std::uint64_t> trials, TrialValues& out) {
    const std::size_t count = trials.size();
    const auto download = [&](const BatchMatrix& matrix, std::vector<double>& values) {
        fetch_as_stored(workspace_.engine(), matrix.trials(count), values);
    };
    draw(trials);
    download(eigenvalues_, read_eigenvalues_);
    download(moments_, read_moments_);
    const auto directions = [&](std::size_t t, std::size_t number) {
        return paths_.directions(read_eigenvalues_.data() + t * eigenvalues_.stride,
                                 read_moments_.data() + t * moments_.stride, number);
    };
    written_factors_.resize(factors_.stride * count);
    for_blocks(count, 1, [&](std::size_t t, std::size_t) {
        paths_.fill_factors(directions(t, eigenvalues_.rows),
                            &written_factors_[t * factors_.stride]);
    });
    find_risks(count);
    download(risks_, read_risks_);
    out.trials = count;
    out.values.resize(design_.series.size() * count);
    out.outcomes.resize(out.values.size());
    for_blocks(count, DescentGrid::trials_per_block, [&](std::size_t first, std::size_t end) {
        std::vector<std::vector<double>> values(end - first, std::vector<double>(grid_.values()));
        for (std::size_t t = first; t < end; ++t)
            paths_.measure(directions(t, measured_), read_risks_.data() + t * risks_.stride,
                           values[t - first]);
        grid_.take(values, first, out);
    });
}

}  // namespace cucurbit
