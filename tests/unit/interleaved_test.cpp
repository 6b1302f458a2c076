// Interleaved operations against the plain ones, on every instruction set that this machine has:
// the same numbers, lanes that do not see each other, trials that do not depend on their batch.

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "kernels/cpu/engine.hpp"
#include "tests/support/simulate.hpp"
#include "tests/unit/interleaved_batches.hpp"

namespace cucurbit {
namespace {

constexpr std::size_t everything = std::numeric_limits<std::size_t>::max();

const Stream stream{0x1234, 1, Purpose::samples};

/// Every operation with matrices of order n, and of p = n + 4 rows where a tall one is meant.
std::vector<Operation> operations(std::size_t n) {
    using M = const std::vector<BatchMatrix>&;
    const std::size_t p = n + 4, k = 5;
    const auto rows = std::make_shared<IndexList>(lengths(n));
    const auto source = std::make_shared<IndexList>(std::vector<std::uint32_t>{2, 0, 1, 1, 2});
    const auto flags = std::make_shared<IndexList>(std::vector<std::uint32_t>{1, 0, 0, 1, 1});
    const auto weights = std::make_shared<std::vector<double>>();
    for (std::size_t i = 0; i < p * k; ++i)
        weights->push_back(0.5 + 0.1 * static_cast<double>(i % 7));
    const double* w = weights->data();
    const auto within = [rows](std::size_t i, std::size_t j) { return i < rows->host()[j]; };
    const Argument square{n, n}, tall{p, n}, columns{n, k}, triangle{n, n, Content::lower},
        gives_vector{n, 1, Content::anything, whole}, one{1, 1, Content::anything, whole};
    const auto gives = [](std::size_t r, std::size_t c) {
        return Argument{r, c, Content::anything, whole};
    };
    const BatchMatrix shared{weights->data(), p, k, p, 0, everything};
    return {
        {"fill", {gives(n, k)}, [](Engine& e, M m) { e.fill(m[0], 0.25); }},
        {"copy", {columns, gives(n, k)}, [](Engine& e, M m) { e.copy(m[0], m[1]); }},
        {"copy of a shared matrix", {gives(p, k)}, [=](Engine& e, M m) { e.copy(shared, m[0]); }},
        {"scale_rows",
         {columns, gives(n, k)},
         [=](Engine& e, M m) { e.scale_rows(m[0], w, m[1]); }},
        {"draw",
         {gives(n, k)},
         [=](Engine& e, M m) { e.draw(stream, first_trials(m[0].count), 3, w, m[0]); }},
        {"gram",
         {tall, {n, n, Content::anything, lower}},
         [](Engine& e, M m) { e.gram(m[0], m[1]); }},
        {"add_outer",
         {columns, {n, n, Content::anything, lower}},
         [](Engine& e, M m) { e.add_outer(m[0], m[1]); }},
        {"diagonal", {square, gives_vector}, [](Engine& e, M m) { e.diagonal(m[0], m[1]); }},
        {"cholesky",
         {{n, n, Content::definite, lower}, one},
         [](Engine& e, M m) { e.cholesky(m[0], m[1]); }},
        {"invert_lower",
         {{n, n, Content::lower, whole}},
         [](Engine& e, M m) { e.invert_lower(m[0]); }},
        {"multiply",
         {tall, columns, gives(p, k)},
         [](Engine& e, M m) { e.multiply(m[0], false, m[1], m[2]); }},
        {"multiply, transposed",
         {tall, {p, k}, gives(n, k)},
         [](Engine& e, M m) { e.multiply(m[0], true, m[1], m[2]); }},
        {"transpose", {tall, gives(n, p)}, [](Engine& e, M m) { e.transpose(m[0], m[1]); }},
        {"multiply_by_transposed_lower",
         {{n, n, Content::above_zero}, gives(p, n)},
         [](Engine& e, M m) { e.multiply_by_transposed_lower(m[0], m[1]); }},
        {"multiply_by_lower",
         {{n, n, Content::above_zero}, gives(n, k)},
         [](Engine& e, M m) { e.multiply_by_lower(m[0], m[1]); }},
        {"orthogonal_columns",
         {gives(p, n), gives(n, n)},
         [](Engine& e, M m) { e.orthogonal_columns(m[0], m[1]); }},
        {"lower_factor", {square, gives(n, n)}, [](Engine& e, M m) { e.lower_factor(m[0], m[1]); }},
        {"truncate",
         {gives(p, n), {n, n, Content::above_zero, whole}, one},
         [](Engine& e, M m) { e.truncate(m[0], m[1], 1e-12, m[2]); }},
        {"project",
         {tall, {p, k}, {n, k, Content::anything, within}},
         [=](Engine& e, M m) { e.project(m[0], m[1], *rows, m[2]); }},
        {"project of a shared matrix",
         {tall, {n, k, Content::anything, within}},
         [=](Engine& e, M m) { e.project(m[0], shared, *rows, m[1]); }},
        {"solve_lower",
         {triangle, {n, k, Content::anything, within}},
         [=](Engine& e, M m) { e.solve_lower(m[0], *rows, m[1]); }},
        {"spread, solve_lower_transposed",
         {columns, triangle, gives(n, k)},
         [=](Engine& e, M m) {
             e.spread(m[0], *source, *rows, m[2]);
             e.solve_lower_transposed(m[1], *rows, m[2]);
         }},
        {"spread, combine",
         {columns, tall, gives(n, k), gives(p, k)},
         [=](Engine& e, M m) {
             e.spread(m[0], *source, *rows, m[2]);
             e.combine(m[1], m[2], *rows, m[3]);
         }},
        {"apply", {gives(n, k)}, [](Engine& e, M m) { e.apply(Entrywise::sign, m[0]); }},
        {"add_to_columns",
         {{n, 1}, gives(n, k)},
         [](Engine& e, M m) { e.add_to_columns(m[0], -0.75, m[1]); }},
        {"subtract", {gives(p, k)}, [=](Engine& e, M m) { e.subtract(w, *flags, m[0]); }},
        {"products",
         {{p, k}, gives(k, 1)},
         [=](Engine& e, M m) { e.products(m[0], w, *source, *flags, m[1]); }},
        {"weighted_norm", {{p, k}, one}, [=](Engine& e, M m) { e.weighted_norm(m[0], w, m[1]); }},
        {"row_norms", {columns, gives_vector}, [](Engine& e, M m) { e.row_norms(m[0], m[1]); }},
        {"gains",
         {columns, triangle, gives_vector},
         [](Engine& e, M m) { e.gains(m[0], false, m[1], m[2]); }},
        {"gains of a triangle",
         {{n, n, Content::above_zero}, triangle, gives_vector},
         [](Engine& e, M m) { e.gains(m[0], true, m[1], m[2]); }},
        {"prefix_sums",
         {{n, 1}, gives(k, 1)},
         [=](Engine& e, M m) { e.prefix_sums(m[0], 1, *rows, m[1]); }},
        {"prefix_sums of squares",
         {{n, 1}, gives(k, 1)},
         [=, keep = weights](Engine& e, M m) { e.prefix_sums(m[0], 2, *rows, m[1]); }},
    };
}

class Interleaved : public testing::TestWithParam<const InterleavedKernels*> {
protected:
    CpuEngine plain_{0};
    CpuEngine interleaved_{everything, *GetParam()};
};

TEST_P(Interleaved, EveryOperationIsThePlainOne) {
    for (const std::size_t n : {1, 2, 3, 7, 31, 33})
        for (const std::size_t count : {1, 7, 8, 9, 64}) {
            if (count == 64 && n != 3 && n != 33) continue;
            for (const Operation& operation : operations(n)) {
                auto expected = batches(operation, count), actual = batches(operation, count);
                run(operation, plain_, 1, expected);
                run(operation, interleaved_, interleaved_lanes, actual);
                for (std::size_t k = 0; k < actual.size(); ++k)
                    EXPECT_LE(distance(actual[k], expected[k], count),
                              1e-14 * static_cast<double>(n + 4))
                        << operation.name << ", argument " << k << ", n " << n << ", count "
                        << count;
            }
        }
}

TEST_P(Interleaved, APoisonedLaneChangesNoBitOfTheOthers) {
    constexpr std::size_t count = 9, bad = 4;
    for (const std::size_t n : {7, 33})
        for (const Operation& operation : operations(n)) {
            auto clean = batches(operation, count), poisoned = batches(operation, count);
            for (Batch& batch : poisoned) batch.poison(bad);
            run(operation, interleaved_, interleaved_lanes, clean);
            run(operation, interleaved_, interleaved_lanes, poisoned);
            std::size_t changed = 0;
            for (std::size_t k = 0; k < clean.size(); ++k)
                for (std::size_t t = 0; t < count; ++t)
                    for (std::size_t j = 0; j < clean[k].shape().cols; ++j)
                        for (std::size_t i = 0; i < clean[k].shape().rows; ++i)
                            if (t != bad && clean[k].shape().defined(i, j) &&
                                clean[k].value(t, i, j) != poisoned[k].value(t, i, j))
                                ++changed;
            EXPECT_EQ(changed, 0u) << operation.name << ", n " << n;
        }
}

// Where lane 2 meets a negative pivot, its rows before that are right, those after it are finite,
// so that zeros times them stay zeros, and its neighbours have the bits they had.
TEST_P(Interleaved, CholeskyStopsInOneLaneAlone) {
    constexpr std::size_t count = 8, bad = 2;
    for (const std::size_t n : {1, 2, 7, 33})
        for (const std::size_t row : {std::size_t{0}, n / 2, n - 1}) {
            const Operation cholesky{"cholesky",
                                     {{n, n, Content::definite, lower}, {1, 1}},
                                     [](Engine& e, const auto& m) { e.cholesky(m[0], m[1]); }};
            auto whole_rank = batches(cholesky, count), failing = batches(cholesky, count);
            failing[0].value(bad, row, row) = -1.0;
            run(cholesky, interleaved_, interleaved_lanes, whole_rank);
            run(cholesky, interleaved_, interleaved_lanes, failing);
            for (std::size_t t = 0; t < count; ++t) {
                EXPECT_EQ(failing[1].value(t, 0, 0), static_cast<double>(t == bad ? row : n));
                for (std::size_t j = 0; j < n; ++j)
                    for (std::size_t i = j; i < n; ++i) {
                        EXPECT_TRUE(std::isfinite(failing[0].value(t, i, j)));
                        if (t == bad && i >= row) continue;
                        EXPECT_EQ(failing[0].value(t, i, j), whole_rank[0].value(t, i, j));
                    }
            }
        }
}

const char* const study_text = R"(
    schema = 1
    [study]
    name = "small"
    kind = "model_shift"
    seed = 5
    [population]
    p = 24
    spectrum = { kind = "power_law", exponent = 2.0 }
    signal = { kind = "power_law", exponent = 1.5 }
    [target]
    n = [3, 10, 21, 24, 40]
    noise_std = [0.0, 0.3]
    arms = ["standard", "optimal_surrogate", "mask"]
    [precision]
    trials = 64
    label_noise = )";

TEST_P(Interleaved, ATrialHasTheSameBitsAloneAndInAnyBatch) {
    for (const std::string mode : {"\"sample\"", "\"integrate\""}) {
        const Study study = study_of(study_text + mode);
        const Design design = study.setting->designs().at(0);
        const std::size_t series = design.series.size();
        const auto all = simulate(study, design, interleaved_, first_trials(64), 64);
        const auto apart = simulate(study, design, plain_, first_trials(64), 64);
        for (const std::vector<std::uint64_t>& trials :
             {std::vector<std::uint64_t>{17}, {63, 17, 0, 5, 41, 2, 9, 8, 1}}) {
            const auto some = simulate(study, design, interleaved_, trials, trials.size());
            for (std::size_t s = 0; s < series; ++s)
                for (std::size_t t = 0; t < trials.size(); ++t) {
                    const std::size_t same = s * 64 + trials[t];
                    ASSERT_EQ(some.values[s * trials.size() + t], all.values[same]);
                    EXPECT_NEAR(all.values[same], apart.values[same],
                                1e-8 * std::abs(apart.values[same]) + 1e-14);
                }
        }
    }
}

INSTANTIATE_TEST_SUITE_P(InstructionSets, Interleaved,
                         testing::ValuesIn(supported_interleaved_kernels()),
                         [](const auto& set) { return std::string(set.param->name); });

TEST(InterleavedKernels, AreOfTheSetThatDrawsTheNormals) {
    bool supported = false;
    for (const InterleavedKernels* kernels : supported_interleaved_kernels())
        supported = supported || kernels->name == std::string(random_instruction_set());
    if (!supported) GTEST_SKIP() << "AVX2 without fused multiplication";
    EXPECT_STREQ(chosen_interleaved_kernels().name, random_instruction_set());
}

}  // namespace
}  // namespace cucurbit
