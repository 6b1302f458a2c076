// The law of graphs of fits against simulation: random graphs of two to eight fits, and what an
// error in the law would do to the same comparison.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iostream>
#include <random>

#include "host/studies/graph.hpp"
#include "tests/statistical/curve.hpp"

namespace cucurbit {
namespace {

/// Graph k at p: the same shape at every p. more: some fits learn signs, some are flows, and rates
/// are measured too.
std::string random_graph(std::size_t k, std::size_t p, bool more = false) {
    std::mt19937 generator(static_cast<unsigned>(300 + k)), others(static_cast<unsigned>(k));
    const auto pick = [&](const std::vector<double>& values) {
        return values[generator() % values.size()];
    };
    const auto scaled = [p](double share) {
        return std::max<std::size_t>(
            1, static_cast<std::size_t>(std::lround(share * static_cast<double>(p))));
    };
    std::string text = fmt::format(R"(
        schema = 1
        study = {{ name = "graph", kind = "graph", seed = {} }}
        population = {{ p = {}, spectrum = {{ kind = "power_law", exponent = {} }}, signal = {{ kind = "power_law", exponent = 1.5 }} }}
        precision = {{ trials = 64 }}
    )",
                                   k, p, pick({0.5, 1.0}));
    // Two groups of the population's rows and one of another covariance, sometimes truth.
    const char* of_c = k % 2 == 0 ? R"(spectrum = { kind = "power_law", exponent = 0.8 })"
                                  : R"(spectrum = { kind = "power_law", exponent = 0.2 }
signal = { kind = "uniform", norm = 2.0 })";
    for (const char* name : {"a", "b", "c"})
        text += fmt::format("[rows.{}]\nn = {}\nnoise_std = {}\n{}\n", name,
                            scaled(pick({0.3, 0.5, 0.8, 1.5})), pick({0.2, 0.5, 1.0}),
                            *name == 'c' ? of_c : "");
    const std::size_t fits = 2 + generator() % 7;
    for (std::size_t a = 0; a < fits; ++a) {
        const std::vector<std::string> rows{R"("a")", R"("b")", R"(["a", "b"])", R"("c")",
                                            R"(["a", "c"])"};
        std::string labels = R"("observed")";
        if (a > 0) {
            labels = fmt::format("{{ fit_{} = {}, ", generator() % a, pick({-1.0, 0.5, 1.0, 2.0}));
            if (a > 1) labels += fmt::format("truth = {}, ", pick({-0.5, 0.5}));
            labels += R"(rest = "observed" })";
        }
        const std::size_t on = generator() % rows.size();
        const double penalty = pick({0.0, 0.1, 0.5, 2.0});
        text +=
            fmt::format("[fit.fit_{}]\nrows = {}\n{}\nlabels = {}\n{}{}", a, rows[on],
                        more && others() % 3 == 0
                            ? fmt::format("time = {}", std::array{2.0, 20.0, 200.0}[others() % 3])
                            : fmt::format("penalty = {}", penalty),
                        labels, generator() % 3 == 0 ? "noise_std = 0.3\n" : "",
                        generator() % 4 == 0 ? fmt::format("keep = {}\n", scaled(0.5)) : "");
        if (more && others() % 3 == 0) text += "link = \"sign\"\n";
        if (on == 4) text += fmt::format("row_weights = {{ c = {} }}\n", pick({0.1, 1.0, 3.0}));
        if (a > 0 && on == 2 && generator() % 2 == 0)
            text += fmt::format("labels_on = {{ b = \"fit_{}\" }}\n", generator() % a);
    }
    if (more)
        return text + R"(
        [measure]
        in_sample_risk = ["fit_0", "fit_1"]
        error_rate = ["fit_0", "fit_1"]
        agreement = [["fit_1", "fit_0"]]
    )";
    return text + R"(
        [measure]
        misfit = [["fit_1", "fit_0"]]
        output_variance = ["fit_0", "fit_1"]
    )";
}

struct Compared {
    double gap;      ///< relative, of the mean from the law
    double error;    ///< of the mean, relative
    double allowed;  ///< what the equivalent may be off by
};

/// Every value of a graph beside the law of `assumed`, a graph of the same series.
std::vector<Compared> compare(const Study& study, const Setting& assumed, std::size_t trials) {
    const Design design = study.setting->designs().at(0);
    const EnginePointer engine = make_engine("cpu");
    const auto simulation = study.setting->simulation(design, *engine, 16);
    std::vector<Moments> moments(design.series.size());
    TrialValues values;
    for (std::uint64_t first = 0; first < trials; first += 16) {
        std::vector<std::uint64_t> some(16);
        for (std::size_t t = 0; t < 16; ++t) some[t] = first + t;
        simulation->run(some, values);
        for (std::size_t s = 0; s < moments.size(); ++s)
            for (std::size_t t = 0; t < 16; ++t) moments[s].add(values.values[s * 16 + t]);
    }
    std::vector<Compared> all;
    const auto rows = assumed.theory(assumed.designs().at(0).points.at(0));
    for (std::size_t s = 0; s < moments.size(); ++s) {
        const double law = rows.at(s).prediction.value;
        // Infinite where no mean exists.
        if (law == 0.0 || std::isinf(law) || rows[s].prediction.kind == TheoryKind::none) continue;
        all.push_back({moments[s].mean() / law - 1.0, moments[s].standard_error() / law,
                       rows[s].prediction.relative_error});
    }
    return all;
}

double median(std::vector<double> values) {
    std::nth_element(values.begin(),
                     values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
    return values[values.size() / 2];
}

/// Gaps of graphs 0 .. count − 1, each within what is allowed.
std::vector<double> gaps_of(std::size_t graphs, std::size_t p, std::size_t trials,
                            bool more = false) {
    std::vector<double> gaps;
    double worst = 0.0;
    for (std::size_t k = 0; k < graphs; ++k) {
        const Study study = study_of(random_graph(k, p, more));
        for (const Compared& each : compare(study, *study.setting, trials)) {
            gaps.push_back(std::abs(each.gap));
            worst = std::max(worst, std::abs(each.gap) / (each.allowed + 4.5 * each.error));
        }
    }
    std::cout << fmt::format(
        "p = {}: {} values, median gap {:.4f}, largest {:.4f}, of what is "
        "allowed {:.3f}\n",
        p, gaps.size(), median(gaps), *std::max_element(gaps.begin(), gaps.end()), worst);
    EXPECT_LE(worst, 1.0);
    return gaps;
}

TEST(GraphLawSlow, HoldsOnRandomGraphs) {
    gaps_of(100, 80, 320);
    EXPECT_LE(median(gaps_of(30, 200, 240)), 0.01);
}

TEST(GraphLawSlow, HoldsOfHardLabelsFlowsAndRates) {
    gaps_of(60, 80, 320, true);
    EXPECT_LE(median(gaps_of(20, 200, 240, true)), 0.01);
}

// The law of Gaussian rows is that of rows of other laws too, heavy tails among them.
TEST(GraphLawSlow, HoldsOfOtherDistributions) {
    for (const std::string distribution : {"rademacher", "uniform", "laplace"}) {
        const Study study = study_of(fmt::format(R"(
            schema = 1
            study = {{ name = "graph", kind = "graph", seed = 5 }}
            population = {{ p = 160, spectrum = {{ kind = "power_law", exponent = 0.5 }}, signal = {{ kind = "power_law", exponent = 1.0 }} }}
            precision = {{ trials = 64 }}
            [rows.real]
            n = 120
            noise_std = 0.5
            distribution = "{0}"
            [rows.fresh]
            n = 400
            distribution = "{0}"
            [fit.teacher]
            rows = "real"
            penalty = 5.0
            [fit.student]
            rows = "real"
            labels = {{ teacher = 1.5, rest = "observed" }}
            penalty = 5.0
            [fit.heir]
            rows = "fresh"
            link = "sign"
            labels = "student"
            [measure]
            in_sample_risk = ["teacher", "heir"]
            error_rate = ["student", "heir"]
        )",
                                                 distribution));
        for (const Compared& each : compare(study, *study.setting, 640))
            EXPECT_LE(std::abs(each.gap), each.allowed + 4.5 * each.error) << distribution;
    }
}

// Gaussian features with the same second moments, whatever the activation; the law of linear
// ones is the same graph's without them.
TEST(GraphLawSlow, HoldsOfRandomFeatures) {
    std::vector<double> gaps;
    for (const std::string activation : {"linear", "relu", "erf", "sign"})
        for (const std::size_t count : {40, 200}) {
            const Study study = study_of(fmt::format(
                R"(
                schema = 1
                study = {{ name = "graph", kind = "graph", seed = 9 }}
                population = {{ p = 120, spectrum = {{ kind = "power_law", exponent = 0.5 }}, signal = {{ kind = "power_law", exponent = 1.0 }} }}
                precision = {{ trials = 64 }}
                [rows.real]
                n = 100
                noise_std = 0.3
                [rows.fresh]
                n = 180
                [fit.teacher]
                rows = "real"
                penalty = 0.5
                features = {{ kind = "random", activation = "{0}", seed = 1, count = {1} }}
                [fit.student]
                rows = "fresh"
                time = 30.0
                labels = "teacher"
                [fit.same]
                rows = "real"
                penalty = 1.0
                labels = {{ teacher = 0.5, rest = "observed" }}
                [fit.other]
                rows = "fresh"
                penalty = 0.3
                labels = "same"
                features = {{ kind = "random", activation = "{0}", seed = 2, count = 80 }}
                [measure]
                misfit = [["student", "teacher"], ["other", "teacher"]]
                in_sample_risk = ["teacher", "same", "other"]
            )",
                activation, activation == "linear" ? std::min<std::size_t>(count, 120) : count));
            for (const Compared& each : compare(study, *study.setting, 240)) {
                gaps.push_back(std::abs(each.gap));
                EXPECT_LE(std::abs(each.gap), each.allowed + 4.5 * each.error)
                    << activation << count;
            }
        }
    std::cout << fmt::format("{} values, median gap {:.4f}, largest {:.4f}\n", gaps.size(),
                             median(gaps), *std::max_element(gaps.begin(), gaps.end()));
    EXPECT_LE(median(gaps), 0.02);
}

// Rows whose covariance has other eigenvectors: labels from them, and fits to labels from there.
TEST(GraphLawSlow, HoldsOfRotatedRows) {
    constexpr const char* text = R"(
        schema = 1
        study = {{ name = "graph", kind = "graph", seed = 9 }}
        population = {{ p = 120, spectrum = {{ kind = "power_law", exponent = 0.7 }}, signal = {{ kind = "power_law", exponent = 1.0 }} }}
        precision = {{ trials = 64 }}
        [rows.real]
        n = 90
        noise_std = 0.3
        [rows.turned]
        n = {}
        noise_std = 0.5
        {}
        [fit.far]
        rows = "turned"
        [fit.ridge]
        rows = "turned"
        penalty = 1.0
        labels = {{ far = 0.5, rest = "observed" }}
        [fit.first]
        rows = "turned"
        keep = 60
        penalty = 0.5
        [fit.near]
        rows = "real"
        penalty = 0.5
        labels = {{ far = 0.3, first = 0.3, rest = "observed" }}
        [fit.back]
        rows = "turned"
        time = 30.0
        labels = "near"
        [measure]
        misfit = [["near", "far"], ["back", "ridge"]]
        in_sample_risk = ["ridge", "near", "back"]
        error_rate = ["far", "back"]
    )";
    std::size_t compared = 0, noticed = 0;
    for (const std::size_t n : {70, 300}) {
        const Study study = study_of(fmt::format(text, n, "rotation = 2"));
        const Study straight = study_of(fmt::format(text, n, ""));
        for (const Compared& each : compare(study, *study.setting, 320)) {
            EXPECT_LE(std::abs(each.gap), each.allowed + 4.5 * each.error) << n;
            ++compared;
        }
        for (const Compared& each : compare(study, *straight.setting, 320))
            noticed += std::abs(each.gap) > each.allowed + 4.5 * each.error ? 1 : 0;
    }
    EXPECT_EQ(compared, 24u);
    EXPECT_GE(noticed, 6u);  // of a law without the rotation
}

// Risks on another covariance and another truth than those of the rows; subspaces, also of fits
// that share rows with what labels them.
TEST(GraphLawSlow, HoldsOnAnotherDomain) {
    const std::string head = R"(
        schema = 1
        study = { name = "graph", kind = "graph", seed = 9 }
        population = { p = 120, spectrum = { kind = "power_law", exponent = 0.7 }, signal = { kind = "power_law", exponent = 1.0 } }
        precision = { trials = 64 }
        [rows.real]
        n = 90
        noise_std = 0.3
        [rows.fresh]
        n = 200
        noise_std = 0.5
        [fit.teacher]
        rows = "real"
        penalty = 0.5
        [fit.narrow]
        rows = "real"
        labels = { teacher = 0.5, rest = "observed" }
        features = { kind = "subspace", seed = 3, count = 40 }
        [fit.student]
        rows = "fresh"
        labels = "narrow"
        noise_std = 0.2
        features = { kind = "subspace", seed = 4, count = 80 }
        [measure]
        misfit = [["student", "narrow"]]
        output_variance = ["teacher", "student"]
        in_sample_risk = "narrow"
        error_rate = ["teacher", "narrow"]
    )";
    std::size_t compared = 0, noticed = 0;
    const Study unmoved = study_of(head);
    for (const char* test : {R"(
        [test]
        spectrum = { kind = "power_law", exponent = 0.2 }
        signal = { kind = "uniform", norm = 2.0 })",
                             "[test]\nrotation = 5\n"}) {
        const Study study = study_of(head + test);
        for (const Compared& each : compare(study, *study.setting, 320)) {
            EXPECT_LE(std::abs(each.gap), each.allowed + 4.5 * each.error) << test;
            ++compared;
        }
        for (const Compared& each : compare(study, *unmoved.setting, 320))
            noticed += std::abs(each.gap) > each.allowed + 4.5 * each.error ? 1 : 0;
    }
    EXPECT_EQ(compared, 18u);
    EXPECT_GE(noticed, 8u);  // of a law without the test
}

// A law that takes the same inputs for fresh ones, or another number of shared rows, is noticed.
TEST(GraphLawSlow, WrongLawsAreNoticed) {
    constexpr const char* head = R"(
        schema = 1
        study = { name = "graph", kind = "graph", seed = 5 }
        population = { p = 80, spectrum = { kind = "power_law", exponent = 1.0 }, signal = { kind = "power_law", exponent = 1.5 } }
        precision = { trials = 64 }
    )";
    const auto failures = [&](const std::string& right, const std::string& wrong) {
        const Study study = study_of(head + right), assumed = study_of(head + wrong);
        std::size_t failed = 0;
        for (const Compared& each : compare(study, *assumed.setting, 640))
            failed += std::abs(each.gap) > each.allowed + 4.5 * each.error ? 1 : 0;
        return failed;
    };
    const std::string same = R"(
        [rows.real]
        n = 60
        noise_std = 0.5
        [rows.fresh]
        n = 60
        noise_std = 0.5
        [fit.teacher]
        rows = "real"
        penalty = 0.3
        [fit.student]
        rows = "real"
        penalty = 0.3
        labels = "teacher"
        [measure]
        misfit = [["student", "teacher"]]
    )";
    std::string fresh = same;
    fresh.replace(fresh.rfind("rows = \"real\""), 13, "rows = \"fresh\"");
    EXPECT_EQ(failures(same, same), 0u);
    EXPECT_GE(failures(same, fresh), 2u);  // the student's risk and the misfit
    const auto shared = [](int left, int both) {
        return fmt::format(R"(
        [rows.left]
        n = {0}
        noise_std = 0.5
        [rows.both]
        n = {1}
        noise_std = 0.5
        [rows.right]
        n = {0}
        noise_std = 0.5
        [fit.first]
        rows = ["left", "both"]
        penalty = 0.3
        [fit.second]
        rows = ["right", "both"]
        penalty = 0.3
        [measure]
        misfit = [["first", "second"]]
    )",
                           left, both);
    };
    EXPECT_EQ(failures(shared(10, 50), shared(10, 50)), 0u);
    EXPECT_EQ(failures(shared(10, 50), shared(59, 1)), 1u);  // the misfit alone
}

}  // namespace
}  // namespace cucurbit
