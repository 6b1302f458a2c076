// Weighted sums, norms and noise gains of every engine against the oracle.

#include "tests/parity/operands.hpp"

namespace cucurbit {
namespace {

using reference::Matrix;
using reference::product;
using reference::Real;
using reference::transposed;

using Sums = OnBatches;

TEST_P(Sums, WeightedProductsAndNorms) {
    for (const std::size_t p : {1, 2, 3, 7, 8, 9, 31, 33, 65}) {
        if (!lay_out(p)) continue;
        const auto items = irregular_batch(p, 4);
        const auto weights = ramp(p);
        const auto buffer = upload(weights);
        const auto left = engine_->indices({0, 1, 3}), right = engine_->indices({0, 2, 1});
        Operand e = operand(with_poison(items)), sums = result(3, 1), norm = result(1, 1);
        Operand rows = result(p, 1);
        engine_->products(e.batch(), buffer->data(), *left, *right, sums.batch());
        engine_->weighted_norm(e.batch(), buffer->data(), norm.batch());
        engine_->row_norms(e.batch(), rows.batch());
        for (const std::size_t t : good_items) {
            Matrix expected(3, 1), square(1, 1), by_row(p, 1);
            for (std::size_t i = 0; i < p; ++i) {
                const Real weight = weights[i];
                expected(0, 0) += weight * items[t](i, 0) * items[t](i, 0);
                expected(1, 0) += weight * items[t](i, 1) * items[t](i, 2);
                expected(2, 0) += weight * items[t](i, 3) * items[t](i, 1);
                by_row(i, 0) = reference::dot(items[t].row(i), items[t].row(i));
                square(0, 0) += weight * by_row(i, 0);
            }
            const double tolerance = 16 * eps * static_cast<double>(p);
            expect_close(sums.item(t), expected, tolerance, "products");
            expect_close(norm.item(t), square, tolerance, "weighted_norm");
            expect_close(rows.item(t), by_row, 16 * eps, "row_norms");
        }
    }
}

// The sums of the first n' entries are tr(r_n'ᵀ s_n' r_n'), for every n'.
TEST_P(Sums, GainsAddUpToNestedTraces) {
    for (const std::size_t n : {1, 2, 3, 33, 65, 130})
        for (const bool triangular : {true, false}) {
            if (!lay_out(n)) continue;
            const std::size_t k = triangular ? n : 5;
            auto r = triangular ? lower_batch(n) : irregular_batch(n, k);
            const auto factor = irregular_batch(7, n);
            std::vector<Matrix> s;
            for (const Matrix& f : factor) s.push_back(product(transposed(f), f));
            Operand rows = operand(with_poison(r)), gram = operand(s), out = result(n, 1);
            engine_->gains(rows.batch(), triangular, gram.batch(), out.batch());
            for (const std::size_t t : good_items) {
                const Matrix gained = out.item(t);
                Real sum = 0, trace = 0;
                for (std::size_t i = 0; i < n; ++i) {
                    sum += gained(i, 0);
                    for (std::size_t j = 0; j <= i; ++j)
                        trace +=
                            (j < i ? 2 : 1) * reference::dot(r[t].row(i), r[t].row(j)) * s[t](i, j);
                    EXPECT_NEAR(static_cast<double>(sum), static_cast<double>(trace),
                                1e-12 * static_cast<double>(n * n * n))
                        << n << " " << i;
                }
            }
        }
}

TEST_P(Sums, PrefixSumsOfValuesAndSquares) {
    if (!lay_out(40)) GTEST_SKIP() << "the preferred layout is the plain one";
    const auto items = irregular_batch(40, 1);
    const std::vector<std::uint32_t> ends{1, 2, 2, 17, 40};
    const auto list = engine_->indices(ends);
    Operand v = operand(with_poison(items)), sums = result(5, 1), squares = result(5, 1);
    engine_->prefix_sums(v.batch(), 1, *list, sums.batch());
    engine_->prefix_sums(v.batch(), 2, *list, squares.batch());
    for (const std::size_t t : good_items)
        for (std::size_t j = 0; j < ends.size(); ++j) {
            Real sum = 0, square = 0;
            for (std::size_t i = 0; i < ends[j]; ++i) {
                sum += items[t](i, 0);
                square += items[t](i, 0) * items[t](i, 0);
            }
            EXPECT_NEAR(static_cast<double>(sums.item(t)(j, 0)), static_cast<double>(sum), 1e-14);
            EXPECT_NEAR(static_cast<double>(squares.item(t)(j, 0)), static_cast<double>(square),
                        1e-14);
        }
}

CUCURBIT_ON_ALL_BATCHES(Sums);

}  // namespace
}  // namespace cucurbit
