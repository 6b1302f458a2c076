#include "host/studies/graph.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include <fmt/format.h>

#include "host/studies/graph/optimum.hpp"
#include "host/studies/graph/run.hpp"
#include "host/studies/points.hpp"

namespace cucurbit {
namespace {

constexpr Prediction no_law{std::numeric_limits<double>::quiet_NaN(), TheoryKind::none};

}  // namespace

std::unique_ptr<const Setting> GraphStudy::read(Reader& root, const Precision&,
                                                std::uint64_t seed) {
    auto setting = std::make_unique<GraphStudy>();
    setting->spec_ = GraphSpec::read(root);
    setting->seed_ = seed;
    const GraphGrids& grids = setting->spec_.grids;
    for (std::size_t p = 0; p < grids.dimensions().size(); ++p) {
        std::vector<Point>& points = setting->points_.emplace_back();
        for (std::vector<double>& values : grids.points(p)) {
            points.push_back({std::move(values)});
            setting->optimise(points.back());
        }
    }
    return setting;
}

void GraphStudy::optimise(Point& point) const {
    for (std::size_t fit = 0; fit < spec_.fits.size(); ++fit) {
        const std::optional<GraphSpec::Place> place = spec_.fits[fit].optimal;
        if (!place) continue;
        const RiskOf risk = [&](double value) {
            Point tried = point;
            tried.parameters[*place] = value;
            return predicted_risk(tried, fit);
        };
        const bool penalty = place == spec_.fits[fit].penalty;
        const std::vector<double> spectrum =
            spec_.rows[spec_.fits[fit].rows.front()].spectrum.values(
                static_cast<std::size_t>(point.parameters.front()));
        const std::optional<double> best =
            penalty ? optimal_penalty(risk, std::accumulate(spectrum.begin(), spectrum.end(), 0.0))
                    : optimal_weight(risk);
        if (!best) refuse_optimum(*place, point, penalty, std::isfinite(risk(penalty ? 1.0 : 0.0)));
        point.parameters[*place] = *best;
    }
}

void GraphStudy::refuse_optimum(GraphSpec::Place place, const Point& point, bool penalty,
                                bool has_law) const {
    std::string where;
    const std::vector<std::string> names = parameters();
    for (std::size_t k = 0; k < names.size(); ++k)
        if (!spec_.grids.optimal(k))
            where +=
                fmt::format("{}{} = {}", where.empty() ? "" : ", ", names[k], point.parameters[k]);
    const char* why =
        penalty ? "the law's risk has no least value" : "the law's risk does not depend on it";
    spec_.grids.fail(place, fmt::format("{} at {}", has_law ? why : "the risk has no law", where));
}

double GraphStudy::predicted_risk(const Point& point, std::size_t fit) const {
    auto [rows, fits] = spec_.at(point.parameters);
    fits.resize(fit + 1);
    try {
        const Law law = GraphStudy::law(
            rows, fits, spec_.population.at(static_cast<std::size_t>(point.parameters.front())));
        if (law.places[fit]) return law.of->excess_risk(*law.places[fit]).value;
    } catch (const NoGraphLaw&) {
        return no_law.value;
    }
    return no_law.value;
}

std::string GraphStudy::misfit_name(std::size_t of) const {
    return "misfit_" + spec_.fits[of].name;
}

std::vector<Design> GraphStudy::designs() const {
    std::vector<Design> designs;
    for (std::size_t number = 0; number < spec_.grids.dimensions().size(); ++number) {
        const double p = spec_.grids.dimensions()[number];
        Design design =
            design_of(seed_, fmt::format("{} p={}", identity(), p), static_cast<std::size_t>(p));
        design.points = points_[number];
        for (std::size_t point = 0; point < design.points.size(); ++point) {
            const auto add = [&](std::size_t fit, const std::string& estimand) {
                const std::string& arm = spec_.fits[fit].name;
                design.series.push_back({point, arm, arm, estimand});
            };
            for (const std::size_t fit : spec_.risks) add(fit, "excess_risk");
            for (const auto& [fit, of] : spec_.misfits) add(fit, misfit_name(of));
            for (const std::size_t fit : spec_.outputs) add(fit, "output_variance");
        }
        measure_memory<GraphRun>(*this, design);
        designs.push_back(std::move(design));
    }
    return designs;
}

std::unique_ptr<Simulation> GraphStudy::simulation(const Design& design, Engine& engine,
                                                   std::size_t batch) const {
    return std::make_unique<GraphRun>(*this, design, &engine, batch);
}

GraphStudy::Law GraphStudy::law(const std::vector<GraphRows>& rows,
                                const std::vector<GraphFit>& fits, const Population& population) {
    Law law;
    std::vector<GraphFit> kept;
    for (const GraphFit& fit : fits) {
        bool exists = fit.penalty > 0.0 || samples_of(fit, rows) != fit.features;
        GraphFit moved = fit;
        for (GraphLabels& labels : moved.labels) {
            std::erase_if(labels.from_fits, [](const auto& from) { return from.second == 0.0; });
            for (auto& [from, weight] : labels.from_fits) {
                exists = exists && law.places[from];
                from = law.places[from].value_or(0);
            }
        }
        law.places.emplace_back();
        if (!exists) continue;
        law.places.back() = kept.size();
        kept.push_back(std::move(moved));
    }
    if (!kept.empty()) law.of = graph_law(rows, kept, population.truth, population.spectrum);
    return law;
}

std::vector<TheoryRow> GraphStudy::theory(const Point& point) const {
    const auto p = static_cast<std::size_t>(point.parameters.front());
    const Population population = spec_.population.at(p);
    const auto [rows, fits] = spec_.at(point.parameters);
    // What keeps a fit's variance from existing keeps that of all that learn from it.
    std::vector<std::string> flags;
    std::vector<double> tails;
    for (const GraphFit& fit : fits) {
        const std::size_t n = samples_of(fit, rows);
        flags.emplace_back(fit.penalty == 0.0 ? interpolation_flag(n, fit.features) : "");
        tails.push_back(fit.penalty == 0.0 ? tail_exponent(n, fit.features) : light_tail);
        for (const GraphLabels& labels : fit.labels)
            for (const auto& [from, weight] : labels.from_fits) {
                if (weight == 0.0) continue;
                if (flags.back().empty()) flags.back() = flags[from];
                tails.back() = std::min(tails.back(), tails[from]);
            }
    }
    std::vector<TheoryRow> table;
    const double scale = label_variance(population.truth, population.spectrum);
    for (const std::size_t fit : spec_.risks)
        table.push_back(
            {spec_.fits[fit].name, "excess_risk", no_law, flags[fit], scale, tails[fit]});
    for (const auto& [fit, of] : spec_.misfits)
        table.push_back({spec_.fits[fit].name, misfit_name(of), no_law,
                         flags[fit].empty() ? flags[of] : flags[fit], scale,
                         std::min(tails[fit], tails[of])});
    for (const std::size_t fit : spec_.outputs)
        table.push_back(
            {spec_.fits[fit].name, "output_variance", no_law, flags[fit], scale, tails[fit]});
    try {
        const Law law = GraphStudy::law(rows, fits, population);
        std::vector<Prediction> found;
        for (const std::size_t fit : spec_.risks)
            found.push_back(law.places[fit] ? law.of->excess_risk(*law.places[fit]) : no_law);
        for (const auto& [fit, of] : spec_.misfits)
            found.push_back(law.places[fit] && law.places[of]
                                ? law.of->misfit(*law.places[fit], *law.places[of])
                                : no_law);
        for (const std::size_t fit : spec_.outputs)
            found.push_back(law.places[fit] ? law.of->output_variance(*law.places[fit]) : no_law);
        for (std::size_t k = 0; k < table.size(); ++k) table[k].prediction = found[k];
    } catch (const NoGraphLaw&) {
        // One point without a law must not hide the others: its rows say so.
        for (TheoryRow& row : table)
            row.flags += row.flags.empty() ? "law_not_found" : " law_not_found";
    }
    return table;
}

std::vector<Setting::ArmRisks> GraphStudy::risks_by_coordinate(const Point& point) const {
    const auto [rows, fits] = spec_.at(point.parameters);
    std::vector<ArmRisks> risks;
    try {
        const Law law = GraphStudy::law(
            rows, fits, spec_.population.at(static_cast<std::size_t>(point.parameters.front())));
        for (const std::size_t fit : spec_.risks)
            if (law.places[fit])
                risks.push_back({spec_.fits[fit].name, law.of->by_coordinate(*law.places[fit])});
    } catch (const NoGraphLaw&) {
        return {};
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
