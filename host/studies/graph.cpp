#include "host/studies/graph.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <set>

#include <fmt/format.h>

#include "host/studies/graph/optimum.hpp"
#include "host/studies/graph/run.hpp"
#include "host/studies/points.hpp"

namespace cucurbit {
namespace {

constexpr Prediction no_law{std::numeric_limits<double>::quiet_NaN(), TheoryKind::none};

/// Whether hard labels come into a fit: its risk is then no sum over label noises.
bool learns_signs(const std::vector<GraphFit>& fits, std::size_t fit) {
    return holds_behind(fits, fit, [&](std::size_t a) { return fits[a].link == GraphLink::sign; });
}

/// Whether a fit is `from` or learns from it.
bool learns_from(const std::vector<GraphFit>& fits, std::size_t fit, std::size_t from) {
    return holds_behind(fits, fit, [from](std::size_t a) { return a == from; });
}

/// Ridgeless: as many rows as features leave it no moments.
bool interpolates(const GraphFit& fit) {
    return fit.penalty == 0.0 && fit.time == 0.0;
}

/// Whether labels are outputs of what a fit sees, without noise.
bool expresses_labels(const std::vector<GraphRows>& rows, const GraphFit& fit) {
    bool noisy = fit.noise_std != 0.0 || fit.link != GraphLink::identity;
    for (std::size_t k = 0; k < fit.rows.size(); ++k)
        noisy = noisy || fit.labels[k].observed * rows[fit.rows[k]].noise_std != 0.0;
    return !noisy && fit.first == 0 && fit.features == rows[fit.rows.front()].spectrum.size();
}

/// Whether a penalty leaves an equivalent of this error without meaning, and adds less than one to
/// the n(1 − Ω) of a fit without it.
bool does_not_regularise(double error, std::size_t n, std::size_t features) {
    const double one_more = 2.0 * tail_exponent(n, features);  // |n − features| + 1
    return error > largest_tolerance && error > 2.0 / one_more;
}

/// Within [0, 1], whatever the fits are.
bool is_rate(GraphSpec::Measure::Kind kind) {
    return kind == GraphSpec::Measure::Kind::error_rate ||
           kind == GraphSpec::Measure::Kind::agreement;
}

}  // namespace

GraphStudy::GraphStudy(std::string kind, GraphSpec spec, const Precision& precision,
                       std::uint64_t seed)
    : kind_(std::move(kind)),
      spec_(std::move(spec)),
      sampler_(precision.sampler.value_or(Sampler::sufficient)),
      seed_(seed) {
    for (std::size_t p = 0; p < spec_.grids.dimensions().size(); ++p) {
        std::vector<Point>& points = points_.emplace_back();
        for (std::vector<double>& values : spec_.grids.points(p)) {
            points.push_back({std::move(values)});
            optimise(points.back());
        }
    }
}

void GraphStudy::optimise(Point& point) const {
    // Moments of rows with features or rotations take the cube of p.
    if (std::none_of(spec_.fits.begin(), spec_.fits.end(),
                     [](const GraphSpec::Fit& fit) { return fit.optimal.has_value(); }))
        return;
    const RowLaws laws = row_laws(point);
    for (std::size_t fit = 0; fit < spec_.fits.size(); ++fit) {
        const std::optional<GraphSpec::Place> place = spec_.fits[fit].optimal;
        if (!place) continue;
        const RiskOf risk = [&](double value) {
            Point tried = point;
            tried.parameters[*place] = value;
            return predicted_risk(laws, tried, fit);
        };
        const bool weight = place != spec_.fits[fit].penalty && place != spec_.fits[fit].time;
        const bool time = place == spec_.fits[fit].time;
        // Of a mean row's squares with their weights.
        const auto [rows, fits] = at(point);
        double scale = 0.0;
        for (std::size_t k = 0; k < fits[fit].rows.size(); ++k) {
            const GraphRows& group = rows[fits[fit].rows[k]];
            scale += fits[fit].row_weights[k] * static_cast<double>(group.count) *
                     std::accumulate(group.spectrum.begin(), group.spectrum.end(), 0.0);
        }
        scale /= static_cast<double>(samples_of(fits[fit], rows));
        const std::optional<double> best = weight ? optimal_weight(risk)
                                           : time ? optimal_time(risk, scale)
                                                  : optimal_penalty(risk, scale);
        if (!best) refuse_optimum(*place, point, std::isfinite(risk(1.0)));
        point.parameters[*place] = *best;
    }
}

void GraphStudy::refuse_optimum(GraphSpec::Place place, const Point& point, bool has_law) const {
    std::string where;
    const std::vector<std::string> names = spec_.grids.columns();
    for (std::size_t k = 0; k < names.size(); ++k)
        if (!spec_.grids.optimal(k))
            where +=
                fmt::format("{}{} = {}", where.empty() ? "" : ", ", names[k], point.parameters[k]);
    spec_.grids.fail(
        place, fmt::format("the {} at {}",
                           has_law ? "law's risk has no least value" : "risk has no law", where));
}

double GraphStudy::predicted_risk(const RowLaws& row_laws, const Point& point,
                                  std::size_t fit) const {
    auto [rows, fits] = at(point);
    fits.resize(fit + 1);
    std::vector<bool> wanted(fit + 1, false);
    wanted[fit] = true;
    for (std::size_t a = fit + 1; a-- > 0;)
        for (const GraphLabels& labels : fits[a].labels)
            for (const auto& [from, weight] : labels.from_fits)
                if (wanted[a]) wanted[from] = true;
    try {
        const Law law = GraphStudy::law(row_laws, point, rows, fits, wanted);
        if (law.places[fit]) return law.of->excess_risk(*law.places[fit]).value;
    } catch (const NoGraphLaw&) {
        return no_law.value;
    }
    return no_law.value;
}

std::string GraphStudy::drawn() const {
    return fmt::format("{}{} {}", kind_,
                       sampler_ == Sampler::sufficient ? " sampler=sufficient" : "",
                       spec_.canonical());
}

std::uint64_t GraphStudy::factor_key(const Design& design, std::size_t group, std::size_t n) const {
    return cucurbit::factor_key(seed_, design, "n_" + spec_.rows[group].name, n);
}

std::shared_ptr<const Setting> GraphStudy::with(const std::vector<OwnCall>& calls) const {
    auto with = std::make_shared<GraphStudy>(*this);
    with->calls_ = calls;
    return with;
}

std::optional<OwnFunction> GraphStudy::missing_function() const {
    if (calls_.size() == spec_.functions.size()) return {};
    return spec_.functions.front();
}

void GraphStudy::add_point(Design& design, const Point& point) const {
    const auto add = [&](const auto& measure) {
        design.series.push_back({design.points.size(), spec_.fits[measure.fit].name,
                                 spec_.arm_key(measure), spec_.estimand(measure)});
    };
    for (const GraphSpec::Measure& measure : spec_.measures) add(measure);
    for (const GraphSpec::OwnMeasure& measure : spec_.own_measures) add(measure);
    design.points.push_back(point);
}

std::vector<Design> GraphStudy::designs() const {
    std::vector<Design> designs;
    for (std::size_t number = 0; number < spec_.grids.dimensions().size(); ++number) {
        const double p = spec_.grids.dimensions()[number];
        Design design =
            design_of(seed_, fmt::format("{} p={}", drawn(), p), static_cast<std::size_t>(p));
        for (const Point& point : points_[number]) add_point(design, point);
        design.points_apart = spec_.keeps_points_apart();
        std::set<std::uint64_t> keys;
        for (const Point& point : design.points) {
            const std::vector<GraphRows> rows = at(point).first;
            for (std::size_t g = 0; g < rows.size(); ++g)
                if (has_factor(g, rows[g].count, rows[g].spectrum.size()))
                    keys.insert(factor_key(design, g, rows[g].count));
        }
        design.further_keys.assign(keys.begin(), keys.end());
        measure_memory<GraphRun>(*this, design);
        designs.push_back(std::move(design));
    }
    return designs;
}

std::unique_ptr<Simulation> GraphStudy::simulation(const Design& design, Engine& engine,
                                                   std::size_t batch) const {
    return std::make_unique<GraphRun>(*this, design, &engine, batch);
}

bool GraphStudy::nonlinear(const std::vector<GraphFit>& fits, std::size_t fit) const {
    return holds_behind(fits, fit, [&](std::size_t a) { return spec_.nonlinear(a); });
}

GraphStudy::RowLaws GraphStudy::row_laws(const Point& point) const {
    const auto p = static_cast<std::size_t>(point.parameters.front());
    const std::vector<double> population = spec_.population.at(p).spectrum;
    const std::vector<std::size_t> counts = spec_.feature_counts({point});
    RowLaws laws{{}, {0, spec_.test.covariance.spectrum(p)}};
    if (!spec_.dense()) {
        laws.moments.resize(spec_.rows.size());
        return laws;
    }
    // Rows alike share what is decomposed of them.
    std::map<std::string, std::shared_ptr<const SecondMoments>> known;
    const auto moments = [&](const RotatedSpectrum& covariance) {
        std::shared_ptr<const SecondMoments>& of = known[covariance.canonical()];
        if (!of)
            of = std::make_shared<const SecondMoments>(
                RowMoments(spec_.features, counts, covariance, population).second());
        return of;
    };
    laws.test.moments = moments(spec_.test.covariance);
    for (const GraphSpec::Rows& group : spec_.rows)
        laws.moments.push_back(moments(group.covariance));
    return laws;
}

GraphStudy::Law GraphStudy::law(const RowLaws& row_laws, const Point& point,
                                std::vector<GraphRows> rows, const std::vector<GraphFit>& fits,
                                const std::vector<bool>& wanted) const {
    for (std::size_t g = 0; g < rows.size(); ++g) rows[g].moments = row_laws.moments[g];
    Law law;
    std::vector<GraphFit> kept;
    for (const GraphFit& fit : fits) {
        bool exists = wanted.empty() || wanted[law.places.size()];
        exists = exists && !spec_.fits[law.places.size()].function;
        exists = exists && (!interpolates(fit) || samples_of(fit, rows) != fit.features);
        if (exists && !has_fixed_point(rows, fit)) {
            law.not_found.push_back(law.places.size());
            exists = false;
        }
        GraphFit moved = fit;
        for (std::size_t k = 0; k < fit.rows.size(); ++k) {
            GraphLabels& labels = moved.labels[k];
            std::erase_if(labels.from_fits, [](const auto& from) { return from.second == 0.0; });
            for (auto& [from, weight] : labels.from_fits) {
                exists = exists && law.places[from] &&
                         (fit.link != GraphLink::sign || !has_seen(fits, from, fit.rows[k]));
                from = law.places[from].value_or(0);
            }
        }
        law.places.emplace_back();
        if (!exists) continue;
        law.places.back() = kept.size();
        kept.push_back(std::move(moved));
    }
    if (!kept.empty())
        law.of = graph_law(rows, kept,
                           spec_.test_truth(static_cast<std::size_t>(point.parameters.front())),
                           row_laws.test);
    return law;
}

bool GraphStudy::is_of_fresh_law(const FreshLaws& fresh, const GraphSpec::Measure& measure) {
    using Kind = GraphSpec::Measure::Kind;
    return (measure.kind == Kind::excess_risk || measure.kind == Kind::output_variance) &&
           fresh.has(measure.fit);
}

Prediction GraphStudy::predicted(const Law& law, const GraphSpec::Measure& measure) {
    using Kind = GraphSpec::Measure::Kind;
    if (!law.places[measure.fit] || !law.places[measure.other]) return no_law;
    const std::size_t fit = *law.places[measure.fit], other = *law.places[measure.other];
    switch (measure.kind) {
        case Kind::excess_risk:
            return law.of->excess_risk(fit);
        case Kind::misfit:
            return law.of->misfit(fit, other);
        case Kind::output_variance:
            return law.of->output_variance(fit);
        case Kind::in_sample_risk:
            return law.of->in_sample_risk(fit);
        case Kind::error_rate:
            return law.of->error_rate(fit);
        case Kind::agreement:
            return law.of->agreement(fit, other);
    }
    return no_law;
}

GraphStudy::Found GraphStudy::find(const Point& point) const {
    const auto [rows, fits] = at(point);
    const FreshLaws fresh(spec_, rows, fits, static_cast<std::size_t>(point.parameters.front()),
                          known_->maps);
    const std::size_t count = spec_.measures.size();
    Found found{std::vector<Prediction>(count, no_law), std::vector<bool>(count, false)};
    std::vector<std::size_t> others;
    for (std::size_t k = 0; k < count; ++k) {
        const GraphSpec::Measure& measure = spec_.measures[k];
        if (!is_of_fresh_law(fresh, measure))
            others.push_back(k);
        else if (measure.kind == GraphSpec::Measure::Kind::excess_risk)
            found.predictions[k] = fresh.excess_risk(measure.fit);
        else
            found.predictions[k] = fresh.output_variance(measure.fit);
    }
    if (others.empty()) return found;
    try {
        const Law law = GraphStudy::law(row_laws(point), point, rows, fits);
        std::vector<Prediction> predictions;
        for (const std::size_t k : others) predictions.push_back(predicted(law, spec_.measures[k]));
        for (std::size_t i = 0; i < others.size(); ++i) {
            const GraphSpec::Measure& measure = spec_.measures[others[i]];
            Prediction& each = found.predictions[others[i]];
            each = predictions[i];
            if (each.kind != TheoryKind::none &&
                (nonlinear(fits, measure.fit) || nonlinear(fits, measure.other)))
                each.kind = TheoryKind::approximation;
            found.lost[others[i]] = std::any_of(
                law.not_found.begin(), law.not_found.end(), [&, &fits = fits](std::size_t without) {
                    return learns_from(fits, measure.fit, without) ||
                           learns_from(fits, measure.other, without);
                });
        }
    } catch (const NoGraphLaw&) {
        // One point without a law must not hide the others: its rows say so.
        for (const std::size_t k : others) found.lost[k] = true;
    }
    return found;
}

/// Of predictions that are judged, where a fit has a penalty.
void GraphStudy::allow_for_slopes(const Point& point, std::vector<Prediction>& found) const {
    const bool judged = std::any_of(found.begin(), found.end(), [](const Prediction& each) {
        return each.kind == TheoryKind::deterministic_equivalent;
    });
    Point steeper = point;
    for (const GraphSpec::Fit& fit : spec_.fits)
        if (fit.penalty) steeper.parameters[*fit.penalty] *= steeper_penalty;
    if (!judged || steeper.parameters == point.parameters) return;
    const std::vector<Prediction> there = find(steeper).predictions;
    for (std::size_t k = 0; k < found.size(); ++k)
        found[k] = allow_for_slope(found[k], there[k].value);
}

std::vector<TheoryRow> GraphStudy::theory(const Point& point) const {
    {
        const std::lock_guard lock(known_->mutex);
        const auto known = known_->rows.find(point.parameters);
        if (known != known_->rows.end()) return known->second;
    }
    std::vector<TheoryRow> rows = predict(point);
    constexpr std::size_t most = 4096;
    const std::lock_guard lock(known_->mutex);
    if (known_->rows.size() < most) known_->rows.emplace(point.parameters, rows);
    return rows;
}

std::vector<TheoryRow> GraphStudy::predict(const Point& point) const {
    const auto [rows, fits] = at(point);
    Found found = find(point);
    std::vector<double> errors(fits.size(), 0.0);
    for (std::size_t k = 0; k < spec_.measures.size(); ++k)
        if (spec_.measures[k].kind == GraphSpec::Measure::Kind::excess_risk)
            errors[spec_.measures[k].fit] = found.predictions[k].relative_error;
    allow_for_slopes(point, found.predictions);
    // What keeps a fit's variance from existing keeps that of all that learn from it.
    std::vector<std::string> flags;
    std::vector<double> tails;
    for (std::size_t a = 0; a < fits.size(); ++a) {
        const GraphFit& fit = fits[a];
        const std::size_t n = samples_of(fit, rows);
        const bool free = interpolates(fit) ||
                          (fit.time == 0.0 && does_not_regularise(errors[a], n, fit.features));
        flags.emplace_back(free ? interpolation_flag(n, fit.features) : "");
        const bool noiseless =
            expresses_labels(rows, fit) && !nonlinear(fits, a) && !spec_.fits[a].function;
        tails.push_back(free && !noiseless ? tail_exponent(n, fit.features) : light_tail);
        for (const GraphLabels& labels : fit.labels)
            for (const auto& [from, weight] : labels.from_fits) {
                if (weight == 0.0) continue;
                if (flags.back().empty()) flags.back() = flags[from];
                tails.back() = std::min(tails.back(), tails[from]);
            }
    }
    std::vector<TheoryRow> table;
    const double scale =
        known_->maps.truth_square(spec_, static_cast<std::size_t>(point.parameters.front()));
    for (std::size_t k = 0; k < spec_.measures.size(); ++k) {
        const auto [kind, fit, other] = spec_.measures[k];
        const bool bounded = is_rate(kind);
        table.push_back({spec_.fits[fit].name, spec_.estimand(spec_.measures[k]),
                         found.predictions[k], flags[fit].empty() ? flags[other] : flags[fit],
                         bounded ? 1.0 : scale,
                         bounded ? light_tail : std::min(tails[fit], tails[other])});
        if (found.lost[k])
            table.back().flags += table.back().flags.empty() ? "law_not_found" : " law_not_found";
    }
    return table;
}

std::vector<Setting::ArmRisks> GraphStudy::risks_by_coordinate(const Point& point) const {
    const auto p = static_cast<std::size_t>(point.parameters.front());
    const auto [rows, fits] = at(point);
    const FreshLaws fresh(spec_, rows, fits, p, known_->maps);
    // Of features, and of a rotated test, the law's coordinates are not those of its root.
    const bool same_coordinates = spec_.features.empty() && spec_.test.covariance.diagonal();
    std::optional<Law> law;
    std::vector<ArmRisks> risks;
    for (const auto& [kind, fit, other] : spec_.measures) {
        if (kind != GraphSpec::Measure::Kind::excess_risk || learns_signs(fits, fit)) continue;
        const std::string& arm = spec_.fits[fit].name;
        if (fresh.has(fit)) {
            risks.push_back({arm, fresh.by_coordinate(fit)});
            continue;
        }
        if (!same_coordinates) continue;
        try {
            if (!law) law = GraphStudy::law(row_laws(point), point, rows, fits);
        } catch (const NoGraphLaw&) {
            law = Law{};
            law->places.resize(fits.size());
        }
        if (law->places[fit]) risks.push_back({arm, law->of->by_coordinate(*law->places[fit])});
    }
    return risks;
}

std::vector<DerivedRow> GraphStudy::derived() const {
    std::vector<DerivedRow> rows;
    const auto risk = [&](double factor, std::size_t fit) {
        return DerivedRow::Term{factor, spec_.fits[fit].name, "excess_risk"};
    };
    for (const auto& [fit, over] : spec_.gains)
        rows.push_back({spec_.fits[fit].name,
                        "gain_" + spec_.fits[over].name,
                        {risk(1.0, over), risk(-1.0, fit)},
                        {}});
    for (const auto& [fit, over] : spec_.ratios)
        rows.push_back({spec_.fits[fit].name,
                        "opr_" + spec_.fits[over].name,
                        {risk(1.0, over)},
                        {risk(1.0, fit)}});
    if (spec_.recovery) {
        const auto [weak, strong, ceiling] = *spec_.recovery;
        rows.push_back({spec_.fits[strong].name,
                        "pgr",
                        {risk(1.0, weak), risk(-1.0, strong)},
                        {risk(1.0, weak), risk(-1.0, ceiling)}});
    }
    return rows;
}

}  // namespace cucurbit
