#include "host/studies/two_stage.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "host/config/messages.hpp"
#include "host/studies/fits/curve.hpp"
#include "host/studies/points.hpp"

namespace cucurbit {

std::unique_ptr<const Setting> TwoStage::read(Reader& root, const Precision& precision,
                                              std::uint64_t seed) {
    auto setting = std::make_unique<TwoStage>();
    setting->population_ = PopulationSpec::read(root);
    Reader surrogate = root.table("surrogate");
    setting->surrogate_samples_ = surrogate.counts("m", 1, max_samples);
    setting->surrogate_noise_std_ = surrogate.numbers("noise_std", not_negative);
    setting->surrogate_spectrum_ =
        surrogate.has("spectrum") ? Spectrum::read(surrogate, "spectrum", setting->population_.p)
                                  : setting->population_.spectrum;
    surrogate.finish();
    Reader target = root.table("target");
    setting->samples_ = target.counts("n", 1, max_samples);
    setting->noise_std_ = target.numbers("noise_std", not_negative);
    const std::vector<std::string> known{"surrogate", "target", "standard"};
    for (const Reader::Item& item : target.items("arms")) {
        if (!item.text) item.fail("a table is not allowed; allowed: " + joined(known));
        if (std::find(known.begin(), known.end(), *item.text) == known.end())
            item.fail("unknown arm " + in_quotes(*item.text) + suggestion(*item.text, known) +
                      "; allowed: " + joined(known));
        if (std::find(setting->arms_.begin(), setting->arms_.end(), *item.text) !=
            setting->arms_.end())
            item.fail("arm " + in_quotes(*item.text) + " appears twice");
        setting->arms_.push_back(*item.text);
    }
    target.limit_points(
        "n", {setting->population_.p.values.size(), setting->surrogate_samples_.values.size(),
              setting->surrogate_noise_std_.values.size(), setting->samples_.values.size(),
              setting->noise_std_.values.size()});
    target.finish();
    setting->label_noise_ = precision.label_noise;
    setting->seed_ = seed;
    return setting;
}

std::string TwoStage::identity() const {
    return "two_stage " + population_.canonical() + " surrogate " + surrogate_spectrum_.canonical();
}

std::vector<Design> TwoStage::designs() const {
    std::vector<Design> designs;
    for (const std::uint64_t p : population_.p.values)
        for (const std::uint64_t m : surrogate_samples_.values) {
            Design design = design_of(seed_, fmt::format("{} p={} m={}", identity(), p, m), p);
            for (const std::uint64_t n : samples_.values)
                for (const double noise : noise_std_.values)
                    for (const double before : surrogate_noise_std_.values) {
                        design.points.push_back({{static_cast<double>(p), static_cast<double>(m),
                                                  static_cast<double>(n), noise, before}});
                        for (const std::string& arm : arms_)
                            design.series.push_back(
                                {design.points.size() - 1, arm, arm, "excess_risk"});
                    }
            const std::vector<std::size_t> samples(samples_.values.begin(), samples_.values.end());
            design.flops_per_trial = curve_flops(p, samples, 3 * samples.size(), label_noise_) +
                                     curve_flops(p, std::vector<std::size_t>{m}, 2, label_noise_);
            measure_memory<Run>(*this, design);
            designs.push_back(std::move(design));
        }
    return designs;
}

class TwoStage::Run final : public LadderSimulation {
public:
    Run(const TwoStage& setting, const Design& design, Engine* engine, std::size_t batch)
        : LadderSimulation(design,
                           [&setting, engine](const Design& restricted) {
                               return std::make_unique<Run>(setting, restricted, engine, 1);
                           }),
          workspace_(engine, batch, design.bytes_per_matrix) {
        const auto p = static_cast<std::size_t>(design.points.front().parameters[0]);
        const Population population = setting.population_.at(p);
        for (const Series& series : design.series)
            arms_.push_back(series.arm_key == "surrogate" ? Arm::surrogate
                            : series.arm_key == "target"  ? Arm::target
                                                          : Arm::standard);
        make_surrogate(setting, population);
        for (const bool above : {false, true}) make_target(setting, population, above);
        std::vector<double> minus_truth = population.truth;
        for (double& value : minus_truth) value = -value;
        truth_ = workspace_.shared(population.truth, p, 1);
        minus_truth_ = workspace_.shared(minus_truth, p, 1);
        labels_ = workspace_.matrix(p, label_count);
        first_ = &workspace_.indices({1});
    }

    const Workspace& workspace() const { return workspace_; }

private:
    /// Label columns of the target stage.
    enum Label : std::size_t { from_surrogate = 0, from_truth = 1, surrogate_noise = 2 };
    static constexpr std::size_t label_count = 3;
    enum class Arm : std::uint8_t { surrogate, target, standard };

    double parameter(std::size_t series, std::size_t index) const {
        return design().points[design().series[series].point].parameters[index];
    }
    double target_noise(std::size_t series) const { return parameter(series, 3); }
    double noise_before(std::size_t series) const { return parameter(series, 4); }
    void make_surrogate(const TwoStage& setting, const Population& population) {
        std::vector<CurveTerm> terms;
        const auto m = static_cast<std::size_t>(design().points.front().parameters[1]);
        for (std::size_t s = 0; s < design().series.size(); ++s)
            terms.push_back({s, m, 0, noise_before(s), false, 0.0});
        CurveStage stage;
        stage.key = design().key;
        stage.stage = 0;
        stage.spectrum = setting.surrogate_spectrum_.values(population.dimension());
        stage.test_spectrum = population.spectrum;
        stage.truth = population.truth;
        stage.label_noise = setting.label_noise_;
        stage.labels = 1;
        surrogate_.emplace(workspace_, stage, terms);
        noisy_surrogate_ = std::any_of(terms.begin(), terms.end(),
                                       [](const CurveTerm& term) { return term.noise_std > 0.0; });
    }

    void make_target(const TwoStage& setting, const Population& population, bool above) {
        std::vector<CurveTerm> terms;
        for (std::size_t s = 0; s < design().series.size(); ++s) {
            const std::size_t n = group(s);
            if (arms_[s] == Arm::surrogate || (n >= population.dimension()) != above) continue;
            const bool inherits = arms_[s] == Arm::target;
            terms.push_back({s, n, inherits ? from_surrogate : from_truth, target_noise(s),
                             inherits, inherits ? noise_before(s) : 0.0});
        }
        if (terms.empty()) return;
        CurveStage stage;
        stage.key = design().key;
        stage.stage = 1;
        stage.spectrum = stage.test_spectrum = population.spectrum;
        stage.truth = population.truth;
        stage.label_noise = setting.label_noise_;
        stage.labels = label_count;
        stage.last = true;
        stage.inherited_label = surrogate_noise;
        stage.root_columns = surrogate_->integrates() ? surrogate_->fits().root_columns() : 0;
        targets_.emplace_back(workspace_, stage, std::move(terms));
    }

    void attempt(std::span<const std::uint64_t> trials, Rung rung) override {
        surrogate_->run(trials, rung, truth_.trials(trials.size()), {});
        label(trials.size());
        BatchMatrix root;
        if (surrogate_->integrates()) root = surrogate_->fits().root();
        for (Curve& target : targets_) target.run(trials, rung, labels_, root);
    }
    void read(std::size_t first, std::size_t end, Rung rung, FittedBlock out) const override {
        const std::size_t series = design().series.size(), count = end - first;
        std::vector<Fitted> fitted(series * count);
        const FittedBlock before{fitted.data(), count};
        surrogate_->read(first, end, rung, before);
        for (const Curve& target : targets_) target.read(first, end, rung, out);
        for (std::size_t s = 0; s < series; ++s)
            for (std::size_t t = 0; t < count; ++t) {
                if (arms_[s] == Arm::surrogate) out(s, t) = before(s, t);
                if (arms_[s] == Arm::target)
                    out(s, t).demanded = std::max(out(s, t).demanded, before(s, t).demanded);
            }
    }

    /// The target's labels: the surrogate's fit (its error plus the truth), the truth, and the fit
    /// to the surrogate's label noise.
    void label(std::size_t count) {
        Engine& engine = workspace_.engine();
        const auto column = [&](Label which) {
            return labels_.block(0, labels_.rows, which, 1).trials(count);
        };
        const StageFits& fits = surrogate_->fits();
        engine.copy(fits.fit({0, 0}).trials(count), column(from_surrogate));
        engine.subtract(minus_truth_.data, *first_, column(from_surrogate));
        engine.copy(truth_.trials(count), column(from_truth));
        if (noisy_surrogate_ && !surrogate_->integrates())
            engine.copy(fits.fit({own_noise, 0}).trials(count), column(surrogate_noise));
        else
            engine.fill(column(surrogate_noise), 0.0);
    }

    std::size_t group(std::size_t series) const override {
        return static_cast<std::size_t>(parameter(series, 2));
    }

    Workspace workspace_;
    std::vector<Arm> arms_;  ///< of each series
    std::optional<Curve> surrogate_;
    bool noisy_surrogate_ = false;
    std::vector<Curve> targets_;
    BatchMatrix truth_, minus_truth_, labels_;
    const IndexList* first_ = nullptr;
};

std::unique_ptr<Simulation> TwoStage::simulation(const Design& design, Engine& engine,
                                                 std::size_t batch) const {
    return std::make_unique<Run>(*this, design, &engine, batch);
}

FitLaw TwoStage::law(const std::string& arm, const Point& point) const {
    const auto p = static_cast<std::size_t>(point.parameters[0]);
    const auto m = static_cast<std::size_t>(point.parameters[1]);
    const auto n = static_cast<std::size_t>(point.parameters[2]);
    const double noise = point.parameters[3], before = point.parameters[4];
    const Population population = population_.at(p);
    const FitLaw truth = given_labels(population.truth);
    if (arm == "standard") return fit(truth, population.spectrum, n, noise * noise);
    const FitLaw surrogate = fit(truth, surrogate_spectrum_.values(p), m, before * before);
    return arm == "surrogate" ? surrogate : fit(surrogate, population.spectrum, n, noise * noise);
}

std::vector<Setting::ArmRisks> TwoStage::risks_by_coordinate(const Point& point) const {
    const Population population = population_.at(static_cast<std::size_t>(point.parameters[0]));
    std::vector<ArmRisks> risks;
    for (const std::string& arm : arms_)
        risks.push_back({arm, cucurbit::risks_by_coordinate(law(arm, point), population.truth,
                                                            population.spectrum)});
    return risks;
}

std::vector<TheoryRow> TwoStage::theory(const Point& point) const {
    const auto p = static_cast<std::size_t>(point.parameters[0]);
    const auto m = static_cast<std::size_t>(point.parameters[1]);
    const auto n = static_cast<std::size_t>(point.parameters[2]);
    const double noise = point.parameters[3], before = point.parameters[4];
    const Population population = population_.at(p);
    const std::vector<double> spectrum = surrogate_spectrum_.values(p);
    const double scale = label_variance(population.truth, population.spectrum);
    std::vector<TheoryRow> rows;
    for (const std::string& arm : arms_) {
        const std::string near_m = interpolation_flag(m, p), near_n = interpolation_flag(n, p);
        rows.push_back(
            {arm, "excess_risk",
             excess_risk(law(arm, point), population.truth, population.spectrum),
             arm == "surrogate"                  ? near_m
             : arm == "target" && near_n.empty() ? near_m
                                                 : near_n,
             scale,
             std::min(arm == "standard" || before == 0.0 ? light_tail : tail_exponent(m, p),
                      arm == "surrogate" || noise == 0.0 ? light_tail : tail_exponent(n, p))});
    }
    const auto add = [&](const std::string& prefix, const std::vector<double>& of,
                         std::size_t rows_of) {
        const FixedPoint solution = solve_fixed_point(of, rows_of);
        const TheoryKind kind =
            rows_of < p ? TheoryKind::deterministic_equivalent : TheoryKind::exact;
        rows.push_back({"", prefix + "xi", {solution.xi, kind}, ""});
        rows.push_back({"", prefix + "omega", {solution.omega, kind}, ""});
    };
    add("", population.spectrum, n);
    add("surrogate_", spectrum, m);
    return rows;
}

Setting::Coordinates TwoStage::coordinates(const Point& point) const {
    const auto p = static_cast<std::size_t>(point.parameters[0]);
    const auto m = static_cast<std::size_t>(point.parameters[1]);
    const auto n = static_cast<std::size_t>(point.parameters[2]);
    const Population population = population_.at(p);
    const std::vector<double> spectrum = surrogate_spectrum_.values(p);
    std::vector<double> index(p);
    for (std::size_t i = 0; i < p; ++i) index[i] = static_cast<double>(i + 1);
    return {{"index", "spectrum", "surrogate_spectrum", "zeta", "surrogate_zeta", "truth"},
            {index, population.spectrum, spectrum, solve_fixed_point(population.spectrum, n).zeta,
             solve_fixed_point(spectrum, m).zeta, population.truth}};
}

}  // namespace cucurbit
