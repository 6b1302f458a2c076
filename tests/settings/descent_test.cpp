// Gradient descent through its studies: the closed form against iteration, where the bias holds and
// where it fails, and what a trial's values depend on.

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "tests/settings/studies.hpp"

namespace cucurbit {
namespace {

/// Values of some trials, by arm, estimand and the point's parameters.
using Key = std::tuple<std::string, std::string, std::vector<std::string>>;
using ByKey = std::map<Key, std::vector<double>>;

ByKey values_of(const Study& study, std::size_t trials, std::size_t batch = 1) {
    ByKey values;
    const EnginePointer engine = make_engine("cpu");
    for (const Design& design : study.setting->designs()) {
        const TrialValues all = simulate(study, design, *engine, first_trials(trials), batch);
        for (std::size_t s = 0; s < design.series.size(); ++s) {
            const Series& series = design.series[s];
            std::vector<std::string> point;
            for (const double value : design.points[series.point].parameters)
                point.push_back(fmt::format("{}", value));
            values[{series.arm, series.estimand, point}] = {
                all.values.begin() + static_cast<std::ptrdiff_t>(s * trials),
                all.values.begin() + static_cast<std::ptrdiff_t>((s + 1) * trials)};
        }
    }
    return values;
}

std::vector<double> every(const ByKey& values, const std::string& estimand,
                          const std::string& arm = "student") {
    std::vector<double> found;
    for (const auto& [key, of] : values)
        if (std::get<1>(key) == estimand && std::get<0>(key) == arm)
            found.insert(found.end(), of.begin(), of.end());
    return found;
}

template <class Field>
DescentText with(DescentText text, Field field, const std::string& value) {
    text.*field = value;
    return text;
}

DescentText closed_form(DescentText text) {
    text.teacher += R"(, method = "closed_form")";
    return text;
}

TEST(Descent, ClosedFormIsTheIterationAfterManySteps) {
    for (const auto& [p, n] : {std::pair{"12", "8"}, {"6", "20"}}) {
        DescentText text;
        text.p = p;
        text.n = n;
        text.teacher_steps = "[3, 700, 100000]";
        text.student_steps = "[1, 50, 100000]";
        text.teacher = R"(loss = "squared", step_fraction = 0.03)";
        text.student = "step_fraction = 0.03";
        const ByKey exact = values_of(closed_form(text).study(), 2);
        const ByKey iterated = values_of(text.study(), 2);
        std::size_t compared = 0;
        for (const auto& [key, of] : exact) {
            const std::string& estimand = std::get<1>(key);
            // Between steps a path is straight here and curved there.
            if (estimand.starts_with("projection_ratio")) continue;
            for (std::size_t t = 0; t < of.size(); ++t, ++compared)
                ASSERT_NEAR(iterated.at(key)[t], of[t], 1e-10 * std::max(1.0, std::abs(of[t])))
                    << std::get<0>(key) << " " << estimand;
        }
        EXPECT_GT(compared, 200u);
    }
}

TEST(Descent, MixturesAndSwitchesHaveTheSameClosedForm) {
    for (
        const char* student :
        {R"(step_fraction = 0.5, labels = "mixture", teacher_weight = 0.3)",
         R"(step_fraction = 0.5, labels = "one_hot", switch_at = [0, 7, 400], switch_to = "teacher")",
         R"(step_fraction = 0.5, switch_at = [5], switch_to = "mixture", teacher_weight = 0.8)"}) {
        DescentText text;
        text.student = student;
        text.student_steps = "[3, 7, 8, 60]";
        const ByKey exact = values_of(closed_form(text).study(), 2);
        const ByKey iterated = values_of(text.study(), 2);
        for (const auto& [key, of] : exact) {
            const std::string& estimand = std::get<1>(key);
            if (estimand != "excess_risk" && estimand != "projection_2") continue;
            for (std::size_t t = 0; t < of.size(); ++t)
                ASSERT_NEAR(iterated.at(key)[t], of[t], 1e-11) << student;
        }
    }
}

TEST(Descent, SmallStepsApproachTheFlow) {
    DescentText text;
    text.teacher_steps = text.student_steps = "[5000, 50000]";
    text.teacher = R"(loss = "squared", step_fraction = 0.0001)";
    text.student = "step_fraction = 0.0001";
    DescentText flow = text;
    flow.teacher += R"(, method = "gradient_flow")";
    const ByKey limit = values_of(flow.study(), 2);
    for (const auto& [key, of] : values_of(closed_form(text).study(), 2)) {
        if (std::get<1>(key) != "excess_risk") continue;
        for (std::size_t t = 0; t < of.size(); ++t) EXPECT_NEAR(limit.at(key)[t], of[t], 2e-3);
    }
}

// Over the spectra of 200 trials, real times: 200 · 20 · 20 · 6 pairs.
TEST(Descent, NoViolationInsideTheMonotoneRange) {
    for (const char* fraction : {"0.999", "0.5", "0.001"}) {
        DescentText text = closed_form({});
        text.teacher_steps = text.student_steps = "{ logspace = [0.1, 100000], count = 20 }";
        text.teacher = fmt::format(
            R"(loss = "squared", method = "closed_form", step_fraction = {})", fraction);
        text.student = fmt::format("step_fraction = {}", fraction);
        const std::vector<double> violations = every(values_of(text.study(), 200, 8), "violations");
        EXPECT_EQ(violations.size(), 80'000u);
        EXPECT_EQ(std::set<double>(violations.begin(), violations.end()), std::set<double>{0.0});
    }
}

TEST(Descent, ViolationsAreFoundBeyondTheMonotoneRange) {
    DescentText text;
    text.teacher_steps = text.student_steps = "[1, 2, 3, 5, 8, 13, 50]";
    const auto share = [&](const std::string& fraction) {
        text.teacher = R"(loss = "squared", step_fraction = )" + fraction;
        text.student = "step_fraction = " + fraction;
        double sum = 0.0;
        for (const double value : every(values_of(text.study(), 20), "violations")) sum += value;
        return sum;
    };
    EXPECT_EQ(share("0.9"), 0.0);
    EXPECT_GT(share("1.8"), 10.0);
}

TEST(Descent, EveryEstimandOfClassesIsFinite) {
    for (const char* labels : {R"({ kind = "logistic", strength = 3.0, flip = [0.0, 0.3] })",
                               R"({ kind = "softmax", classes = 4, strength = 3.0, flip = 0.3 })"})
        for (
            const char* student :
            {"step_fraction = 1.0, margin_bins = 3",
             R"(step_fraction = 0.5, momentum = 0.5, batch = 30, temperature = 2.0)",
             R"(step_size = 0.1, inputs = "fresh", labels = "mixture", teacher_weight = 0.5)",
             R"(step_fraction = 1.0, labels = "one_hot", switch_at = [0, 5], switch_to = "teacher")"})
            for (const char* features :
                 {"", R"(features = { kind = "random_relu", width = 20, seed = 3 })"}) {
                DescentText text = DescentText::classes();
                text.n = "70";
                text.labels = labels;
                text.student = student;
                text.features = features;
                const ByKey values = values_of(text.study(), 2);
                for (const auto& [key, of] : values)
                    for (const double value : of)
                        ASSERT_TRUE(std::isfinite(value)) << std::get<1>(key) << " " << student;
                EXPECT_FALSE(every(values, "fit_flipped").empty());
            }
}

// More weights than samples: in the end each model fits its own training points, flipped labels
// too, and after one step the flipped ones least.
TEST(Descent, ModelsFitTheLabelsThatTheyWereTrainedOn) {
    DescentText text = DescentText::classes();
    text.p = "300";
    text.n = "70";
    text.spectrum = "{ kind = \"isotropic\" }";
    text.labels = R"({ kind = "logistic", strength = 3.0, flip = 0.3 })";
    for (const char* inputs : {"same", "fresh"}) {
        text.student = fmt::format(R"(step_fraction = 1.0, inputs = "{}")", inputs);
        text.teacher_steps = text.student_steps = "2000";
        const ByKey late = values_of(text.study(), 5);
        for (const char* arm : {"teacher", "one_hot"})
            for (const char* fit : {"fit_clean", "fit_flipped"})
                EXPECT_EQ(every(late, fit, arm), std::vector<double>(5, 1.0)) << arm << fit;
        text.teacher_steps = text.student_steps = "1";
        text.p = "10";
        const ByKey early = values_of(text.study(), 5);
        for (const char* arm : {"teacher", "one_hot"}) {
            const auto clean = every(early, "fit_clean", arm);
            const auto flipped = every(early, "fit_flipped", arm);
            for (std::size_t t = 0; t < 5; ++t) {
                EXPECT_GT(clean[t], flipped[t]) << arm;
                EXPECT_LT(clean[t], 1.0) << arm;
            }
        }
        text.p = "300";
    }
}

// As many samples as weights, whose flipped labels can be fitted: the longer the worse.
TEST(Descent, ModelsStopWhereTheirLossOnHeldOutSamplesIsLeast) {
    DescentText text = DescentText::classes();
    text.p = text.n = "20";
    text.labels = R"({ kind = "logistic", strength = 3.0, flip = 0.3 })";
    text.data = ", test = 50, held_out = 300";
    text.teacher_steps = "[3, 2000]";
    text.student_steps = "[4, 2000]";
    const ByKey values = values_of(text.study(), 10);
    EXPECT_EQ(every(values, "stopped_at", "early_teacher"), std::vector<double>(10, 3.0));
    EXPECT_EQ(every(values, "stopped_at", "early_one_hot"), std::vector<double>(10, 4.0));
    const auto cross_entropy = every(values, "cross_entropy", "teacher");
    const auto early = every(values, "cross_entropy", "early_teacher");
    ASSERT_EQ(cross_entropy.size(), 20U);
    // The teacher of 2000 steps comes before that of 3.
    EXPECT_EQ(early, std::vector<double>(cross_entropy.begin() + 10, cross_entropy.end()));
    EXPECT_EQ(every(values, "stopped_at", "early_student").size(), 20U);
}

// The two are rounded differently.
TEST(Descent, AStudentOfTheLabelsIsItsTeacherAfterAsManySteps) {
    DescentText text = DescentText::classes();
    text.n = "30";
    text.teacher += ", batch = 30";
    text.student += R"(, labels = "one_hot")";
    text.teacher_steps = text.student_steps = "40";
    const ByKey values = values_of(text.study(), 20);
    for (const char* sample : {"train", "test"}) {
        for (const char* share : {"underfit_", "exceeded_"})
            for (const double value : every(values, std::string(share) + sample))
                EXPECT_EQ(value, 0.0) << share << sample;
        for (const double slope : every(values, std::string("margin_slope_") + sample))
            EXPECT_NEAR(slope, 1.0, 1e-9);
    }
}

TEST(Descent, DivergedRunsFailAndDoNotCrash) {
    DescentText text = DescentText::classes();
    text.n = "70";
    text.labels = R"({ kind = "softmax", classes = 3, strength = 3.0, flip = 0.3 })";
    text.spectrum = R"({ kind = "isotropic", value = 1e100 })";
    text.teacher = R"(loss = "cross_entropy", step_size = 1e100)";
    text.student = "step_size = 1e100, margin_bins = 2";
    text.teacher_steps = text.student_steps = "[1, 100]";
    std::size_t failed = 0;
    for (const auto& [key, of] : values_of(text.study(), 2))
        for (const double value : of) failed += !std::isfinite(value);
    EXPECT_GT(failed, 10u);
}

TEST(Descent, ValuesDependOnTheTrialAloneAndNotOnTheGrids) {
    for (const bool closed : {false, true}) {
        DescentText text = closed ? closed_form({}) : DescentText::classes();
        const ByKey few = values_of(text.study(), 6), batched = values_of(text.study(), 6, 4);
        for (const auto& [key, of] : few) EXPECT_EQ(of, batched.at(key)) << std::get<1>(key);
        text.teacher_steps = "[1, 4, 10, 30]";
        text.student_steps = "[1, 2, 20, 25]";
        const ByKey more = values_of(text.study(), 6);
        EXPECT_GT(more.size(), 2 * few.size());
        // Paths are recorded at other steps, so matched progress is found between others.
        for (const auto& [key, of] : few) {
            if (std::get<1>(key).starts_with("projection_ratio")) continue;
            for (std::size_t t = 0; t < of.size(); ++t)
                EXPECT_NEAR(more.at(key)[t], of[t], 1e-9) << std::get<1>(key);
        }
    }
}

TEST(DescentDesigns, GridsModelsAndDisturbancesKeepTheDraws) {
    const auto keys = [](const DescentText& text) {
        std::set<std::uint64_t> found;
        for (const Design& design : text.study().setting->designs()) found.insert(design.key);
        return found;
    };
    const DescentText plain;
    for (const auto& [field, value] :
         std::initializer_list<std::pair<std::string DescentText::*, std::string>>{
             {&DescentText::name, "other"},
             {&DescentText::teacher_steps, "[1, 5, 10]"},
             {&DescentText::student_steps, "30"},
             {&DescentText::teacher, R"(loss = "squared", step_fraction = 0.25)"},
             {&DescentText::student, R"(step_fraction = 0.5, inputs = "fresh")"},
             {&DescentText::labels, R"({ kind = "linear", noise_std = [0.0, 2.0] })"},
             {&DescentText::trials, "1000"}})
        EXPECT_EQ(keys(with(plain, field, value)), keys(plain)) << value;
    for (const auto& [field, value] :
         std::initializer_list<std::pair<std::string DescentText::*, std::string>>{
             {&DescentText::seed, "2"},
             {&DescentText::p, "7"},
             {&DescentText::n, "9"},
             {&DescentText::spectrum, R"({ kind = "power_law", exponent = 2.5 })"},
             {&DescentText::signal, R"({ kind = "uniform" })"}})
        EXPECT_NE(keys(with(plain, field, value)), keys(plain)) << value;
    EXPECT_NE(keys(DescentText::classes()), keys(plain));
}

TEST(DescentDesigns, PointsNameOnlyWhatTheirModelsHave) {
    const Study study = DescentText().study();
    const Design design = study.setting->designs().at(0);
    ASSERT_EQ(study.setting->parameters(),
              (std::vector<std::string>{"p", "n", "noise_std", "teacher_steps", "student_steps"}));
    ASSERT_EQ(design.points.size(), 2u + 2u + 4u);
    for (const Series& series : design.series) {
        const std::vector<double>& at = design.points[series.point].parameters;
        EXPECT_EQ(std::isnan(at[3]), series.arm == "one_hot");
        EXPECT_EQ(std::isnan(at[4]), series.arm == "teacher");
    }
}

}  // namespace
}  // namespace cucurbit
