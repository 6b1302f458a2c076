// Products and solves of every engine against the oracle.

#include "tests/parity/operands.hpp"

namespace cucurbit {
namespace {

using reference::Matrix;
using reference::product;
using reference::Real;
using reference::transposed;

using Operations = OnBatches;

// k ascending lengths up to n, the last of them n.
std::vector<std::uint32_t> lengths(std::size_t n, std::size_t k) {
    std::vector<std::uint32_t> rows;
    for (std::size_t j = 1; j <= k; ++j)
        rows.push_back(static_cast<std::uint32_t>((n * j + k - 1) / k));
    return rows;
}

// Column j of a beyond its first rows[j] entries is undefined (or zero): set aside.
Matrix kept(Matrix a, const std::vector<std::uint32_t>& rows) {
    for (std::size_t j = 0; j < a.cols(); ++j)
        for (std::size_t i = rows[j]; i < a.rows(); ++i) a(i, j) = 0;
    return a;
}

Matrix leading(const Matrix& a, std::size_t n) {
    Matrix block(n, n);
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j < n; ++j) block(i, j) = a(i, j);
    return block;
}

TEST_P(Operations, MultiplyByMatricesAndTriangles) {
    for (const std::size_t n : sizes)
        for (const std::size_t k : {1, 3, 33}) {
            if (!lay_out(n)) continue;
            const double tolerance = 8 * eps * static_cast<double>(n);
            const auto square = irregular_batch(n, n), wide = irregular_batch(n, k);
            const auto triangles = lower_batch(n);
            Operand a = operand(with_poison(square)), b = operand(wide), out = result(n, k);
            Operand turned = result(n, k), right = operand(irregular_batch(k, n));
            Operand left = operand(wide), l = operand(with_poison(triangles));
            engine_->multiply(a.batch(), false, b.batch(), out.batch());
            engine_->multiply(a.batch(), true, b.batch(), turned.batch());
            engine_->multiply_by_transposed_lower(l.batch(), right.batch());
            engine_->multiply_by_lower(l.batch(), left.batch());
            for (const std::size_t t : good_items) {
                expect_close(out.item(t), product(square[t], wide[t]), tolerance, "a b");
                expect_close(turned.item(t), product(transposed(square[t]), wide[t]), tolerance,
                             "aᵀ b");
                expect_close(right.item(t), product(irregular(k, n, t), transposed(triangles[t])),
                             tolerance, "a rᵀ");
                expect_close(left.item(t), product(triangles[t], wide[t]), tolerance, "r a");
            }
        }
}

TEST_P(Operations, ProjectIsNeededOnlyUpToRows) {
    for (const std::size_t n : sizes)
        for (const std::size_t k : {1, 5, 40}) {
            if (!lay_out(std::max<std::size_t>(n, 33))) continue;
            const auto rows = lengths(n, k);
            const auto list = engine_->indices(rows);
            const auto items = irregular_batch(33, n);
            const Matrix labels = irregular(33, k, 9);
            Operand a = operand(with_poison(items)), c = result(n, k);
            Operand b(*engine_, std::vector<Matrix>{labels}, 1);
            BatchMatrix shared = b.batch();
            shared.stride = 0;
            shared.count = batch_count;
            Operand g = result(n, n), both = result(n, k);
            engine_->project(a.batch(), shared, *list, c.batch());
            engine_->gram_and_project(a.batch(), g.batch(), shared, *list, both.batch());
            for (const std::size_t t : good_items) {
                const Matrix projected = kept(product(transposed(items[t]), labels), rows);
                expect_close(kept(c.item(t), rows), projected, 4 * eps * 33, "project");
                expect_close(kept(both.item(t), rows), projected, 4 * eps * 33, "and project");
                expect_close(lower_part(g.item(t)),
                             lower_part(product(transposed(items[t]), items[t])), 4 * eps * 33,
                             "gram and project");
            }
        }
}

// As the engine that prefers it gets them: [labels samples] and [projections Gram matrix].
TEST_P(Operations, GramAndProjectOfAdjacentColumns) {
    for (const std::size_t n : {1, 33, 130})
        for (const std::size_t k : {1, 5, 40}) {
            if (!lay_out(n)) continue;
            const auto rows = lengths(n, k);
            const auto list = engine_->indices(rows);
            const auto items = irregular_batch(33, k + n);
            Operand from = operand(with_poison(items)), to = result(n, k + n);
            engine_->gram_and_project(from.batch().block(0, 33, k, n), to.batch().block(0, n, k, n),
                                      from.batch().leading(33, k), *list, to.batch().leading(n, k));
            for (const std::size_t t : good_items) {
                const Matrix products = product(transposed(items[t]), items[t]);
                const Matrix made = to.item(t);
                for (std::size_t i = 0; i < n; ++i)
                    for (std::size_t j = 0; j <= k + i; ++j)
                        if (j >= k || i < rows[j]) {
                            EXPECT_NEAR(static_cast<double>(made(i, j)),
                                        static_cast<double>(products(k + i, j)), 4 * eps * 33)
                                << i << " " << j;
                        }
            }
        }
}

// Shaped as columns of the same matrix would be, but not there.
TEST_P(Operations, GramAndProjectOfLabelsElsewhere) {
    for (const std::size_t n : {1, 33}) {
        if (!lay_out(n)) continue;
        const std::vector<std::uint32_t> rows(n, static_cast<std::uint32_t>(n));
        const auto list = engine_->indices(rows);
        const auto items = irregular_batch(33, n);
        std::vector<Matrix> labels;
        for (std::size_t t = 0; t < batch_count; ++t) labels.push_back(irregular(33, n, t + 50));
        Operand b = operand(labels), c = result(n, n), a = operand(items), g = result(n, n);
        engine_->gram_and_project(a.batch(), g.batch(), b.batch(), *list, c.batch());
        for (std::size_t t = 0; t < batch_count; ++t) {
            expect_close(c.item(t), product(transposed(items[t]), labels[t]), 4 * eps * 33, "c");
            expect_close(lower_part(g.item(t)), lower_part(product(transposed(items[t]), items[t])),
                         4 * eps * 33, "g");
        }
    }
}

TEST_P(Operations, SolveLowerWithNestedBlocks) {
    for (const std::size_t n : sizes)
        for (const std::size_t k : {1, 5, 40}) {
            if (!lay_out(n)) continue;
            const auto rows = lengths(n, k);
            const auto list = engine_->indices(rows);
            const auto triangles = lower_batch(n);
            std::vector<Matrix> right;
            for (std::size_t t = 0; t < batch_count; ++t)
                right.push_back(kept(irregular(n, k, t), rows));
            Operand l = operand(with_poison(triangles));
            Operand forward = operand(right), backward = operand(right);
            engine_->solve_lower(l.batch(), *list, forward.batch());
            engine_->solve_lower_transposed(l.batch(), *list, backward.batch());
            for (const std::size_t t : good_items) {
                const Matrix solution = forward.item(t), adjoint = backward.item(t);
                for (std::size_t j = 0; j < k; ++j) {
                    const Matrix block = leading(triangles[t], rows[j]);
                    for (std::size_t i = 0; i < n; ++i) {
                        if (i >= rows[j]) {
                            EXPECT_EQ(adjoint(i, j), 0);
                            continue;
                        }
                        Real ahead = -right[t](i, j), back = -right[t](i, j);
                        for (std::size_t m = 0; m < rows[j]; ++m) {
                            ahead += block(i, m) * solution(m, j);
                            back += block(m, i) * adjoint(m, j);
                        }
                        EXPECT_LE(std::abs(ahead), 8 * eps * static_cast<double>(n))
                            << i << " " << j;
                        EXPECT_LE(std::abs(back), 8 * eps * static_cast<double>(n))
                            << i << " " << j;
                    }
                }
            }
        }
}

TEST_P(Operations, Apply) {
    const std::size_t n = 33, k = 5;
    if (!lay_out(n)) GTEST_SKIP() << "the preferred layout is the plain one";
    auto before = irregular_batch(n, k);
    before[0](0, 0) = 0;
    const auto expected = [](Entrywise function, Real x) -> Real {
        const Real sqrt2 = std::sqrt(Real(2));
        switch (function) {
            case Entrywise::rectifier:
                return std::max(x, Real(0));
            case Entrywise::sign:
                return (x > 0 ? 1 : 0) - (x < 0 ? 1 : 0);
            case Entrywise::uniform:
                return std::sqrt(Real(3)) * std::erf(x / sqrt2);
            case Entrywise::laplace: {
                const Real exponential = -std::log(std::erfc(std::abs(x) / sqrt2));
                return (x < 0 ? -exponential : exponential) / sqrt2;
            }
        }
        return 0;
    };
    for (const Entrywise function :
         {Entrywise::rectifier, Entrywise::sign, Entrywise::uniform, Entrywise::laplace}) {
        Operand a = operand(with_poison(before));
        engine_->apply(function, a.batch());
        for (const std::size_t t : good_items) {
            Matrix all(n, k);
            for (std::size_t i = 0; i < n; ++i)
                for (std::size_t j = 0; j < k; ++j) all(i, j) = expected(function, before[t](i, j));
            expect_close(a.item(t), all, 8 * eps, "apply");
        }
    }
}

TEST_P(Operations, AddToColumns) {
    const std::size_t n = 33, k = 5;
    if (!lay_out(n)) GTEST_SKIP() << "the preferred layout is the plain one";
    const auto column = irregular_batch(n, 1), before = irregular_batch(n, k);
    Operand added = operand(with_poison(column)), c = operand(before);
    engine_->add_to_columns(added.batch(), 0.375, c.batch());
    for (const std::size_t t : good_items) {
        Matrix expected = before[t];
        for (std::size_t j = 0; j < k; ++j)
            for (std::size_t i = 0; i < n; ++i) expected(i, j) += Real(0.375) * column[t](i, 0);
        expect_close(c.item(t), expected, 2 * eps, "add_to_columns");
    }
}

TEST_P(Operations, SpreadCombineSubtract) {
    const std::size_t n = 19, k = 20, p = 31;
    if (!lay_out(p)) GTEST_SKIP() << "the preferred layout is the plain one";
    const auto rows = lengths(n, k);
    std::vector<std::uint32_t> source(k), subtracted(k);
    for (std::size_t j = 0; j < k; ++j) {
        source[j] = static_cast<std::uint32_t>((5 * j) % 7);
        subtracted[j] = j % 3 == 0 ? 1 : 0;
    }
    const auto sources = engine_->indices(source), ends = engine_->indices(rows);
    const auto flags = engine_->indices(subtracted);
    const auto from = irregular_batch(n, 7), x = irregular_batch(p, n);
    const auto truth = ramp(p);
    const auto buffer = upload(truth);
    Operand c = operand(with_poison(from)), a = operand(x), w = result(n, k), e = result(p, k);
    engine_->spread(c.batch(), *sources, *ends, w.batch());
    engine_->combine(a.batch(), w.batch(), *ends, e.batch());
    engine_->subtract(buffer->data(), *flags, e.batch());
    for (const std::size_t t : good_items) {
        Matrix expected(n, k);
        for (std::size_t j = 0; j < k; ++j)
            for (std::size_t i = 0; i < rows[j]; ++i) expected(i, j) = from[t](i, source[j]);
        expect_close(w.item(t), expected, 0.0, "spread");
        Matrix errors = product(x[t], expected);
        for (std::size_t j = 0; j < k; ++j)
            for (std::size_t i = 0; i < p; ++i) errors(i, j) -= subtracted[j] * Real(truth[i]);
        expect_close(e.item(t), errors, 8 * eps * static_cast<double>(n), "combine, subtract");
    }
}

CUCURBIT_ON_ALL_BATCHES(Operations);

}  // namespace
}  // namespace cucurbit
