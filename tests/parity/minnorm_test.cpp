// Minimum-norm fits of arrays on every engine against the oracle, and what trouble in one item
// leaves of the others.

#include "cucurbit/minnorm.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <random>
#include <stdexcept>

#include "tests/reference/dense.hpp"
#include "tests/support/engines.hpp"

namespace cucurbit {
namespace {

using reference::Matrix;
using reference::Real;

constexpr double epsilon = std::numeric_limits<double>::epsilon();

struct Arrays {
    std::size_t items, rows, features, labels;
    std::vector<double> x, y;

    Arrays(std::size_t count, std::size_t n, std::size_t p, std::size_t k)
        : items(count),
          rows(n),
          features(p),
          labels(k),
          x(normal(count * n * p)),
          y(normal(count * n * k)) {}

    static std::vector<double> normal(std::size_t count) {
        static std::mt19937_64 generator(1);
        std::normal_distribution<double> draw;
        std::vector<double> values(count);
        for (double& value : values) value = draw(generator);
        return values;
    }
    double& at(std::size_t item, std::size_t row, std::size_t feature) {
        return x[(item * rows + row) * features + feature];
    }
    double& label(std::size_t item, std::size_t row, std::size_t column) {
        return y[(item * rows + row) * labels + column];
    }
    MinnormProblem problem(std::vector<std::size_t> n = {}) const {
        MinnormProblem problem{items,        rows,     features,        labels,
                               x.data(),     y.data(), rows * features, rows * labels,
                               std::move(n), {}};
        return problem;
    }
    Matrix samples(std::size_t item, std::size_t n) const {
        Matrix m(n, features);
        for (std::size_t i = 0; i < n; ++i)
            for (std::size_t j = 0; j < features; ++j)
                m(i, j) = x[(item * rows + i) * features + j];
        return m;
    }
    reference::Vector column_of_labels(std::size_t item, std::size_t n, std::size_t column) const {
        reference::Vector values;
        for (std::size_t i = 0; i < n; ++i)
            values.push_back(y[(item * rows + i) * labels + column]);
        return values;
    }
};

/// Fits beside the oracle's.
class MinnormParity : public testing::TestWithParam<std::string> {
protected:
    static void compare(const Arrays& arrays, const std::vector<std::size_t>& sizes,
                        double tolerance = 1e-9) {
        const MinnormFits fits = minnorm(arrays.problem(sizes), GetParam());
        for (std::size_t item = 0; item < arrays.items; ++item)
            for (std::size_t s = 0; s < sizes.size(); ++s) {
                const std::size_t n = sizes[s], at = item * sizes.size() + s;
                const double cut_off = epsilon * static_cast<double>(std::max(n, arrays.features));
                const Matrix x = arrays.samples(item, n);
                const auto oracle = reference::MinimumNorm::truncated(x, cut_off);
                SCOPED_TRACE("item " + std::to_string(item) + ", n " + std::to_string(n));
                EXPECT_EQ(fits.status[at], Status::ok);
                EXPECT_EQ(fits.rank[at], oracle.rank());
                for (std::size_t l = 0; l < arrays.labels; ++l)
                    compare_label(arrays, fits, oracle, x, {item, at, l}, tolerance);
            }
    }

private:
    struct Place {
        std::size_t item, at, label;
    };
    static void compare_label(const Arrays& arrays, const MinnormFits& fits,
                              const reference::MinimumNorm& oracle, const Matrix& x,
                              const Place& place, double tolerance) {
        const auto y = arrays.column_of_labels(place.item, x.rows(), place.label);
        const auto expected = oracle.solve(y);
        const Real norm = std::sqrt(reference::dot(expected, expected));
        for (std::size_t j = 0; j < arrays.features; ++j)
            EXPECT_NEAR(
                fits.coefficients[(place.at * arrays.features + j) * arrays.labels + place.label],
                static_cast<double>(expected[j]), tolerance * static_cast<double>(norm));
        const auto fitted = reference::product(x, expected);
        Real squares = 0;
        for (std::size_t i = 0; i < y.size(); ++i)
            squares += (fitted[i] - y[i]) * (fitted[i] - y[i]);
        const auto size = static_cast<double>(std::sqrt(reference::dot(y, y)));
        EXPECT_NEAR(fits.residuals[place.at * arrays.labels + place.label],
                    static_cast<double>(std::sqrt(squares)), tolerance * size);
    }
};
CUCURBIT_ON_EVERY_ENGINE(MinnormParity);

TEST_P(MinnormParity, AnyShape) {
    for (const auto& [n, p, k] : std::vector<std::array<std::size_t, 3>>{{1, 1, 1},
                                                                         {1, 6, 2},
                                                                         {6, 1, 2},
                                                                         {7, 7, 1},
                                                                         {5, 12, 3},
                                                                         {12, 5, 3},
                                                                         {30, 40, 1},
                                                                         {40, 30, 2}})
        compare(Arrays(11, n, p, k), {n});
}

TEST_P(MinnormParity, NestedRows) {
    compare(Arrays(3, 20, 9, 2), {1, 4, 8, 9, 10, 13, 20});
    compare(Arrays(3, 9, 14, 1), {2, 9});
    compare(Arrays(3, 25, 6, 1), {7, 25});
}

TEST_P(MinnormParity, ItemsBeyondTheInterleavedSize) {
    if (GetParam() == "cpu") compare(Arrays(2, 90, 140, 1), {90});
}

/// An item whose singular values fall from 1 to 1/condition.
Arrays conditioned(std::size_t n, std::size_t p, double condition) {
    Arrays arrays(1, n, p, 1);
    const std::size_t order = std::min(n, p);
    const Matrix x = arrays.samples(0, n);
    const auto factors = reference::jacobi_svd(n >= p ? x : reference::transposed(x));
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j < p; ++j) {
            Real sum = 0;
            for (std::size_t s = 0; s < order; ++s) {
                const Real value = std::pow(static_cast<Real>(condition),
                                            -static_cast<Real>(s) / static_cast<Real>(order - 1));
                sum += value * (n >= p ? factors.u(i, s) * factors.v(j, s)
                                       : factors.v(i, s) * factors.u(j, s));
            }
            arrays.at(0, i, j) = static_cast<double>(sum);
        }
    return arrays;
}

TEST_P(MinnormParity, BadConditionsClimb) {
    for (const auto& [condition, rung] :
         std::vector<std::pair<double, Rung>>{{1e3, Rung::cholesky},
                                              {1e4, Rung::cholesky},
                                              {1e6, Rung::orthogonal},
                                              {1e10, Rung::orthogonal},
                                              {1e17, Rung::truncated}})
        for (const std::size_t n : {8U, 12U, 17U}) {
            const Arrays arrays = conditioned(n, 12, condition);
            SCOPED_TRACE(condition);
            EXPECT_EQ(minnorm(arrays.problem(), GetParam()).rung.front(), rung);
            // Least squares feel the square of the condition where the labels are not fitted; what
            // a truncation leaves is as sure as its smallest singular value.
            if (condition < 1e5 || (n == 8 && condition < 1e11))
                compare(arrays, {n}, 30 * epsilon * condition * (n > 12 ? condition : 1.0));
        }
}

// Where labels are met, refinement leaves the condition of least squares, not its square.
TEST_P(MinnormParity, LeastSquaresOfLabelsThatAreMet) {
    constexpr double condition = 1e4;
    Arrays arrays = conditioned(17, 12, condition);
    const std::vector<double> truth = Arrays::normal(12);
    for (std::size_t i = 0; i < 17; ++i) {
        Real sum = 0;
        for (std::size_t j = 0; j < 12; ++j)
            sum += static_cast<Real>(arrays.at(0, i, j)) * truth[j];
        arrays.label(0, i, 0) = static_cast<double>(sum);
    }
    EXPECT_EQ(minnorm(arrays.problem(), GetParam()).rung.front(), Rung::cholesky);
    compare(arrays, {17}, 30 * epsilon * condition);
}

TEST_P(MinnormParity, MissingRank) {
    Arrays arrays(8, 10, 8, 2);
    for (std::size_t j = 0; j < 8; ++j) {
        arrays.at(1, 4, j) = 0.0;
        arrays.at(2, 6, j) = arrays.at(2, 5, j);
        for (std::size_t i = 0; i < 10; ++i) arrays.at(3, i, j) = 0.0;
        for (std::size_t i = 1; i < 10; ++i)
            arrays.at(4, i, j) = arrays.at(4, 0, j) * static_cast<double>(i);
    }
    for (std::size_t i = 0; i < 10; ++i) {
        arrays.at(5, i, 3) = 0.0;
        arrays.at(6, i, 7) = arrays.at(6, i, 0) - arrays.at(6, i, 1);
    }
    compare(arrays, {5, 7, 8, 10});
}

TEST_P(MinnormParity, TroubleStaysWithItsItem) {
    Arrays arrays(10, 9, 6, 2);
    const std::vector<std::size_t> sizes{3, 6, 9};
    const MinnormFits before = minnorm(arrays.problem(sizes), GetParam());
    arrays.at(1, 4, 2) = std::numeric_limits<double>::quiet_NaN();
    arrays.label(2, 8, 0) = std::numeric_limits<double>::infinity();
    for (std::size_t j = 0; j < 6; ++j) {
        arrays.at(3, 0, j) = 0.0;
        for (std::size_t i = 0; i < 9; ++i) {
            arrays.at(4, i, j) *= 0x1p+500;
            arrays.at(5, i, j) *= 0x1p-500;
        }
    }
    for (std::size_t i = 0; i < 9; ++i) arrays.label(6, i, 1) *= 0x1p+1000;
    const MinnormFits after = minnorm(arrays.problem(sizes), GetParam());

    const double allowed = allowed_between_batches(GetParam());
    const auto expect_scaled = [&](std::size_t item, std::size_t size, int exponent) {
        for (std::size_t j = 0; j < 12; ++j) {
            const std::size_t at = (item * 3 + size) * 12 + j;
            const int scale = item == 6 && j % 2 == 1 ? 1000 : exponent;
            EXPECT_TRUE(
                agree(std::ldexp(after.coefficients[at], -scale), before.coefficients[at], allowed))
                << item << ' ' << size << ' ' << j;
        }
    };
    for (const std::size_t item : {0U, 6U, 7U, 8U, 9U})
        for (std::size_t size = 0; size < 3; ++size) expect_scaled(item, size, 0);
    for (std::size_t size = 0; size < 3; ++size) {
        expect_scaled(4, size, -500);
        expect_scaled(5, size, 500);
    }
    expect_scaled(1, 0, 0);
    expect_scaled(2, 0, 0);
    expect_scaled(2, 1, 0);
    for (const std::size_t at : {4U, 5U, 8U}) {
        EXPECT_EQ(after.status[at], Status::not_finite);
        EXPECT_EQ(after.rung[at], Rung::none);
        EXPECT_EQ(after.rank[at], 0);
        EXPECT_TRUE(std::isnan(after.coefficients[at * 12]));
        EXPECT_TRUE(std::isnan(after.residuals[at * 2]));
    }
    EXPECT_EQ(after.rank[9], 2);
    EXPECT_EQ(after.rung[9], Rung::truncated);
}

TEST_P(MinnormParity, AnOverflowIsAStatus) {
    Arrays arrays(1, 4, 3, 1);
    for (double& value : arrays.x) value *= 1e-200;
    for (double& value : arrays.y) value *= 1e+200;
    const MinnormFits fits = minnorm(arrays.problem(), GetParam());
    EXPECT_EQ(fits.status.front(), Status::not_finite);
    EXPECT_EQ(fits.rung.front(), Rung::cholesky);
}

TEST_P(MinnormParity, ACutOffOfOnesOwn) {
    const Arrays arrays = conditioned(6, 10, 1e5);  // a singular value for each power of ten
    MinnormProblem problem = arrays.problem();
    problem.rcond = 3e-3;
    const MinnormFits fits = minnorm(problem, GetParam());
    EXPECT_EQ(fits.rank.front(), 3);
    EXPECT_EQ(fits.rung.front(), Rung::truncated);
    problem.rcond = 0.0;
    EXPECT_EQ(minnorm(problem, GetParam()).rank.front(), 6);
}

TEST_P(MinnormParity, SharedSamples) {
    const Arrays arrays(5, 4, 6, 1);
    MinnormProblem shared = arrays.problem();
    shared.x_stride = 0;
    Arrays copies = arrays;
    for (std::size_t item = 1; item < 5; ++item)
        std::copy_n(arrays.x.begin(), 24,
                    copies.x.begin() + static_cast<std::ptrdiff_t>(item * 24));
    EXPECT_EQ(minnorm(shared, GetParam()).coefficients,
              minnorm(copies.problem(), GetParam()).coefficients);
}

TEST_P(MinnormParity, ThreadsChangeNothing) {
    Arrays arrays(200, 6, 9, 1);
    for (std::size_t item = 0; item < 200; item += 3)
        for (std::size_t j = 0; j < 9; ++j) arrays.at(item, 2, j) = 0.0;
    EXPECT_EQ(minnorm(arrays.problem(), GetParam(), 1).coefficients,
              minnorm(arrays.problem(), GetParam(), 3).coefficients);
}

TEST(Minnorm, RefusesWhatDoesNotFitTogether) {
    const Arrays arrays(2, 3, 4, 1);
    for (const std::vector<std::size_t>& n : {std::vector<std::size_t>{0}, {2, 2}, {3, 2}, {4}})
        EXPECT_THROW(minnorm(arrays.problem(n)), std::invalid_argument);
    MinnormProblem problem = arrays.problem();
    problem.rcond = -1.0;
    EXPECT_THROW(minnorm(problem), std::invalid_argument);
    problem = arrays.problem();
    problem.features = 0;
    EXPECT_THROW(minnorm(problem), std::invalid_argument);
    EXPECT_THROW(minnorm(arrays.problem(), "tpu"), DeviceError);
    problem = arrays.problem();
    problem.items = 0;
    EXPECT_TRUE(minnorm(problem).coefficients.empty());
}

}  // namespace
}  // namespace cucurbit
