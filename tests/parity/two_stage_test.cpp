// Every risk of a two_stage trial, on every engine, against the oracle.

#include <fmt/format.h>

#include <set>

#include "tests/parity/model_shift.hpp"

namespace cucurbit {
namespace {

using reference::Address;
using reference::Real;
using reference::StageFit;

struct TwoStageScenario {
    std::size_t p = 2;
    double surrogate_exponent = 1.5, target_exponent = 1.5;
    std::vector<std::size_t> surrogate_samples, samples;
    LabelNoise label_noise = LabelNoise::integrate;
    std::string surrogate_noise_std = "[0.0, 0.4]", noise_std = "[0.3, 0.0]";
    bool graph = false;  ///< the same written as a graph of fits

    std::string column(const char* of_kind, const char* of_graph) const {
        return graph ? of_graph : of_kind;
    }

    Study study() const {
        if (graph) return graph_study();
        return study_of(fmt::format(R"(
            schema = 1
            [study]
            name = "parity"
            kind = "two_stage"
            seed = 12
            [population]
            p = {}
            spectrum = {{ kind = "power_law", exponent = {} }}
            signal = {{ kind = "power_law", exponent = 1.5 }}
            [surrogate]
            m = {}
            noise_std = {}
            spectrum = {{ kind = "power_law", exponent = {} }}
            [target]
            n = {}
            noise_std = {}
            arms = ["surrogate", "target", "standard"]
            [precision]
            trials = 64
            label_noise = "{}"
        )",
                                    p, target_exponent, toml_list(surrogate_samples),
                                    surrogate_noise_std, surrogate_exponent, toml_list(samples),
                                    noise_std,
                                    label_noise == LabelNoise::sample ? "sample" : "integrate"));
    }

    Study graph_study() const {
        return study_of(fmt::format(R"(
            schema = 1
            [study]
            name = "parity"
            kind = "graph"
            seed = 12
            [population]
            p = {}
            spectrum = {{ kind = "power_law", exponent = {} }}
            signal = {{ kind = "power_law", exponent = 1.5 }}
            [rows.before]
            n = {}
            noise_std = {}
            spectrum = {{ kind = "power_law", exponent = {} }}
            [rows.fresh]
            n = {}
            noise_std = {}
            [fit.surrogate]
            rows = "before"
            [fit.target]
            rows = "fresh"
            labels = {{ surrogate = 1.0, observed = 1.0, truth = -1.0 }}
            [fit.standard]
            rows = "fresh"
            [precision]
            trials = 64
            label_noise = "integrate"
        )",
                                    p, target_exponent, toml_list(surrogate_samples),
                                    surrogate_noise_std, surrogate_exponent, toml_list(samples),
                                    noise_std));
    }
};

class TwoStageParity : public OnEngine {
protected:
    /// All series of a design beside the oracle's risks, trial by trial.
    static std::vector<Comparison> beside_oracle(const TwoStageScenario& scenario,
                                                 const Study& study, const Design& design,
                                                 const std::vector<std::uint64_t>& trials,
                                                 const TrialValues& values) {
        const auto lambda = power_law_spectrum(scenario.p, scenario.target_exponent);
        const auto lambda_s = power_law_spectrum(scenario.p, scenario.surrogate_exponent);
        const auto truth = power_law_truth(lambda, 1.5);
        Real signal = 0;
        for (std::size_t i = 0; i < scenario.p; ++i)
            signal += 4 * Real(lambda[i]) * truth[i] * truth[i];
        std::vector<Comparison> comparisons;
        const auto m = static_cast<std::size_t>(
            parameter(study, design.points[0], scenario.column("m", "n_before")));
        for (std::size_t t = 0; t < trials.size(); ++t) {
            const Address address{design.key, trials[t]};
            const StageFit first(lambda_s, address, 0, m);
            const Real condition_s = solver_condition(first, address, 0);
            for (const std::size_t n : scenario.samples) {
                const StageFit second(lambda, address, 1, n);
                const Real condition_t = solver_condition(second, address, 1);
                for (std::size_t s = 0; s < design.series.size(); ++s) {
                    const Point& point = design.points[design.series[s].point];
                    if (parameter(study, point, scenario.column("n", "n_fresh")) !=
                        static_cast<double>(n))
                        continue;
                    const double before = parameter(
                        study, point, scenario.column("surrogate_noise_std", "noise_std_before"));
                    const double noise =
                        parameter(study, point, scenario.column("noise_std", "noise_std_fresh"));
                    const auto risks = two_stage_risks(first, second, truth, lambda, before, noise,
                                                       scenario.label_noise);
                    const std::string& arm = design.series[s].arm;
                    const std::size_t index = s * trials.size() + t;
                    const Real expected = arm == "surrogate" ? risks.surrogate
                                          : arm == "target"  ? risks.target
                                                             : risks.standard;
                    const Real condition = arm == "surrogate"  ? condition_s
                                           : arm == "standard" ? condition_t
                                                               : condition_s * condition_t;
                    comparisons.push_back(
                        {fmt::format("p={} m={} n={} {} {} {} trial {}", scenario.p, m, n, before,
                                     noise, arm, trials[t]),
                         values.values[index], expected, signal + risks.surrogate, condition,
                         values.outcomes[index], n, second.rank()});
                }
            }
        }
        return comparisons;
    }

    std::vector<Comparison> compare(const TwoStageScenario& scenario,
                                    const std::vector<std::uint64_t>& trials, std::size_t batch) {
        const Study study = scenario.study();
        std::vector<Comparison> all;
        for (const Design& design : study.setting->designs()) {
            const auto values = simulate(study, design, *engine_, trials, batch);
            const auto some = beside_oracle(scenario, study, design, trials, values);
            all.insert(all.end(), some.begin(), some.end());
        }
        return all;
    }
};

TEST_P(TwoStageParity, AwkwardSizes) {
    const std::size_t batches[] = {1, 2, 7, 64};
    std::size_t turn = 0;
    for (const std::size_t p : {2, 3, 33})
        for (const LabelNoise mode : both_modes) {
            const std::set<std::size_t> sizes{1, 2, p / 2, p - 1, p, p + 1, 65};
            TwoStageScenario scenario;
            scenario.p = p;
            scenario.surrogate_exponent = 1.0;
            scenario.surrogate_samples = {sizes.begin(), sizes.end()};
            scenario.samples = scenario.surrogate_samples;
            scenario.label_noise = mode;
            for (const Comparison& c : compare(scenario, {17, 0, 3}, batches[turn++ % 4]))
                expect_parity(c);
        }
}

// A graph whose noise is integrated out has a design for each number of a surrogate's rows,
// whatever stands before it.
TEST_P(TwoStageParity, AsAGraph) {
    TwoStageScenario scenario;
    scenario.graph = true;
    scenario.p = 12;
    scenario.surrogate_exponent = 1.0;
    scenario.surrogate_samples = {3, 8, 20};
    scenario.samples = {5, 9, 40};
    EXPECT_EQ(scenario.study().setting->designs().size(), 3u);
    const auto comparisons = compare(scenario, {17, 0, 3}, 2);
    EXPECT_EQ(comparisons.size(), 3u * 3u * 3u * 2u * 2u * 3u);
    for (const Comparison& c : comparisons) expect_parity(c);
}

// The only noise level of a stage takes another way than several.
TEST_P(TwoStageParity, OneNoiseLevelInEachStage) {
    for (const LabelNoise mode : both_modes) {
        TwoStageScenario scenario;
        scenario.p = 12;
        scenario.surrogate_samples = {5, 11, 20};
        scenario.samples = {4, 11, 25};
        scenario.surrogate_noise_std = "0.4";
        scenario.noise_std = "0.3";
        scenario.label_noise = mode;
        for (const Comparison& c : compare(scenario, {17, 0, 3}, 2)) expect_parity(c);
    }
}

// λ = j⁻², m/p and n/p ≤ 0.96, and least squares in either stage: nine digits of the risk itself.
TEST_P(TwoStageParity, NineDigits) {
    for (const LabelNoise mode : both_modes) {
        TwoStageScenario scenario;
        scenario.p = 50;
        scenario.surrogate_exponent = 1.5;
        scenario.target_exponent = 2.0;
        scenario.surrogate_samples = {20, 48, 80};
        scenario.samples = {10, 48, 90};
        scenario.label_noise = mode;
        for (const Comparison& c : compare(scenario, first_trials(5), 3)) {
            if (c.expected > 1e-20L) expect_digits(c, 1e-9);
        }
    }
}

// Steep spectra in both stages: whatever rung either stage demands, the target's risk is right.
TEST_P(TwoStageParity, ClimbsTheLadder) {
    std::set<Rung> used;
    for (const LabelNoise mode : both_modes) {
        TwoStageScenario scenario;
        scenario.p = 40;
        scenario.surrogate_exponent = 9.0;
        scenario.target_exponent = 7.0;
        scenario.surrogate_samples = {10, 39, 40};
        scenario.samples = {10, 39, 41};
        scenario.label_noise = mode;
        for (const Comparison& c : compare(scenario, first_trials(4), 4)) {
            expect_parity(c);
            used.insert(c.outcome.rung);
        }
    }
    EXPECT_EQ(used, (std::set{Rung::cholesky, Rung::refined, Rung::orthogonal}));
}

// A target of well-conditioned rows is no better than the surrogate that labels them.
TEST_P(TwoStageParity, ATargetClimbsAsFarAsItsSurrogate) {
    TwoStageScenario scenario;
    scenario.p = 40;
    scenario.surrogate_exponent = 9.0;
    scenario.target_exponent = 0.5;
    scenario.surrogate_samples = {39};
    scenario.samples = {5};
    const Study study = scenario.study();
    const Design design = study.setting->designs().at(0);
    const auto values = simulate(study, design, *engine_, first_trials(4), 4);
    for (std::size_t s = 0; s < design.series.size(); ++s)
        for (std::size_t t = 0; t < 4; ++t)
            EXPECT_EQ(values.outcomes[s * 4 + t].rung > Rung::cholesky,
                      design.series[s].arm != "standard")
                << design.series[s].arm;
}

TEST_P(TwoStageParity, ATrialAloneIsTheTrialInABatch) {
    const double allowed = allowed_between_batches(GetParam());
    for (const LabelNoise mode : both_modes) {
        TwoStageScenario scenario;
        scenario.p = 33;
        scenario.surrogate_exponent = 4.0;
        scenario.surrogate_samples = {20, 32, 40};
        scenario.samples = {5, 31, 33, 70};
        scenario.label_noise = mode;
        const Study study = scenario.study();
        for (const Design& design : study.setting->designs()) {
            const auto all = simulate(study, design, *engine_, first_trials(64), 64);
            for (const std::vector<std::uint64_t>& trials :
                 {std::vector<std::uint64_t>{17}, {63, 17, 0, 5, 41, 2, 9}}) {
                const auto some = simulate(study, design, *engine_, trials, 7);
                for (std::size_t s = 0; s < design.series.size(); ++s)
                    for (std::size_t t = 0; t < trials.size(); ++t) {
                        const std::size_t index = s * trials.size() + t, same = s * 64 + trials[t];
                        ASSERT_TRUE(agree(some.values[index], all.values[same], allowed))
                            << s << " " << trials[t];
                        ASSERT_TRUE(agree(some.outcomes[index], all.outcomes[same], allowed)) << s;
                    }
            }
        }
    }
}

// The surrogate's squared error overflows, σ²/λ = 1e200/1e-150: a status, not an exception.
TEST_P(TwoStageParity, AValueThatIsNotFiniteIsAStatus) {
    for (const char* label_noise : {"integrate", "sample"}) {
        const Study study = study_of(fmt::format(R"(
            schema = 1
            study = {{ name = "overflow", kind = "two_stage", seed = 11 }}
            surrogate = {{ spectrum = {{ kind = "isotropic", value = 1e-150 }}, m = 5, noise_std = 1e100 }}
            target = {{ n = [3, 4], noise_std = 0.1, arms = ["surrogate", "target"] }}
            precision = {{ trials = 64, label_noise = "{}" }}
            [population]
            p = 8
            spectrum = {{ kind = "isotropic" }}
            signal = {{ kind = "uniform" }}
        )",
                                                 label_noise));
        const Design design = study.setting->designs().at(0);
        const auto values = simulate(study, design, *engine_, first_trials(5), 5);
        for (std::size_t k = 0; k < values.values.size(); ++k)
            EXPECT_EQ(values.outcomes[k].status, Status::not_finite) << values.values[k];
    }
}

CUCURBIT_ON_EVERY_ENGINE(TwoStageParity);

}  // namespace
}  // namespace cucurbit
