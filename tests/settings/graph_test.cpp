// What a study of kind graph makes of its tables: parameters, points, and what draws depend on.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "cucurbit/random.hpp"
#include "host/studies/graph.hpp"
#include "tests/settings/graphs.hpp"
#include "tests/support/npy.hpp"
#include "tests/support/simulate.hpp"

namespace cucurbit {
namespace {

TEST(GraphStudies, FitsComeBehindThoseThatLabelThem) {
    const Study study = study_of(graph_head + graph_text);
    EXPECT_EQ(study.setting->parameters(),
              (std::vector<std::string>{"p", "n_real", "noise_std_real", "n_other", "penalty_early",
                                        "noise_std_early", "keep_late", "weight_late_early",
                                        "weight_late_truth", "weight_late_early_on_other"}));
    const Design design = study.setting->designs().at(0);
    ASSERT_EQ(design.points.size(), 4u);
    const auto& spec = dynamic_cast<const GraphStudy&>(*study.setting).spec();
    const auto [rows, fits] = spec.at(design.points[1].parameters, {});
    ASSERT_EQ(rows.size(), 2u);
    EXPECT_EQ(rows[1].count, 4u);
    EXPECT_EQ(rows[1].noise_std, 0.0);
    ASSERT_EQ(fits.size(), 2u);
    EXPECT_EQ(spec.fits[1].name, "late");
    EXPECT_EQ(fits[1].features, 2u);
    EXPECT_EQ(fits[0].labels[0].observed, 1.0);
    using FromFits = std::vector<std::pair<std::size_t, double>>;
    EXPECT_EQ(fits[1].labels[0].from_fits, (FromFits{{0, 0.5}}));
    EXPECT_EQ(fits[1].labels[0].from_truth, -0.25);
    EXPECT_EQ(fits[1].labels[0].observed, 0.75);
    EXPECT_EQ(fits[1].labels[1].from_fits, (FromFits{{0, 2.0}}));
    EXPECT_EQ(fits[1].labels[1].observed, 0.0);
}

const std::string tied = R"(
    schema = 1
    study = { name = "graph", kind = "graph", seed = 3 }
    population = { p = [6, 10], spectrum = { kind = "isotropic" }, signal = { kind = "uniform" } }
    precision = { trials = 64 }
    [rows.real]
    n = { per = "p", ratio = [0.3, 2.0] }
    noise_std = { with = "rows.real.n", values = [0.1, 0.7] }
    [rows.fresh]
    n = { with = "rows.real.n" }
    [fit.teacher]
    rows = "real"
    penalty = { per = "rows.real.n", ratio = 0.1 }
    [fit.student]
    rows = "fresh"
    keep = { per = "p", ratio = [0.5, 1.0] }
    labels = { teacher = { with = "fit.student.keep.ratio" }, rest = "truth" }
)";

// Of ratios the last whole number is rounded; what goes with another parameter multiplies no
// points.
TEST(GraphStudies, TiedGrids) {
    const Study study = study_of(tied);
    EXPECT_EQ(study.setting->parameters(),
              (std::vector<std::string>{
                  "p", "n_real/p", "n_real", "noise_std_real", "n_fresh", "penalty_teacher/n_real",
                  "penalty_teacher", "keep_student/p", "keep_student", "weight_student_teacher"}));
    const std::vector<Design> designs = study.setting->designs();
    ASSERT_EQ(designs.size(), 2u);
    using Values = std::vector<double>;
    std::vector<Values> points;
    for (const Design& design : designs)
        for (const Point& point : design.points) points.push_back(point.parameters);
    EXPECT_EQ(points, (std::vector<Values>{
                          {6, 0.3, 2, 0.1, 2, 0.1, 0.2, 0.5, 3, 0.5},
                          {6, 0.3, 2, 0.1, 2, 0.1, 0.2, 1, 6, 1},
                          {6, 2, 12, 0.7, 12, 0.1, 1.2, 0.5, 3, 0.5},
                          {6, 2, 12, 0.7, 12, 0.1, 1.2, 1, 6, 1},
                          {10, 0.3, 3, 0.1, 3, 0.1, 0.3, 0.5, 5, 0.5},
                          {10, 0.3, 3, 0.1, 3, 0.1, 0.3, 1, 10, 1},
                          {10, 2, 20, 0.7, 20, 0.1, 2, 0.5, 5, 0.5},
                          {10, 2, 20, 0.7, 20, 0.1, 2, 1, 10, 1},
                      }));
}

// By 40,000 rows: each moment lies within five standard errors.
// Rows of the identity are the coordinates that a mask keeps. A sign does not depend on the length
// of a file's rows, which are taken as they are.
TEST(GraphStudies, FeaturesOfAFile) {
    const auto theory = [](const std::string& of_fit, const std::vector<double>& w) {
        const Study study = study_of(graph_head + fmt::format(R"(
            rows = {{ real = {{ n = 9, noise_std = 0.5 }} }}
            fit = {{ only = {{ rows = "real", penalty = 0.3, {} }} }}
        )",
                                                              of_fit),
                                     {{"w.npy", npy_file(4, 6, w)}});
        return study.setting->theory(study.setting->designs().at(0).points.at(0)).at(0).prediction;
    };
    std::vector<double> rows(24, 0.0);  // 4×6
    for (std::size_t k = 0; k < 4; ++k) rows[k * 6 + k] = 1.0;
    const auto file = [](const char* activation, int count) {
        return fmt::format(
            R"(features = {{ kind = "file", file = "w.npy", activation = "{}", count = {} }})",
            activation, count);
    };
    for (const int count : {3, 4})
        EXPECT_NEAR(theory(file("linear", count), rows).value /
                        theory(fmt::format("keep = {}", count), rows).value,
                    1.0, 1e-11);
    EXPECT_EQ(theory(file("relu", 4), rows).kind, TheoryKind::approximation);
    EXPECT_GT(theory(file("relu", 4), rows).value, theory("keep = 4", rows).value);
    std::vector<double> twice = rows;
    for (double& value : twice) value *= 2.0;
    EXPECT_NEAR(theory(file("sign", 4), twice).value / theory(file("sign", 4), rows).value, 1.0,
                1e-11);
    EXPECT_GT(
        std::abs(theory(file("erf", 4), twice).value / theory(file("erf", 4), rows).value - 1.0),
        1e-3);
}

TEST(GraphStudies, MomentsOfRandomFeatures) {
    for (const std::string activation : {"linear", "relu", "erf", "sign", "rotated relu"}) {
        const bool rotated = activation == "rotated relu";
        const auto with = [&](const char* rotation) {
            return study_of(graph_head + fmt::format(R"(
            [rows.real]
            n = 4
            spectrum = {{ kind = "list", values = [1.0, 1.0, 3.0, 1.0, 1.0, 0.5] }}
            {1}
            [fit.first]
            rows = "real"
            features = {{ kind = "random", activation = "{0}", seed = 4, count = 3 }}
            [fit.second]
            rows = "real"
            features = {{ kind = "random", activation = "{0}", seed = 5, count = 2 }}
            [fit.third]
            rows = "real"
            features = {{ kind = "random", activation = "linear", seed = 6, count = 2 }}
        )",
                                                     rotated ? "relu" : activation, rotation));
        };
        const Study study = with(rotated ? "rotation = 3" : "");
        if (rotated) {
            const auto law = [](const Study& of) {
                const Point point = of.setting->designs().at(0).points.at(0);
                return of.setting->theory(point).at(2).prediction.value;
            };
            EXPECT_GT(std::abs(law(study) / law(with("")) - 1.0), 1e-3);
        }
        const auto& spec = dynamic_cast<const GraphStudy&>(*study.setting).spec();
        const std::vector<double> population = spec.population.at(6).spectrum;
        const RotatedSpectrum& covariance = spec.rows.front().covariance;
        const DenseMatrix root_of_x = covariance.root(6);
        const std::vector<std::size_t> counts =
            spec.feature_counts(study.setting->designs().at(0).points);
        ASSERT_EQ(counts, (std::vector<std::size_t>{3, 2, 2}));
        const RowMoments moments(spec.features, counts, covariance, population);
        constexpr std::size_t width = 13, rows = 40'000;
        DenseMatrix sums(width, width), squares(width, width);
        std::vector<double> row(width);
        std::vector<DenseMatrix> w;
        for (std::size_t m = 0; m < 3; ++m)
            w.push_back(spec.features[m].projection(counts[m], population));
        for (std::size_t i = 0; i < rows; ++i) {
            std::vector<double> z(6);
            draw_normals({7, 0, Purpose::samples}, 0, i, z);
            for (std::size_t j = 0; j < 6; ++j) {
                row[j] = 0.0;
                for (std::size_t k = 0; k < 6; ++k) row[j] += root_of_x(j, k) * z[k];
            }
            for (std::size_t m = 0, at = 6; m < 3; ++m)
                for (std::size_t k = 0; k < counts[m]; ++k, ++at) {
                    double u = 0.0;
                    for (std::size_t j = 0; j < 6; ++j) u += w[m](j, k) * row[j];
                    row[at] = spec.features[m].linear()      ? u
                              : activation.ends_with("relu") ? std::max(u, 0.0)
                              : activation == "erf" ? std::sqrt(3.0) * std::erf(u / std::sqrt(2.0))
                                                    : (u < 0.0 ? -1.0 : 1.0);
                }
            for (std::size_t j = 0; j < width; ++j)
                for (std::size_t k = 0; k < width; ++k) {
                    sums(j, k) += row[j] * row[k];
                    squares(j, k) += row[j] * row[k] * row[j] * row[k];
                }
        }
        DenseMatrix second = moments.second();
        if (!rotated) {
            const DenseMatrix root = moments.root();
            second = product(root, true, root, false);
        }
        for (std::size_t j = 0; j < width; ++j)
            for (std::size_t k = 0; k < width; ++k) {
                const double mean = sums(j, k) / rows;
                const double error =
                    std::sqrt(std::max(squares(j, k) / rows - mean * mean, 1e-12) / rows);
                EXPECT_NEAR(moments.second()(j, k), mean, 5.0 * error) << activation << j << k;
                EXPECT_NEAR(second(j, k), moments.second()(j, k), 1e-12);
            }
    }
}

// A gain needs both risks, whatever else is asked for.
TEST(GraphStudies, WhatIsMeasured) {
    const Study study = study_of(graph_head + graph_text);
    std::set<std::string> arms;
    const Design design = study.setting->designs().at(0);
    for (const Series& series : design.series) {
        EXPECT_EQ(series.estimand, "excess_risk");
        arms.insert(series.arm);
    }
    EXPECT_EQ(arms, (std::set<std::string>{"early", "late"}));
    ASSERT_EQ(study.setting->derived().size(), 1u);
    EXPECT_EQ(study.setting->derived()[0].estimand, "gain_early");
}

// A factor has the second moments of rows and nothing else.
TEST(GraphStudies, RowsThatAFactorStandsFor) {
    const std::string graph = R"(
        [rows]
        plain = { n = 9 }
        signs = { n = 9, distribution = "rademacher" }
        hard = { n = 9 }
        bent = { n = 9 }
        seen = { n = 9 }
        labelled = { n = 9 }
        mixed = { n = 9 }
        united = { n = 9 }
        [fit.linear]
        rows = "plain"
        features = { kind = "random", activation = "linear", seed = 1, count = 4 }
        [fit.of_signs]
        rows = "signs"
        [fit.on_hard]
        rows = "hard"
        link = "sign"
        [fit.of_a_function]
        rows = "bent"
        function = { name = "bent", version = 1 }
        [fit.network]
        rows = "seen"
        features = { kind = "random", activation = "relu", seed = 1, count = 4 }
        [fit.student]
        rows = "labelled"
        labels = "network"
        [fit.last]
        rows = ["united", "mixed"]
        labels = "on_hard"
        labels_on = { mixed = { linear = 0.5, rest = "network" } }
    )";
    const auto standing = [&](const std::string& sampler) {
        std::string text = graph_head;
        text.replace(text.find("trials = 64"), 11, "trials = 64" + sampler);
        const Study study = study_of(text + graph);
        const auto& setting = dynamic_cast<const GraphStudy&>(*study.setting);
        std::set<std::string> names;
        for (std::size_t g = 0; g < setting.spec().rows.size(); ++g)
            if (setting.has_factor(g, 9, 6)) names.insert(setting.spec().rows[g].name);
        return names;
    };
    const std::set<std::string> some{"plain", "united"};
    EXPECT_EQ(standing(""), some);
    EXPECT_EQ(standing(", sampler = \"sufficient\""), some);
    EXPECT_EQ(standing(", sampler = \"direct\""), std::set<std::string>());
}

TEST(GraphStudies, EverySampleAboveTheDimensionHasItsOwnFactor) {
    const Study study = study_of(graph_head + R"(
        rows = { a = { n = [4, 6, 7, 9] }, b = { n = [7, 9] } }
        fit = { one = { rows = "a" }, two = { rows = ["a", "b"] } }
    )");
    const Design design = study.setting->designs().at(0);
    EXPECT_EQ(
        std::set<std::uint64_t>(design.further_keys.begin(), design.further_keys.end()).size(), 4u);
}

std::string with_function(std::uint64_t version) {
    return graph_head + fmt::format(R"(
    [rows.real]
    n = 20
    noise_std = 0.3
    [rows.fresh]
    n = 30
    [fit.own]
    rows = "real"
    function = {{ name = "clipped", version = {0} }}
    [fit.plain]
    rows = "real"
    [fit.heir]
    rows = "fresh"
    labels = "own"
    [fit.other]
    rows = "fresh"
    labels = "plain"
    [measure]
    functions = [{{ name = "length", version = {0}, fits = ["heir", "plain"] }}]
    )",
                                    version);
}

TEST(GraphStudies, FunctionsAreKnownByNameAndVersion) {
    const Study first = study_of(with_function(1)), second = study_of(with_function(2));
    EXPECT_NE(first.identity, second.identity);
    EXPECT_NE(first.identity.find(" labels_of_own=clipped:version_1"), std::string::npos);
    const Design one = first.setting->designs().at(0), two = second.setting->designs().at(0);
    ASSERT_EQ(one.series.size(), 6u);
    EXPECT_EQ(one.series[4].estimand, "length");
    EXPECT_EQ(one.series[4].arm, "heir");
    EXPECT_NE(one.series[4].arm_key, two.series[4].arm_key);
    EXPECT_EQ(one.series[0].arm_key, two.series[0].arm_key);
    const std::vector<OwnFunction> functions = first.setting->functions();
    ASSERT_EQ(functions.size(), 2u);
    EXPECT_EQ(functions[0].name, "clipped");
    EXPECT_EQ(functions[0].role, OwnFunction::Role::labels);
    EXPECT_EQ(functions[1].role, OwnFunction::Role::measure);
}

TEST(GraphStudies, DrawsDoNotDependOnFunctions) {
    std::string without = with_function(1);
    const std::string function = "function = { name = \"clipped\", version = 1 }";
    without.erase(without.find(function), function.size());
    EXPECT_EQ(study_of(with_function(1)).setting->designs().at(0).key,
              study_of(without).setting->designs().at(0).key);
}

TEST(GraphStudies, AStudyLacksItsFunctionsUntilItIsGivenThem) {
    const Study study = study_of(with_function(1));
    ASSERT_TRUE(study.setting->missing_function());
    EXPECT_EQ(study.setting->missing_function()->name, "clipped");
    EXPECT_FALSE(study.setting->with({{}, {}})->missing_function());
    EXPECT_FALSE(study_of(graph_head + graph_text).setting->missing_function());
}

TEST(GraphStudies, NoLawOfAFunctionNorBehindIt) {
    const Study study = study_of(with_function(1));
    std::map<std::string, TheoryKind> kinds;
    for (const TheoryRow& row : study.setting->theory(study.setting->designs().at(0).points.at(0)))
        if (row.estimand == "excess_risk") kinds[row.arm] = row.prediction.kind;
    EXPECT_EQ(kinds, (std::map<std::string, TheoryKind>{{"own", TheoryKind::none},
                                                        {"heir", TheoryKind::none},
                                                        {"plain", TheoryKind::exact},
                                                        {"other", TheoryKind::exact}}));
}

TEST(GraphStudies, DrawsStayWhenAGridGrows) {
    std::string more = graph_text;
    more.replace(more.find("n = 9"), 5, "n = [5, 9, 40]");
    more.replace(more.find("penalty = 0.5"), 13, "penalty = [0.1, 0.5]");
    const auto last = [](const std::string& graph) {
        const Study study = study_of(graph_head + graph);
        const Design design = study.setting->designs().at(0);
        const auto values = simulate(study, design, *make_engine("cpu"), first_trials(3), 2);
        std::map<std::vector<double>, std::vector<double>> at;
        for (std::size_t s = 0; s < design.series.size(); ++s)
            for (std::size_t t = 0; t < 3; ++t)
                at[design.points[design.series[s].point].parameters].push_back(
                    values.values[s * 3 + t]);
        return at;
    };
    const auto grown = last(more);
    for (const auto& [point, values] : last(graph_text)) EXPECT_EQ(grown.at(point), values);
    EXPECT_EQ(study_of(graph_head + graph_text).setting->designs().at(0).key,
              study_of(graph_head + more).setting->designs().at(0).key);
    std::string other = graph_text;
    other.replace(other.find("rest = \"observed\""), 17, "rest = \"truth\"   ");
    other.replace(other.find("truth = -0.25, "), 15, "");
    EXPECT_NE(study_of(graph_head + graph_text).identity, study_of(graph_head + other).identity);
}

// What risks are measured on is another study, on the same draws.
TEST(GraphStudies, DrawsDoNotDependOnTheTest) {
    const Study known = study_of(graph_head + graph_text);
    std::set<std::string> identities{known.identity};
    for (const char* test : {"rotation = 1", R"(spectrum = { kind = "isotropic", value = 2.0 })",
                             R"(signal = { kind = "uniform", norm = 2.0 })"}) {
        const Study study = study_of(graph_head + graph_text + "[test]\n" + test);
        EXPECT_EQ(study.setting->designs().at(0).key, known.setting->designs().at(0).key);
        EXPECT_TRUE(identities.insert(study.identity).second) << test;
    }
    const Study same = study_of(graph_head + graph_text + "[test]\n");
    EXPECT_EQ(same.identity, known.identity);
}

// Orthonormal, those of fewer dimensions within those of more, and a rotation's by its seed.
TEST(GraphStudies, SubspacesOfASeed) {
    const Study study = study_of(graph_head + R"(
        [rows.real]
        n = 9
        rotation = 4
        [fit.narrow]
        rows = "real"
        features = { kind = "subspace", seed = 4, count = 2 }
        [fit.wide]
        rows = "real"
        features = { kind = "subspace", seed = 4, count = [3, 6] }
    )");
    const auto& spec = dynamic_cast<const GraphStudy&>(*study.setting).spec();
    ASSERT_EQ(spec.features.size(), 1u);
    const std::vector<double> spectrum(6, 2.0);
    const DenseMatrix few = spec.features[0].projection(3, spectrum);
    const DenseMatrix all = spec.features[0].projection(6, spectrum);
    const DenseMatrix rotation = spec.rows[0].covariance.rotation(6),
                      gram = product(few, true, few, false);
    for (std::size_t j = 0; j < 6; ++j)
        for (std::size_t i = 0; i < 6; ++i) EXPECT_EQ(all(i, j), rotation(i, j));
    for (std::size_t j = 0; j < 3; ++j) {
        for (std::size_t i = 0; i < 6; ++i) EXPECT_EQ(few(i, j), all(i, j));
        for (std::size_t i = 0; i < 3; ++i) EXPECT_NEAR(gram(i, j), i == j ? 1.0 : 0.0, 1e-14);
    }
}

}  // namespace
}  // namespace cucurbit
