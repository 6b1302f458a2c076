// Predicted costs beside what the stand-in counts when the CUDA engine runs the same design.

#include <gtest/gtest.h>

#include "kernels/costs/counting_engine.hpp"
#include "kernels/cuda/device.hpp"
#include "tests/standin/standin.hpp"
#include "tests/support/simulate.hpp"

namespace cucurbit {
namespace {

struct Sum {
    std::size_t launches = 0, library_calls = 0;
    double flops = 0.0, bytes = 0.0;
};

Sum predicted(const Study& study, const Design& design, std::size_t batch) {
    CountingEngine engine(CountingEngine::scratch_bytes(standin::settings().memory_bytes));
    const auto simulation = study.setting->simulation(design, engine, batch);
    TrialValues values;
    engine.forget();
    simulation->run(first_trials(batch), values);
    for (const Outcome& outcome : values.outcomes)
        EXPECT_EQ(outcome, (Outcome{Status::ok, Rung::cholesky, 0}));
    Sum sum;
    for (const DeviceCall& call : engine.calls()) {
        (call.library ? sum.library_calls : sum.launches) += call.times;
        sum.flops += call.product_flops + call.solver_flops;
        sum.bytes += call.bytes_read + call.bytes_written;
    }
    return sum;
}

/// Of the second batch: the first one meets every shape.
standin::Counters counted(const Study& study, const Design& design, std::size_t batch) {
    const EnginePointer engine = make_engine("cuda:0");
    const auto simulation = study.setting->simulation(design, *engine, batch);
    auto trials = first_trials(batch);
    TrialValues values;
    simulation->run(trials, values);
    for (std::uint64_t& trial : trials) trial += batch;
    standin::settings().traffic = true;
    standin::reset_counters();
    simulation->run(trials, values);
    const standin::Counters counters = standin::counters();
    standin::settings().traffic = false;
    for (const Outcome& outcome : values.outcomes) EXPECT_EQ(outcome.rung, Rung::cholesky);
    return counters;
}

/// The stand-in counts whole pages of 4096 bytes, of a diagonal as much as of its matrix.
void expect_costs(const std::string& text, std::size_t batch, double page_share) {
    const Study study = study_of(text);
    for (const Design& design : study.setting->designs()) {
        const Sum sum = predicted(study, design, batch);
        const standin::Counters counters = counted(study, design, batch);
        const auto traffic = static_cast<double>(counters.bytes_read + counters.bytes_written);
        EXPECT_EQ(sum.launches, counters.launches);
        EXPECT_EQ(sum.library_calls, counters.library_calls);
        EXPECT_NEAR(sum.flops, counters.flops, 1e-9 * counters.flops);
        EXPECT_LE(sum.bytes, 1.02 * traffic);
        EXPECT_GE(sum.bytes, (1.0 - page_share) * traffic);
    }
}

const std::string population = R"(schema = 1
[study]
name = "costs"
kind = "KIND"
seed = 3
[population]
p = 300
spectrum = { kind = "power_law", exponent = 1.0 }
signal = { kind = "power_law", exponent = 1.5 }
)";

std::string study_text(const std::string& kind, const std::string& rest) {
    std::string text = population;
    return text.replace(text.find("KIND"), 4, kind) + rest;
}

class Costs : public testing::TestWithParam<const char*> {};

TEST_P(Costs, OfACurve) {
    expect_costs(study_text("model_shift", std::string(R"([target]
n = [60, 140, 400]
noise_std = [0.2, 0.5]
arms = ["standard", "optimal_surrogate", "mask"]
[precision]
trials = 64
label_noise = ")") + GetParam() + "\"\n"),
                 5, 0.2);
}

TEST_P(Costs, OfTwoStages) {
    expect_costs(study_text("two_stage", std::string(R"([surrogate]
m = [150]
noise_std = 0.3
[target]
n = [60, 200]
noise_std = 0.5
arms = ["target", "standard", "surrogate"]
[precision]
trials = 64
label_noise = ")") + GetParam() + "\"\n"),
                 5, 0.2);
}

// Small matrices share pages: the stand-in counts a page for each that an operation touches.
TEST(WeakToStrongCosts, OfBothSamplers) {
    for (const char* sampler : {"sufficient", "direct"})
        expect_costs(std::string(R"(schema = 1
[study]
name = "costs"
kind = "weak_to_strong"
seed = 3
[population]
p = 400
signal = { kind = "subspace", of = "both", norm = 1.0 }
[weak]
d = 80
n = [100, 300]
noise_std = 0.3
[strong]
d = 40
n_pseudo = [60, 200]
overlap = { shared = [10] }
[precision]
trials = 64
sampler = ")") + sampler +
                         "\"\n",
                     16, 0.4);
}

INSTANTIATE_TEST_SUITE_P(LabelNoise, Costs, testing::Values("sample", "integrate"),
                         [](const auto& instance) { return std::string(instance.param); });

}  // namespace
}  // namespace cucurbit
