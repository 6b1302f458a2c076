// Points that stop one by one: what a simulation gives of some of them does not depend on the
// others.

#include <gtest/gtest.h>

#include <algorithm>

#include "host/run/work.hpp"
#include "tests/support/simulate.hpp"

namespace cucurbit {
namespace {

constexpr std::string_view chain = R"(
schema = 1
study = { name = "a", kind = "chain", seed = 4 }
precision = { trials = 1 }
[population]
p = [7, 70]
spectrum = { kind = "power_law", exponent = 1.0 }
signal = { kind = "power_law", exponent = 1.5 }
[[stage]]
n = [5, 9, 40, 200]
noise_std = [0.0, 0.5]
[[stage]]
n = [6, 100]
noise_std = 0.1
penalty = [0.0, 3.0]
features = { kind = "random", count = 5, seed = 1 }
)";

constexpr std::string_view weak_to_strong = R"(
schema = 1
study = { name = "a", kind = "weak_to_strong", seed = 4 }
precision = { trials = 1 }
[population]
p = 400
signal = { kind = "subspace", of = "strong", norm = 1.0, outside_norm = 0.2 }
[weak]
d = [4, 50]
n = [3, 30, 52, 400]
noise_std = [0.0, 0.3]
[strong]
d = [5, 60]
n_pseudo = [4, 40, 1000]
overlap = { shared = [1, 4] }
)";

constexpr std::string_view graph = R"(
schema = 1
study = { name = "a", kind = "graph", seed = 4 }
precision = { trials = 1 }
[population]
p = [7, 70]
spectrum = { kind = "power_law", exponent = 1.0 }
signal = { kind = "power_law", exponent = 1.5 }
[rows.real]
n = [5, 6, 40, 200]
noise_std = [0.0, 0.5]
[rows.other]
n = [9, 100]
[fit.teacher]
rows = "real"
keep = 5
[fit.student]
rows = ["other", "real"]
row_weights = { other = [1.0, 0.3] }
penalty = [0.0, 3.0]
labels = { teacher = 0.5, rest = "observed" }
noise_std = 0.1
[fit.stopped]
rows = "other"
time = 10.0
labels = "student"
[measure]
in_sample_risk = ["teacher", "student"]
misfit = [["stopped", "teacher"]]
)";

/// Outcomes too: the rung of a value is stored beside it.
bool same(const TrialValues& part, std::size_t series, const TrialValues& whole, std::size_t other,
          std::size_t trials) {
    const auto at = [trials](const auto& values, std::size_t s) {
        return values.begin() + static_cast<std::ptrdiff_t>(s * trials);
    };
    return std::equal(at(part.values, series), at(part.values, series + 1),
                      at(whole.values, other)) &&
           std::equal(at(part.outcomes, series), at(part.outcomes, series + 1),
                      at(whole.outcomes, other));
}

class PointsApart : public testing::TestWithParam<std::string_view> {};

TEST_P(PointsApart, HaveTheSameBitsAlone) {
    const Study study = study_of(std::string(GetParam()));
    const EnginePointer engine = make_engine("cpu");
    const std::vector<std::uint64_t> trials = first_trials(11);
    std::size_t compared = 0;
    for (const Design& design : study.setting->designs()) {
        ASSERT_TRUE(design.points_apart);
        const TrialValues whole = simulate(study, design, *engine, trials, 8);
        // Each alone, and each with one far from it.
        for (std::size_t point = 0; point < design.points.size(); ++point)
            for (const std::size_t other : {point, design.points.size() - 1 - point}) {
                std::vector<std::size_t> series;
                for (std::size_t s = 0; s < design.series.size(); ++s)
                    if (design.series[s].point == point || design.series[s].point == other)
                        series.push_back(s);
                const TrialValues part =
                    simulate(study, restrict_design(design, series), *engine, trials, 3);
                for (std::size_t k = 0; k < series.size(); ++k, ++compared)
                    EXPECT_TRUE(same(part, k, whole, series[k], trials.size()))
                        << design.canonical << " series " << series[k];
            }
    }
    EXPECT_GT(compared, 300u);
}

INSTANTIATE_TEST_SUITE_P(Kinds, PointsApart, testing::Values(chain, weak_to_strong, graph));

TEST(PointsApart, AreNotOfProductsThatPointsShare) {
    std::string direct(weak_to_strong);
    direct.replace(direct.find("trials = 1"), 10, "trials = 1, sampler = \"direct\"");
    for (const Design& design : study_of(direct).setting->designs())
        EXPECT_FALSE(design.points_apart);
    const std::string features =
        "[fit.last]\nrows = \"other\"\n"
        "features = { kind = \"random\", activation = \"erf\", seed = 1, count = 3 }\n";
    std::string with(graph);
    with.insert(with.find("[measure]"), features);
    for (const Design& design : study_of(with).setting->designs())
        EXPECT_FALSE(design.points_apart);
    for (const std::string_view kind : {chain, graph})
        for (const Design& design :
             study_of(std::string(kind) + "[test]\nrotation = 1\n").setting->designs())
            EXPECT_FALSE(design.points_apart);
}

}  // namespace
}  // namespace cucurbit
