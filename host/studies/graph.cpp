#include "host/studies/graph.hpp"

#include <algorithm>
#include <limits>
#include <stdexcept>

#include <fmt/format.h>

#include "host/studies/graph/run.hpp"
#include "host/studies/points.hpp"

namespace cucurbit {

std::unique_ptr<const Setting> GraphStudy::read(Reader& root, const Precision&,
                                                std::uint64_t seed) {
    auto setting = std::make_unique<GraphStudy>();
    setting->spec_ = GraphSpec::read(root);
    setting->seed_ = seed;
    return setting;
}

std::string GraphStudy::misfit_name(std::size_t of) const {
    return "misfit_" + spec_.fits[of].name;
}

std::vector<Design> GraphStudy::designs() const {
    std::vector<Design> designs;
    for (const double p : spec_.grids.front()) {
        Design design =
            design_of(seed_, fmt::format("{} p={}", identity(), p), static_cast<std::size_t>(p));
        design.points = {{{p}}};
        for (std::size_t k = 1; k < spec_.grids.size(); ++k) {
            std::vector<Point> longer;
            for (const Point& point : design.points)
                for (const double value : spec_.grids[k]) {
                    longer.push_back(point);
                    longer.back().parameters.push_back(value);
                }
            design.points = std::move(longer);
        }
        for (std::size_t point = 0; point < design.points.size(); ++point) {
            const auto add = [&](std::size_t fit, const std::string& estimand) {
                const std::string& arm = spec_.fits[fit].name;
                design.series.push_back({point, arm, arm, estimand});
            };
            for (const std::size_t fit : spec_.risks) add(fit, "excess_risk");
            for (const auto& [fit, of] : spec_.misfits) add(fit, misfit_name(of));
        }
        const GraphRun counted(*this, design, nullptr, 1);
        design.flops_per_trial = counted.flops();
        design.bytes_per_trial = counted.workspace().bytes_per_trial();
        design.bytes_per_worker = counted.workspace().bytes_per_worker();
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
        std::size_t n = 0;
        for (const std::size_t group : fit.rows) n += rows[group].count;
        bool exists = fit.penalty > 0.0 || n != fit.features;
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
    try {
        law.of = graph_law(rows, kept, population.truth, population.spectrum);
    } catch (const std::runtime_error&) {
        law.of.reset();  // one point without a law must not hide the others
    }
    return law;
}

std::vector<TheoryRow> GraphStudy::theory(const Point& point) const {
    const auto p = static_cast<std::size_t>(point.parameters.front());
    const Population population = spec_.population.at(p);
    const auto [rows, fits] = spec_.at(point.parameters);
    const auto [law, places] = GraphStudy::law(rows, fits, population);
    static constexpr Prediction none{std::numeric_limits<double>::quiet_NaN(), TheoryKind::none};
    const auto risk = [&law = law, &places = places](std::size_t fit) -> Prediction {
        return law && places[fit] ? law->excess_risk(*places[fit]) : none;
    };
    const auto misfit = [&law = law, &places = places](std::size_t fit,
                                                       std::size_t of) -> Prediction {
        return law && places[fit] && places[of] ? law->misfit(*places[fit], *places[of]) : none;
    };
    // What keeps a fit's variance from existing keeps that of all that learn from it.
    std::vector<std::string> flags;
    std::vector<double> tails;
    for (const GraphFit& fit : fits) {
        std::size_t n = 0;
        for (const std::size_t group : fit.rows) n += rows[group].count;
        flags.emplace_back(fit.penalty == 0.0 ? interpolation_flag(n, fit.features) : "");
        tails.push_back(fit.penalty == 0.0 ? tail_exponent(n, fit.features) : light_tail);
        for (const GraphLabels& labels : fit.labels)
            for (const auto& [from, weight] : labels.from_fits) {
                if (weight == 0.0) continue;
                if (flags.back().empty()) flags.back() = flags[from];
                tails.back() = std::min(tails.back(), tails[from]);
            }
    }
    const double scale = label_variance(population.truth, population.spectrum);
    std::vector<TheoryRow> table;
    for (const std::size_t fit : spec_.risks)
        table.push_back(
            {spec_.fits[fit].name, "excess_risk", risk(fit), flags[fit], scale, tails[fit]});
    for (const auto& [fit, of] : spec_.misfits)
        table.push_back({spec_.fits[fit].name, misfit_name(of), misfit(fit, of),
                         flags[fit].empty() ? flags[of] : flags[fit], scale,
                         std::min(tails[fit], tails[of])});
    return table;
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
