#include "cucurbit/graph.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <numbers>
#include <stdexcept>

#include "host/theory/graph_moments.hpp"

namespace cucurbit {
namespace {

/// A graph whose labels are linear: a hard label is linear in what it is the sign of, and a residue
/// that is uncorrelated with the rows.
struct Linear {
    std::vector<GraphFit> fits;
    Residues residues;
};

/// A source of hard labels, with its weight: a fit, xᵀβ or, with noise, an observation.
struct Source {
    std::size_t of;
    double noise;  ///< variance
    double weight;
    bool operator==(const Source& other) const { return of == other.of && noise == other.noise; }
};

std::vector<Source> sources_of(const GraphLabels& labels, const GraphRows& group) {
    std::vector<Source> sources;
    if (labels.observed != 0.0)
        sources.push_back({of_truth, group.noise_std * group.noise_std, labels.observed});
    if (labels.from_truth != 0.0) sources.push_back({of_truth, 0.0, labels.from_truth});
    for (const auto& [from, weight] : labels.from_fits)
        if (weight != 0.0) sources.push_back({from, 0.0, weight});
    return sources;
}

/// docs/theory.md, "Graphs of fits", hard labels.
Linear linearised(const std::vector<GraphRows>& rows, const std::vector<GraphFit>& fits,
                  std::span<const double> truth) {
    constexpr double pi = std::numbers::pi;
    Linear linear{{}, Residues(rows.size(), DenseMatrix(fits.size(), fits.size()))};
    for (std::size_t a = 0; a < fits.size(); ++a) {
        if (fits[a].link == GraphLink::identity) {
            linear.fits.push_back(fits[a]);
            continue;
        }
        const Linear earlier = linear;
        const auto before = solve_graph(rows, earlier.fits, truth, earlier.residues);
        linear.fits.push_back(fits[a]);
        for (std::size_t k = 0; k < fits[a].rows.size(); ++k) {
            const std::size_t g = fits[a].rows[k];
            const auto product = [&](const Source& u, const Source& v) {
                const double noise = u.noise == v.noise ? u.noise : 0.0;
                return before->product(u.of, v.of, rows[g]) + noise;
            };
            // sign u = √(2/π) u/‖u‖ + a residue.
            GraphLabels& labels = linear.fits[a].labels[k];
            const auto slope = [&](const Source& u) {
                if (u.of != of_truth && has_seen(fits, u.of, g))
                    throw NoGraphLaw("a fit learns the sign of one that has seen its rows");
                const double square = product(u, u);
                return square > 0.0 ? std::sqrt(2.0 / pi / square) : 0.0;  // the sign of 0 is 0
            };
            const std::vector<Source> own = sources_of(fits[a].labels[k], rows[g]);
            labels = {};
            for (const Source& u : own) {
                if (u.of != of_truth)
                    labels.from_fits.emplace_back(u.of, u.weight * slope(u));
                else if (u.noise > 0.0)
                    labels.observed += u.weight * slope(u);
                else
                    labels.from_truth += u.weight * slope(u);
            }
            for (std::size_t c = 0; c <= a; ++c) {
                const auto place = std::find(fits[c].rows.begin(), fits[c].rows.end(), g);
                if (fits[c].link == GraphLink::identity || place == fits[c].rows.end()) continue;
                const auto other = static_cast<std::size_t>(place - fits[c].rows.begin());
                for (const Source& u : own)
                    for (const Source& v : sources_of(fits[c].labels[other], rows[g])) {
                        const double squares = product(u, u) * product(v, v);
                        if (!(squares > 0.0)) continue;
                        const double cosine =
                            u == v ? 1.0
                                   : std::clamp(product(u, v) / std::sqrt(squares), -1.0, 1.0);
                        linear.residues[g](a, c) +=
                            u.weight * v.weight * 2.0 / pi * (std::asin(cosine) - cosine);
                        linear.residues[g](c, a) = linear.residues[g](a, c);
                    }
            }
        }
    }
    return linear;
}

std::vector<GraphErrors> errors_of(const std::vector<GraphFit>& fits,
                                   const std::vector<GraphRows>& rows, const GraphMoments& moments,
                                   const GraphRows& test, std::span<const double> second_moments) {
    // Labels outside of what they are mixed of are differences of fits, as a misfit is.
    constexpr double of_differences = 3.0;
    std::vector<GraphErrors> errors;
    for (std::size_t a = 0; a < fits.size(); ++a) {
        GraphErrors own{
            moments.own_error(a),
            moments.steep_error(a, of_truth, test) * second_moments[a * fits.size() + a], 0.0,
            fits[a].time > 0.0};
        bool extrapolates = false;
        for (const GraphLabels& labels : fits[a].labels)
            for (const auto& [c, weight] : labels.from_fits) {
                if (weight == 0.0) continue;
                own.relative = std::max(own.relative, errors[c].relative);
                own.inherited += weight * weight * (errors[c].steep + errors[c].inherited);
                own.flows = own.flows || errors[c].flows;
                extrapolates = extrapolates || weight < 0.0 || weight > 1.0;
            }
        if (extrapolates) own.relative *= of_differences;
        if (fits[a].link == GraphLink::sign) {
            // A sign's residue is uncorrelated with the row, not independent of it: along what it
            // is the sign of, one direction of tr S² that are fitted, its noise is another.
            constexpr double of_one_direction = 0.5;
            const double excess = 2.0 / moments.own_error(a);
            const double fitted = static_cast<double>(samples_of(fits[a], rows)) - excess;
            own.relative += of_one_direction / std::max(fitted, 1.0);
        }
        errors.push_back(own);
    }
    return errors;
}

}  // namespace

struct GraphLaw::Solved {
    std::vector<GraphRows> rows;
    std::vector<double> truth;
    GraphRows test;
    std::vector<GraphFit> fits;  ///< linear
    Residues residues;
    std::unique_ptr<GraphMoments> of;
    std::vector<double> moments;  ///< [fit][fit]
    std::vector<GraphErrors> errors;
    double scale = 0.0;  ///< β*ᵀ Σ β*
};

double GraphLaw::moment(std::size_t a, std::size_t c) const {
    return solved_->moments[a * solved_->errors.size() + c];
}

CoordinateRisks GraphLaw::by_coordinate(std::size_t fit) const {
    return solved_->of->by_coordinate(fit, solved_->test);
}

double GraphLaw::output(std::size_t fit) const {
    return solved_->of->product(fit, fit, solved_->test);
}

/// Of a value that is no more certain than the risks of two fits; steep: beside these; scale: of
/// the truth's outputs on the rows that it is measured on.
Prediction GraphLaw::prediction(std::size_t a, std::size_t c, double value, double scale,
                                double larger, double steep) const {
    const GraphErrors &of = solved_->errors[a], &other = solved_->errors[c];
    const double resolution = std::pow(solved_->of->resolution(), 2.0) * scale;
    if (std::isnan(value) || ((of.flows || other.flows) && value < resolution))
        return {std::numeric_limits<double>::quiet_NaN(), TheoryKind::none};
    double error = larger * std::max(of.relative, other.relative) + steep;
    if (value > 0.0) error += std::max(of.inherited, other.inherited) / value;
    return {value, TheoryKind::deterministic_equivalent, error};
}

Prediction GraphLaw::excess_risk(std::size_t fit) const {
    const double risk = at_least_rounding(moment(fit, fit), 0.0, solved_->scale);
    return prediction(fit, fit, risk, solved_->scale, 1.0,
                      risk > 0.0 ? solved_->errors[fit].steep / risk : 0.0);
}

Prediction GraphLaw::misfit(std::size_t a, std::size_t c) const {
    // A misfit goes with higher inverse moments than a risk does: measured, up to three times.
    constexpr double larger = 3.0;
    const double both = moment(a, a) + moment(c, c);
    return prediction(a, c, at_least_rounding(both - 2.0 * moment(a, c), both, solved_->scale),
                      solved_->scale, larger, solved_->of->steep_error(a, c, solved_->test));
}

Prediction GraphLaw::output_variance(std::size_t fit) const {
    return prediction(fit, fit, at_least_rounding(output(fit), 0.0, solved_->scale),
                      solved_->scale);
}

Prediction GraphLaw::in_sample_risk(std::size_t fit) const {
    const auto [risk, unseen] = solved_->of->in_sample_risk(fit);
    double scale = 0.0, samples = 0.0;
    for (const std::size_t g : solved_->fits[fit].rows) {
        const auto count = static_cast<double>(solved_->rows[g].count);
        samples += count;
        for (std::size_t i = 0; i < solved_->truth.size(); ++i)
            scale += count * solved_->rows[g].spectrum[i] * solved_->truth[i] * solved_->truth[i];
    }
    scale /= samples;
    return prediction(fit, fit, at_least_rounding(risk, unseen, scale), scale, 1.0,
                      solved_->of->steep_in_sample_error(fit));
}

Prediction GraphLaw::error_rate(std::size_t fit) const {
    Prediction rate = excess_risk(fit);
    if (rate.kind == TheoryKind::none || rate.value == 0.0) return rate;
    // What varies along β* turns no sign, and is no part of the angle.
    const CoordinateRisks risks = by_coordinate(fit);
    double along = 0.0;
    for (std::size_t i = 0; i < solved_->truth.size(); ++i)
        along += solved_->test.spectrum[i] * solved_->truth[i] * solved_->truth[i] /
                 solved_->scale * (risks.risk[i] - risks.bias[i]);
    // Of features these variances are not all.
    if (solved_->test.moments) {
        rate.relative_error += 0.5 * along / rate.value;
        along = 0.0;
    }
    rate.value = sign_error(output(fit) - along, solved_->scale, rate.value - along);
    rate.relative_error += of_angles(fit);
    if (std::isnan(rate.value)) rate.kind = TheoryKind::none;
    return rate;
}

Prediction GraphLaw::agreement(std::size_t a, std::size_t c) const {
    const double square = output(a), other = output(c), both = square + other;
    const double apart = both - 2.0 * solved_->of->product(a, c, solved_->test);
    constexpr double rounding = 1e-12;
    const double error = sign_error(square, other, apart > rounding * both ? apart : 0.0);
    const Prediction risks = prediction(a, c, solved_->scale, solved_->scale);
    return {1.0 - error,
            std::isnan(error) ? TheoryKind::none : TheoryKind::deterministic_equivalent,
            risks.relative_error + std::max(of_angles(a), of_angles(c))};
}

/// An angle is a root of a risk, whose relative variance is 2 over the coordinates that it lies in;
/// the mean of a root is then lower by a quarter of one over them, of which twice is allowed.
double GraphLaw::of_angles(std::size_t fit) const {
    double sum = 0.0, squares = 0.0;
    for (const double risk : by_coordinate(fit).risk) {
        sum += risk;
        squares += risk * risk;
    }
    return sum > 0.0 ? 0.5 * squares / (sum * sum) : 0.0;
}

double GraphLaw::at_least_rounding(double value, double cancelled, double scale) {
    constexpr double of_sums = 1e-12, of_squares = 1e-25;
    // A sum of large terms that cancel may come out as a small negative number.
    if (!std::isfinite(value) || value < -of_sums * (cancelled + scale))
        throw NoGraphLaw("the moments of a graph of fits are lost to rounding");
    const double rounding = std::max(of_sums * cancelled, of_squares * scale);
    if (value > rounding) return value;
    // Beside terms as large as these nothing is known of a value of the truth's scale.
    constexpr double negligible = 1e-6;
    return rounding <= negligible * scale ? 0.0 : std::numeric_limits<double>::quiet_NaN();
}

double sign_error(double square, double other_square, double misfit) {
    if (!(square > 0.0) || !(other_square > 0.0))
        return std::isnan(square + other_square) ? square + other_square : 0.5;
    const double norm = std::sqrt(square), other = std::sqrt(other_square);
    // Of two outputs as different as this the misfit does not tell the angle.
    constexpr double different = 1e9;
    if (norm > different * other || other > different * norm)
        return std::numeric_limits<double>::quiet_NaN();
    // 1 − cos, without the difference of two numbers near one.
    constexpr double rounding = 1e-13;
    const double turned = misfit - (norm - other) * (norm - other);
    const double half = turned > rounding * misfit ? turned / (4.0 * norm * other) : 0.0;
    return 2.0 * std::asin(std::sqrt(std::clamp(half, 0.0, 1.0))) / std::numbers::pi;
}

std::size_t samples_of(const GraphFit& fit, const std::vector<GraphRows>& rows) {
    std::size_t samples = 0;
    for (const std::size_t group : fit.rows) samples += rows[group].count;
    return samples;
}

bool has_seen(const std::vector<GraphFit>& fits, std::size_t fit, std::size_t group) {
    return holds_behind(fits, fit, [&](std::size_t a) {
        return std::find(fits[a].rows.begin(), fits[a].rows.end(), group) != fits[a].rows.end();
    });
}

GraphLaw graph_law(const std::vector<GraphRows>& rows, const std::vector<GraphFit>& fits,
                   std::span<const double> truth, const GraphRows& test) {
    if (test.spectrum.size() != truth.size())
        throw std::invalid_argument("spectra and coefficients differ in length");
    auto solved = std::make_shared<GraphLaw::Solved>();
    solved->rows = rows;
    solved->truth = {truth.begin(), truth.end()};
    solved->test = test;
    Linear linear = linearised(solved->rows, fits, solved->truth);
    solved->fits = std::move(linear.fits);
    solved->residues = std::move(linear.residues);
    solved->of = solve_graph(solved->rows, solved->fits, solved->truth, solved->residues);
    solved->moments = solved->of->moments(test);
    solved->errors = errors_of(solved->fits, solved->rows, *solved->of, test, solved->moments);
    solved->scale = solved->of->product(of_truth, of_truth, test);
    return GraphLaw(std::move(solved));
}

}  // namespace cucurbit
