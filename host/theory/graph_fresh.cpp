#include <algorithm>
#include <cmath>

#include "cucurbit/graph.hpp"
#include "host/theory/special.hpp"

namespace cucurbit {
namespace {

std::span<const double> truth_of(const GraphRows& rows, std::span<const double> truth) {
    return rows.truth.empty() ? truth : rows.truth;
}

/// Whether the rows of a fit and their labels differ in nothing but their noise.
bool alike(const std::vector<GraphRows>& rows, const GraphFit& fit, std::span<const double> truth) {
    const GraphRows& first = rows[fit.rows.front()];
    const GraphLabels& labels = fit.labels.front();
    for (std::size_t k = 0; k < fit.rows.size(); ++k) {
        const GraphRows& group = rows[fit.rows[k]];
        const GraphLabels& own = fit.labels[k];
        const std::span of_group = truth_of(group, truth), of_first = truth_of(first, truth);
        if (group.spectrum != first.spectrum ||
            !std::equal(of_group.begin(), of_group.end(), of_first.begin(), of_first.end()) ||
            own.observed + own.from_truth != labels.observed + labels.from_truth ||
            own.from_fits != labels.from_fits ||
            (!fit.row_weights.empty() && fit.row_weights[k] != fit.row_weights.front()))
            return false;
    }
    return true;
}

/// Whether no row was seen by two of these fits, or what they learnt from, or is one of `own`.
bool independent(const std::vector<GraphFit>& fits, std::size_t groups,
                 const std::vector<std::pair<std::size_t, double>>& sources,
                 const std::vector<std::size_t>& own) {
    for (std::size_t g = 0; g < groups; ++g) {
        const auto seen = std::count_if(sources.begin(), sources.end(), [&](const auto& source) {
            return source.second != 0.0 && has_seen(fits, source.first, g);
        });
        if (seen > (std::find(own.begin(), own.end(), g) == own.end() ? 1 : 0)) return false;
    }
    return true;
}

/// A fit on fresh rows: what cucurbit::fit and FeatureMap::fit take.
struct FreshFit {
    std::size_t samples;
    double noise_variance, penalty;
};

/// Whether labels are further apart than what they are mixed of: their errors are then as those of
/// a misfit (GraphLaw).
bool extrapolates(const GraphLabels& labels) {
    return std::any_of(labels.from_fits.begin(), labels.from_fits.end(),
                       [](const auto& from) { return from.second < 0.0 || from.second > 1.0; });
}

void scale(std::vector<double>& mean, double weight) {
    for (double& value : mean) value *= weight;
}

template <class Law>
void add_mean(Law& to, double weight, const Law& from) {
    for (std::size_t i = 0; i < to.mean.size(); ++i) to.mean[i] += weight * from.mean[i];
    to.kind = std::max(to.kind, from.kind);
    to.relative_error = std::max(to.relative_error, from.relative_error);
}
void add(FitLaw& to, double weight, const FitLaw& from) {
    add_mean(to, weight, from);
    for (std::size_t i = 0; i < to.variance.size(); ++i)
        to.variance[i] += weight * weight * from.variance[i];
}
void add(DenseLaw& to, double weight, const DenseLaw& from) {
    add_mean(to, weight, from);
    for (std::size_t i = 0; i < to.covariance.values.size(); ++i)
        to.covariance.values[i] += weight * weight * from.covariance.values[i];
    to.finite = to.finite && from.finite;
}

/// given(b): the law of labels xᵀb. fitted(a, labels, fresh): that of fit a, or none.
template <class Law, class Given, class Fitted>
std::vector<std::optional<Law>> laws_of(const std::vector<GraphRows>& rows,
                                        const std::vector<GraphFit>& fits,
                                        std::span<const double> truth, Given given, Fitted fitted) {
    constexpr double of_differences = 3.0;
    std::vector<std::optional<Law>> laws;
    for (std::size_t a = 0; a < fits.size(); ++a) {
        const GraphFit& fit = fits[a];
        const GraphRows& first = rows[fit.rows.front()];
        const auto& sources = fit.labels.front().from_fits;
        laws.emplace_back();
        if (fit.time != 0.0 || fit.link != GraphLink::identity || !alike(rows, fit, truth) ||
            !independent(fits, rows.size(), sources, fit.rows) ||
            !std::all_of(sources.begin(), sources.end(), [&](const auto& source) {
                return source.second == 0.0 || laws[source.first];
            }))
            continue;
        const std::span<const double> own = fit.truth.empty() ? truth_of(first, truth) : fit.truth;
        Law labels = given(std::vector<double>(own.begin(), own.end()));
        scale(labels.mean, fit.labels.front().observed + fit.labels.front().from_truth);
        for (const auto& [from, weight] : sources)
            if (weight != 0.0) add(labels, weight, *laws[from]);
        FreshFit fresh{samples_of(fit, rows), fit.noise_std * fit.noise_std, fit.penalty};
        if (!fit.row_weights.empty()) fresh.penalty /= fit.row_weights.front();
        for (std::size_t k = 0; k < fit.rows.size(); ++k)
            fresh.noise_variance +=
                static_cast<double>(rows[fit.rows[k]].count) / static_cast<double>(fresh.samples) *
                std::pow(fit.labels[k].observed * rows[fit.rows[k]].noise_std, 2.0);
        laws.back() = fitted(a, labels, fresh);
        if (laws.back() && extrapolates(fit.labels.front()))
            laws.back()->relative_error *= of_differences;
    }
    return laws;
}

/// Of the leading coordinates: what the others add to labels is noise.
FitLaw fit_leading(FitLaw labels, std::span<const double> spectrum, std::size_t count,
                   FreshFit fresh) {
    double unseen = 0.0;
    for (std::size_t i = count; i < spectrum.size(); ++i)
        unseen += spectrum[i] * (labels.mean[i] * labels.mean[i] + labels.variance[i]);
    labels.mean.resize(count);
    labels.variance.resize(count);
    const bool bounded = std::isfinite(unseen);
    FitLaw law = fit(labels, spectrum.first(count), fresh.samples,
                     fresh.noise_variance + (bounded ? unseen : 0.0), fresh.penalty);
    if (!bounded) law.variance.assign(count, infinity);
    law.mean.resize(spectrum.size(), 0.0);
    law.variance.resize(spectrum.size(), 0.0);
    return law;
}

}  // namespace

std::vector<std::optional<FitLaw>> fresh_laws(const std::vector<GraphRows>& rows,
                                              const std::vector<GraphFit>& fits,
                                              std::span<const double> truth) {
    return laws_of<FitLaw>(
        rows, fits, truth, given_labels,
        [&](std::size_t a, const FitLaw& labels, FreshFit fresh) -> std::optional<FitLaw> {
            const GraphRows& seen = rows[fits[a].rows.front()];
            if (fits[a].first != 0 || seen.moments) return {};
            return fit_leading(labels, seen.spectrum, fits[a].features, fresh);
        });
}

std::vector<std::optional<DenseLaw>> fresh_laws(const std::vector<GraphRows>& rows,
                                                const std::vector<GraphFit>& fits,
                                                std::span<const double> truth,
                                                const FeatureMapOf& map) {
    return laws_of<DenseLaw>(
        rows, fits, truth, given_dense_labels,
        [&](std::size_t a, const DenseLaw& labels, FreshFit fresh) -> std::optional<DenseLaw> {
            const std::shared_ptr<const FeatureMap> seen = map(a);
            if (!seen) return {};
            return seen->fit(labels, fresh.samples, fresh.noise_variance, fresh.penalty);
        });
}

}  // namespace cucurbit
