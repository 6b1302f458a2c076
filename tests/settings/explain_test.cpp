// The parts of predicted risks: they add up to the law, and each is what its cause alone would be.

#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "tests/support/simulate.hpp"

namespace cucurbit {
namespace {

const std::string explained_population = R"(
    schema = 1
    population = { p = 30, spectrum = { kind = "power_law", exponent = 1.0 }, signal = { kind = "power_law", exponent = 1.5 } }
    precision = { trials = 64 }
)";

const std::string explained_two_stage = explained_population + R"(
    study = { name = "explained", kind = "two_stage", seed = 3 }
    surrogate = { m = [12, 60], noise_std = 0.3 }
    target = { n = [9, 50], noise_std = 0.4, arms = ["surrogate", "target", "standard"] }
)";

const std::string explained_chain = explained_population + R"(
    study = { name = "explained", kind = "chain", seed = 3 }
    [[stage]]
    n = [40, 12]
    noise_std = 0.3
    [[stage]]
    n = 20
    noise_std = 0.2
    features = { kind = "random", count = 12, seed = 1 }
    penalty = 0.1
    [[stage]]
    n = 50
    noise_std = 0.5
)";

const std::string explained_graph = explained_population + R"(
    study = { name = "explained", kind = "graph", seed = 3 }
    [rows.real]
    n = [12, 60]
    noise_std = 0.4
    [rows.fresh]
    n = 40
    noise_std = 0.7
    [fit.teacher]
    rows = "real"
    penalty = 0.2
    [fit.student]
    rows = ["real", "fresh"]
    penalty = 0.1
    noise_std = 0.3
    labels = { teacher = 0.5, rest = "observed" }
    [fit.alone]
    rows = "fresh"
)";

const std::string explained_rotation = explained_population + R"(
    study = { name = "explained", kind = "graph", seed = 3 }
    [rows.turned]
    n = [12, 60]
    noise_std = 0.4
    rotation = 2
    [rows.straight]
    n = 40
    noise_std = 0.7
    [fit.teacher]
    rows = "turned"
    penalty = 0.2
    [fit.student]
    rows = "straight"
    keep = 20
    noise_std = 0.3
    labels = { teacher = 0.5, rest = "observed" }
)";

const std::string explained_model_shift = explained_population + R"(
    study = { name = "explained", kind = "model_shift", seed = 3 }
    target = { n = [9, 50], noise_std = [0.0, 0.4], arms = ["standard", "optimal_surrogate"] }
)";

using Parts = std::map<std::pair<std::string, std::string>, double>;  ///< of arm and cause

Parts parts_of(const Setting& setting, const Point& point, bool decades = false) {
    Parts parts;
    for (const RiskPart& part : explain(setting, point, decades))
        parts[{part.arm, part.cause}] += part.value;
    return parts;
}

const std::vector<std::string> explained = {explained_model_shift, explained_two_stage,
                                            explained_chain, explained_graph, explained_rotation};

class Explain : public testing::TestWithParam<std::size_t> {
protected:
    const Study study_ = study_of(explained.at(GetParam()));
    const Setting& setting_ = *study_.setting;
    const std::vector<Point> points_ = setting_.designs().at(0).points;
};

TEST_P(Explain, PartsAddUpToTheLaw) {
    for (const Point& point : points_)
        for (const bool decades : {false, true}) {
            std::map<std::string, double> sums;
            for (const RiskPart& part : explain(setting_, point, decades))
                sums[part.arm] += part.value;
            std::size_t compared = 0;
            for (const TheoryRow& row : setting_.theory(point)) {
                if (row.estimand != "excess_risk") continue;
                const double risk = row.prediction.value;
                EXPECT_NEAR(sums.at(row.arm), risk, 1e-12 * risk) << row.arm;
                ++compared;
            }
            EXPECT_EQ(compared, sums.size());
        }
}

TEST_P(Explain, TwiceTheNoiseAddsFourTimesAsMuch) {
    const std::vector<std::string> names = setting_.parameters();
    for (const Point& point : points_) {
        const Parts before = parts_of(setting_, point);
        for (std::size_t k = 0; k < names.size(); ++k) {
            if (names[k].find("noise_std") == std::string::npos) continue;
            Point louder = point;
            louder.parameters[k] *= 2.0;
            for (const auto& [which, value] : parts_of(setting_, louder)) {
                const double factor = which.second == names[k] ? 4.0 : 1.0;
                EXPECT_NEAR(value, factor * before.at(which), 1e-12) << which.first << which.second;
            }
        }
    }
}

TEST_P(Explain, NoPartIsNegative) {
    for (const Point& point : points_)
        for (const RiskPart& part : explain(setting_, point, true))
            EXPECT_GE(part.value, -1e-14) << part.arm << part.cause;
}

INSTANTIATE_TEST_SUITE_P(Kinds, Explain, testing::Range<std::size_t>(0, 5));

// Least squares learns the labels without bias, and hands the noise of every stage on:
// σ² p/(n − p − 1) each.
TEST(ExplainOne, LeastSquaresPassesNoiseOn) {
    const Study study = study_of(explained_population + R"(
        study = { name = "explained", kind = "chain", seed = 3 }
        stage = [{ n = 50, noise_std = 0.3 }, { n = 60, noise_std = 0.5 }]
    )");
    const Parts parts = parts_of(*study.setting, study.setting->designs().at(0).points.at(0));
    EXPECT_NEAR(parts.at({"stage_2", "noise_std_1"}), 0.09 * 30 / 19, 1e-12);
    EXPECT_NEAR(parts.at({"stage_2", "noise_std_2"}), 0.25 * 30 / 29, 1e-12);
    EXPECT_EQ(parts.at({"stage_1", "noise_std_2"}), 0.0);
    EXPECT_NEAR(parts.at({"stage_2", "bias"}), 0.0, 1e-15);
    EXPECT_NEAR(parts.at({"stage_2", "sampling"}), 0.0, 1e-15);
}

// What a keeps of the spectrum is bias beyond what it keeps, and nothing before where it is least
// squares of labels without noise on all that is left.
TEST(ExplainOne, BandsHoldTheirOwnCoordinates) {
    const Study study = study_of(explained_population + R"(
        study = { name = "explained", kind = "graph", seed = 3 }
        rows = { real = { n = 20 } }
        fit = { only = { rows = "real", keep = 10, penalty = 0.001 } }
    )");
    std::map<std::size_t, double> bias;
    const Setting& setting = *study.setting;
    for (const RiskPart& part : explain(setting, setting.designs().at(0).points.at(0), true))
        if (part.cause == "bias") bias[part.last] = part.value;
    ASSERT_EQ(bias.size(), 2u);
    double beyond = 0.0;
    for (std::size_t i = 11; i <= 30; ++i) beyond += std::pow(static_cast<double>(i), -1.5);
    EXPECT_NEAR(bias.at(30), beyond, 1e-12);
    EXPECT_LT(bias.at(10), 1e-3 * beyond);
}

}  // namespace
}  // namespace cucurbit
