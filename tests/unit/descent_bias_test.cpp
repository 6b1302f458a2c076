// The exaggerated bias of distillation along gradient descent: exact statements over many spectra
// and times.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "host/studies/descent/exaggerated_bias.hpp"
#include "host/studies/descent/paths.hpp"

namespace cucurbit {
namespace {

using Real = long double;

/// A pair of directions and times, over many decades.
struct Case {
    double stronger, weaker, teacher, student;
};

Case random_case(std::mt19937_64& generator, bool whole) {
    std::uniform_real_distribution<double> unit(0.0, 1.0);
    const double fraction = std::pow(10.0, -4.0 * unit(generator)) * 0.999;
    const double ratio = std::pow(10.0, -6.0 * unit(generator)) * (1.0 - 1e-9);
    const auto time = [&] {
        const double t = std::pow(10.0, 6.0 * unit(generator));
        return whole ? std::floor(t) : t * 1e-2;
    };
    return {std::log1p(-fraction), std::log1p(-fraction * ratio), time(), time()};
}

TEST(ExaggeratedBias, HoldsForEveryPairAndAllTimes) {
    std::mt19937_64 generator(20250501);
    for (int i = 0; i < 400'000; ++i) {
        const Case of = random_case(generator, i % 2 == 0);
        ASSERT_TRUE(exaggerates(of.stronger, of.weaker, of.teacher, of.student))
            << of.stronger << " " << of.weaker << " " << of.teacher << " " << of.student;
    }
}

/// The weaker direction taken for the stronger: the statement turned round.
TEST(ExaggeratedBias, ExchangedDirectionsAreCaught) {
    std::mt19937_64 generator(20250502);
    for (int i = 0; i < 100'000; ++i) {
        const Case of = random_case(generator, false);
        ASSERT_FALSE(exaggerates(of.weaker, of.stronger, of.teacher, of.student));
    }
    EXPECT_FALSE(exaggerates(-0.1, -0.1, 3.0, 5.0));
}

/// The statement in the words of the theorem, where long double can tell: moderate times.
TEST(ExaggeratedBias, AgreesWithTheTheoremWrittenOut) {
    std::mt19937_64 generator(20250503);
    std::uniform_real_distribution<double> rate(0.01, 0.5), time(0.5, 20.0);
    int decided = 0;
    for (int i = 0; i < 20'000; ++i) {
        const double first = -rate(generator), second = -rate(generator);
        const double teacher = time(generator), student = time(generator);
        const auto progress = [](Real r, Real t) { return -std::expm1(r * t); };
        const Real covered = progress(first, student) * progress(first, teacher);
        const Real matched = std::log1p(-covered) / first;
        const Real gap =
            progress(second, matched) - progress(second, student) * progress(second, teacher);
        if (std::abs(gap) < 1e-15L) continue;
        ++decided;
        ASSERT_EQ(exaggerates(first, second, teacher, student), gap > 0) << first << " " << second;
        EXPECT_NEAR(matched_time(first, teacher, student), static_cast<double>(matched),
                    1e-13 * static_cast<double>(matched));
    }
    EXPECT_GT(decided, 19'000);
}

TEST(ExaggeratedBias, ResidualIsAccurateFromTheFirstMomentToTheLast) {
    for (const double rate : {-1e-6, -1e-3, -0.1, -2.0})
        for (const double teacher : {1e-6, 1.0, 30.0, 1e3, 1e6})
            for (const double student : {1e-6, 1.0, 30.0, 1e3, 1e6}) {
                const Real a = -std::expm1(Real(rate) * teacher);
                const Real shorter = std::min(teacher, student);
                const Real rest = std::exp(Real(rate) * (std::max(teacher, student) - shorter));
                const Real b = -std::expm1(Real(rate) * student);
                const Real expected =
                    a * b < 0.5L
                        ? std::log1p(-a * b)
                        : rate * shorter + std::log1p(-std::expm1(Real(rate) * shorter) * rest);
                EXPECT_NEAR(log_student_residual(rate, teacher, student),
                            static_cast<double>(expected),
                            1e-14 * std::abs(static_cast<double>(expected)))
                    << rate << " " << teacher << " " << student;
            }
}

/// A design with one teacher and one student, and where its measured paths put the violations.
struct MeasuredPaths {
    static constexpr std::size_t directions = 3;
    DescentSpec spec;
    Design design;

    MeasuredPaths() {
        spec.data.disturbance.values = {0.0};
        spec.teacher.steps.values = {50.0};
        spec.student.steps.values = {50.0};
        spec.student.directions = directions;
        DescentGrid::fill(spec, 10, 8, design);
    }
    /// path(k, step) of the teacher, end(k) of the student.
    template <class Path, class End>
    double violations(Path path, End end) const {
        const DescentGrid grid(spec, design);
        const std::vector<std::uint64_t> steps = path_steps(50);
        std::vector<double> recorded, ends(grid.columns() * directions);
        for (const std::uint64_t step : steps)
            for (std::size_t k = directions; k-- > 0;)
                recorded.push_back(path(k, static_cast<double>(step)));
        const std::size_t column = grid.student({0, 0, 0, 0});
        for (std::size_t k = 0; k < directions; ++k)
            ends[column * directions + directions - 1 - k] = end(k);
        std::vector<double> values(grid.values());
        DescentPaths(spec, grid, steps.size())
            .measure(recorded.data(), ends.data(), std::vector<double>(directions, 1.0), values);
        return values[grid.at(grid.estimand("violations"), column)];
    }
};

TEST(MeasuredBias, ASwapOfTeacherAndStudentIsCaught) {
    const MeasuredPaths paths;
    const double rates[] = {std::log1p(-0.2), std::log1p(-0.1), std::log1p(-0.03)};
    const auto teacher = [&](std::size_t k, double time) { return progress(rates[k], time); };
    const auto student = [&](std::size_t k, double time) {
        return progress(rates[k], time) * progress(rates[k], 12.0);
    };
    for (const double time : {3.0, 10.0, 20.0}) {
        EXPECT_EQ(paths.violations(teacher, [&](std::size_t k) { return student(k, time); }), 0.0);
        EXPECT_EQ(paths.violations(student, [&](std::size_t k) { return teacher(k, time / 2); }),
                  1.0);
    }
}

}  // namespace
}  // namespace cucurbit
