#include <algorithm>
#include <cmath>

#include "cucurbit/graph.hpp"

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

}  // namespace

std::vector<std::optional<FitLaw>> exact_laws(const std::vector<GraphRows>& rows,
                                              const std::vector<GraphFit>& fits,
                                              std::span<const double> truth) {
    std::vector<std::optional<FitLaw>> laws;
    for (const GraphFit& fit : fits) {
        std::optional<FitLaw>& law = laws.emplace_back();
        const GraphRows& first = rows[fit.rows.front()];
        const auto& sources = fit.labels.front().from_fits;
        if (fit.penalty != 0.0 || fit.time != 0.0 || fit.link != GraphLink::identity ||
            fit.features != truth.size() || fit.first != 0 || first.moments ||
            !alike(rows, fit, truth) || !independent(fits, rows.size(), sources, fit.rows) ||
            !std::all_of(sources.begin(), sources.end(), [&](const auto& source) {
                return source.second == 0.0 || laws[source.first];
            }))
            continue;
        const double weight = fit.labels.front().observed + fit.labels.front().from_truth;
        FitLaw labels = given_labels(truth_of(first, truth));
        for (double& mean : labels.mean) mean *= weight;
        for (const auto& [from, of] : sources)
            for (std::size_t i = 0; of != 0.0 && i < truth.size(); ++i) {
                labels.mean[i] += of * laws[from]->mean[i];
                labels.variance[i] += of * of * laws[from]->variance[i];
            }
        const auto samples = static_cast<double>(samples_of(fit, rows));
        double noise = fit.noise_std * fit.noise_std;
        for (std::size_t k = 0; k < fit.rows.size(); ++k)
            noise += static_cast<double>(rows[fit.rows[k]].count) / samples *
                     std::pow(fit.labels[k].observed * rows[fit.rows[k]].noise_std, 2.0);
        FitLaw found = cucurbit::fit(labels, first.spectrum, samples_of(fit, rows), noise);
        if (found.kind == TheoryKind::exact) law = std::move(found);
    }
    return laws;
}

}  // namespace cucurbit
