// What gradient descent takes from its samples: eigenvectors, features, rows in another order.

#include <cmath>

#include "tests/parity/operands.hpp"

namespace cucurbit {
namespace {

using reference::Matrix;
using reference::product;
using reference::Real;
using reference::transposed;

class DescentPreparations : public OnEngine {
protected:
    Operand operand(const std::vector<Matrix>& items) { return {*engine_, items, 1}; }
    Operand result(std::size_t rows, std::size_t cols) {
        return {*engine_, rows, cols, batch_count, 1};
    }
};

TEST_P(DescentPreparations, EigenvectorsAreOrthonormalAndAscending) {
    for (const std::size_t n : {1, 2, 5, 6, 17, 65}) {
        std::vector<Matrix> items;
        for (const Matrix& a : irregular_batch(n, n + 3))
            items.push_back(product(a, transposed(a)));
        auto poisoned = items;
        for (std::size_t t = 0; t < items.size(); ++t)
            for (std::size_t i = 0; i < n; ++i)
                for (std::size_t j = i + 1; j < n; ++j) poisoned[t](i, j) = std::nan("");
        Operand g = operand(poisoned), values = result(n, 1);
        engine_->eigen(g.batch(), values.batch());
        for (const std::size_t t : good_items) {
            const Matrix v = g.item(t), s = values.item(t);
            Matrix diagonal(n, n), unit(n, n);
            for (std::size_t i = 0; i < n; ++i) {
                diagonal(i, i) = s(i, 0);
                unit(i, i) = 1;
                EXPECT_LE(s(i > 0 ? i - 1 : 0, 0), s(i, 0));
            }
            const double tolerance = 30 * eps * static_cast<double>(n);
            expect_close(product(transposed(v), v), unit, tolerance, "VᵀV");
            expect_close(product(product(v, diagonal), transposed(v)), items[t], tolerance, "VΛVᵀ");
        }
    }
}

TEST_P(DescentPreparations, EigenvectorsOfWhatIsNotFiniteAreNaN) {
    for (const std::size_t n : {1, 2, 17, 65}) {
        auto items = irregular_batch(n, n);
        items[bad_item](n - 1, 0) = std::numeric_limits<Real>::quiet_NaN();
        items[bad_item + 1](n - 1, n / 2) = std::numeric_limits<Real>::infinity();
        Operand g = operand(items), values = result(n, 1);
        engine_->eigen(g.batch(), values.batch());
        for (std::size_t t = 0; t < batch_count; ++t) {
            const Matrix v = g.item(t), s = values.item(t);
            for (std::size_t i = 0; i < n; ++i) {
                const bool bad = t == bad_item || t == bad_item + 1;
                EXPECT_EQ(std::isnan(s(i, 0)), bad) << n << " " << t;
                for (std::size_t j = 0; j < n; ++j) EXPECT_EQ(std::isnan(v(i, j)), bad);
            }
        }
    }
}

// Against its series at small exponents, and its limits at zero and at the end.
TEST_P(DescentPreparations, FlowOfEveryDirection) {
    const auto items = irregular_batch(6, 3);
    Operand c = operand(items);
    std::vector<Matrix> values;
    for (std::size_t t = 0; t < batch_count; ++t) {
        Matrix value(6, 1);
        const Real some[] = {-1e-17, 0.0, 1e-9, 0.5 + static_cast<Real>(t), 3.0, 1e6};
        for (std::size_t i = 0; i < 6; ++i) value(i, 0) = some[i];
        values.push_back(value);
    }
    Operand value = operand(values);
    constexpr Real rate = 0.75;
    engine_->flow(value.batch(), 0.75, c.batch());
    for (std::size_t t = 0; t < batch_count; ++t) {
        const Matrix out = c.item(t);
        for (std::size_t i = 0; i < 6; ++i) {
            const Real v = values[t](i, 0), x = rate * v;
            const Real factor = v <= 0               ? rate
                                : std::abs(x) < 1e-6 ? rate * (1 - x / 2 + x * x / 6)
                                                     : (1 - std::exp(-x)) / v;
            for (std::size_t j = 0; j < 3; ++j)
                EXPECT_NEAR(static_cast<double>(out(i, j)),
                            static_cast<double>(factor * items[t](i, j)),
                            16 * eps * static_cast<double>(std::abs(factor * items[t](i, j))))
                    << i << " " << t;
        }
    }
}

TEST_P(DescentPreparations, RectifyAndGatherAreExact) {
    const auto items = irregular_batch(11, 7);
    Operand a = operand(items), shared(*engine_, std::vector<Matrix>{items[2]}, 1);
    std::vector<Matrix> orders;
    for (std::size_t t = 0; t < batch_count; ++t) {
        Matrix order(5, 1);
        for (std::size_t i = 0; i < 5; ++i) order(i, 0) = static_cast<Real>((3 * i + t) % 7);
        orders.push_back(order);
    }
    Operand order = operand(orders), columns = result(11, 5), rows = result(5, 7);
    Operand from_shared = result(11, 5);
    BatchMatrix one = shared.batch();
    one.stride = 0;
    one.count = batch_count;
    engine_->gather(a.batch(), order.batch(), false, columns.batch());
    engine_->gather(a.batch(), order.batch(), true, rows.batch());
    engine_->gather(one, order.batch(), false, from_shared.batch());
    engine_->apply(Entrywise::rectifier, a.batch());
    for (std::size_t t = 0; t < batch_count; ++t) {
        const Matrix by_column = columns.item(t), by_row = rows.item(t), positive = a.item(t);
        const Matrix shared_columns = from_shared.item(t);
        for (std::size_t k = 0; k < 5; ++k) {
            const auto place = static_cast<std::size_t>(orders[t](k, 0));
            for (std::size_t i = 0; i < 11; ++i) {
                EXPECT_EQ(by_column(i, k), items[t](i, place));
                EXPECT_EQ(shared_columns(i, k), items[2](i, place));
            }
            for (std::size_t j = 0; j < 7; ++j) EXPECT_EQ(by_row(k, j), items[t](place, j));
        }
        for (std::size_t i = 0; i < 11; ++i)
            for (std::size_t j = 0; j < 7; ++j)
                EXPECT_EQ(positive(i, j), std::max(items[t](i, j), Real(0)));
    }
}

CUCURBIT_ON_EVERY_ENGINE(DescentPreparations);

}  // namespace
}  // namespace cucurbit
