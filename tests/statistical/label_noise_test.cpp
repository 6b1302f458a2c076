// Noise integrated out changes no mean: sampled and integrated risks agree in standard errors, and
// the integrated one is never the noisier.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/statistical/curve.hpp"

namespace cucurbit {
namespace {

constexpr std::size_t trials = 4096;

std::string model_shift(const std::string& mode, int seed) {
    return fmt::format(R"(
        schema = 1
        [study]
        name = "noise"
        kind = "model_shift"
        seed = {}
        [population]
        p = 40
        spectrum = {{ kind = "power_law", exponent = 1.5 }}
        signal = {{ kind = "power_law", exponent = 1.5 }}
        [target]
        n = [5, 20, 31, 49, 80]
        noise_std = [0.3, 1.0]
        arms = ["standard", "optimal_surrogate"]
        [precision]
        trials = 64
        label_noise = "{}"
    )",
                       seed, mode);
}

std::string two_stage(const std::string& mode, int seed) {
    return fmt::format(R"(
        schema = 1
        [study]
        name = "noise"
        kind = "two_stage"
        seed = {}
        [population]
        p = 30
        spectrum = {{ kind = "power_law", exponent = 1.0 }}
        signal = {{ kind = "power_law", exponent = 1.5 }}
        [surrogate]
        m = [10, 45]
        noise_std = [0.0, 0.7]
        spectrum = {{ kind = "power_law", exponent = 1.5 }}
        [target]
        n = [8, 20, 45]
        noise_std = [0.0, 0.5]
        arms = ["surrogate", "target", "standard"]
        [precision]
        trials = 64
        label_noise = "{}"
    )",
                       seed, mode);
}

/// Two teachers before their students, and noise of either sign.
std::string graph(const std::string& mode, int seed) {
    return fmt::format(R"(
        schema = 1
        [study]
        name = "noise"
        kind = "graph"
        seed = {}
        [population]
        p = 20
        spectrum = {{ kind = "power_law", exponent = 1.0 }}
        signal = {{ kind = "power_law", exponent = 1.5 }}
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
        labels = {{ teacher_b = 1.0, truth = 0.5, observed = -0.5 }}
        [fit.beyond]
        rows = "c"
        labels = {{ truth = -0.4, rest = "observed" }}
        [fit.against]
        rows = "d"
        labels = {{ truth = 1.5, rest = "observed" }}
        [precision]
        trials = 64
        label_noise = "{}"
    )",
                       seed, mode);
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
