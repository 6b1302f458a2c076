// Confidence of binary models, and sums.

#include <gtest/gtest.h>

#include <cmath>

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

}  // namespace
}  // namespace cucurbit
