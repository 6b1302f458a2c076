#include "host/studies/two_stage.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "host/config/messages.hpp"
#include "host/studies/points.hpp"

namespace cucurbit {
namespace {

/// Groups of rows.
constexpr std::size_t surrogate_rows = 0, target_rows = 1;

void read_arms(Reader& target, GraphSpec& spec) {
    const std::vector<std::string> known{"surrogate", "target", "standard"};
    for (const std::string& name : known) {
        GraphSpec::Fit fit;
        fit.name = name;
        spec.add_curve(fit, name == "surrogate" ? surrogate_rows : target_rows);
    }
    spec.fits[1].labels.front() = GraphSpec::outputs_of(0);
    for (const Reader::Item& item : target.items("arms")) {
        if (!item.text) item.fail("a table is not allowed; allowed: " + joined(known));
        const auto fit = static_cast<std::size_t>(
            std::find(known.begin(), known.end(), *item.text) - known.begin());
        if (fit == known.size())
            item.fail("unknown arm " + in_quotes(*item.text) + suggestion(*item.text, known) +
                      "; allowed: " + joined(known));
        const GraphSpec::Measure risk{GraphSpec::Measure::Kind::excess_risk, fit, fit};
        if (std::find(spec.measures.begin(), spec.measures.end(), risk) != spec.measures.end())
            item.fail("arm " + in_quotes(*item.text) + " appears twice");
        spec.measures.push_back(risk);
    }
}

}  // namespace

std::unique_ptr<const Setting> TwoStage::read(Reader& root, const Precision& precision,
                                              std::uint64_t seed) {
    GraphSpec spec;
    spec.population = PopulationSpec::read(root);
    const RotatedSpectrum usual(spec.population.spectrum);
    spec.grids.add_dimensions(spec.population.p.values);
    spec.test.covariance = usual;
    spec.rows = {{"surrogate", 0, {}, usual, {}, {}}, {"target", 0, {}, usual, {}, {}}};
    GraphSpec::Rows &before = spec.rows[surrogate_rows], &rows = spec.rows[target_rows];
    Reader surrogate = root.table("surrogate"), target = root.table("target");
    before.n = spec.grids.add_counts("m", surrogate, "m", 1, max_samples);
    rows.n = spec.grids.add_counts("n", target, "n", 1, max_samples);
    rows.noise_std = spec.grids.add("noise_std", target, "noise_std", not_negative);
    before.noise_std = spec.grids.add("surrogate_noise_std", surrogate, "noise_std", not_negative);
    if (surrogate.has("spectrum"))
        before.covariance =
            RotatedSpectrum(Spectrum::read(surrogate, "spectrum", spec.population.p));
    surrogate.finish();
    read_arms(target, spec);
    spec.grids.check(target, "n");
    target.finish();
    return std::make_unique<TwoStage>("two_stage", std::move(spec), precision, seed);
}

std::string TwoStage::identity() const {
    return fmt::format("two_stage {} surrogate {}", spec().population.canonical(),
                       spec().rows[surrogate_rows].covariance.canonical());
}

std::string TwoStage::canonical(const Point& point) const {
    return fmt::format("{} p={} m={}", identity(), point.parameters[0],
                       point.parameters[spec().rows[surrogate_rows].n]);
}

std::vector<TheoryRow> TwoStage::theory(const Point& point) const {
    std::vector<TheoryRow> rows = GraphStudy::theory(point);
    add_fixed_point(rows, "", point, target_rows);
    add_fixed_point(rows, "surrogate_", point, surrogate_rows);
    return rows;
}

Setting::Coordinates TwoStage::coordinates(const Point& point) const {
    const std::vector<GraphRows> groups = spec().at(point.parameters, {}).first;
    const GraphRows &before = groups[surrogate_rows], &rows = groups[target_rows];
    return {{"index", "spectrum", "surrogate_spectrum", "zeta", "surrogate_zeta", "truth"},
            {indices(rows.spectrum.size()), rows.spectrum, before.spectrum,
             solve_fixed_point(rows.spectrum, rows.count).zeta,
             solve_fixed_point(before.spectrum, before.count).zeta,
             spec().test_truth(rows.spectrum.size())}};
}

}  // namespace cucurbit
