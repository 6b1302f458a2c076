// Numbers of a graph that its law chooses.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/settings/graphs.hpp"
#include "tests/support/simulate.hpp"

namespace cucurbit {
namespace {

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

// A little more or less is no better; the weight changes its sign where the penalty is optimal.
TEST(GraphStudies, OptimalNumbersMinimiseTheLaw) {
    const Study study = study_of(graph_head + optimal);
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
        study_of(graph_head + "rows = { real = { n = [4, 20], noise_std = 0.5 } }" + flow);
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
            study_of(fmt::format("{}rows = {{ real = {{ n = {} }} }}{}", graph_head, n, flow));
        EXPECT_EQ(clean.setting->designs().at(0).points.at(0).parameters.back(), 1e9) << n;
    }
}

// Labels without noise need no penalty, and those of a teacher that is the student no weight.
TEST(GraphStudies, OptimalNumbersOnTheEdge) {
    const Study study = study_of(graph_head + R"(
        rows = { real = { n = 4 } }
        fit = { ridge = { rows = "real", penalty = "optimal" } }
    )");
    EXPECT_EQ(study.setting->designs().at(0).points.at(0).parameters.back(), 0.0);
    // A teacher that reproduces its labels hands them on: all weights are one.
    const Study same = study_of(graph_head + R"(
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
    const Study study = study_of(graph_head + R"(
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
            study_of(fmt::format("{}rows = {{ real = {{ n = 6, noise_std = 0.5 }} }}{}{}",
                                 graph_head, fits,
                                 R"(labels = { teacher = "optimal", rest = "observed" })"));
            ADD_FAILURE();
        } catch (const StudyError& error) {
            EXPECT_NE(std::string(error.what()).find("the risk has no law at p = 6"),
                      std::string::npos)
                << error.what();
        }
}

// The optimal penalty of rows of one weight is that weight times the usual one, however large.
TEST(GraphStudies, OptimalNumbersOfWeightedRows) {
    const auto best = [](const std::string& key, const char* weight) {
        const Study study = study_of(graph_head + fmt::format(R"(
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

}  // namespace
}  // namespace cucurbit
