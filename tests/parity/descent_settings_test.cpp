// gradient_descent as a whole on every engine, against the CPU's trials one by one.

#include <cmath>

#include "tests/settings/studies.hpp"
#include "tests/support/engines.hpp"

namespace cucurbit {
namespace {

class GradientDescentParity : public OnEngine {
protected:
    /// Every value of a few trials, in a batch that is not full at its end.
    void expect_parity(const DescentText& text) {
        const Study study = text.study();
        const EnginePointer cpu = make_engine("cpu");
        constexpr std::size_t trials = 5;
        for (const Design& design : study.setting->designs()) {
            const auto expected = simulate(study, design, *cpu, first_trials(trials), 1);
            const auto actual = simulate(study, design, *engine_, first_trials(trials), 3);
            std::size_t missing = 0;
            for (std::size_t i = 0; i < expected.values.size(); ++i) {
                const double value = expected.values[i];
                missing += std::isnan(value);
                EXPECT_EQ(std::isnan(actual.values[i]), std::isnan(value));
                if (!std::isnan(value)) {
                    EXPECT_NEAR(actual.values[i], value, 1e-9 * std::max(1.0, std::abs(value)))
                        << design.series[i / trials].arm << " "
                        << design.series[i / trials].estimand << " trial " << i % trials;
                }
                EXPECT_EQ(actual.outcomes[i], expected.outcomes[i]);
            }
            EXPECT_LT(missing, expected.values.size() / 10);
        }
    }
};

TEST_P(GradientDescentParity, ClosedForm) {
    for (const auto& [p, n] : {std::pair{"12", "8"}, {"6", "20"}, {"40", "33"}}) {
        DescentText text;
        text.p = p;
        text.n = n;
        text.teacher = R"(loss = "squared", method = "closed_form", step_fraction = 0.5)";
        expect_parity(text);
    }
}

TEST_P(GradientDescentParity, CrossEntropy) {
    DescentText text = DescentText::classes();
    text.n = "70";
    expect_parity(text);
    // Minibatches, momentum, mixtures of losses and random features: every operation.
    text.labels = R"({ kind = "softmax", classes = 4, strength = 3.0, flip = [0.0, 0.3] })";
    text.student = R"(step_fraction = 0.5, momentum = 0.5, batch = 30, temperature = 2.0)"
                   R"(, inputs = "fresh", labels = "mixture", teacher_weight = 0.5)";
    text.features = R"(features = { kind = "random_relu", width = 20, seed = 3 })";
    expect_parity(text);
}

CUCURBIT_ON_EVERY_ENGINE(GradientDescentParity);

}  // namespace
}  // namespace cucurbit
