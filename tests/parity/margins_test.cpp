// Students' margins beside their teachers' of every engine against plain loops in long double.

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>

#include "tests/parity/operands.hpp"

namespace cucurbit {
namespace {

using reference::Matrix;
using reference::Real;

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

class MarginOperations : public OnEngine {
protected:
    Operand operand(const std::vector<Matrix>& items) { return {*engine_, items, 1}; }
    Operand result(std::size_t rows, std::size_t cols) {
        return {*engine_, rows, cols, batch_count, 1};
    }
};

/// The log odds at a point that a model gives to the class which another predicts. Of one class:
/// those of label 1 against label 0.
Real margin(std::size_t classes, const Matrix& z, std::size_t point, std::size_t model,
            std::size_t other) {
    if (classes == 1) return z(point, other) > 0 ? z(point, model) : -z(point, model);
    std::size_t predicted = 0;
    for (std::size_t c = 1; c < classes; ++c)
        if (z(point, other * classes + c) > z(point, other * classes + predicted)) predicted = c;
    Real others = 0;
    for (std::size_t c = 0; c < classes; ++c)
        if (c != predicted) others += std::exp(z(point, model * classes + c));
    return z(point, model * classes + predicted) - std::log(others);
}

TEST_P(MarginOperations, MarginsAreOfTheClassThatTheTeacherPredicts) {
    constexpr std::size_t models = 5;
    const std::vector<std::uint32_t> of{0, 0, 2, 0, 2};
    for (const std::size_t classes : {1U, 3U})
        for (const std::size_t n : {1U, 33U, 300U}) {
            const auto items = irregular_batch(n, models * classes);
            Operand z = operand(with_poison(items)), out = result(n, models);
            engine_->margins(classes, z.batch(), *engine_->indices(of), out.batch());
            for (const std::size_t t : good_items) {
                Matrix expected(n, models);
                for (std::size_t i = 0; i < n; ++i)
                    for (std::size_t j = 0; j < models; ++j)
                        expected(i, j) = margin(classes, items[t], i, j, of[j]);
                expect_close(out.item(t), expected, classes == 1 ? 0.0 : 16 * eps, "margins");
            }
        }
}

/// The order that comparisons alone give.
std::vector<std::size_t> order_of(const Matrix& values, std::size_t column) {
    std::vector<std::size_t> order(values.rows());
    std::iota(order.begin(), order.end(), std::size_t{0});
    for (const std::size_t i : order)
        if (std::isnan(values(i, column))) return order;
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        const Real x = values(a, column), y = values(b, column);
        return x != y ? x < y : a < b;
    });
    return order;
}

// Columns: irregular; nearly all in one place; ties; all equal; infinite ones; one that is not a
// number.
TEST_P(MarginOperations, RowsAreOrderedWhateverTheirDistribution) {
    const std::vector<std::function<double(double)>> kinds{
        [](double z) { return z; },
        [](double z) { return std::exp(20.0 * z); },
        [](double z) { return std::round(2.0 * z); },
        [](double) { return 1.0; },
        [](double z) { return z > 0.8    ? infinity
                              : z < -0.8 ? -infinity
                                         : z; },
        [](double z) { return z > 0.5 && z < 0.9 ? not_a_number : z; }};
    for (const std::size_t n : {1U, 2U, 31U, 256U, 601U}) {
        auto items = irregular_batch(n, kinds.size());
        for (Matrix& item : items)
            for (std::size_t i = 0; i < n; ++i)
                for (std::size_t j = 0; j < kinds.size(); ++j)
                    item(i, j) = kinds[j](static_cast<double>(item(i, j)));
        Operand values = operand(items), order = result(n, kinds.size());
        engine_->order_rows(values.batch(), order.batch());
        for (std::size_t t = 0; t < batch_count; ++t) {
            const Matrix made = order.item(t);
            for (std::size_t j = 0; j < kinds.size(); ++j) {
                const std::vector<std::size_t> expected = order_of(items[t], j);
                for (std::size_t k = 0; k < n; ++k)
                    ASSERT_EQ(made(k, j), static_cast<Real>(expected[k])) << n << " " << j;
            }
        }
    }
}

/// One student's column of Engine::compare_margins written out.
std::vector<Real> comparison(const Matrix& margins, std::size_t student, std::size_t teacher,
                             std::size_t bins) {
    const std::size_t n = margins.rows(), quarter = (n + 3) / 4;
    const std::vector<std::size_t> order = order_of(margins, teacher);
    const auto mean = [&](std::size_t column, std::size_t begin, std::size_t end) {
        Real sum = 0;
        for (std::size_t k = begin; k < end; ++k) sum += margins(order[k], column);
        return sum / static_cast<Real>(end - begin);
    };
    const Real x = mean(teacher, 0, n), y = mean(student, 0, n);
    Real squares = 0, products = 0, below = 0, above = 0;
    for (std::size_t k = 0; k < n; ++k) {
        const Real own = margins(order[k], student), others = margins(order[k], teacher);
        squares += (others - x) * (others - x);
        products += (others - x) * (own - y);
        // Values are chosen so that no gap is near the bound of rounding.
        const Real size = std::max<Real>(1, std::abs(others));
        const Real lost = std::isnan(own - others) ? own - others : 0;
        if (k < quarter) below += lost + (own - others < -1e-9L * size ? 1 : 0);
        if (k >= n - quarter) above += lost + (own - others > 1e-9L * size ? 1 : 0);
    }
    const Real slope = products / squares;
    std::vector<Real> out{slope, y - slope * x, below / static_cast<Real>(quarter),
                          above / static_cast<Real>(quarter)};
    for (std::size_t b = 0; b < bins; ++b)
        for (const std::size_t column : {teacher, student})
            out.push_back(mean(column, b * n / bins, (b + 1) * n / bins));
    return out;
}

// Students and teachers in any order of columns; one student differs from its teacher by rounding
// alone.
TEST_P(MarginOperations, StudentsAreComparedInTheOrderOfTheirTeachers) {
    constexpr std::size_t models = 6;
    const std::vector<std::uint32_t> students{3, 5, 2, 4, 0}, teachers{1, 0, 0, 1, 0};
    for (const auto& [n, bins] :
         {std::pair<std::size_t, std::size_t>{12, 3}, {50, 0}, {77, 10}, {300, 7}}) {
        auto items = irregular_batch(n, models);
        for (Matrix& item : items)
            for (std::size_t i = 0; i < n; ++i) {
                item(i, 2) = item(i, 0) * (1 + (i % 2 == 0 ? 1e-12L : -1e-12L));
                item(i, 5) += 0.5L * item(i, 0);
            }
        Operand margins = operand(with_poison(items)), order = result(n, 2);
        Operand out = result(comparison_rows(bins), students.size());
        engine_->order_rows(margins.batch().leading(n, 2), order.batch());
        engine_->compare_margins(margins.batch(), order.batch(), *engine_->indices(students),
                                 *engine_->indices(teachers), bins, out.batch());
        for (const std::size_t t : good_items) {
            Matrix expected(comparison_rows(bins), students.size());
            for (std::size_t s = 0; s < students.size(); ++s) {
                const auto column = comparison(items[t], students[s], teachers[s], bins);
                for (std::size_t r = 0; r < column.size(); ++r) expected(r, s) = column[r];
            }
            EXPECT_EQ(expected(2, 2), 0) << "of rounding";
            expect_close(out.item(t), expected, 1000 * eps, "comparisons");
        }
    }
}

/// A point that is not a number spoils what it goes into, and no more.
TEST_P(MarginOperations, APointThatIsNotANumberSpoilsWhatItGoesInto) {
    constexpr std::size_t n = 40, bins = 4, rows = comparison_rows(bins);
    std::vector<Matrix> items(batch_count, Matrix(n, 2));
    for (Matrix& item : items)
        for (std::size_t i = 0; i < n; ++i) {
            item(i, 0) = static_cast<Real>(i);
            item(i, 1) = i == 3 ? not_a_number : 2 * static_cast<Real>(i) + 1;
        }
    Operand margins = operand(items), order = result(n, 1), out = result(rows, 1);
    engine_->order_rows(margins.batch().leading(n, 1), order.batch());
    engine_->compare_margins(margins.batch(), order.batch(), *engine_->indices({1}),
                             *engine_->indices({0}), bins, out.batch());
    const Matrix made = out.item(2);
    for (const std::size_t r : {0U, 1U, 2U, 5U}) EXPECT_TRUE(std::isnan(made(r, 0))) << r;
    EXPECT_EQ(made(3, 0), 1);
    EXPECT_EQ(made(4, 0), 4.5);
    for (std::size_t b = 1; b < bins; ++b) {
        EXPECT_EQ(made(4 + 2 * b, 0), static_cast<Real>(10 * b) + 4.5);
        EXPECT_EQ(made(5 + 2 * b, 0), static_cast<Real>(20 * b) + 10);
    }
}

CUCURBIT_ON_EVERY_ENGINE(MarginOperations);

}  // namespace
}  // namespace cucurbit
