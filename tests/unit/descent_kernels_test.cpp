// The descent's kernels of every instruction set: links with equal bits, products within rounding.

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "kernels/common/exponential.hpp"
#include "kernels/cpu/descent/choice.hpp"

namespace cucurbit {
namespace {

double error_in_ulp(double value, long double of) {
    const double near = std::fabs(static_cast<double>(of));
    const double ulp = std::nextafter(near, HUGE_VAL) - near;
    return static_cast<double>(std::fabs(value - of) / ulp);
}

TEST(Exponential, CloseToTheLongDoubleFunction) {
    std::mt19937_64 generator(1);
    std::uniform_real_distribution<double> wide(-700.0, 700.0), narrow(-2.0, 2.0);
    for (int i = 0; i < 200'000; ++i) {
        const double x = i % 2 == 0 ? wide(generator) : narrow(generator);
        ASSERT_LT(error_in_ulp(exponential<ScalarLane>(x), std::exp(static_cast<long double>(x))),
                  1.0)
            << x;
    }
}

TEST(Exponential, EndsOfItsRange) {
    EXPECT_EQ(exponential<ScalarLane>(0.0), 1.0);
    EXPECT_EQ(exponential<ScalarLane>(-1e300), exponential<ScalarLane>(-700.0));
    EXPECT_GT(exponential<ScalarLane>(-HUGE_VAL), 0.0);
    EXPECT_TRUE(std::isnan(exponential<ScalarLane>(std::nan(""))));
    EXPECT_TRUE(std::isnan(logistic<ScalarLane>(std::nan(""))));
    EXPECT_EQ(logistic<ScalarLane>(0.0), 0.5);
    EXPECT_EQ(logistic<ScalarLane>(50.0), 1.0);
    for (const double z : {-30.0, -3.0, -0.1, 0.7, 20.0})
        EXPECT_LT(
            error_in_ulp(logistic<ScalarLane>(z), 1 / (1 + std::exp(-static_cast<long double>(z)))),
            2.0);
}

std::vector<double> irregular(std::size_t size, double scale) {
    std::vector<double> values(size);
    for (std::size_t i = 0; i < size; ++i)
        values[i] = scale * std::sin(1.0 + 0.37 * static_cast<double>(i * i % 1009));
    return values;
}

TEST(Links, SameBitsFromEverySet) {
    const auto sets = supported_descent_kernels();
    for (const auto& [kind, classes] : {std::pair{DescentLink::Kind::identity, std::size_t{1}},
                                        {DescentLink::Kind::logistic, std::size_t{1}},
                                        {DescentLink::Kind::softmax, std::size_t{2}},
                                        {DescentLink::Kind::softmax, std::size_t{5}}})
        for (const std::size_t rows : {1, 7, 8, 29}) {
            const std::size_t cols = 10, ld = rows + 3;
            const DescentLink link{kind, classes, 1.7};
            const auto z = irregular(ld * cols, 9.0), targets = irregular(ld * cols, 1.0);
            std::vector<double> scratch(classes * link_lanes), first;
            for (const DescentKernels* kernels : sets) {
                std::vector<double> out = irregular(ld * cols, 0.5);
                kernels->link->add_residual(link, {z.data(), ld, targets.data(), ld, out.data(), ld,
                                                   rows, cols, 0.3, scratch.data()});
                if (first.empty()) first = out;
                for (std::size_t i = 0; i < out.size(); ++i)
                    ASSERT_EQ(std::bit_cast<std::uint64_t>(out[i]),
                              std::bit_cast<std::uint64_t>(first[i]))
                        << kernels->name << " " << rows << " " << i;
            }
        }
}

TEST(Steps, ProductsOfEverySet) {
    for (const DescentKernels* kernels : supported_descent_kernels())
        for (const std::size_t dimension : {1, 7, 8, 17, 64, 75})
            for (const std::size_t rows : {1, 2, 3, 5, 32})
                for (const std::size_t cols : {1, 2, 3, 4, 9}) {
                    const std::size_t ld = dimension + 2, out_ld = rows + 1;
                    auto x = irregular(ld * rows, 1.0), w = irregular(ld * cols, 1.0);
                    auto z = irregular(out_ld * cols, 1.0), g = irregular(ld * cols, 0.5);
                    const auto before = g;
                    kernels->steps->outputs({x.data(), ld}, dimension, rows, {w.data(), ld}, cols,
                                            {z.data(), out_ld});
                    kernels->steps->descend({x.data(), ld}, dimension, rows, {z.data(), out_ld},
                                            cols, {g.data(), ld});
                    for (std::size_t c = 0; c < cols; ++c)
                        for (std::size_t r = 0; r < rows; ++r) {
                            long double sum = 0;
                            for (std::size_t i = 0; i < dimension; ++i)
                                sum += static_cast<long double>(x[i + r * ld]) * w[i + c * ld];
                            ASSERT_NEAR(z[r + c * out_ld], static_cast<double>(sum), 1e-13);
                        }
                    for (std::size_t c = 0; c < cols; ++c)
                        for (std::size_t i = 0; i < ld; ++i) {
                            long double sum = before[i + c * ld];
                            for (std::size_t r = 0; r < rows && i < dimension; ++r)
                                sum -= static_cast<long double>(x[i + r * ld]) * z[r + c * out_ld];
                            ASSERT_NEAR(g[i + c * ld], static_cast<double>(sum), 1e-11)
                                << kernels->name;
                        }
                }
}

}  // namespace
}  // namespace cucurbit
