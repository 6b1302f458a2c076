// The deterministic equivalent is asymptotic: its relative error must vanish like 1/p, with one
// constant.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <iostream>
#include <vector>

#include "tests/statistical/curve.hpp"

namespace cucurbit {
namespace {

/// A target without signal: its risk is what label noise of variance 1, integrated out, adds.
Study noise_only(std::size_t p, std::size_t n) {
    return study_of(fmt::format(R"(
        schema = 1
        [study]
        name = "rate"
        kind = "model_shift"
        seed = 20250401
        [population]
        p = {}
        spectrum = {{ kind = "power_law", exponent = 2.0 }}
        signal = {{ kind = "uniform", norm = 0.0 }}
        [target]
        n = {}
        noise_std = 1.0
        arms = ["standard"]
        [precision]
        trials = 64
        label_noise = "integrate"
    )",
                                p, n));
}

struct Gap {
    double times_p;
    double std_err;
};

Gap measured_gap(std::size_t p, std::size_t trials) {
    const Study study = noise_only(p, p * 4 / 5);
    const Measured series = measure(study, trials).at(0);
    const Prediction theory = predicted(study, series.point, "standard");
    EXPECT_EQ(theory.kind, TheoryKind::deterministic_equivalent);
    const double scale = static_cast<double>(p) / theory.value;
    return {(series.moments.mean() - theory.value) * scale,
            series.moments.standard_error() * scale};
}

// A formula that is wrong by one part in a hundred would be off by 8 at p = 800.
TEST(Rate, RelativeGapTimesDimensionIsConstant) {
    std::vector<Gap> gaps;
    double weights = 0.0, sum = 0.0;
    for (const auto& [p, trials] :
         {std::pair<std::size_t, std::size_t>{100, 2048}, {200, 1024}, {400, 1024}, {800, 640}}) {
        gaps.push_back(measured_gap(p, trials));
        const Gap& gap = gaps.back();
        std::cout << fmt::format("p = {}: relative gap · p = {:.2f} ± {:.2f}\n", p, gap.times_p,
                                 gap.std_err);
        weights += 1.0 / (gap.std_err * gap.std_err);
        sum += gap.times_p / (gap.std_err * gap.std_err);
    }
    const double mean = sum / weights;
    EXPECT_NEAR(mean, 5.25, 0.75);
    for (const Gap& gap : gaps) {
        EXPECT_LE(gap.std_err, 0.45);
        EXPECT_LE(std::abs(gap.times_p - mean), 3.5 * gap.std_err);
    }
}

}  // namespace
}  // namespace cucurbit
