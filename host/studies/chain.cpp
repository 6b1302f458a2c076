#include "host/studies/chain.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "host/studies/chain/run.hpp"
#include "host/studies/fits/curve.hpp"
#include "host/studies/points.hpp"

namespace cucurbit {
namespace {

constexpr std::size_t most_stages = 64;
constexpr std::size_t most_points = 1'000'000;

/// Of a point's parameters, behind p: n, noise_std and penalty of each stage.
constexpr std::size_t first_of_stage(std::size_t stage) {
    return 1 + 3 * stage;
}

}  // namespace

std::unique_ptr<const Setting> Chain::read(Reader& root, const Precision&, std::uint64_t seed) {
    auto setting = std::make_unique<Chain>();
    setting->population_ = PopulationSpec::read(root);
    const Grid<std::uint64_t>& p = setting->population_.p;
    double points = static_cast<double>(p.values.size());
    for (const Reader::Item& item : root.items("stage")) {
        if (!item.table) item.fail("text is not allowed; allowed: a [[stage]] table");
        setting->stages_.push_back(StageSpec::read(*item.table, p, setting->population_.spectrum,
                                                   setting->stages_.empty()));
        if (setting->stages_.size() > most_stages)
            item.fail(fmt::format("a chain has at most {} stages", most_stages));
        const StageSpec& stage = setting->stages_.back();
        points *= static_cast<double>(stage.samples.values.size() * stage.noise_std.values.size() *
                                      stage.penalty.values.size());
        if (points > static_cast<double>(most_points))
            item.fail(fmt::format("the grids make {:.3g} points together; allowed: at most {}",
                                  points, most_points));
    }
    setting->test_ = setting->stages_.back().covariance;
    if (root.has("test")) {
        Reader test = root.table("test");
        setting->test_ = RotatedSpectrum::read(test, p, setting->population_.spectrum);
        test.finish();
    }
    setting->seed_ = seed;
    return setting;
}

std::vector<std::string> Chain::parameters() const {
    std::vector<std::string> names{"p"};
    for (std::size_t k = 1; k <= stages_.size(); ++k)
        for (const char* name : {"n", "noise_std", "penalty"})
            names.push_back(fmt::format("{}_{}", name, k));
    return names;
}

std::vector<bool> Chain::whole_parameters() const {
    std::vector<bool> whole{true};
    for (std::size_t k = 0; k < stages_.size(); ++k)
        whole.insert(whole.end(), {true, false, false});
    return whole;
}

Chain::StagePoint Chain::at(const Point& point, std::size_t stage) {
    const double* values = point.parameters.data() + first_of_stage(stage);
    return {static_cast<std::size_t>(values[0]), values[1], values[2]};
}

std::string Chain::identity() const {
    std::string text = "chain " + population_.canonical();
    for (const StageSpec& stage : stages_) text += " " + stage.canonical();
    return text + " test=" + test_.canonical();
}

std::vector<Design> Chain::designs() const {
    std::vector<Design> designs;
    for (const std::uint64_t p : population_.p.values) {
        Design design = design_of(seed_, fmt::format("{} p={}", identity(), p), p);
        design.points = {{{static_cast<double>(p)}}};
        design.points_apart = true;
        for (const StageSpec& stage : stages_) {
            std::vector<Point> longer;
            for (const Point& point : design.points)
                for (const std::uint64_t n : stage.samples.values)
                    for (const double noise : stage.noise_std.values)
                        for (const double penalty : stage.penalty.values) {
                            longer.push_back(point);
                            longer.back().parameters.insert(
                                longer.back().parameters.end(),
                                {static_cast<double>(n), noise, penalty});
                        }
            design.points = std::move(longer);
        }
        for (std::size_t point = 0; point < design.points.size(); ++point)
            for (std::size_t k = 1; k <= stages_.size(); ++k) {
                const std::string arm = fmt::format("stage_{}", k);
                design.series.push_back({point, arm, arm, "excess_risk"});
            }
        for (std::size_t k = 0; k < stages_.size(); ++k)
            for (const std::uint64_t n : stages_[k].samples.values)
                design.further_keys.push_back(
                    factor_key(seed_, design, fmt::format("stage={} n", k), n));
        measure_memory<ChainRun>(*this, design);
        designs.push_back(std::move(design));
    }
    return designs;
}

std::unique_ptr<Simulation> Chain::simulation(const Design& design, Engine& engine,
                                              std::size_t batch) const {
    return std::make_unique<ChainRun>(*this, design, &engine, batch);
}

bool Chain::diagonal() const {
    return test_.diagonal() && std::all_of(stages_.begin(), stages_.end(),
                                           [](const StageSpec& s) { return s.diagonal(); });
}

const Chain::Maps& Chain::maps(std::size_t p) const {
    const std::lock_guard lock(mutex_);
    std::unique_ptr<const Maps>& maps = maps_[p];
    if (!maps) {
        auto made = std::make_unique<Maps>();
        for (const StageSpec& stage : stages_)
            made->stages.emplace_back(stage.covariance.root(p), stage.features(p));
        made->test_root = test_.root(p);
        maps = std::move(made);
    }
    return *maps;
}

std::vector<FitLaw> Chain::diagonal_laws(const Point& point) const {
    const auto p = static_cast<std::size_t>(point.parameters[0]);
    const FitLaw truth = given_labels(population_.at(p).truth);
    std::vector<FitLaw> laws;
    for (std::size_t k = 0; k < stages_.size(); ++k) {
        const StagePoint stage = at(point, k);
        laws.push_back(fit(stages_[k].from_truth ? truth : laws.back(),
                           stages_[k].covariance.spectrum(p), stage.n,
                           stage.noise_std * stage.noise_std, stage.penalty));
    }
    return laws;
}

std::vector<DenseLaw> Chain::dense_laws(const Point& point) const {
    const auto p = static_cast<std::size_t>(point.parameters[0]);
    const Maps& maps = this->maps(p);
    const DenseLaw truth = given_dense_labels(population_.at(p).truth);
    std::vector<DenseLaw> laws;
    for (std::size_t k = 0; k < stages_.size(); ++k) {
        const StagePoint stage = at(point, k);
        laws.push_back(maps.stages[k].fit(stages_[k].from_truth ? truth : laws.back(), stage.n,
                                          stage.noise_std * stage.noise_std, stage.penalty));
    }
    return laws;
}

std::vector<Prediction> Chain::risks(const Point& point) const {
    const auto p = static_cast<std::size_t>(point.parameters[0]);
    const std::vector<double> truth = population_.at(p).truth;
    std::vector<Prediction> risks;
    if (diagonal())
        for (const FitLaw& law : diagonal_laws(point))
            risks.push_back(excess_risk(law, truth, test_.spectrum(p)));
    else
        for (const DenseLaw& law : dense_laws(point))
            risks.push_back(excess_risk(law, truth, maps(p).test_root));
    return risks;
}

std::vector<Setting::ArmRisks> Chain::risks_by_coordinate(const Point& point) const {
    const auto p = static_cast<std::size_t>(point.parameters[0]);
    const std::vector<double> truth = population_.at(p).truth;
    std::vector<ArmRisks> risks;
    const auto add = [&](CoordinateRisks stage) {
        risks.push_back({fmt::format("stage_{}", risks.size() + 1), std::move(stage)});
    };
    if (diagonal())
        for (const FitLaw& law : diagonal_laws(point))
            add(cucurbit::risks_by_coordinate(law, truth, test_.spectrum(p)));
    else
        for (const DenseLaw& law : dense_laws(point))
            add(cucurbit::risks_by_coordinate(law, truth, maps(p).test_root));
    return risks;
}

std::vector<TheoryRow> Chain::theory(const Point& point) const {
    const auto p = static_cast<std::size_t>(point.parameters[0]);
    const std::vector<Prediction> risks = this->risks(point);
    Point steeper = point;
    bool ridge = false;
    for (std::size_t k = 0; k < stages_.size(); ++k) {
        steeper.parameters[first_of_stage(k) + 2] *= steeper_penalty;
        ridge = ridge || at(point, k).penalty > 0.0;
    }
    const std::vector<Prediction> steeper_risks = ridge ? this->risks(steeper) : risks;
    const Population population = population_.at(p);
    const double scale = label_variance(population.truth, test_.spectrum(p));
    std::vector<TheoryRow> rows;
    double tail = light_tail;
    std::string flags;
    for (std::size_t k = 0; k < stages_.size(); ++k) {
        const StagePoint stage = at(point, k);
        const std::size_t rank = stages_[k].feature_count(p);
        if (stages_[k].from_truth) {
            tail = light_tail;
            flags.clear();
        }
        // A penalty that leaves the equivalent without meaning does not regularise either.
        if (stage.penalty == 0.0 || !(risks[k].relative_error <= largest_tolerance)) {
            tail = std::min(tail, tail_exponent(stage.n, rank));
            if (flags.empty()) flags = interpolation_flag(stage.n, rank);
        }
        rows.push_back({fmt::format("stage_{}", k + 1), "excess_risk",
                        allow_for_slope(risks[k], steeper_risks[k].value), flags, scale, tail});
    }
    return rows;
}

}  // namespace cucurbit
