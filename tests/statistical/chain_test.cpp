// The general law of a chain against simulation: random chains of up to five stages, and chains
// whose law is exact.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <iostream>
#include <random>

#include "tests/statistical/curve.hpp"

namespace cucurbit {
namespace {

struct RandomChain {
    std::string text;        ///< of a study at p
    std::size_t stages = 0;  ///< at p = 200 and p = 100 the same
};

/// any: sample sizes below and above the rank, ridge or not. exact: least squares throughout.
/// rough: interpolation of noise throughout, where the asymptotics err most.
enum class Shape { any, exact, rough };

/// Chain k: everything scales with p, so that a chain has the same shape at every p.
RandomChain random_chain(std::size_t k, std::size_t p, Shape shape) {
    const bool exact = shape == Shape::exact, rough = shape == Shape::rough;
    std::mt19937 generator(static_cast<unsigned>(1000 + k));
    const auto pick = [&](const std::vector<double>& values) {
        return values[generator() % values.size()];
    };
    const auto scaled = [p](double share) {
        return static_cast<std::size_t>(std::lround(share * static_cast<double>(p)));
    };
    RandomChain chain;
    chain.stages = 1 + k % (rough ? 3 : exact ? 4 : 5);
    chain.text = fmt::format(R"(
        schema = 1
        study = {{ name = "chain", kind = "chain", seed = {} }}
        population = {{ p = {}, spectrum = {{ kind = "power_law", exponent = 1.0 }}, signal = {{ kind = "power_law", exponent = 1.5 }} }}
        precision = {{ trials = 64 }}
    )",
                             500 + k + 10000 * p, p);
    const bool commuting = k % 3 == 0;
    for (std::size_t s = 0; s < chain.stages; ++s) {
        double rank = 1.0;
        std::string features, rotation;
        const std::size_t kind = commuting ? 0 : generator() % 5;
        if (kind == 1) {
            rank = 0.6;
            features = fmt::format(
                "features = {{ kind = \"subspace\", dimension = {}, seed = {} }}", scaled(rank), s);
        } else if (kind == 2) {
            rank = pick({0.7, 1.0});
            features = fmt::format("features = {{ kind = \"random\", count = {}, seed = {} }}",
                                   scaled(rank == 1.0 ? 1.3 : rank), s);
        } else if (kind == 3) {
            rank = 0.8;
            features = fmt::format("features = {{ kind = \"mask\", keep = {} }}", scaled(rank));
        }
        if (!commuting && generator() % 2 == 0) rotation = fmt::format("rotation = {}", 7 * s + k);
        const double penalty = shape != Shape::any ? 0.0 : pick({0.0, 0.0, 0.5, 3.0});
        const double share = rough   ? pick({0.7, 0.8})
                             : exact ? pick({2.0, 3.0, 5.0})
                                     : pick({0.3, 0.5, 0.75, 1.3, 1.7, 3.0});
        chain.text += fmt::format(R"(
        [[stage]]
        n = {}
        noise_std = {}
        penalty = {}
        spectrum = {{ kind = "power_law", exponent = {} }}
        {}
        {}
        )",
                                  scaled(share * rank), rough ? 1.0 : pick({0.0, 0.2, 0.5}),
                                  penalty, pick({0.4, 0.8, 1.2}), features, rotation);
    }
    return chain;
}

struct LastStage {
    Moments risk;
    Prediction theory;
    double allowed;  ///< what an equivalent may be off by
};

/// The risk after the last stage, to a relative standard error or `most` trials.
LastStage last_stage(const RandomChain& chain, std::size_t most, double relative_error) {
    const Study study = study_of(chain.text);
    const Design design = study.setting->designs().at(0);
    const Point& point = design.points.at(0);
    const EnginePointer engine = make_engine("auto");
    const auto simulation = study.setting->simulation(design, *engine, 16);
    LastStage last;
    TrialValues values;
    for (std::uint64_t first = 0; first < most; first += 16) {
        std::vector<std::uint64_t> trials(16);
        for (std::size_t t = 0; t < 16; ++t) trials[t] = first + t;
        simulation->run(trials, values);
        for (std::size_t t = 0; t < 16; ++t)
            last.risk.add(values.values[(chain.stages - 1) * 16 + t]);
        if (first > 128 && last.risk.standard_error() < relative_error * last.risk.mean()) break;
    }
    const auto rows = study.setting->theory(point);
    last.theory = rows.back().prediction;
    last.allowed = last.theory.relative_error;
    return last;
}

TEST(ChainLawSlow, HoldsOnRandomChains) {
    for (std::size_t k = 0; k < 30; ++k) {
        const RandomChain chain = random_chain(k, 200, Shape::any);
        const LastStage last = last_stage(chain, 6400, 0.005);
        const double gap = last.risk.mean() / last.theory.value - 1.0;
        const double error = last.risk.standard_error() / last.theory.value;
        EXPECT_LE(error, 0.0052) << k;
        EXPECT_LE(std::abs(gap), last.allowed + 3.0 * error) << k;
        std::cout << fmt::format("chain {}: {} stages, {}, gap {:+.4f} ± {:.4f}, allowed {:.4f}\n",
                                 k, chain.stages, to_string(last.theory.kind), gap, error,
                                 last.allowed);
    }
}

TEST(ChainLawSlow, GapHalvesWithTwiceTheDimension) {
    double mean_gap[2] = {0.0, 0.0}, variance[2] = {0.0, 0.0};
    constexpr std::size_t chains = 12;
    for (std::size_t k = 0; k < chains; ++k)
        for (const std::size_t p : {100, 200}) {
            const LastStage last = last_stage(random_chain(k, p, Shape::rough), 1536, 0.0);
            const double error = last.risk.standard_error() / last.theory.value / chains;
            mean_gap[p / 200] += (last.risk.mean() / last.theory.value - 1.0) / chains;
            variance[p / 200] += error * error;
        }
    std::cout << fmt::format("mean gap: {:.4f} ± {:.4f} at p = 100, {:.4f} ± {:.4f} at p = 200\n",
                             mean_gap[0], std::sqrt(variance[0]), mean_gap[1],
                             std::sqrt(variance[1]));
    EXPECT_GT(mean_gap[0], 8.0 * std::sqrt(variance[0]));
    EXPECT_NEAR(mean_gap[1], 0.5 * mean_gap[0],
                0.1 * mean_gap[0] + 3.0 * std::sqrt(variance[1] + 0.25 * variance[0]));
}

TEST(ChainLaw, ExactChainsByTheirScores) {
    Moments z;
    for (std::size_t k = 0; k < 120; ++k) {
        const RandomChain chain = random_chain(k, 20, Shape::exact);
        const Study study = study_of(chain.text);
        const Measured last = measure(study, 1024).at(chain.stages - 1);
        const Prediction theory = predicted(study, last.point, last.arm);
        ASSERT_EQ(theory.kind, TheoryKind::exact) << k;
        if (theory.value < 1e-15)
            EXPECT_LE(last.moments.mean(), 1e-15) << k;
        else if (last.moments.standard_error() > 1e-9 * theory.value)
            z.add((last.moments.mean() - theory.value) / last.moments.standard_error());
        else
            EXPECT_NEAR(last.moments.mean(), theory.value, 1e-9 * theory.value + 1e-20) << k;
    }
    std::cout << fmt::format("{} chains: mean z {:+.3f}, spread {:.3f}\n", z.count(), z.mean(),
                             std::sqrt(z.variance()));
    EXPECT_GE(z.count(), 80u);
    const double scale = std::sqrt(400.0 / static_cast<double>(z.count()));
    EXPECT_LE(std::abs(z.mean()), 0.2 * scale);
    EXPECT_NEAR(std::sqrt(z.variance()), 1.0, 0.13 * scale);
}

}  // namespace
}  // namespace cucurbit
