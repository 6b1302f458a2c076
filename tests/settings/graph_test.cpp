// What a study of kind graph makes of its tables: parameters, points, and the graph at each.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>
#include <set>

#include "cucurbit/random.hpp"
#include "host/studies/graph.hpp"
#include "tests/support/npy.hpp"
#include "tests/support/simulate.hpp"

namespace cucurbit {
namespace {

const std::string head = R"(
    schema = 1
    study = { name = "graph", kind = "graph", seed = 3 }
    population = { p = 6, spectrum = { kind = "isotropic" }, signal = { kind = "uniform" } }
    precision = { trials = 64 }
)";

const std::string text = R"(
    [fit.late]
    rows = ["real", "other"]
    keep = [2, 6]
    labels = { early = 0.5, truth = -0.25, rest = "observed" }
    labels_on = { other = { early = [1.0, 2.0] } }
    [fit.early]
    rows = "real"
    penalty = 0.5
    noise_std = 0.1
    [rows.real]
    n = 9
    noise_std = 0.3
    [rows.other]
    n = 4
    [measure]
    gain = [["late", "early"]]
    excess_risk = "late"
)";

TEST(GraphStudies, FitsComeBehindThoseThatLabelThem) {
    const Study study = study_of(head + text);
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

const std::string optimal = R"(
    [rows.real]
    n = [4, 15]
    noise_std = [0.3, 1.0]
    [fit.teacher]
    rows = "real"
    penalty = [0.05, 20.0]
    [fit.student]
    rows = "real"
    penalty = { with = "fit.teacher.penalty" }
    labels = { teacher = "optimal", rest = "observed" }
    [fit.ridge]
    rows = "real"
    penalty = "optimal"
)";

double risk_of(const Study& study, const Point& point, const std::string& arm) {
    for (const TheoryRow& row : study.setting->theory(point))
        if (row.arm == arm) return row.prediction.value;
    throw std::out_of_range(arm);
}

// A little more or less is no better; the weight changes its sign where the penalty is optimal.
TEST(GraphStudies, OptimalNumbersMinimiseTheLaw) {
    const Study study = study_of(head + optimal);
    const std::vector<Point> points = study.setting->designs().at(0).points;
    ASSERT_EQ(points.size(), 8u);
    const std::vector<std::string> names = study.setting->parameters();
    const auto place = [&](const char* name) {
        return static_cast<std::size_t>(std::find(names.begin(), names.end(), name) -
                                        names.begin());
    };
    for (const Point& point : points) {
        const auto worse = [&](const char* name, const char* arm, double change) {
            Point moved = point;
            moved.parameters[place(name)] += change;
            const double least = risk_of(study, point, arm);
            EXPECT_GT(risk_of(study, moved, arm), least) << name << " by " << change;
        };
        const double weight = point.parameters[place("weight_student_teacher")];
        const double penalty = point.parameters[place("penalty_ridge")];
        for (const double share : {-0.01, 0.01}) {
            worse("weight_student_teacher", "student", share);
            worse("penalty_ridge", "ridge", share * penalty);
        }
        EXPECT_EQ(weight > 0.0, point.parameters[place("penalty_teacher")] < penalty);
    }
}

// A little earlier or later is no better; without noise the longest is best.
TEST(GraphStudies, AnOptimalTimeMinimisesTheLaw) {
    const std::string flow = R"(
        [fit.stopped]
        rows = "real"
        time = "optimal"
    )";
    const Study study =
        study_of(head + "rows = { real = { n = [4, 20], noise_std = 0.5 } }" + flow);
    const std::vector<Point> points = study.setting->designs().at(0).points;
    ASSERT_EQ(points.size(), 2u);
    for (const Point& point : points)
        for (const double share : {0.98, 1.02}) {
            Point moved = point;
            moved.parameters.back() *= share;
            EXPECT_GT(risk_of(study, moved, "stopped"), risk_of(study, point, "stopped"));
        }
    for (const char* n : {"4", "20"}) {
        const Study clean =
            study_of(fmt::format("{}rows = {{ real = {{ n = {} }} }}{}", head, n, flow));
        EXPECT_EQ(clean.setting->designs().at(0).points.at(0).parameters.back(), 1e9) << n;
    }
}

// Labels without noise need no penalty, and those of a teacher that is the student no weight.
TEST(GraphStudies, OptimalNumbersOnTheEdge) {
    const Study study = study_of(head + R"(
        rows = { real = { n = 4 } }
        fit = { ridge = { rows = "real", penalty = "optimal" } }
    )");
    EXPECT_EQ(study.setting->designs().at(0).points.at(0).parameters.back(), 0.0);
    // A teacher that reproduces its labels hands them on: all weights are one.
    const Study same = study_of(head + R"(
        rows = { real = { n = 4, noise_std = 0.5 } }
        [fit.teacher]
        rows = "real"
        [fit.student]
        rows = "real"
        labels = { teacher = "optimal", rest = "observed" }
    )");
    EXPECT_EQ(same.setting->designs().at(0).points.at(0).parameters.back(), 0.0);
}

// At n = p without noise and penalty there is no law: the least penalty that has one is taken, and
// where a weight has none the message says so.
TEST(GraphStudies, OptimalNumbersWhereThereIsNoLaw) {
    const Study study = study_of(head + R"(
        rows = { real = { n = 6 } }
        fit = { ridge = { rows = "real", penalty = "optimal" } }
    )");
    const double least = study.setting->designs().at(0).points.at(0).parameters.back();
    EXPECT_GT(least, 0.0);
    EXPECT_LT(least, 1e-6);
    // Of the student, and of the teacher alone.
    for (const char* fits : {R"(
            [fit.teacher]
            rows = "real"
            penalty = 1.0
            [fit.student]
            rows = "real"
        )",
                             R"(
            [fit.teacher]
            rows = "real"
            [fit.student]
            rows = "real"
            penalty = 1.0
        )"})
        try {
            study_of(fmt::format("{}rows = {{ real = {{ n = 6, noise_std = 0.5 }} }}{}{}", head,
                                 fits, R"(labels = { teacher = "optimal", rest = "observed" })"));
            ADD_FAILURE();
        } catch (const StudyError& error) {
            EXPECT_NE(std::string(error.what()).find("the risk has no law at p = 6"),
                      std::string::npos)
                << error.what();
        }
}

// By 40,000 rows: each moment lies within five standard errors.
// Rows of the identity are the coordinates that a mask keeps. A sign does not depend on the length
// of a file's rows, which are taken as they are.
TEST(GraphStudies, FeaturesOfAFile) {
    const auto theory = [](const std::string& of_fit, const std::vector<double>& w) {
        const Study study = study_of(head + fmt::format(R"(
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
            return study_of(head + fmt::format(R"(
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
    const Study study = study_of(head + text);
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

// A ratio of risks, the other's over the fit's.
TEST(GraphStudies, OutperformingRatio) {
    std::string ratio = text;
    ratio.replace(ratio.find("gain = "), 7, "opr = ");
    const Study study = study_of(head + ratio);
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
    const Study study = study_of(head + R"(
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
    const Study study = study_of(head + R"(
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
    const Study study = study_of(head + R"(
        rows = { real = { n = 6, noise_std = 0.5 } }
        fit = { only = { rows = "real" } }
    )");
    const auto rows = study.setting->theory(study.setting->designs().at(0).points.at(0));
    EXPECT_EQ(rows.at(0).flags, "near_interpolation");
    EXPECT_EQ(rows.at(0).prediction.kind, TheoryKind::exact);
    EXPECT_EQ(rows.at(0).prediction.value, std::numeric_limits<double>::infinity());
}

// σ²p/(n − p − 1) of a teacher, which a student of more rows hands on, by its weight, with noise of
// its own; none of these where rows are shared, weighted unequally, not Gaussian, or not all seen.
TEST(GraphStudies, ExactLawsOfLeastSquares) {
    const auto laws = [](const std::string& of_fresh, const std::string& of_student) {
        const Study study = study_of(head + R"(
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
    const std::string rademacher = "distribution = \"rademacher\"\n";
    const std::string other = "signal = { kind = \"uniform\", norm = 2.0 }\n";
    for (const auto& [of_fresh, of_student] :
         {std::pair<std::string, std::string>{"", R"(rows = ["fresh", "real"])"},
          {"", "rows = [\"fresh\", \"more\"]\nrow_weights = { more = 2.0 }"},
          {rademacher, R"(rows = "fresh")"},
          {other, R"(rows = ["fresh", "more"])"},
          {"", "rows = \"fresh\"\nkeep = 5"},
          {"", "rows = \"fresh\"\npenalty = 0.1"}}) {
        const auto rows = laws(of_fresh, of_student);
        EXPECT_EQ(rows[0].prediction.kind, TheoryKind::exact);
        EXPECT_EQ(rows[1].prediction.kind, TheoryKind::deterministic_equivalent)
            << of_fresh << of_student;
    }
}

// Errors of two teachers add up where they share no rows, and otherwise have a covariance too.
TEST(GraphStudies, ExactLawsOfTwoTeachers) {
    for (const char* second : {"more", "real"}) {
        const Study study = study_of(head + fmt::format(R"(
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
    const Study study = study_of(head + R"(
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
    )");
    const auto rows = study.setting->theory(study.setting->designs().at(0).points.at(0));
    EXPECT_EQ(rows[0].prediction.kind, TheoryKind::deterministic_equivalent);
    EXPECT_EQ(rows[0].flags, "");
    for (const std::size_t k : {1, 2}) {
        EXPECT_EQ(rows[k].prediction.kind, TheoryKind::none);
        EXPECT_EQ(rows[k].flags, "law_not_found");
    }
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
    const Study study = study_of(head + graph);
    EXPECT_EQ(study.setting->theory(study.setting->designs().at(0).points.at(0)).size(), 24u);
}

// The optimal penalty of rows of one weight is that weight times the usual one, however large.
TEST(GraphStudies, OptimalNumbersOfWeightedRows) {
    const auto best = [](const std::string& key, const char* weight) {
        const Study study = study_of(head + fmt::format(R"(
            [rows.a]
            n = 8
            noise_std = 1.0
            [rows.b]
            n = 6
            noise_std = 1.0
            [fit.f]
            rows = ["a", "b"]
            row_weights = {{ a = {0}, b = {0} }}
            {1} = "optimal"
        )",
                                                        weight, key));
        return parameter(study, study.setting->designs().at(0).points.at(0), key + "_f");
    };
    for (const auto& [weight, times] :
         {std::pair<const char*, double>{"1e-10", 1e-10}, {"1e6", 1e6}}) {
        EXPECT_NEAR(best("penalty", weight) / best("penalty", "1") / times, 1.0, 1e-3);
        if (times > 1.0) {
            EXPECT_NEAR(best("time", weight) / best("time", "1") * times, 1.0, 1e-3);
        }
    }
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
    const Study study = study_of(head + graph);
    const Study beside = study_of(head + graph + "[fit.z]\nrows = \"real\"\ntime = 1.0\n");
    const double risk = risk_of(study, study.setting->designs().at(0).points.at(0), "f29");
    EXPECT_NEAR(risk_of(beside, beside.setting->designs().at(0).points.at(0), "f29") / risk, 1.0,
                1e-10);
}

// Beyond what double precision holds.
TEST(GraphStudies, ALawThatIsNotFoundSaysSo) {
    const Study study = study_of(head + R"(
        [rows.real]
        n = 9
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
    for (const TheoryRow& row :
         study.setting->theory(study.setting->designs().at(0).points.at(0))) {
        EXPECT_EQ(row.prediction.kind, TheoryKind::none);
        EXPECT_EQ(row.flags, "law_not_found");
    }
}

// Rounding is not taken for a law: least squares of labels without noise errs by nothing.
TEST(GraphStudies, LawsOfZeroAreZero) {
    const Study study = study_of(head + R"(
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
        std::string text = head;
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
    const Study study = study_of(head + R"(
        rows = { a = { n = [4, 6, 7, 9] }, b = { n = [7, 9] } }
        fit = { one = { rows = "a" }, two = { rows = ["a", "b"] } }
    )");
    const Design design = study.setting->designs().at(0);
    EXPECT_EQ(
        std::set<std::uint64_t>(design.further_keys.begin(), design.further_keys.end()).size(), 4u);
}

std::string with_function(std::uint64_t version) {
    return head + fmt::format(R"(
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
    EXPECT_FALSE(study_of(head + text).setting->missing_function());
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
    std::string more = text;
    more.replace(more.find("n = 9"), 5, "n = [5, 9, 40]");
    more.replace(more.find("penalty = 0.5"), 13, "penalty = [0.1, 0.5]");
    const auto last = [](const std::string& graph) {
        const Study study = study_of(head + graph);
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
    for (const auto& [point, values] : last(text)) EXPECT_EQ(grown.at(point), values);
    EXPECT_EQ(study_of(head + text).setting->designs().at(0).key,
              study_of(head + more).setting->designs().at(0).key);
    std::string other = text;
    other.replace(other.find("rest = \"observed\""), 17, "rest = \"truth\"   ");
    other.replace(other.find("truth = -0.25, "), 15, "");
    EXPECT_NE(study_of(head + text).identity, study_of(head + other).identity);
}

}  // namespace
}  // namespace cucurbit
