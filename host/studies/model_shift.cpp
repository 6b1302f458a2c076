#include "host/studies/model_shift.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "host/config/messages.hpp"
#include "host/studies/fits/curve.hpp"
#include "host/studies/points.hpp"

namespace cucurbit {

std::unique_ptr<const Setting> ModelShift::read(Reader& root, const Precision& precision,
                                                std::uint64_t seed) {
    auto setting = std::make_unique<ModelShift>();
    setting->population_ = PopulationSpec::read(root);
    Reader target = root.table("target");
    setting->samples_ = target.counts("n", 1, max_samples);
    setting->noise_std_ = target.numbers("noise_std", not_negative);
    std::set<std::string> names;
    for (Reader::Item& item : target.items("arms")) {
        setting->arms_.push_back(read_arm(item, setting->population_.p));
        if (!names.insert(setting->arms_.back().name).second)
            item.fail("arm " + in_quotes(setting->arms_.back().name) + " appears twice");
    }
    target.limit_points("n", {setting->population_.p.values.size(), setting->samples_.values.size(),
                              setting->noise_std_.values.size()});
    target.finish();
    setting->label_noise_ = precision.label_noise;
    setting->seed_ = seed;
    return setting;
}

ModelShift::Arm ModelShift::read_arm(Reader::Item& item, const Grid<std::uint64_t>& dimensions) {
    const std::vector<std::string> known{"standard", "optimal_surrogate", "mask"};
    // Columns of the table of coordinates, where a surrogate of one's own has one too.
    const std::vector<std::string> taken{"p",        "n",    "noise_std", "index",
                                         "spectrum", "zeta", "truth"};
    if (item.text) {
        const auto found = std::find(known.begin(), known.end(), *item.text);
        if (found == known.end())
            item.fail("unknown arm " + in_quotes(*item.text) + suggestion(*item.text, known) +
                      "; allowed: " + joined(known) + ", { name = …, surrogate_file = … }");
        return {*item.text, *item.text, static_cast<Labels>(found - known.begin()), {}};
    }
    Arm arm;
    arm.name = item.table->name("name");
    if (std::find(known.begin(), known.end(), arm.name) != known.end() ||
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
    arm.labels = Labels::file;
    arm.surrogate = std::move(file.values);
    return arm;
}

std::string ModelShift::identity() const {
    return "model_shift " + population_.canonical();
}

std::vector<Design> ModelShift::designs() const {
    std::vector<Design> designs;
    for (const std::uint64_t p : population_.p.values) {
        Design design =
            design_of(seed_, fmt::format("model_shift p={} {}", p, population_.canonical()), p);
        design.points.reserve(samples_.values.size() * noise_std_.values.size());
        design.series.reserve(design.points.capacity() * arms_.size());
        for (const std::uint64_t n : samples_.values)
            for (const double noise : noise_std_.values) {
                design.points.push_back({{static_cast<double>(p), static_cast<double>(n), noise}});
                for (const Arm& arm : arms_)
                    design.series.push_back(
                        {design.points.size() - 1, arm.name, arm.key, "excess_risk"});
            }
        const std::vector<std::size_t> samples(samples_.values.begin(), samples_.values.end());
        design.flops_per_trial =
            curve_flops(p, samples, arms_.size() * samples.size(), label_noise_);
        measure_memory<Run>(*this, design);
        designs.push_back(std::move(design));
    }
    return designs;
}

class ModelShift::Run final : public LadderSimulation {
public:
    Run(const ModelShift& setting, const Design& design, Engine* engine, std::size_t batch)
        : LadderSimulation(design,
                           [&setting, engine](const Design& restricted) {
                               return std::make_unique<Run>(setting, restricted, engine, 1);
                           }),
          workspace_(engine, batch, design.bytes_per_matrix) {
        const auto p = static_cast<std::size_t>(design.points.front().parameters[0]);
        const Population population = setting.population_.at(p);
        for (const bool above : {false, true}) add_side(setting, population, above);
    }

    const Workspace& workspace() const { return workspace_; }

private:
    struct Side {
        BatchMatrix labels;
        Curve curve;
    };

    /// The part of the curve with n < p, or with n ≥ p.
    void add_side(const ModelShift& setting, const Population& population, bool above) {
        std::map<std::size_t, std::vector<std::size_t>> series_of;  // n → series
        for (std::size_t s = 0; s < design().series.size(); ++s) {
            const std::size_t n = group(s);
            if ((n >= population.dimension()) == above) series_of[n].push_back(s);
        }
        if (series_of.empty()) return;
        // Labels that change with n come first, ascending in n: each is projected only as far as it
        // is used.
        std::vector<double> labels;
        std::map<std::pair<const Arm*, std::size_t>, std::size_t> columns;  // arm, n
        std::vector<std::size_t> column_of(design().series.size());
        for (const bool changing : {true, false})
            for (const auto& [n, series] : series_of)
                for (const std::size_t s : series) {
                    const Arm& arm = setting.arm(design().series[s].arm_key);
                    const bool changes = !above && (arm.labels == Labels::optimal_surrogate ||
                                                    arm.labels == Labels::mask);
                    if (changes != changing) continue;
                    const auto [place, added] =
                        columns.try_emplace({&arm, changes ? n : 0}, columns.size());
                    column_of[s] = place->second;
                    if (!added || workspace_.counting()) continue;
                    const auto b = setting.surrogate(arm, population, n);
                    labels.insert(labels.end(), b.begin(), b.end());
                }
        std::vector<CurveTerm> terms;
        terms.reserve(design().series.size());
        for (const auto& [n, series] : series_of)
            for (const std::size_t s : series) {
                const Point& point = design().points[design().series[s].point];
                terms.push_back({s, n, column_of[s], point.parameters[2], false, 0.0});
            }
        CurveStage stage;
        stage.key = design().key;
        stage.spectrum = stage.test_spectrum = population.spectrum;
        stage.truth = population.truth;
        stage.label_noise = setting.label_noise_;
        stage.labels = columns.size();
        stage.last = true;
        sides_.push_back({workspace_.shared(labels, population.dimension(), columns.size()),
                          Curve(workspace_, stage, std::move(terms))});
    }

    void attempt(std::span<const std::uint64_t> trials, Rung rung) override {
        for (Side& side : sides_) side.curve.run(trials, rung, side.labels, {});
    }
    void read(std::size_t first, std::size_t end, Rung rung, FittedBlock out) const override {
        for (const Side& side : sides_) side.curve.read(first, end, rung, out);
    }

    std::size_t group(std::size_t series) const override {
        return static_cast<std::size_t>(
            design().points[design().series[series].point].parameters[1]);
    }

    Workspace workspace_;
    std::vector<Side> sides_;
};

std::unique_ptr<Simulation> ModelShift::simulation(const Design& design, Engine& engine,
                                                   std::size_t batch) const {
    return std::make_unique<Run>(*this, design, &engine, batch);
}

const ModelShift::Arm& ModelShift::arm(const std::string& key) const {
    return *std::find_if(arms_.begin(), arms_.end(),
                         [&](const Arm& candidate) { return candidate.key == key; });
}

std::vector<double> ModelShift::surrogate(const Arm& arm, const Population& population,
                                          std::size_t samples) const {
    switch (arm.labels) {
        case Labels::optimal_surrogate:
            return optimal_surrogate(population.truth, population.spectrum, samples);
        case Labels::mask:
            return masked_surrogate(population.truth, population.spectrum, samples);
        case Labels::file:
            return arm.surrogate;
        case Labels::truth:
            break;
    }
    return population.truth;
}

std::vector<TheoryRow> ModelShift::theory(const Point& point) const {
    const auto p = static_cast<std::size_t>(point.parameters[0]);
    const auto n = static_cast<std::size_t>(point.parameters[1]);
    const double noise = point.parameters[2];
    const Population population = population_.at(p);
    const double scale = label_variance(population.truth, population.spectrum);
    std::vector<TheoryRow> rows;
    for (const Arm& arm : arms_)
        rows.push_back({arm.name, "excess_risk",
                        target_risk(surrogate(arm, population, n), population.truth,
                                    population.spectrum, n, noise * noise),
                        interpolation_flag(n, p), scale,
                        noise > 0.0 ? tail_exponent(n, p) : light_tail});
    const FixedPoint solution = solve_fixed_point(population.spectrum, n);
    const SurrogateCounts counts = count_surrogate(solution);
    const TheoryKind kind = n < p ? TheoryKind::deterministic_equivalent : TheoryKind::exact;
    rows.push_back({"", "xi", {solution.xi, kind}, ""});
    rows.push_back({"", "omega", {solution.omega, kind}, ""});
    rows.push_back({"", "amplified", {static_cast<double>(counts.amplified), kind}, ""});
    rows.push_back({"", "kept", {static_cast<double>(counts.kept), kind}, ""});
    return rows;
}

std::vector<Setting::ArmRisks> ModelShift::risks_by_coordinate(const Point& point) const {
    const auto p = static_cast<std::size_t>(point.parameters[0]);
    const auto n = static_cast<std::size_t>(point.parameters[1]);
    const Population population = population_.at(p);
    std::vector<ArmRisks> risks;
    for (const Arm& arm : arms_) {
        const FitLaw law = fit(given_labels(surrogate(arm, population, n)), population.spectrum, n,
                               point.parameters[2] * point.parameters[2]);
        risks.push_back(
            {arm.name, cucurbit::risks_by_coordinate(law, population.truth, population.spectrum)});
    }
    return risks;
}

Setting::Coordinates ModelShift::coordinates(const Point& point) const {
    const auto p = static_cast<std::size_t>(point.parameters[0]);
    const auto n = static_cast<std::size_t>(point.parameters[1]);
    const Population population = population_.at(p);
    std::vector<double> index(p);
    for (std::size_t i = 0; i < p; ++i) index[i] = static_cast<double>(i + 1);
    Coordinates table{
        {"index", "spectrum", "zeta", "truth", "optimal_surrogate", "mask"},
        {index, population.spectrum, solve_fixed_point(population.spectrum, n).zeta,
         population.truth, optimal_surrogate(population.truth, population.spectrum, n),
         masked_surrogate(population.truth, population.spectrum, n)}};
    for (const Arm& arm : arms_) {
        if (arm.labels != Labels::file) continue;
        table.names.push_back(arm.name);
        table.columns.push_back(arm.surrogate);
    }
    return table;
}

}  // namespace cucurbit
