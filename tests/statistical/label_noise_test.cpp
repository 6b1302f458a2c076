// Noise integrated out changes no mean: sampled and integrated risks agree in standard errors, and
// the integrated one is never the noisier.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/statistical/curve.hpp"

namespace cucurbit {
namespace {

constexpr std::size_t trials = 4096;

/// All of a study but what is fitted.
std::string text(const std::string& kind, int p, double exponent, const std::string& mode,
                 int seed) {
    return fmt::format(R"(
        schema = 1
        study = {{ name = "noise", kind = "{}", seed = {} }}
        precision = {{ trials = 64, label_noise = "{}" }}
        [population]
        p = {}
        spectrum = {{ kind = "power_law", exponent = {} }}
        signal = {{ kind = "power_law", exponent = 1.5 }}
    )",
                       kind, seed, mode, p, exponent);
}

std::string model_shift(const std::string& mode, int seed) {
    return text("model_shift", 40, 1.5, mode, seed) + R"(
        [target]
        n = [5, 20, 31, 49, 80]
        noise_std = [0.3, 1.0]
        arms = ["standard", "optimal_surrogate"]
    )";
}

std::string two_stage(const std::string& mode, int seed) {
    return text("two_stage", 30, 1.0, mode, seed) + R"(
        [surrogate]
        m = [10, 45]
        noise_std = [0.0, 0.7]
        spectrum = { kind = "power_law", exponent = 1.5 }
        [target]
        n = [8, 20, 45]
        noise_std = [0.0, 0.5]
        arms = ["surrogate", "target", "standard"]
    )";
}

/// Two teachers before their students, and noise of either sign.
std::string graph(const std::string& mode, int seed) {
    return text("graph", 20, 1.0, mode, seed) + R"(
        [rows.a]
        n = 12
        noise_std = [0.5, 1.0]
        [rows.b]
        n = 60
        noise_std = 2.0
        [rows.c]
        n = [8, 40]
        noise_std = 0.7
        [rows.d]
        n = 50
        noise_std = 0.3
        [fit.teacher_a]
        rows = "a"
        [fit.teacher_b]
        rows = "b"
        [fit.student_a]
        rows = "c"
        labels = "teacher_a"
        [fit.student_b]
        rows = "d"
        labels = { teacher_b = 1.0, truth = 0.5, observed = -0.5 }
        [fit.beyond]
        rows = "c"
        labels = { truth = -0.4, rest = "observed" }
        [fit.against]
        rows = "d"
        labels = { truth = 1.5, rest = "observed" }
    )";
}

class LabelNoiseModes : public testing::TestWithParam<std::string (*)(const std::string&, int)> {};

// Independent seeds, so that the difference has the variance of the sum; |z| ≤ 4 over a few dozen
// series.
TEST_P(LabelNoiseModes, HaveTheSameMeans) {
    const Study sampling = study_of(GetParam()("sample", 1));
    const Study integrating = study_of(GetParam()("integrate", 2));
    const auto sampled = measure(sampling, trials), integrated = measure(integrating, trials);
    ASSERT_EQ(sampled.size(), integrated.size());
    ASSERT_GE(sampled.size(), 20u);
    for (std::size_t k = 0; k < sampled.size(); ++k) {
        ASSERT_EQ(sampled[k].point, integrated[k].point);
        const Moments &a = sampled[k].moments, &b = integrated[k].moments;
        const double spread = std::hypot(a.standard_error(), b.standard_error());
        EXPECT_LE(std::abs(a.mean() - b.mean()), 4.0 * spread + 1e-12)
            << sampled[k].arm << " at " << testing::PrintToString(sampled[k].point.parameters);
        EXPECT_LE(b.standard_error(), 1.1 * a.standard_error() + 1e-12) << sampled[k].arm;
    }
}

INSTANTIATE_TEST_SUITE_P(Settings, LabelNoiseModes, testing::Values(model_shift, two_stage, graph),
                         [](const auto& instance) {
                             return instance.param == model_shift ? "model_shift"
                                    : instance.param == two_stage ? "two_stage"
                                                                  : "graph";
                         });

}  // namespace
}  // namespace cucurbit
