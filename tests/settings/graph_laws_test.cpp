// What is predicted of a graph at its points, and where nothing is.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/settings/graphs.hpp"
#include "tests/support/simulate.hpp"

namespace cucurbit {
namespace {

/// Of three risks; the others learn from a fit whose law is not found.
void expect_law_of_the_first_alone(const Study& study) {
    const auto rows = study.setting->theory(study.setting->designs().at(0).points.at(0));
    EXPECT_EQ(rows[0].prediction.kind, TheoryKind::deterministic_equivalent);
    EXPECT_EQ(rows[0].flags, "");
    for (const std::size_t k : {1, 2}) {
        EXPECT_EQ(rows[k].prediction.kind, TheoryKind::none);
        EXPECT_EQ(rows[k].flags, "law_not_found");
    }
}

// A ratio of risks, the other's over the fit's.
TEST(GraphStudies, OutperformingRatio) {
    std::string ratio = graph_text;
    ratio.replace(ratio.find("gain = "), 7, "opr = ");
    const Study study = study_of(graph_head + ratio);
    ASSERT_EQ(study.setting->derived().size(), 1u);
    const DerivedRow row = study.setting->derived()[0];
    EXPECT_EQ(row.arm, "late");
    EXPECT_EQ(row.estimand, "opr_early");
    ASSERT_EQ(row.below.size(), 1u);
    EXPECT_EQ(row.above[0].arm, "early");
    EXPECT_EQ(row.below[0].arm, "late");
}

// What is asked for of a fit alone stands behind risks and misfits, and has a law. Without noise
// and with more rows than features a fit is the truth: its outputs vary as the labels do.
TEST(GraphStudies, OutputVariances) {
    const Study study = study_of(graph_head + R"(
        [rows.real]
        n = 20
        [fit.teacher]
        rows = "real"
        [fit.student]
        rows = "real"
        penalty = 1.0
        labels = "teacher"
        [measure]
        excess_risk = "teacher"
        output_variance = ["student", "teacher"]
    )");
    const Design design = study.setting->designs().at(0);
    const auto rows = study.setting->theory(design.points.at(0));
    ASSERT_EQ(rows.size(), 3u);
    ASSERT_EQ(design.series.size(), 3u);
    for (std::size_t s = 1; s < 3; ++s) {
        EXPECT_EQ(design.series[s].estimand, "output_variance");
        EXPECT_EQ(rows[s].estimand, "output_variance");
        EXPECT_EQ(rows[s].arm, design.series[s].arm);
        EXPECT_EQ(rows[s].prediction.kind,
                  s == 2 ? TheoryKind::exact : TheoryKind::deterministic_equivalent);
    }
    EXPECT_EQ(rows[2].arm, "teacher");
    EXPECT_NEAR(rows[2].prediction.value, 1.0, 1e-12);  // βᵀΣβ of a uniform signal, Σ = I
    EXPECT_LT(rows[1].prediction.value, 1.0);           // a penalty shrinks
    EXPECT_GT(rows[1].prediction.value, 0.5);
}

// With as many rows as features and no penalty a fit has no second moment, nor has what learns from
// it; what does not learn from it keeps its law.
TEST(GraphStudies, NoLawAtInterpolationNorBehindIt) {
    const Study study = study_of(graph_head + R"(
        [rows.real]
        n = 6
        noise_std = 0.5
        [fit.teacher]
        rows = "real"
        [fit.student]
        rows = "real"
        penalty = 1.0
        labels = { teacher = [0.0, 0.5], rest = "observed" }
        [fit.alone]
        rows = "real"
        penalty = 1.0
        [measure]
        misfit = [["student", "alone"]]
    )");
    const std::vector<Point> points = study.setting->designs().at(0).points;
    const auto without = study.setting->theory(points.at(0));
    const auto with = study.setting->theory(points.at(1));
    ASSERT_EQ(without.size(), 4u);
    EXPECT_EQ(without[0].prediction.value, std::numeric_limits<double>::infinity());
    EXPECT_EQ(without[0].flags, "near_interpolation");
    EXPECT_EQ(without[1].prediction.value, without[2].prediction.value);
    EXPECT_EQ(without[3].prediction.value, 0.0);  // the misfit of equal fits
    EXPECT_EQ(with[1].prediction.kind, TheoryKind::none);
    EXPECT_EQ(with[1].flags, "near_interpolation");
    EXPECT_EQ(with[2].prediction.value, without[2].prediction.value);
    EXPECT_EQ(with[3].prediction.kind, TheoryKind::none);
}

TEST(GraphStudies, OneFitAtInterpolationIsNoFailureOfTheLaw) {
    const Study study = study_of(graph_head + R"(
        rows = { real = { n = 6, noise_std = 0.5 } }
        fit = { only = { rows = "real" } }
    )");
    const auto rows = study.setting->theory(study.setting->designs().at(0).points.at(0));
    EXPECT_EQ(rows.at(0).flags, "near_interpolation");
    EXPECT_EQ(rows.at(0).prediction.kind, TheoryKind::exact);
    EXPECT_EQ(rows.at(0).prediction.value, std::numeric_limits<double>::infinity());
}

// σ²p/(n − p − 1) of a teacher, which a student of more rows hands on, by its weight, with noise of
// its own, also what its labels say of a coordinate that it does not see; none of these where rows
// are shared, weighted unequally or not Gaussian.
TEST(GraphStudies, ExactLawsOfLeastSquares) {
    const auto laws = [](const std::string& of_fresh, const std::string& of_student) {
        const Study study = study_of(graph_head + R"(
            [rows.real]
            n = 20
            noise_std = 0.5
            [rows.more]
            n = 10
            [rows.fresh]
            n = 30
            noise_std = 1.0
        )" + of_fresh + R"(
            [fit.teacher]
            rows = "real"
            [fit.student]
            noise_std = 0.2
            labels = { teacher = 0.4, rest = "observed" }
        )" + of_student);
        return study.setting->theory(study.setting->designs().at(0).points.at(0));
    };
    const double teacher = 0.25 * 6.0 / 13.0;
    const auto fresh = laws("", R"(rows = "fresh")");
    EXPECT_EQ(fresh[0].prediction.kind, TheoryKind::exact);
    EXPECT_NEAR(fresh[0].prediction.value, teacher, 1e-12);
    EXPECT_EQ(fresh[1].prediction.kind, TheoryKind::exact);
    EXPECT_NEAR(fresh[1].prediction.value, 0.16 * teacher + (0.36 + 0.04) * 6.0 / (30.0 - 7.0),
                1e-12);
    // A quarter of the rows have no noise of their own.
    const auto both = laws("", R"(rows = ["fresh", "more"])");
    EXPECT_EQ(both[1].prediction.kind, TheoryKind::exact);
    EXPECT_NEAR(both[1].prediction.value,
                0.16 * teacher + (0.75 * 0.36 + 0.04) * 6.0 / (40.0 - 7.0), 1e-12);
    EXPECT_EQ(
        laws("", "rows = [\"fresh\", \"more\"]\nrow_weights = { more = 1.0 }")[1].prediction.kind,
        TheoryKind::exact);
    const auto some = laws("", "rows = \"fresh\"\nkeep = 5");
    EXPECT_EQ(some[1].prediction.kind, TheoryKind::exact);
    const double unseen = (1.0 + 0.16 * teacher) / 6.0;
    EXPECT_NEAR(
        some[1].prediction.value,
        0.16 * teacher * 5.0 / 6.0 + (0.36 + 0.04 + unseen) * 5.0 / (30.0 - 6.0) + 1.0 / 6.0,
        1e-12);
    const std::string rademacher = "distribution = \"rademacher\"\n";
    const std::string other = "signal = { kind = \"uniform\", norm = 2.0 }\n";
    for (const auto& [of_fresh, of_student] :
         {std::pair<std::string, std::string>{"", R"(rows = ["fresh", "real"])"},
          {"", "rows = [\"fresh\", \"more\"]\nrow_weights = { more = 2.0 }"},
          {rademacher, R"(rows = "fresh")"},
          {other, R"(rows = ["fresh", "more"])"},
          {"", "rows = \"fresh\"\npenalty = 0.1"}}) {
        const auto rows = laws(of_fresh, of_student);
        EXPECT_EQ(rows[0].prediction.kind, TheoryKind::exact);
        EXPECT_EQ(rows[1].prediction.kind, TheoryKind::deterministic_equivalent)
            << of_fresh << of_student;
    }
}

// A ridge so small that it adds nothing to what is left of the rows is as none; another one has all
// moments, however few the rows.
TEST(GraphStudies, PenaltiesThatDoNotRegularise) {
    for (const auto& [penalty, flags] :
         {std::pair<const char*, const char*>{"1e-12", "near_interpolation"}, {"1.0", ""}}) {
        const Study study = study_of(graph_head + fmt::format(R"(
            [rows.real]
            n = 7
            noise_std = 0.5
            [rows.fresh]
            n = 90
            [fit.teacher]
            rows = "real"
            penalty = {}
            [fit.student]
            rows = "fresh"
            labels = "teacher"
        )",
                                                              penalty));
        for (const TheoryRow& row :
             study.setting->theory(study.setting->designs().at(0).points.at(0))) {
            EXPECT_EQ(row.flags, flags) << row.arm << penalty;
            EXPECT_EQ(row.tail_exponent > 2.0, std::string(flags).empty());
            EXPECT_GT(row.prediction.relative_error, 0.25);
        }
    }
}

// Interpolation has a heavy tail where it amplifies something: noise, or labels that a fit cannot
// express.
TEST(GraphStudies, TailsOfFitsWithoutNoise) {
    for (const auto& [noise, fit, light] :
         {std::tuple{"0.0", "", true}, {"0.5", "", false}, {"0.0", "keep = 4", false}}) {
        const Study study = study_of(graph_head + fmt::format(R"(
            [rows.real]
            n = 7
            noise_std = {}
            [fit.teacher]
            rows = "real"
            {}
        )",
                                                              noise, fit));
        const TheoryRow row =
            study.setting->theory(study.setting->designs().at(0).points.at(0)).front();
        EXPECT_EQ(std::isinf(row.tail_exponent), light) << noise << fit;
    }
}

// Errors of two teachers add up where they share no rows, and otherwise have a covariance too.
TEST(GraphStudies, ExactLawsOfTwoTeachers) {
    for (const char* second : {"more", "real"}) {
        const Study study = study_of(graph_head + fmt::format(R"(
            [rows.real]
            n = 20
            noise_std = 0.5
            [rows.more]
            n = 20
            noise_std = 0.5
            [rows.fresh]
            n = 30
            [fit.first]
            rows = "real"
            [fit.second]
            rows = "{}"
            [fit.student]
            rows = "fresh"
            labels = {{ first = 0.5, second = 0.5 }}
        )",
                                                              second));
        const auto rows = study.setting->theory(study.setting->designs().at(0).points.at(0));
        const bool apart = second == std::string("more");
        EXPECT_EQ(rows[2].prediction.kind,
                  apart ? TheoryKind::exact : TheoryKind::deterministic_equivalent);
        if (apart) {
            EXPECT_NEAR(rows[2].prediction.value, 0.25 * 6.0 / 13.0 / 2.0, 1e-12);
        }
    }
}

// One fit without a fixed point leaves the others theirs, and those of what learns from it say so.
TEST(GraphStudies, OneFitWithoutAFixedPoint) {
    const Study study = study_of(graph_head + R"(
        [rows.a]
        n = 30
        noise_std = 1.0
        [rows.b]
        n = 20
        noise_std = 1.0
        [fit.alone]
        rows = "a"
        penalty = 1.0
        [fit.lost]
        rows = ["a", "b"]
        penalty = 1.0
        row_weights = { b = 1e100, a = { with = "fit.lost.row_weights.b", values = [1e-100] } }
        [fit.heir]
        rows = "a"
        penalty = 1.0
        labels = "lost"
        [measure]
        excess_risk = ["alone", "lost", "heir"]
        in_sample_risk = ["alone"]
    )");
    expect_law_of_the_first_alone(study);
    // Of risks on fresh inputs there is another law than that of all fits together.
    const auto rows = study.setting->theory(study.setting->designs().at(0).points.at(0));
    EXPECT_EQ(rows[3].estimand, "in_sample_risk");
    EXPECT_EQ(rows[3].prediction.kind, TheoryKind::deterministic_equivalent);
    EXPECT_EQ(rows[3].flags, "");
}

// Sixteen fits, each on all of eight groups and on the one before: what is asked of all that a fit
// learns from is asked once of each.
TEST(GraphStudies, DeepGraphsOnManyGroupsAreQuick) {
    std::string graph, groups;
    for (int g = 0; g < 8; ++g) {
        graph += fmt::format("[rows.r{}]\nn = 3\nnoise_std = 0.5\n", g);
        groups += fmt::format(R"({}"r{}")", g == 0 ? "" : ", ", g);
    }
    for (int k = 0; k < 24; ++k)
        graph += fmt::format("[fit.f{}]\nrows = [{}]\npenalty = 1.0\n{}", k, groups,
                             k == 0 ? "" : fmt::format("labels = \"f{}\"\n", k - 1));
    const Study study = study_of(graph_head + graph);
    EXPECT_EQ(study.setting->theory(study.setting->designs().at(0).points.at(0)).size(), 24u);
}

// Thirty fits, each on thirty times the one before and on the same rows: a flow beside them has the
// law solved in complex numbers, in another order.
TEST(GraphStudies, LongChainsOfLargeWeightsHaveALaw) {
    std::string graph =
        "[rows.real]\nn = 9\nnoise_std = 0.5\n[fit.f0]\nrows = \"real\"\npenalty = 0.1\n";
    for (int k = 1; k < 30; ++k)
        graph += fmt::format(
            "[fit.f{}]\nrows = \"real\"\npenalty = 0.1\nlabels = {{ f{} = 30, rest = \"observed\" "
            "}}\n",
            k, k - 1);
    const Study study = study_of(graph_head + graph);
    const Study beside = study_of(graph_head + graph + "[fit.z]\nrows = \"real\"\ntime = 1.0\n");
    const double risk = risk_of(study, study.setting->designs().at(0).points.at(0), "f29");
    EXPECT_NEAR(risk_of(beside, beside.setting->designs().at(0).points.at(0), "f29") / risk, 1.0,
                1e-10);
}

// Beyond what double precision holds.
TEST(GraphStudies, ALawThatIsNotFoundSaysSo) {
    const Study study = study_of(graph_head + R"(
        [rows.real]
        n = 20
        [fit.first]
        rows = "real"
        penalty = 0.1
        [fit.second]
        rows = "real"
        penalty = 0.1
        labels = { first = 1e90 }
        [fit.third]
        rows = "real"
        penalty = 0.1
        labels = { second = 1e90 }
    )");
    expect_law_of_the_first_alone(study);
}

// Rounding is not taken for a law: least squares of labels without noise errs by nothing.
TEST(GraphStudies, LawsOfZeroAreZero) {
    const Study study = study_of(graph_head + R"(
        [rows.real]
        n = 20
        [fit.teacher]
        rows = "real"
        [fit.student]
        rows = "real"
        labels = "teacher"
        [measure]
        misfit = [["student", "teacher"]]
    )");
    for (const TheoryRow& row : study.setting->theory(study.setting->designs().at(0).points.at(0)))
        EXPECT_EQ(row.prediction.value, 0.0) << row.arm << " " << row.estimand;
}

// Without noise a risk goes as the square of the penalty, with much of it hardly at all; a chain of
// one stage is the same fit.
TEST(GraphStudies, ToleranceOfRidgeFitsGoesWithTheirSlope) {
    const auto error_of = [](const std::string& kind, const std::string& rest) {
        const Study study = study_of(fmt::format(R"(
            schema = 1
            study = {{ name = "graph", kind = "{}", seed = 3 }}
            population = {{ p = 50, spectrum = {{ kind = "isotropic" }}, signal = {{ kind = "uniform" }} }}
            precision = {{ trials = 64 }}
            {}
        )",
                                                 kind, rest));
        const Point point = study.setting->designs().at(0).points.at(0);
        return study.setting->theory(point).at(0).prediction.relative_error;
    };
    constexpr const char* fits[][2] = {
        {"graph",
         "rows = {{ a = {{ n = 100, noise_std = {0} }} }}\n"
         "fit = {{ f = {{ rows = \"a\", penalty = 0.01 }} }}"},
        {"chain", "stage = [{{ n = 100, noise_std = {0}, penalty = 0.01 }}]"}};
    for (const auto& [kind, format] : fits) {
        const double quiet = error_of(kind, fmt::format(fmt::runtime(format), 0.0));
        const double loud = error_of(kind, fmt::format(fmt::runtime(format), 5.0));
        EXPECT_NEAR(quiet, 3.0 * 2.0 / 50, 0.002) << kind;
        EXPECT_NEAR(loud, 2.0 / 50, 0.002) << kind;
    }
}

// σ²/(n − p − 1) tr Σ of a teacher's noise, and how far the rows' truth is from the test's.
TEST(GraphStudies, RisksOnAnotherDomain) {
    const auto risks = [](const std::string& test) {
        const Study study = study_of(graph_head + R"(
            [rows.real]
            n = 20
            noise_std = 0.5
            [rows.own]
            n = 30
            signal = { kind = "uniform", norm = 2.0 }
            [fit.teacher]
            rows = "real"
            [fit.other]
            rows = "own"
            [measure]
            output_variance = "other"
        )" + test);
        std::vector<double> values;
        for (const TheoryRow& row :
             study.setting->theory(study.setting->designs().at(0).points.at(0))) {
            EXPECT_EQ(row.prediction.kind, TheoryKind::exact);
            values.push_back(row.prediction.value);
        }
        return values;
    };
    const double noise = 0.25 * 6.0 / 13.0;
    const auto expect = [](const std::vector<double>& found, const std::vector<double>& known) {
        ASSERT_EQ(found.size(), known.size());
        for (std::size_t k = 0; k < found.size(); ++k) EXPECT_NEAR(found[k], known[k], 1e-12) << k;
    };
    const std::string spectrum = R"(spectrum = { kind = "isotropic", value = 3.0 })";
    const std::string signal = R"(signal = { kind = "uniform", norm = 3.0 })";
    expect(risks(""), {noise, 1.0, 4.0});
    expect(risks("[test]\n" + spectrum), {3.0 * noise, 3.0, 12.0});
    // Rows without a truth of their own keep the population's.
    expect(risks("[test]\n" + signal), {noise + 4.0, 1.0, 4.0});
    expect(risks("[test]\n" + spectrum + "\n" + signal), {3.0 * noise + 12.0, 3.0, 12.0});
    expect(risks("[test]\nrotation = 2\n" + spectrum), {3.0 * noise, 3.0, 12.0});
}

// Least squares of linear features: what they do not express of a label is noise.
TEST(GraphStudies, ExactLawsOfSubspaces) {
    for (const char* features :
         {"features = { kind = \"subspace\", seed = 4, count = 4 }", "keep = 4"}) {
        const Study study = study_of(graph_head + R"(
            [rows.real]
            n = 20
            noise_std = 0.5
            rotation = 4
            [fit.teacher]
            rows = "real"
        )" + features);
        const TheoryRow row =
            study.setting->theory(study.setting->designs().at(0).points.at(0)).at(0);
        EXPECT_EQ(row.prediction.kind, TheoryKind::exact);
        // Of an isotropic covariance the rest of the truth: of |β|² = 1 a third without a subspace.
        const double unseen = row.prediction.value;
        const double rest = (unseen - 0.25 * 4.0 / 15.0) / (1.0 + 4.0 / 15.0);
        if (std::string(features) == "keep = 4")
            EXPECT_NEAR(rest, 1.0 / 3.0, 1e-12);
        else
            EXPECT_TRUE(rest > 0.0 && rest < 1.0) << rest;
    }
}

}  // namespace
}  // namespace cucurbit
