// Confidence of binary models, and margins of students beside their teachers'.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "host/studies/descent/margins.hpp"
#include "kernels/common/sums.hpp"
#include "kernels/cpu/descent/choice.hpp"

namespace cucurbit {
namespace {

// Every set of instructions, which have the same bits.
TEST(Confidence, AgreesWithLongDouble) {
    std::vector<double> z{0.0, -0.0, 1e-300, 1e-8, -1e-8, 690.0, -690.0, std::log1p(std::sqrt(2))};
    for (int i = -4000; i <= 4000; ++i) z.push_back(0.01 * i);
    std::vector<double> first_confidence, first_loss;
    for (const DescentKernels* kernels : supported_descent_kernels()) {
        std::vector<double> confidence(z.size()), loss(z.size());
        kernels->link->measure_confidence(z.data(), z.size(), confidence.data(), loss.data());
        for (std::size_t i = 0; i < z.size(); ++i) {
            const long double odds = std::exp(-std::abs(static_cast<long double>(z[i])));
            const auto expect = [&](double value, long double exact) {
                EXPECT_LE(std::abs(static_cast<double>((value - exact) / exact)), 0x1p-50) << z[i];
            };
            expect(confidence[i], 1.0L / (1.0L + odds));
            expect(loss[i], std::log1p(odds));
        }
        if (first_loss.empty()) {
            first_confidence = confidence;
            first_loss = loss;
        }
        EXPECT_EQ(confidence, first_confidence) << kernels->name;
        EXPECT_EQ(loss, first_loss) << kernels->name;
    }
}

TEST(Sums, HaveAllValuesOfAnyNumber) {
    std::vector<double> values;
    for (std::size_t count = 0; count < 40; ++count) {
        EXPECT_EQ(sum(values.data(), count), 0.5 * static_cast<double>(count * (count + 1)));
        values.push_back(static_cast<double>(count + 1));
    }
}

/// The order that comparisons alone give.
std::vector<std::uint32_t> sorted(const std::vector<double>& margins) {
    std::vector<std::uint32_t> order;
    for (std::uint32_t i = 0; i < margins.size(); ++i) order.push_back(i);
    std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
        return margins[a] != margins[b] ? margins[a] < margins[b] : a < b;
    });
    return order;
}

TEST(Margins, AreOrderedWhateverTheirDistribution) {
    std::mt19937_64 generator(1);
    std::normal_distribution<double> normal;
    for (const int kind : {0, 1, 2, 3, 4}) {
        for (const std::size_t count : {0, 1, 2, 15, 400}) {
            std::vector<double> margins(count);
            for (double& margin : margins) {
                const double z = normal(generator);
                margin = kind == 0   ? z
                         : kind == 1 ? std::exp(20.0 * z)   // nearly all in one bucket
                         : kind == 2 ? std::round(2.0 * z)  // ties
                         : kind == 3 ? 1.0
                                     : (z > 2.0 ? HUGE_VAL : z);
            }
            EXPECT_EQ(by_margin(margins), sorted(margins)) << kind << " " << count;
        }
    }
}

TEST(Margins, OfADivergedTeacherKeepTheirOrder) {
    const std::vector<double> margins{3.0, std::nan(""), 1.0};
    EXPECT_EQ(by_margin(margins), (std::vector<std::uint32_t>{0, 1, 2}));
}

TEST(Margins, SharesCountWhatIsBeyondRoundingAndLinesAreLeastSquares) {
    const std::vector<double> teacher{1.0, 2.0, 3.0, 4.0}, student{0.5, 2.0 + 1e-12, 4.0, 6.5};
    const MarginComparison both{teacher, student};
    EXPECT_EQ(both.share(0, 4, true), 0.25);
    EXPECT_EQ(both.share(0, 4, false), 0.5);
    const auto [slope, intercept] = both.line();
    EXPECT_NEAR(slope, 2.0, 1e-12);
    EXPECT_NEAR(intercept, -1.75, 1e-12);
    std::vector<double> lost = student;
    lost[1] = std::nan("");
    EXPECT_TRUE(std::isnan((MarginComparison{teacher, lost}.share(0, 4, true))));
    EXPECT_EQ((MarginComparison{teacher, lost}.share(2, 4, false)), 1.0);
}

}  // namespace
}  // namespace cucurbit
