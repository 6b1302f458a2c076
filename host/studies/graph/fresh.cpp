#include "host/studies/graph/fresh.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace cucurbit {

std::shared_ptr<const FeatureMap> DenseMaps::map(const GraphSpec& spec, std::size_t fit,
                                                 std::size_t p, std::size_t count) {
    // As many as a point has: those of a grid of features would fill the memory.
    constexpr std::size_t most = 64;
    const std::string key = fmt::format("{} {} {}", p, count, spec.seen(fit));
    const std::lock_guard lock(mutex_);
    const auto known = maps_.find(key);
    if (known != maps_.end()) return known->second;
    if (maps_.size() >= most) maps_.clear();
    std::shared_ptr<const FeatureMap>& made = maps_[key];
    if (std::optional<FeatureMap> map = spec.feature_map(fit, p, count))
        made = std::make_shared<const FeatureMap>(std::move(*map));
    return made;
}

std::shared_ptr<const DenseMatrix> DenseMaps::test_root(const GraphSpec& spec, std::size_t p) {
    const std::lock_guard lock(mutex_);
    std::shared_ptr<const DenseMatrix>& root = test_roots_[p];
    if (!root) root = std::make_shared<const DenseMatrix>(spec.test.covariance.root(p));
    return root;
}

double DenseMaps::truth_square(const GraphSpec& spec, std::size_t p) {
    const std::lock_guard lock(mutex_);
    const auto [square, added] = truth_squares_.try_emplace(p, 0.0);
    if (added) square->second = spec.test.covariance.square(spec.test_truth(p));
    return square->second;
}

FreshLaws::FreshLaws(const GraphSpec& spec, const std::vector<GraphRows>& rows,
                     const std::vector<GraphFit>& fits, std::size_t p, DenseMaps& maps)
    : truth_(spec.test_truth(p)), spectrum_(spec.test.covariance.spectrum(p)) {
    // Labels of functions and rows that are not Gaussian have no such law.
    const auto lacks = [&](std::size_t a) {
        const GraphSpec::Fit& fit = spec.fits[a];
        return fit.function ||
               std::any_of(fit.rows.begin(), fit.rows.end(), [&](std::size_t group) {
                   return spec.rows[group].distribution.has_value();
               });
    };
    const auto forget = [&](auto& laws) {
        for (std::size_t a = 0; a < fits.size(); ++a)
            if (holds_behind(fits, a, lacks)) laws[a].reset();
    };
    if (spec.dense()) {
        root_ = maps.test_root(spec, p);
        dense_ = fresh_laws(rows, fits, truth_,
                            [&](std::size_t a) { return maps.map(spec, a, p, fits[a].features); });
        forget(dense_);
    } else {
        diagonal_ = fresh_laws(rows, fits, truth_);
        forget(diagonal_);
    }
}

bool FreshLaws::has(std::size_t fit) const {
    return root_ ? dense_[fit].has_value() : diagonal_[fit].has_value();
}

Prediction FreshLaws::risk(std::size_t fit, const std::vector<double>& truth) const {
    return root_ ? cucurbit::excess_risk(*dense_[fit], truth, *root_)
                 : cucurbit::excess_risk(*diagonal_[fit], truth, spectrum_);
}

CoordinateRisks FreshLaws::by_coordinate(std::size_t fit) const {
    return root_ ? risks_by_coordinate(*dense_[fit], truth_, *root_)
                 : risks_by_coordinate(*diagonal_[fit], truth_, spectrum_);
}

}  // namespace cucurbit
