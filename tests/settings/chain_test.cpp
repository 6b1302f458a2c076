// What a study of kind chain makes of its tables: the graph that it is, its parameters and points.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>

#include "host/studies/graph.hpp"
#include "tests/support/simulate.hpp"

namespace cucurbit {
namespace {

std::string stages_head(const std::string& kind) {
    return fmt::format(R"(
        schema = 1
        study = {{ name = "stages", kind = "{}", seed = 3 }}
        precision = {{ trials = 64 }}
        population = {{ p = 12, spectrum = {{ kind = "power_law", exponent = 1.0 }}, signal = {{ kind = "power_law", exponent = 1.5 }} }}
    )",
                       kind);
}

void expect_same(const Setting& setting, const Setting& other) {
    const Point point = setting.designs().at(0).points.at(0);
    const Point same = other.designs().at(0).points.at(0);
    const auto rows = setting.theory(point), expected = other.theory(same);
    ASSERT_EQ(rows.size(), expected.size());
    for (std::size_t k = 0; k < rows.size(); ++k) {
        const Prediction &value = rows[k].prediction, &known = expected[k].prediction;
        EXPECT_EQ(rows[k].arm, expected[k].arm);
        EXPECT_EQ(value.kind, known.kind) << rows[k].arm;
        EXPECT_GT(value.value, 0.0);
        EXPECT_NEAR(value.value / known.value, 1.0, 1e-12) << rows[k].arm;
        EXPECT_NEAR(value.relative_error, known.relative_error, 1e-12);
        EXPECT_EQ(rows[k].flags, expected[k].flags);
        EXPECT_EQ(rows[k].tail_exponent, expected[k].tail_exponent);
        EXPECT_EQ(rows[k].zero_scale, expected[k].zero_scale);
    }
}

// The same in the words of a graph, but for the noise, which is of its own fit there.
TEST(ChainStudies, AreGraphs) {
    const Study chain = study_of(stages_head("chain") + R"(
        [[stage]]
        n = 30
        noise_std = 0.3
        [[stage]]
        n = 8
        noise_std = 0.2
        rotation = 2
        penalty = 0.5
        [[stage]]
        n = 20
        noise_std = 0.1
        features = { kind = "subspace", dimension = 5, seed = 4 }
        [[stage]]
        n = 9
        noise_std = 0.4
        labels = "truth"
        features = { kind = "mask", keep = 6 }
    )");
    const Study graph = study_of(stages_head("graph") + R"(
        [rows.first]
        n = 30
        noise_std = 0.3
        [rows.second]
        n = 8
        rotation = 2
        [rows.third]
        n = 20
        [rows.fourth]
        n = 9
        noise_std = 0.4
        [fit.stage_1]
        rows = "first"
        [fit.stage_2]
        rows = "second"
        labels = "stage_1"
        noise_std = 0.2
        penalty = 0.5
        [fit.stage_3]
        rows = "third"
        labels = "stage_2"
        noise_std = 0.1
        features = { kind = "subspace", count = 5, seed = 4 }
        [fit.stage_4]
        rows = "fourth"
        keep = 6
    )");
    EXPECT_EQ(chain.setting->kind(), "chain");
    EXPECT_EQ(chain.setting->parameters(),
              (std::vector<std::string>{"p", "n_1", "noise_std_1", "penalty_1", "n_2",
                                        "noise_std_2", "penalty_2", "n_3", "noise_std_3",
                                        "penalty_3", "n_4", "noise_std_4", "penalty_4"}));
    expect_same(*chain.setting, *graph.setting);
    EXPECT_NE(chain.identity, graph.identity);
    EXPECT_NE(chain.setting->designs().at(0).key, graph.setting->designs().at(0).key);
}

TEST(ChainStudies, RisksAreOnTheLastStagesCovarianceUnlessThereIsATest) {
    const std::string stages = R"(
        [[stage]]
        n = 30
        noise_std = 0.3
        spectrum = { kind = "isotropic", value = 4.0 }
        [[stage]]
        n = 40
        noise_std = 0.2
        spectrum = { kind = "isotropic", value = 2.0 }
        rotation = 1
    )";
    const auto risk = [&](const std::string& test) {
        const Study study = study_of(stages_head("chain") + stages + test);
        return study.setting->theory(study.setting->designs().at(0).points.at(0))[1].prediction;
    };
    // σ²/(n − p − 1) tr Σ Σ_k⁻¹ of each stage.
    const double trace = 0.09 / 17.0 / 4.0 + 0.04 / 27.0 / 2.0;
    EXPECT_NEAR(risk("").value, trace * 12.0 * 2.0, 1e-12);
    EXPECT_EQ(risk("").kind, TheoryKind::exact);
    double harmonic = 0.0;
    for (int i = 1; i <= 12; ++i) harmonic += 1.0 / i;
    EXPECT_NEAR(risk("[test]\n").value, trace * harmonic, 1e-12);  // the population's
    EXPECT_NEAR(risk("[test]\nrotation = 3\n").value, trace * harmonic, 1e-12);
    EXPECT_NEAR(risk("[test]\nspectrum = { kind = \"isotropic\", value = 5.0 }\n").value,
                trace * 12.0 * 5.0, 1e-12);
}

TEST(ChainStudies, TakeTiedGrids) {
    const Study study = study_of(stages_head("chain") + R"(
        [[stage]]
        n = [20, 40]
        noise_std = 0.3
        [[stage]]
        n = { per = "stage.1.n", ratio = [0.5, 2.0] }
        noise_std = { with = "stage.1.noise_std" }
        [[stage]]
        n = { per = "p", ratio = 3.0 }
        noise_std = 0.0
    )");
    const std::vector<Point> points = study.setting->designs().at(0).points;
    ASSERT_EQ(points.size(), 4u);
    EXPECT_EQ(points[1].parameters,
              (std::vector<double>{12, 20, 0.3, 0, 2.0, 40, 0.3, 0, 3.0, 36, 0.0, 0}));
    EXPECT_EQ(study.setting->parameters()[4], "n_2/n_1");
}

// The numbers of features are no parameters: they are what the study is.
TEST(ChainStudies, WhatStagesSeeIsTheirIdentity) {
    std::vector<std::string> identities;
    for (const char* features : {"", R"(features = { kind = "mask", keep = 6 })",
                                 R"(features = { kind = "mask", keep = 7 })",
                                 R"(features = { kind = "subspace", dimension = 6, seed = 1 })",
                                 R"(features = { kind = "subspace", dimension = 6, seed = 2 })",
                                 R"(features = { kind = "random", count = 6, seed = 1 })",
                                 R"(features = { kind = "random", count = 20, seed = 1 })",
                                 "labels = \"truth\"", "rotation = 1"}) {
        const Study study = study_of(stages_head("chain") + fmt::format(R"(
            [[stage]]
            n = 20
            noise_std = 0.3
            [[stage]]
            n = 30
            noise_std = 0.1
            {}
            [test]
        )",
                                                                        features));
        for (const std::string& other : identities) EXPECT_NE(study.identity, other) << features;
        identities.push_back(study.identity);
    }
}

}  // namespace
}  // namespace cucurbit
