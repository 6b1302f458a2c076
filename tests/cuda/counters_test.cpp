// What one batch of a learning curve costs a card, as the stand-in counts it.

#include <gtest/gtest.h>

#include <fmt/format.h>

#include "kernels/contract.hpp"
#include "tests/standin/standin.hpp"
#include "tests/support/simulate.hpp"

namespace cucurbit {
namespace {

using standin::Counters;

struct Curve {
    std::size_t p;
    std::vector<std::size_t> samples;
    std::string label_noise;

    Study study() const {
        return study_of(fmt::format(R"(
            schema = 1
            [study]
            name = "counters"
            kind = "model_shift"
            seed = 3
            [population]
            p = {}
            spectrum = {{ kind = "power_law", exponent = 2.0 }}
            signal = {{ kind = "power_law", exponent = 1.5 }}
            [target]
            n = {}
            noise_std = 0.5
            arms = ["standard", "optimal_surrogate", "mask"]
            [precision]
            trials = 64
            label_noise = "{}"
        )",
                                    p, toml_list(samples), label_noise));
    }

    /// Of one batch after the first, which meets every shape.
    Counters counters(std::size_t batch) const {
        const EnginePointer engine = make_engine("cuda:0");
        const Study study_read = study();
        const Design design = study_read.setting->designs().at(0);
        const auto simulation = study_read.setting->simulation(design, *engine, batch);
        auto trials = first_trials(batch);
        TrialValues values;
        simulation->run(trials, values);
        for (std::uint64_t& trial : trials) trial += batch;
        standin::reset_counters();
        simulation->run(trials, values);
        for (const Outcome& outcome : values.outcomes) EXPECT_EQ(outcome.rung, Rung::cholesky);
        return standin::counters();
    }

    /// Bytes of one write and one read of the batch's samples.
    double samples_bytes(std::size_t batch) const {
        return 2.0 * static_cast<double>(p * samples.back() * sizeof(double) * batch);
    }
};

double traffic(const Counters& counters) {
    return static_cast<double>(counters.bytes_read + counters.bytes_written);
}

class CounterTest : public testing::Test {
public:
    CounterTest() { standin::settings().traffic = true; }
    ~CounterTest() override { standin::settings().traffic = false; }
};

/// Whatever the curve: nothing is allocated, and the host waits once, for an event.
void expect_steady(const Counters& counters) {
    EXPECT_EQ(counters.allocations, 0u);
    EXPECT_EQ(counters.event_synchronisations, 1u);
    EXPECT_EQ(counters.stream_synchronisations, 0u);
    EXPECT_EQ(counters.device_synchronisations, 0u);
    EXPECT_EQ(counters.event_waits, 0u);
    EXPECT_EQ(counters.copies, 2u) << "the trials' numbers up, the results down";
}

// Nine launches whatever the curve, and those of the factor's and the solutions' diagonal blocks.
TEST_F(CounterTest, ASampledCurveOfTwoBlocksTakesTwentyLaunches) {
    const Curve curve{500, {30, 60, 90, 120}, "sample"};
    const Counters counters = curve.counters(4);
    expect_steady(counters);
    EXPECT_EQ(counters.launches, 20u);
    EXPECT_EQ(counters.vendor_calls, 5u);
    EXPECT_EQ(counters.bytes_up, 4 * sizeof(std::uint64_t));
    EXPECT_LE(traffic(counters), 3.7 * curve.samples_bytes(4));
}

// The Gram matrix is n/p of the samples, and its own traffic with it. The stand-in counts whole
// pages, so that a diagonal or a triangle counts as the matrix: costs_test.cpp has the operands'
// own extents.
TEST_F(CounterTest, TrafficGrowsWithTheGramMatrix) {
    const Curve wide{500, {40, 80, 120, 160, 200}, "sample"};
    EXPECT_LE(traffic(wide.counters(4)), 5.6 * wide.samples_bytes(4));
    const Curve square{500, {80, 160, 240, 320, 400, 480}, "sample"};
    EXPECT_LE(traffic(square.counters(2)), 11.6 * square.samples_bytes(2));
}

TEST_F(CounterTest, LaunchesDoNotGrowWithTheCurve) {
    std::vector<std::size_t> samples;
    for (std::size_t n = 1; n < 50; ++n) samples.push_back(n);
    const Counters counters = Curve{64, samples, "sample"}.counters(3);
    expect_steady(counters);
    EXPECT_EQ(counters.launches, 16u);
}

TEST_F(CounterTest, AnIntegratedCurveOfFourBlocksTakesTwentyTwoLaunches) {
    const Curve curve{500, {50, 100, 150, 200}, "integrate"};
    const Counters counters = curve.counters(4);
    expect_steady(counters);
    EXPECT_EQ(counters.launches, 22u);
    EXPECT_LE(traffic(counters), 11.5 * curve.samples_bytes(4));
}

// From n = p on, every n has a factorisation of its own.
TEST_F(CounterTest, LeastSquaresTakesSeventeenLaunchesForEveryN) {
    for (const char* label_noise : {"sample", "integrate"}) {
        const Counters counters = Curve{64, {128, 192, 256}, label_noise}.counters(4);
        expect_steady(counters);
        EXPECT_LE(counters.launches, 3 * 17 + 8u) << label_noise;
    }
}

// Half of the Gram matrix, a third of n³ for the factor, and each product once.
TEST_F(CounterTest, FlopsAreThoseOfTheFormula) {
    const Curve curve{500, {100, 200, 300, 400, 480}, "sample"};
    const double p = 500, n = 480, fits = 5 * 3 + 5, labels = 1 + 2 * 5;
    const double gram = 1.25 * p * n * n, factor = n * n * n / 3;
    const double products = 2 * p * n * (labels + fits);
    const double solves = n * n * (labels + 1 + fits);
    EXPECT_LE(curve.counters(1).flops, 1.05 * (gram + factor + products + solves));
}

/// A second step of descent, of so many trials.
Counters step_counters(DescentSpace space, double momentum, std::size_t batch) {
    constexpr std::size_t n = 30, columns = 6;
    const std::size_t p = space == DescentSpace::row ? n : 20;
    const EnginePointer engine = make_engine("cuda:0");
    std::vector<std::unique_ptr<EngineBuffer>> memory;
    const auto matrix = [&](std::size_t rows, std::size_t cols) {
        memory.push_back(engine->allocate(rows * cols * batch));
        const BatchMatrix made{memory.back()->data(), rows, cols, rows, rows * cols, batch};
        engine->fill(made, 0.5);
        return made;
    };
    const BatchMatrix samples = matrix(p, n), rate = matrix(1, 1), outputs = matrix(n, columns);
    const BatchMatrix weights = matrix(p, columns), velocity = matrix(p, columns);
    const DescentLink softmax{DescentLink::Kind::softmax, 3, 1.0};
    const std::vector<DescentLoss> mixture{{softmax, 0, matrix(n, columns), 0.5},
                                           {softmax, 3, matrix(n, 3), 0.5}};
    const auto step = [&] {
        engine->descend(space, samples, mixture, rate, momentum, outputs, velocity, weights);
        std::vector<double> first(1);
        engine->download(weights.data, first);
    };
    step();
    standin::reset_counters();
    step();
    return standin::counters();
}

// In the row space the change of the iterates is no product.
TEST(DescentCounters, AStepTakesItsProductsAndItsResiduals) {
    using enum DescentSpace;
    for (const auto& [space, batch, momentum] :
         {std::tuple<DescentSpace, std::size_t, double>{weights, 1, 0.0},
          {weights, 50, 0.0},
          {weights, 1, 0.9},
          {weights, 50, 0.9},
          {row, 1, 0.0},
          {row, 50, 0.0},
          {row, 1, 0.9},
          {row, 50, 0.9}}) {
        const Counters counters = step_counters(space, momentum, batch);
        EXPECT_EQ(counters.vendor_calls, space == row ? 1u : 2u);
        EXPECT_EQ(counters.flops,
                  2.0 * 30 * 6 * (space == row ? 30 : 2 * 20) * static_cast<double>(batch));
        EXPECT_EQ(counters.launches, momentum == 0.0 ? 1u : 2u);
        EXPECT_EQ(counters.allocations, 0u);
        EXPECT_EQ(counters.copies, 1u);
        EXPECT_EQ(counters.stream_synchronisations + counters.event_waits, 0u);
    }
}

}  // namespace
}  // namespace cucurbit
