// Rows of a graph's groups as they are drawn, and the samples that fits make of them.

#include <iterator>

#include "host/studies/graph/run.hpp"

namespace cucurbit {

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
        for (std::size_t m = 0; m < projections_.size(); ++m) {
            const auto function = setting_.spec().features[m].function();
            if (!function) continue;
            const auto x = of(rows_[g].leading(p_, rows_[g].cols));
            const auto features = of(rows_[g].block(first_of_[m], feature_counts_[m], 0, x.cols));
            engine.multiply(of(projections_[m]), true, x, features);
            engine.apply(*function, features);
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

/// Of each group by itself, so that they do not depend on the rows of other points.
void GraphRun::make_columns(const Sample& sample) {
    Engine& engine = workspace_.engine();
    for (std::size_t k = 0; k < sample.groups.size(); ++k) {
        const auto rows = rows_of(sample.groups[k], sample.sizes[k]);
        const auto out = columns(sample, k);
        const double weight = sample.weights[k];
        if (sample.projection)
            engine.multiply(projection(sample), true, rows.leading(p_, sample.counts[k]), out);
        const auto from = sample.projection ? out : drawn(sample, k);
        if (weight != 1.0)
            engine.scale_rows(from, roots_.at(weight).data, out);
        else if (!sample.projection)
            engine.copy(from, out);
    }
}

void GraphRun::prepare(const Sample& sample, Rung rung) {
    if (sample.made()) make_columns(sample);
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

}  // namespace cucurbit
