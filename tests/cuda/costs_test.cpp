// Predicted costs beside what the stand-in counts when the CUDA engine runs the same design.

#include <gtest/gtest.h>

#include <fmt/format.h>

#include "kernels/card/engine.hpp"
#include "kernels/common/normal.hpp"
#include "kernels/costs/counting_engine.hpp"
#include "kernels/cuda/device.hpp"
#include "tests/standin/standin.hpp"
#include "tests/support/simulate.hpp"

namespace cucurbit {
namespace {

struct Sum {
    std::size_t launches = 0, vendor_calls = 0;
    double flops = 0.0, bytes = 0.0;
};

Sum predicted(const Study& study, const Design& design, std::size_t batch, Rung rung) {
    CountingEngine engine(card::scratch_bytes(standin::settings().memory_bytes));
    const auto simulation = study.setting->simulation(design, engine, batch);
    TrialValues values;
    engine.forget();
    simulation->run(first_trials(batch), values);
    // What a descent measures are ratios too, of what was only counted.
    for (Outcome outcome : values.outcomes) {
        if (rung == Rung::none) outcome.status = Status::ok;
        EXPECT_EQ(outcome, (Outcome{Status::ok, rung, 0}));
    }
    Sum sum;
    for (const DeviceCall& call : engine.calls()) {
        (call.vendor ? sum.vendor_calls : sum.launches) += call.times;
        if (call.vendor) sum.flops += call.product_flops + call.solver_flops;
        sum.bytes += call.bytes_read + call.bytes_written;
    }
    return sum;
}

/// Of the second batch: the first one meets every shape.
standin::Counters counted(const Study& study, const Design& design, std::size_t batch, Rung rung) {
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
    for (const Outcome& outcome : values.outcomes) EXPECT_EQ(outcome.rung, rung);
    return counters;
}

/// What a plan says of an engine's memory, for such a design and batch.
double planned_bytes(const Design& design, std::size_t batch) {
    return static_cast<double>(design.bytes_per_worker + batch * design.bytes_per_trial +
                               card::engine_bytes(standin::settings().memory_bytes));
}

/// The stand-in counts whole pages of 4096 bytes, of a diagonal or a triangle as much as of its
/// matrix.
void expect_costs(const std::string& text, std::size_t batch, double page_share,
                  Rung rung = Rung::cholesky) {
    const Study study = study_of(text);
    for (const Design& design : study.setting->designs()) {
        const Sum sum = predicted(study, design, batch, rung);
        const standin::Counters counters = counted(study, design, batch, rung);
        const auto traffic = static_cast<double>(counters.bytes_read + counters.bytes_written);
        EXPECT_EQ(sum.launches, counters.launches);
        EXPECT_EQ(sum.vendor_calls, counters.vendor_calls);
        EXPECT_NEAR(sum.flops, counters.flops, 1e-9 * counters.flops);
        EXPECT_LE(static_cast<double>(counters.peak_bytes), 1.1 * planned_bytes(design, batch));
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

// Samples of a wide trial hardly share pages.
TEST(CurveCosts, OfAWideCurve) {
    std::string text = study_text("model_shift", R"([target]
n = [40, 80, 120]
noise_std = 0.5
arms = ["standard", "optimal_surrogate", "mask"]
[precision]
trials = 64
label_noise = "sample"
)");
    expect_costs(text.replace(text.find("p = 300"), 7, "p = 900"), 4, 0.2);
}

// One write and one read of the samples are 2 · 8 · p · n bytes a trial. Beyond n = p/2 the Gram
// matrix is nearly as large, and each halving of the factorisation and of the solutions passes over
// part of it.
TEST(CurveCosts, OperandsTakeThreeToFiveTimesTheSamples) {
    const std::pair<std::size_t, double> largest[] = {
        {30, 3.25}, {90, 3.25}, {150, 3.5}, {210, 4.1}, {285, 4.8}};
    for (const auto& [n, times] : largest) {
        const Study study =
            study_of(study_text("model_shift", fmt::format(R"([target]
n = [{}, {}, {}, {}]
noise_std = 0.5
arms = ["standard", "optimal_surrogate", "mask"]
[precision]
trials = 64
label_noise = "sample"
)",
                                                           n / 5, n / 3, n / 2, n)));
        const Sum sum = predicted(study, study.setting->designs().at(0), 3, Rung::cholesky);
        const double samples = 300.0 * static_cast<double>(n * 3 * sizeof(double));
        EXPECT_LE(sum.bytes, times * 2.0 * samples) << n;
    }
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
                 5, 0.5);
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
                 5, 0.5);
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
p = 200
signal = { kind = "subspace", of = "both", norm = 1.0 }
[weak]
d = 40
n = [200]
noise_std = 0.3
[strong]
d = 20
n_pseudo = [100, 150]
overlap = { shared = [10] }
[precision]
trials = 64
sampler = ")") + sampler +
                         "\"\n",
                     64, 0.5);
}

// In the row space of fewer samples than weights, and of the weights of more.
TEST(DescentCosts, OfBothSpaces) {
    for (const int n : {60, 150})
        expect_costs(fmt::format(R"(schema = 1
study = {{ name = "costs", kind = "gradient_descent", seed = 3 }}
teacher = {{ loss = "cross_entropy", steps = [3, 8], step_fraction = 1.0, momentum = 0.5 }}
student = {{ steps = [2, 6], step_fraction = 1.0 }}
precision = {{ trials = 64 }}
[data]
p = 100
n = {}
test = 50
held_out = 30
spectrum = {{ kind = "power_law", exponent = 1.0 }}
signal = {{ kind = "power_law", exponent = 1.5 }}
labels = {{ kind = "logistic", strength = 5.0, flip = [0.1, 0.2] }}
)",
                                 n),
                     5, 0.5, Rung::none);
}

// Labels that switch: every product of columns.
TEST(DescentCosts, OfTheClosedForm) {
    expect_costs(R"(schema = 1
study = { name = "costs", kind = "gradient_descent", seed = 3 }
teacher = { loss = "squared", method = "closed_form", steps = [3, 8], step_fraction = 0.5 }
precision = { trials = 64 }
[student]
steps = [2, 6]
step_fraction = 0.5
switch_at = [1, 4]
switch_to = "one_hot"
directions = 3
[data]
p = 100
n = 60
spectrum = { kind = "power_law", exponent = 1.0 }
signal = { kind = "power_law", exponent = 1.5 }
labels = { kind = "linear", noise_std = [0.5, 1.0] }
)",
                 5, 0.5, Rung::none);
}

TEST(EngineCosts, AreWhatTheCudaEngineTakes) {
    const Device device = cuda_device(0);
    EXPECT_EQ(device.engine_bytes, card::engine_bytes(device.memory_bytes));
}

/// Arithmetic on one number that counts its operations.
struct CountingLane : ScalarLane {
    struct Real {
        double value;
        Real(double of) : value(of) {}  // NOLINT(google-explicit-constructor)
        friend Real operator+(Real a, Real b) { return counted(a.value + b.value); }
        friend Real operator-(Real a, Real b) { return counted(a.value - b.value); }
        friend Real operator*(Real a, Real b) { return counted(a.value * b.value); }
        friend Real operator/(Real a, Real b) { return counted(a.value / b.value); }
        Real operator-() const { return -value; }
    };
    static Real counted(double value) {
        ++operations;
        return value;
    }
    static Real reinterpret(Bits bits) { return ScalarLane::reinterpret(bits); }
    static Bits reinterpret(Real real) { return ScalarLane::reinterpret(real.value); }
    static Real from_unsigned(Bits value) { return ScalarLane::from_unsigned(value); }
    static Real from_exponent(Bits value) { return ScalarLane::from_exponent(value); }
    static Real root(Real value) { return counted(std::sqrt(value.value)); }
    static Real choose(Bits bits, Real if_set, Real if_clear) {
        return ScalarLane::choose(bits, if_set.value, if_clear.value);
    }
    static inline double operations = 0.0;
};

TEST(NormalCosts, AreThoseOfThePolynomials) {
    const PhiloxWords words = philox({1, 2, 3, 4}, 5);
    const auto pair = turn<CountingLane>(
        words.second, radius<CountingLane>(magnitude<CountingLane>(words.first)));
    EXPECT_EQ(pair.cosine.value, normal_pair(words).cosine);
    EXPECT_EQ(CountingLane::operations, flops_per_normal_pair);
}

INSTANTIATE_TEST_SUITE_P(LabelNoise, Costs, testing::Values("sample", "integrate"),
                         [](const auto& instance) { return std::string(instance.param); });

}  // namespace
}  // namespace cucurbit
