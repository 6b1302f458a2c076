// The accuracy that is promised, on every engine, relative to the risk itself.

#include "tests/parity/model_shift.hpp"

namespace cucurbit {
namespace {

using Accuracy = ModelShiftParity;

// λ = j⁻², n/p ≤ 0.96.
TEST_P(Accuracy, NineDigitsUpToTwentyFourTwentyFifths) {
    for (const LabelNoise mode : both_modes) {
        auto scenario = ModelShiftScenario::power_law(100, 2.0, 1.5, {1, 5, 20, 50, 80, 90, 96});
        scenario.noise_std = {0.0, 0.2, 1.0};
        scenario.label_noise = mode;
        for (const Comparison& c : compare(scenario, first_trials(10), 7)) expect_digits(c, 1e-9);
    }
}

TEST_P(Accuracy, NineDigitsInFigureOne) {
    for (const LabelNoise mode : both_modes) {
        auto scenario = ModelShiftScenario::power_law(500, 2.0, 1.5, {200, 480});
        scenario.noise_std = {0.0, 0.2};
        scenario.label_noise = mode;
        for (const Comparison& c : compare(scenario, {17}, 1)) expect_digits(c, 1e-9);
    }
}

// λ = j⁻⁴ around n = p, where the Gram matrix of the samples is beyond Cholesky.
TEST_P(Accuracy, SixDigitsOnTheLadderForASteepSpectrum) {
    for (const std::size_t p : {60, 200})
        for (const LabelNoise mode : both_modes) {
            auto scenario = ModelShiftScenario::power_law(p, 4.0, 1.5, {p - 2, p - 1, p, p + 1});
            scenario.noise_std = {0.2};
            scenario.label_noise = mode;
            bool climbed = false;
            for (const Comparison& c : compare(scenario, first_trials(p == 60 ? 20 : 2), 8)) {
                expect_digits(c, 1e-6);
                EXPECT_EQ(c.outcome.rank_deficit, 0) << c.where;
                climbed = climbed || c.outcome.rung > Rung::cholesky;
            }
            EXPECT_TRUE(climbed) << "nothing here needed the ladder";
        }
}

CUCURBIT_ON_EVERY_ENGINE(Accuracy);

}  // namespace
}  // namespace cucurbit
