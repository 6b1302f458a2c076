// Two stages against theory: means within the gap that the deterministic equivalent is allowed, and
// within standard errors where both stages have exact laws.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/statistical/curve.hpp"

namespace cucurbit {
namespace {

Study study(const std::string& surrogate_spectrum, const std::string& target_spectrum) {
    return study_of(fmt::format(R"(
        schema = 1
        [study]
        name = "two-stage"
        kind = "two_stage"
        seed = 5
        [population]
        p = 100
        spectrum = {}
        signal = {{ kind = "power_law", exponent = 1.5 }}
        [surrogate]
        m = [40, 150]
        noise_std = [0.0, 0.4]
        spectrum = {}
        [target]
        n = [25, 60, 140]
        noise_std = [0.0, 0.3]
        arms = ["surrogate", "target", "standard"]
        [precision]
        trials = 64
        label_noise = "integrate"
    )",
                                target_spectrum, surrogate_spectrum));
}

/// 3/|n − p| + 3/n for each stage that an arm goes through.
double allowed_bias(const Study& of, const Measured& series) {
    const auto term = [&](const char* samples) {
        const double n = parameter(of, series.point, samples);
        return 3.0 / std::abs(n - parameter(of, series.point, "p")) + 3.0 / n;
    };
    double allowed = 0.0;
    if (series.arm != "standard") allowed += term("m");
    if (series.arm != "surrogate") allowed += term("n");
    return allowed;
}

void expect_theory(const Study& of, std::size_t trials) {
    std::size_t exact = 0, equivalent = 0;
    for (const Measured& series : measure(of, trials)) {
        const Prediction theory = predicted(of, series.point, series.arm);
        ASSERT_NE(theory.kind, TheoryKind::none);
        const Moments& risk = series.moments;
        const bool law = theory.kind == TheoryKind::exact;
        ++(law ? exact : equivalent);
        const double bias = law ? 0.0 : allowed_bias(of, series) * theory.value;
        EXPECT_LE(std::abs(risk.mean() - theory.value), bias + 4.0 * risk.standard_error() + 1e-12)
            << series.arm << " at " << testing::PrintToString(series.point.parameters) << ": "
            << risk.mean() << " ± " << risk.standard_error() << " against " << theory.value;
    }
    EXPECT_GE(exact, 4u);
    EXPECT_GE(equivalent, 4u);
}

TEST(TwoStageTheory, OneCovariance) {
    const std::string power = "{ kind = \"power_law\", exponent = 1.5 }";
    expect_theory(study(power, power), 512);
}

TEST(TwoStageTheory, ShiftedCovariance) {
    expect_theory(study("{ kind = \"power_law\", exponent = 0.5 }",
                        "{ kind = \"power_law\", exponent = 1.5 }"),
                  512);
    expect_theory(study("{ kind = \"power_law\", exponent = 2.0 }",
                        "{ kind = \"power_law\", exponent = 1.0 }"),
                  512);
}

}  // namespace
}  // namespace cucurbit
