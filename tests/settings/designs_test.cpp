// What fixes a design's draws is its seed, population and stage shapes, and nothing else: grids,
// noise, arms and precision may grow in an existing run.

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "tests/settings/studies.hpp"
#include "tests/support/npy.hpp"

namespace cucurbit {
namespace {

std::set<std::uint64_t> keys(const Study& study) {
    std::set<std::uint64_t> found;
    for (const Design& design : study.setting->designs()) found.insert(design.key);
    return found;
}

template <class Text>
Text with(std::string Text::*field, const std::string& value) {
    Text text;
    text.*field = value;
    return text;
}

TEST(ModelShiftDesigns, GridsNoiseArmsAndPrecisionKeepTheDraws) {
    using Text = ModelShiftText;
    const Study plain = Text().study();
    for (const auto& [field, value] :
         std::initializer_list<std::pair<std::string Text::*, std::string>>{
             {&Text::name, "other"},
             {&Text::n, "[1, 3, 5, 9, 20]"},
             {&Text::noise_std, "1.0"},
             {&Text::arms, R"(["optimal_surrogate"])"},
             {&Text::trials, "1000"},
             {&Text::label_noise, "sample"}}) {
        const Study grown = with(field, value).study();
        EXPECT_EQ(keys(grown), keys(plain)) << value;
    }
}

TEST(ModelShiftDesigns, SeedAndPopulationChangeTheDraws) {
    using Text = ModelShiftText;
    const Study plain = Text().study();
    for (const auto& [field, value] :
         std::initializer_list<std::pair<std::string Text::*, std::string>>{
             {&Text::seed, "2"},
             {&Text::p, "7"},
             {&Text::spectrum, R"({ kind = "power_law", exponent = 2.5 })"},
             {&Text::signal, R"({ kind = "uniform" })"}}) {
        const Study other = with(field, value).study();
        EXPECT_NE(keys(other), keys(plain)) << value;
    }
    EXPECT_EQ(keys(with(&Text::p, "[6, 7]").study()).size(), 2u);
}

TEST(ModelShiftDesigns, PointsAreTheWholeGridWithEveryArm) {
    const Study study = ModelShiftText().study();
    const auto designs = study.setting->designs();
    ASSERT_EQ(designs.size(), 1u);
    const std::vector<Point> expected{{{6, 3, 0.0}}, {{6, 3, 0.2}}, {{6, 9, 0.0}}, {{6, 9, 0.2}}};
    EXPECT_EQ(designs[0].points, expected);
    ASSERT_EQ(designs[0].series.size(), 8u);
    for (std::size_t s = 0; s < 8; ++s) {
        EXPECT_EQ(designs[0].series[s].point, s / 2);
        EXPECT_EQ(designs[0].series[s].arm, s % 2 == 0 ? "standard" : "mask");
        EXPECT_EQ(designs[0].series[s].estimand, "excess_risk");
    }
}

TEST(TwoStageDesigns, GridsOfTheTargetAndNoiseKeepTheDraws) {
    using Text = TwoStageText;
    const Study plain = Text().study();
    for (const auto& [field, value] :
         std::initializer_list<std::pair<std::string Text::*, std::string>>{
             {&Text::name, "other"},
             {&Text::n, "[1, 3, 5, 9, 20]"},
             {&Text::noise_std, "1.0"},
             {&Text::surrogate_noise_std, "[0.0, 0.5]"},
             {&Text::arms, R"(["target"])"},
             {&Text::trials, "1000"}})
        EXPECT_EQ(keys(with(field, value).study()), keys(plain)) << value;
}

TEST(TwoStageDesigns, SeedPopulationAndSurrogateChangeTheDraws) {
    using Text = TwoStageText;
    const Study plain = Text().study();
    for (const auto& [field, value] :
         std::initializer_list<std::pair<std::string Text::*, std::string>>{
             {&Text::seed, "2"},
             {&Text::p, "7"},
             {&Text::m, "5"},
             {&Text::spectrum, R"({ kind = "power_law", exponent = 2.5 })"},
             {&Text::surrogate_spectrum, R"({ kind = "power_law", exponent = 1.1 })"},
             {&Text::signal, R"({ kind = "uniform" })"}})
        EXPECT_NE(keys(with(field, value).study()), keys(plain)) << value;
    EXPECT_EQ(keys(with(&Text::m, "[4, 5]").study()).size(), 2u);
}

// A tied grid adds a column for its ratios, and draws still go by m itself.
TEST(TwoStageDesigns, GridsMayBeTied) {
    using Text = TwoStageText;
    Text text;
    text.m = R"({ per = "p", ratio = [0.5, 2.0] })";
    text.n = R"({ with = "surrogate.m", values = [3, 9] })";
    text.noise_std = "0.2";
    const Study study = text.study();
    EXPECT_EQ(study.setting->parameters(),
              (std::vector<std::string>{"p", "m/p", "m", "n", "noise_std", "surrogate_noise_std"}));
    const auto designs = study.setting->designs();
    ASSERT_EQ(designs.size(), 2u);
    EXPECT_EQ(designs[0].points, (std::vector<Point>{{{6, 0.5, 3, 3, 0.2, 0.1}}}));
    EXPECT_EQ(designs[1].points, (std::vector<Point>{{{6, 2.0, 12, 9, 0.2, 0.1}}}));
    EXPECT_EQ(keys(study), keys(with(&Text::m, "[3, 12]").study()));
}

TEST(Designs, KindsDoNotShareDraws) {
    EXPECT_NE(keys(ModelShiftText().study()), keys(TwoStageText().study()));
}

TEST(Designs, MemoryGrowsWithTheProblem) {
    using Text = ModelShiftText;
    const auto bytes = [](const Study& study) {
        return study.setting->designs().at(0).bytes_per_trial;
    };
    const std::size_t small = bytes(Text().study());
    EXPECT_GE(small, sizeof(double) * 6 * 3);
    EXPECT_GT(bytes(with(&Text::p, "60").study()), small);
}

// By which the CPU's engine decides whether trials are interleaved, however many matrices they
// have.
TEST(Designs, TheLargestMatrixHoldsTheSamples) {
    const auto design = [](const std::string& arms) {
        ModelShiftText text;
        text.p = "60";
        text.n = "[20, 30, 40, 50]";
        text.arms = arms;
        return text.study().setting->designs().at(0);
    };
    const Design one = design(R"(["standard"])");
    const Design three = design(R"(["standard", "optimal_surrogate", "mask"])");
    EXPECT_EQ(one.bytes_per_matrix, sizeof(double) * 60 * 50);
    EXPECT_EQ(three.bytes_per_matrix, one.bytes_per_matrix);
    EXPECT_GT(three.bytes_per_trial, one.bytes_per_trial);
}

Study subspaces(const std::string& n, const std::string& seed, const std::string& shared) {
    return study_of(fmt::format(R"(
        schema = 1
        study = {{ name = "test", kind = "weak_to_strong", seed = {} }}
        population = {{ p = 20, signal = {{ kind = "subspace", of = "strong" }} }}
        weak = {{ d = 4, n = {}, noise_std = 0.1 }}
        strong = {{ d = 3, n_pseudo = [9, 12], overlap = {{ shared = {} }} }}
        precision = {{ trials = 64 }}
    )",
                                seed, n, shared));
}

Study chain(const std::string& n, const std::string& seed, const std::string& penalty) {
    return study_of(fmt::format(R"(
        schema = 1
        study = {{ name = "test", kind = "chain", seed = {} }}
        population = {{ p = 5, spectrum = {{ kind = "isotropic" }}, signal = {{ kind = "uniform" }} }}
        stage = [{{ n = {}, noise_std = 0.1 }}, {{ n = [9, 12], noise_std = 0.0, penalty = {} }}]
        precision = {{ trials = 64 }}
    )",
                                seed, n, penalty));
}

std::set<std::uint64_t> further_keys(const Study& study) {
    std::set<std::uint64_t> found;
    std::size_t count = 0;
    for (const Design& design : study.setting->designs()) {
        found.insert(design.key);
        found.insert(design.further_keys.begin(), design.further_keys.end());
        count += 1 + design.further_keys.size();
    }
    EXPECT_EQ(found.size(), count) << "draws share a key";
    return found;
}

// Each sample size has a factor of its own: a longer grid keeps the keys of the shorter one.
TEST(FactorKeys, AreDistinctAndStayWhenAGridGrows) {
    for (const auto& study : {subspaces, chain}) {
        const auto few = further_keys(study("[9, 12]", "1", "2"));
        const auto many = further_keys(study("[6, 9, 12, 30]", "1", "2"));
        EXPECT_EQ(few.size(), 5u);
        EXPECT_EQ(many.size(), 7u);
        EXPECT_TRUE(std::includes(many.begin(), many.end(), few.begin(), few.end()));
        for (const std::uint64_t key : further_keys(study("[9, 12]", "2", "2")))
            EXPECT_FALSE(few.contains(key));
    }
    EXPECT_EQ(further_keys(subspaces("[9]", "1", "[1, 2]")).size(), 8u);
    EXPECT_EQ(further_keys(chain("[9]", "1", "[0.5, 2]")), further_keys(chain("[9]", "1", "2")));
}

/// Gradient descent on the first columns of 30 samples of three classes.
Study descent_from_files(std::size_t columns, std::size_t samples, bool single,
                         const std::string& n = "10", const std::string& seed = "1") {
    std::vector<double> features, labels;
    for (std::size_t i = 0; i < samples; ++i) {
        for (std::size_t j = 0; j < columns; ++j)
            features.push_back(static_cast<double>((i * 7 + j * 3) % 11));
        labels.push_back(static_cast<double>(i % 3));
    }
    return study_of(fmt::format(R"(
        schema = 1
        study = {{ name = "test", kind = "gradient_descent", seed = {} }}
        data = {{ features_file = "x.npy", labels_file = "y.npy", n = {}, flip = 0.1, test = 8 }}
        teacher = {{ loss = "cross_entropy", steps = 2, step_fraction = 1.0 }}
        student = {{ steps = 2, step_fraction = 1.0 }}
        precision = {{ trials = 64 }}
    )",
                                seed, n),
                    {{"x.npy", npy_file(samples, columns, features, single)},
                     {"y.npy", npy_file(samples, 0, labels)}});
}

TEST(DescentDesigns, OtherFeaturesOfTheSameSamplesKeepTheDraws) {
    const Study plain = descent_from_files(4, 30, false);
    for (const Study& same : {descent_from_files(4, 30, true), descent_from_files(5, 30, false)}) {
        EXPECT_EQ(keys(same), keys(plain));
        EXPECT_NE(same.identity, plain.identity);
    }
    for (const Study& other :
         {descent_from_files(4, 33, false), descent_from_files(4, 30, false, "11"),
          descent_from_files(4, 30, false, "10", "2")})
        EXPECT_NE(keys(other), keys(plain));
}

}  // namespace
}  // namespace cucurbit
