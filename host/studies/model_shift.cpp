#include "host/studies/model_shift.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "host/config/messages.hpp"
#include "host/studies/points.hpp"

namespace cucurbit {
namespace {

/// What a study calls labels, and what they are outputs of; none: the truth's.
struct Arm {
    std::string name;
    GraphSpec::Truth truth;
};

const std::vector<Arm>& known_arms() {
    static const std::vector<Arm> arms{{"standard", {}},
                                       {"optimal_surrogate",
                                        [](const Population& of, std::size_t samples) {
                                            return optimal_surrogate(of.truth, of.spectrum,
                                                                     samples);
                                        }},
                                       {"mask", [](const Population& of, std::size_t samples) {
                                            return masked_surrogate(of.truth, of.spectrum, samples);
                                        }}};
    return arms;
}

/// Name, key and truth of an arm's fit.
GraphSpec::Fit read_arm(Reader::Item& item, const Grid<std::uint64_t>& dimensions) {
    // Columns of the table of coordinates, where a surrogate of one's own has one too.
    const std::vector<std::string> taken{"p",        "n",    "noise_std", "index",
                                         "spectrum", "zeta", "truth"};
    std::vector<std::string> known;
    for (const Arm& each : known_arms()) known.push_back(each.name);
    const auto place = [&](const std::string& name) {
        return static_cast<std::size_t>(std::find(known.begin(), known.end(), name) -
                                        known.begin());
    };
    GraphSpec::Fit arm;
    if (item.text) {
        arm.name = *item.text;
        if (place(arm.name) == known.size())
            item.fail("unknown arm " + in_quotes(arm.name) + suggestion(arm.name, known) +
                      "; allowed: " + joined(known) + ", { name = …, surrogate_file = … }");
        arm.truth = known_arms()[place(arm.name)].truth;
        return arm;
    }
    arm.name = item.table->name("name");
    if (place(arm.name) < known.size() ||
        std::find(taken.begin(), taken.end(), arm.name) != taken.end())
        item.table->fail("name", "an arm with a surrogate_file needs a name of its own, not " +
                                     in_quotes(arm.name));
    Reader::File file = item.table->file("surrogate_file");
    for (const std::uint64_t p : dimensions.values)
        if (file.values.size() != p)
            item.table->fail("surrogate_file", in_quotes(file.path) + " has " +
                                                   std::to_string(file.values.size()) +
                                                   " coefficients, but p = " + std::to_string(p));
    item.table->finish();
    arm.key = arm.name + "#" + file.hash;
    arm.truth = [values = std::move(file.values)](const Population&, std::size_t) {
        return values;
    };
    return arm;
}

}  // namespace

std::unique_ptr<const Setting> ModelShift::read(Reader& root, const Precision& precision,
                                                std::uint64_t seed) {
    GraphSpec spec;
    spec.population = PopulationSpec::read(root);
    spec.grids.add_dimensions(spec.population.p.values);
    spec.test.covariance = RotatedSpectrum(spec.population.spectrum);
    Reader target = root.table("target");
    GraphSpec::Rows& rows = spec.rows.emplace_back();
    rows.name = "target";
    rows.covariance = spec.test.covariance;
    rows.n = spec.grids.add_counts("n", target, "n", 1, max_samples);
    rows.noise_std = spec.grids.add("noise_std", target, "noise_std", not_negative);
    for (Reader::Item& item : target.items("arms")) {
        const GraphSpec::Fit arm = read_arm(item, spec.population.p);
        for (const GraphSpec::Fit& other : spec.fits)
            if (other.name == arm.name) item.fail("arm " + in_quotes(arm.name) + " appears twice");
        spec.add_curve(arm, 0);
        spec.measures.push_back(
            {GraphSpec::Measure::Kind::excess_risk, spec.fits.size() - 1, spec.fits.size() - 1});
    }
    spec.grids.check(target, "n");
    target.finish();
    return std::make_unique<ModelShift>("model_shift", std::move(spec), precision, seed);
}

std::string ModelShift::identity() const {
    return "model_shift " + spec().population.canonical();
}

std::string ModelShift::canonical(const Point& point) const {
    return fmt::format("model_shift p={} {}", point.parameters[0], spec().population.canonical());
}

std::vector<TheoryRow> ModelShift::theory(const Point& point) const {
    std::vector<TheoryRow> rows = GraphStudy::theory(point);
    const FixedPoint solution = add_fixed_point(rows, "", point, 0);
    const SurrogateCounts counts = count_surrogate(solution);
    for (const auto& [name, count] :
         {std::pair{"amplified", counts.amplified}, std::pair{"kept", counts.kept}})
        rows.push_back({"", name, {static_cast<double>(count), rows.back().prediction.kind}, ""});
    return rows;
}

Setting::Coordinates ModelShift::coordinates(const Point& point) const {
    const auto n = static_cast<std::size_t>(point.parameters[spec().rows.front().n]);
    const Population population =
        spec().population.at(static_cast<std::size_t>(point.parameters[0]));
    Coordinates table{{"index", "spectrum", "zeta", "truth"},
                      {indices(population.dimension()), population.spectrum,
                       solve_fixed_point(population.spectrum, n).zeta, population.truth}};
    const auto add = [&](const std::string& name, const GraphSpec::Truth& truth) {
        table.names.push_back(name);
        table.columns.push_back(truth(population, n));
    };
    for (const Arm& arm : known_arms())
        if (arm.truth) add(arm.name, arm.truth);
    for (const GraphSpec::Fit& arm : spec().fits)
        if (!arm.key.empty()) add(arm.name, arm.truth);
    return table;
}

}  // namespace cucurbit
