// Every value of a weak_to_strong trial, on every engine, against plain least squares.

#include <fmt/format.h>

#include <set>

#include "host/studies/points.hpp"
#include "host/studies/weak_to_strong/run.hpp"
#include "tests/parity/comparison.hpp"
#include "tests/reference/subspaces.hpp"
#include "tests/support/engines.hpp"
#include "tests/support/simulate.hpp"

namespace cucurbit {
namespace {

using reference::Real;
using reference::SubspaceTrial;

struct Scenario {
    std::size_t weak, strong;
    std::vector<double> cosines;
    std::string of = "strong";
    double outside_norm = 0.0;
    std::vector<std::size_t> samples, pseudo_samples;
    std::string sampler = "sufficient";
    bool per_angle = true;

    Study study() const {
        return study_of(fmt::format(R"(
            schema = 1
            [study]
            name = "parity"
            kind = "weak_to_strong"
            seed = 4
            [population]
            p = 200
            signal = {{ kind = "subspace", of = "{}", norm = 1.5, outside_norm = {} }}
            [weak]
            d = {}
            n = {}
            noise_std = [0.0, 0.4]
            [strong]
            d = {}
            n_pseudo = {}
            overlap = {{ cosines = {} }}
            per_angle = {}
            [precision]
            trials = 64
            sampler = "{}"
        )",
                                    of, outside_norm, weak, toml_list(samples), strong,
                                    toml_list(pseudo_samples), toml_list(cosines), per_angle,
                                    sampler));
    }

    /// The oracle's trial at a point.
    SubspaceTrial trial(const Study& study, const Design& design, const Point& point,
                        std::uint64_t index) const {
        SubspaceTrial trial;
        trial.pair = {
            weak, strong, cosines, std::vector<double>(weak, 0.0), std::vector<double>(strong, 0.0),
            0.0,  0.0};
        trial.pair.cosines.resize(std::min(weak, strong), 0.0);
        trial.along_weak.resize(weak);
        trial.along_strong.resize(strong);
        const bool in_weak = of == "weak";
        const std::size_t dimension = in_weak ? weak : strong;
        const double each = 1.5 / std::sqrt(static_cast<double>(dimension));
        for (std::size_t j = 0; j < dimension; ++j) {
            (in_weak ? trial.along_weak : trial.along_strong)[j] = each;
            (in_weak ? trial.pair.weak_truth : trial.pair.strong_truth)[j] = each;
            const double c = trial.pair.cosine(j);
            auto& projected = in_weak ? trial.pair.strong_truth : trial.pair.weak_truth;
            if (j < projected.size()) projected[j] = c * each;
            (in_weak ? trial.pair.strong_unexplained : trial.pair.weak_unexplained) +=
                each * each * (1.0 - c * c);
        }
        trial.pair.weak_unexplained += outside_norm * outside_norm;
        trial.pair.strong_unexplained += outside_norm * outside_norm;
        trial.outside = outside_norm;
        trial.noise_std = parameter(study, point, "noise_std");
        const bool factor = sampler == "sufficient";
        const auto n = static_cast<std::uint64_t>(parameter(study, point, "n"));
        const auto pseudo = static_cast<std::uint64_t>(parameter(study, point, "n_pseudo"));
        trial.labelled = {factor, factor ? factor_key(4, design, "n", n) : design.key, 0, index, n};
        trial.pseudo_labelled = {factor,
                                 factor ? factor_key(4, design, "n_pseudo", pseudo) : design.key, 1,
                                 index, pseudo};
        return trial;
    }
};

class WeakToStrongParity : public OnEngine {
protected:
    /// Compares every value of these trials; returns the rungs used.
    std::set<Rung> compare(const Scenario& scenario, const std::vector<std::uint64_t>& trials,
                           std::size_t batch) {
        const Study study = scenario.study();
        const Design design = study.setting->designs().at(0);
        const auto values = simulate(study, design, *engine_, trials, batch);
        std::set<Rung> used;
        for (std::size_t point = 0; point < design.points.size(); ++point)
            for (std::size_t t = 0; t < trials.size(); ++t) {
                const SubspaceTrial oracle =
                    scenario.trial(study, design, design.points[point], trials[t]);
                const auto expected = oracle.values();
                const Real condition = oracle.condition();
                for (std::size_t s = 0; s < design.series.size(); ++s) {
                    const Series& series = design.series[s];
                    if (series.point != point) continue;
                    const std::size_t index = s * trials.size() + t;
                    used.insert(values.outcomes[index].rung);
                    const std::string name = series.arm + " " + series.estimand;
                    const Real cancelling = 4 * 1.5L * 1.5L + expected.at("weak excess_risk");
                    expect_parity(
                        {fmt::format("{} n={} n_pseudo={} trial {}", name,
                                     parameter(study, design.points[point], "n"),
                                     parameter(study, design.points[point], "n_pseudo"), trials[t]),
                         values.values[index], expected.at(name), cancelling, condition,
                         values.outcomes[index], 0, 0});
                }
            }
        return used;
    }
};

TEST_P(WeakToStrongParity, EveryRegime) {
    std::size_t turn = 0;
    for (const char* sampler : {"sufficient", "direct"})
        for (const char* of : {"strong", "weak"})
            for (const auto& [weak, strong] :
                 {std::pair<std::size_t, std::size_t>{1, 1}, {3, 2}, {4, 7}, {9, 5}}) {
                Scenario scenario{weak, strong, {}, of, 0.0, {}, {}};
                scenario.cosines.assign(std::min(weak, strong), 1.0);
                if (turn % 3 == 1) scenario.cosines.back() = 0.0;
                if (turn % 3 == 2) scenario.cosines = {0.6, 0.8};
                scenario.cosines.resize(std::min({scenario.cosines.size(), weak, strong}));
                scenario.outside_norm = turn % 2 == 0 ? 0.0 : 0.7;
                const std::set<std::size_t> sizes{1,          weak,     weak + 1, strong,
                                                  strong + 1, weak + 9, 17,       90};
                scenario.samples = {sizes.begin(), sizes.end()};
                scenario.pseudo_samples = scenario.samples;
                scenario.sampler = sampler;
                compare(scenario, {17, 0, 3}, 1 + turn % 4);
                ++turn;
            }
}

TEST_P(WeakToStrongParity, PlainAndInterleavedLayouts) {
    Scenario scenario{60, 45, {1.0, 1.0, 0.9, 0.5}, "strong", 0.3, {80}, {150}};
    scenario.per_angle = false;
    compare(scenario, {5}, 2);
    scenario.sampler = "direct";
    compare(scenario, {1}, 2);
}

// At n = d + 1 some trials are too ill conditioned for Cholesky's factor.
TEST_P(WeakToStrongParity, ClimbsTheLadder) {
    std::set<Rung> used;
    for (const char* sampler : {"sufficient", "direct"}) {
        Scenario scenario{12, 12, {}, "strong", 0.0, {12, 13}, {12, 13}};
        scenario.cosines.assign(12, 0.5);
        scenario.sampler = sampler;
        const auto rungs = compare(scenario, first_trials(100), 50);
        used.insert(rungs.begin(), rungs.end());
    }
    EXPECT_EQ(used, (std::set{Rung::cholesky, Rung::orthogonal}));
}

TEST_P(WeakToStrongParity, ATrialAndASizeDoNotDependOnTheOthers) {
    for (const char* sampler : {"sufficient", "direct"}) {
        Scenario grown{6, 4, {1.0, 0.3}, "strong", 0.0, {3, 10, 20, 300}, {2, 9, 40, 200}, sampler};
        Scenario alone = grown;
        alone.samples = {20};
        alone.pseudo_samples = {40};
        const Study all = grown.study(), one = alone.study();
        const Design many = all.setting->designs().at(0), few = one.setting->designs().at(0);
        EXPECT_EQ(many.key, few.key);
        const auto first = simulate(all, many, *engine_, first_trials(64), 64);
        const auto second = simulate(one, few, *engine_, {63, 17, 0}, 2);
        std::size_t compared = 0;
        for (std::size_t s = 0; s < many.series.size(); ++s)
            for (std::size_t r = 0; r < few.series.size(); ++r) {
                const Series &a = many.series[s], &b = few.series[r];
                if (!(many.points[a.point] == few.points[b.point]) || a.arm != b.arm ||
                    a.estimand != b.estimand)
                    continue;
                ++compared;
                const std::size_t trials[] = {63, 17, 0};
                for (std::size_t t = 0; t < std::size(trials); ++t)
                    EXPECT_TRUE(agree(first.values[s * 64 + trials[t]], second.values[r * 3 + t],
                                      allowed_between_batches(GetParam())))
                        << a.arm << a.estimand;
            }
        EXPECT_EQ(compared, few.series.size());
    }
}

CUCURBIT_ON_EVERY_ENGINE(WeakToStrongParity);

}  // namespace
}  // namespace cucurbit
