// The two samplers against each other: distributions and correlations of the arms.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "tests/statistical/subspaces.hpp"

namespace cucurbit {
namespace {

/// log excess risk of every arm: [arm][trial].
std::vector<std::vector<double>> log_risks(const Study& study, std::size_t count) {
    const Design of = study.setting->designs().at(0);
    const EnginePointer engine = make_engine("auto");
    const auto values = simulate(study, of, *engine, first_trials(count), 64);
    std::vector<std::vector<double>> risks;
    for (std::size_t s = 0; s < of.series.size(); ++s) {
        if (of.series[s].estimand != "excess_risk") continue;
        risks.emplace_back(values.values.begin() + static_cast<std::ptrdiff_t>(s * count),
                           values.values.begin() + static_cast<std::ptrdiff_t>((s + 1) * count));
        for (double& risk : risks.back()) risk = std::log(risk);
    }
    return risks;
}

/// Kolmogorov and Smirnov's distance times √(T/2): above 1.95 with probability 0.001.
double distance(std::vector<double> a, std::vector<double> b) {
    std::sort(a.begin(), a.end());
    std::sort(b.begin(), b.end());
    std::ptrdiff_t largest = 0;
    std::size_t j = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        while (j < b.size() && b[j] <= a[i]) ++j;
        largest = std::max(
            largest, std::abs(static_cast<std::ptrdiff_t>(i + 1) - static_cast<std::ptrdiff_t>(j)));
    }
    return static_cast<double>(largest) / std::sqrt(2.0 * static_cast<double>(a.size()));
}

double correlation(const std::vector<double>& a, const std::vector<double>& b) {
    const auto n = static_cast<double>(a.size());
    const double mean_a = std::accumulate(a.begin(), a.end(), 0.0) / n;
    const double mean_b = std::accumulate(b.begin(), b.end(), 0.0) / n;
    double ab = 0.0, aa = 0.0, bb = 0.0;
    for (std::size_t t = 0; t < a.size(); ++t) {
        ab += (a[t] - mean_a) * (b[t] - mean_b);
        aa += (a[t] - mean_a) * (a[t] - mean_a);
        bb += (b[t] - mean_b) * (b[t] - mean_b);
    }
    return ab / std::sqrt(aa * bb);
}

using Risks = std::vector<std::vector<double>>;

// One factor for each arm would pass every test of means and distributions and fail that of
// correlations.
void expect_agreement(const Risks& a, const Risks& b, std::size_t design) {
    const auto count = static_cast<double>(a.front().size());
    for (std::size_t arm = 0; arm < a.size(); ++arm) {
        EXPECT_LE(distance(a[arm], b[arm]), 1.95) << "design " << design << ", arm " << arm;
        for (std::size_t more = 0; more < arm; ++more) {
            const double gap = std::atanh(std::min(correlation(a[arm], a[more]), 1 - 1e-9)) -
                               std::atanh(std::min(correlation(b[arm], b[more]), 1 - 1e-9));
            EXPECT_LE(std::abs(gap), 4.5 * std::sqrt(2.0 / count))
                << "design " << design << ", arms " << arm << " and " << more;
        }
    }
}

TEST(Samplers, OfGraphsAgreeInLaw) {
    const auto graph = [](std::uint64_t seed, const std::string& sampler) {
        return study_of(fmt::format(R"(
            schema = 1
            study = {{ name = "graph", kind = "graph", seed = {} }}
            precision = {{ trials = 64, sampler = "{}" }}
            [population]
            p = 6
            spectrum = {{ kind = "power_law", exponent = 1.0 }}
            signal = {{ kind = "power_law", exponent = 1.5 }}
            [rows.real]
            n = 17
            noise_std = 0.5
            [rows.other]
            n = 40
            noise_std = 0.3
            spectrum = {{ kind = "power_law", exponent = 0.3 }}
            [fit.teacher]
            rows = "real"
            keep = 4
            [fit.whole]
            rows = "real"
            [fit.student]
            rows = ["real", "other"]
            penalty = 0.5
            labels = {{ teacher = 1.5, rest = "observed" }}
            noise_std = 0.2
            [fit.stopped]
            rows = "other"
            time = 3.0
            labels = "student"
            [fit.heir]
            rows = "other"
            row_weights = {{ other = 0.5 }}
            labels = {{ whole = -0.5, observed = 1.0 }}
        )",
                                    seed, sampler));
    };
    expect_agreement(log_risks(graph(21, "sufficient"), 10240),
                     log_risks(graph(22, "direct"), 10240), 0);
}

TEST(Samplers, OfWeakToStrongAgreeInLaw) {
    constexpr std::size_t count = 10240;
    const std::vector<Subspaces> designs{
        {6, 4, {1.0, 0.6}, "strong", 0.0, 20, 30, 0.5, 11},
        {4, 7, {1.0, 1.0, 0.8}, "weak", 0.4, 15, 40, 0.8, 12},
        {12, 9, {1.0, 0.5, 0.5}, "strong", 0.0, 5, 4, 0.5, 13},  // both interpolate
        {8, 8, std::vector<double>(8, 1.0), "strong", 0.0, 14, 300, 1.0, 14}};
    for (std::size_t k = 0; k < designs.size(); ++k) {
        Subspaces other = designs[k];
        other.seed += 50;
        const Risks a = log_risks(designs[k].study("sufficient"), count);
        ASSERT_EQ(a.size(), 4u);
        expect_agreement(a, log_risks(other.study("direct"), count), k);
    }
}

TEST(Samplers, TheCheckSeesAnotherLawAndLostPairing) {
    const Subspaces design{6, 4, {1.0, 0.6}, "strong", 0.0, 20, 30, 0.5, 11};
    Subspaces other = design;
    other.n = 21;
    const Risks a = log_risks(design.study("sufficient"), 10240),
                b = log_risks(other.study("direct"), 10240);
    EXPECT_GT(distance(a[0], b[0]), 1.95);
    std::vector<double> unpaired = a[1];
    std::rotate(unpaired.begin(), unpaired.begin() + 1, unpaired.end());
    EXPECT_GT(correlation(a[0], a[1]) - correlation(a[0], unpaired), 0.1);
}

}  // namespace
}  // namespace cucurbit
