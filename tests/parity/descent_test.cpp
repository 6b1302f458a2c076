// The operations of gradient descent of every engine against plain loops in long double.

#include <algorithm>
#include <cmath>
#include <limits>

#include "tests/parity/operands.hpp"

namespace cucurbit {
namespace {

using reference::Matrix;
using reference::product;
using reference::Real;
using reference::transposed;

constexpr DescentLink identity{DescentLink::Kind::identity, 1, 1.0};

class DescentOperations : public OnEngine {
protected:
    Operand operand(const std::vector<Matrix>& items) { return {*engine_, items, 1}; }
    Operand result(std::size_t rows, std::size_t cols) {
        return {*engine_, rows, cols, batch_count, 1};
    }
};

Matrix predicted(const DescentLink& link, const Matrix& z) {
    Matrix out(z.rows(), z.cols());
    for (std::size_t i = 0; i < z.rows(); ++i)
        for (std::size_t j = 0; j < z.cols(); ++j) {
            const auto power = [&](std::size_t c) { return std::exp(z(i, c) / link.temperature); };
            Real sum = 0;
            const std::size_t first = j / link.classes * link.classes;
            for (std::size_t c = first; c < first + link.classes; ++c) sum += power(c);
            out(i, j) = link.kind == DescentLink::Kind::identity ? z(i, j) / link.temperature
                        : link.kind == DescentLink::Kind::logistic
                            ? 1 / (1 + std::exp(-z(i, j) / link.temperature))
                            : power(j) / sum;
        }
    return out;
}

TEST_P(DescentOperations, PredictionsOfEveryLink) {
    for (const DescentLink& link : {identity, DescentLink{DescentLink::Kind::logistic, 1, 2.0},
                                    DescentLink{DescentLink::Kind::softmax, 3, 0.5}}) {
        const auto items = irregular_batch(13, 6);
        Operand z = operand(with_poison(items)), out = result(13, 6);
        engine_->predict(link, z.batch(), out.batch());
        engine_->predict(link, z.batch(), z.batch());
        for (const std::size_t t : good_items) {
            expect_close(out.item(t), predicted(link, items[t]), 8 * eps, "predictions");
            expect_close(z.item(t), out.item(t), 0.0, "in place");
        }
    }
}

TEST_P(DescentOperations, PredictionsHaveTheBitsOfTheCpu) {
    const EnginePointer cpu = make_engine("cpu");
    for (const DescentLink& link : {identity, DescentLink{DescentLink::Kind::logistic, 1, 1.7},
                                    DescentLink{DescentLink::Kind::softmax, 3, 0.7}}) {
        const auto items = irregular_batch(13, 6);
        Operand z = operand(items), there(*cpu, items, 1);
        engine_->predict(link, z.batch(), z.batch());
        cpu->predict(link, there.batch().trials(1), there.batch().trials(1));
        expect_close(z.item(0), there.item(0), 0.0, "predictions");
    }
}

/// Sums of one model written out; labels: of its points.
std::vector<Real> scores(std::size_t classes, const Matrix& z, std::size_t first,
                         const std::vector<std::size_t>& labels) {
    std::vector<Real> sums(score_rows, 0);
    for (std::size_t i = 0; i < z.rows(); ++i) {
        // Of one class: the logits of label 0 and label 1.
        std::vector<Real> logits{0, z(i, first)};
        if (classes > 1) logits.clear();
        for (std::size_t c = 0; classes > 1 && c < classes; ++c) logits.push_back(z(i, first + c));
        Real all = 0;
        std::size_t best = 0;
        for (std::size_t c = 0; c < logits.size(); ++c) {
            all += std::exp(logits[c]);
            if (logits[c] > logits[best]) best = c;
        }
        const Real sure = std::exp(logits[best]) / all;
        const Real hit = best == labels[i] ? 1 : 0;
        sums[0] += hit;
        sums[1] += std::log(all) - logits[labels[i]];
        sums[2 + static_cast<std::size_t>(sure * confidence_bins)] += sure - hit;
    }
    return sums;
}

// Labels of two columns, models of either; a multiple of a warp's points and not; sums go on.
TEST_P(DescentOperations, ScoresOfBinaryModelsAndOfClasses) {
    constexpr std::size_t models = 6;
    const std::vector<std::uint32_t> of{0, 1, 1, 0, 0, 1};
    for (const std::size_t classes : {1U, 3U})
        for (const std::size_t n : {1U, 31U, 64U, 77U}) {
            auto items = irregular_batch(n, models * classes);
            for (Matrix& item : items)
                for (std::size_t i = 0; i < n; ++i)
                    for (std::size_t j = 0; j < item.cols(); ++j) item(i, j) *= 4.0;
            std::vector<Matrix> labels, before = irregular_batch(score_rows, models);
            for (std::size_t t = 0; t < batch_count; ++t) {
                labels.emplace_back(n, 2);
                for (std::size_t i = 0; i < n; ++i)
                    for (std::size_t k = 0; k < 2; ++k)
                        labels[t](i, k) = static_cast<Real>((i * i + 5 * k + t) %
                                                            std::max<std::size_t>(classes, 2));
            }
            Operand z = operand(with_poison(items)), label = operand(labels);
            Operand sums = operand(before);
            const auto list = engine_->indices(of);
            engine_->score(classes, z.batch(), label.batch(), *list, sums.batch());
            for (const std::size_t t : good_items) {
                Matrix expected = before[t];
                for (std::size_t j = 0; j < models; ++j) {
                    std::vector<std::size_t> own(n);
                    for (std::size_t i = 0; i < n; ++i)
                        own[i] = static_cast<std::size_t>(labels[t](i, of[j]));
                    const auto add = scores(classes, items[t], j * classes, own);
                    for (std::size_t r = 0; r < score_rows; ++r) expected(r, j) += add[r];
                }
                expect_close(sums.item(t), expected, 64 * eps, "sums");
            }
        }
}

/// Of every third point: sums are those of the others.
TEST_P(DescentOperations, PointsWithoutALabelAreNotCounted) {
    constexpr std::size_t models = 3, n = 50;
    for (const std::size_t classes : {1U, 3U}) {
        const auto items = irregular_batch(n, models * classes);
        std::vector<Matrix> others, labels, fewer;
        for (const Matrix& item : items) {
            others.emplace_back(n - (n + 2) / 3, item.cols());
            labels.emplace_back(n, 1);
            fewer.emplace_back(others.back().rows(), 1);
            for (std::size_t i = 0, k = 0; i < n; ++i) {
                labels.back()(i, 0) = i % 3 == 0 ? std::numeric_limits<Real>::quiet_NaN() : i % 2;
                if (i % 3 == 0) continue;
                for (std::size_t j = 0; j < item.cols(); ++j) others.back()(k, j) = item(i, j);
                fewer.back()(k++, 0) = i % 2;
            }
        }
        Operand z = operand(items), label = operand(labels), sums = result(score_rows, models);
        Operand rest = operand(others), own = operand(fewer), same = result(score_rows, models);
        const auto list = engine_->indices(std::vector<std::uint32_t>(models, 0));
        for (Operand* each : {&sums, &same}) engine_->fill(each->batch(), 0.0);
        engine_->score(classes, z.batch(), label.batch(), *list, sums.batch());
        engine_->score(classes, rest.batch(), own.batch(), *list, same.batch());
        for (std::size_t t = 0; t < batch_count; ++t)
            expect_close(sums.item(t), same.item(t), 64 * eps, "sums");
    }
}

/// One output that is not finite spoils all sums of its model, and no other's.
TEST_P(DescentOperations, ScoresOfWhatIsNotFiniteAreNaN) {
    constexpr std::size_t models = 4, n = 40;
    for (const std::size_t classes : {1U, 3U})
        for (const Real bad :
             {std::numeric_limits<Real>::quiet_NaN(), -std::numeric_limits<Real>::infinity()}) {
            auto items = irregular_batch(n, models * classes);
            for (Matrix& item : items) item(n - 2, 2 * classes) = bad;
            const std::vector<Matrix> labels(batch_count, Matrix(n, 1));
            Operand z = operand(items), label = operand(labels), sums = result(score_rows, models);
            engine_->fill(sums.batch(), 0.0);
            const auto list = engine_->indices(std::vector<std::uint32_t>(models, 0));
            engine_->score(classes, z.batch(), label.batch(), *list, sums.batch());
            const Matrix made = sums.item(3);
            for (std::size_t r = 0; r < score_rows; ++r)
                for (std::size_t j = 0; j < models; ++j)
                    EXPECT_EQ(std::isnan(made(r, j)), j == 2) << r << " " << j;
        }
}

TEST_P(DescentOperations, ProductsOfColumns) {
    const auto left = irregular_batch(35, 5), right = irregular_batch(35, 4);
    const std::vector<std::uint32_t> a{4, 0, 0, 2, 3, 1}, b{0, 3, 1, 1, 2, 0};
    Operand x = operand(with_poison(left)), y = operand(right), out = result(35, 6);
    const auto lefts = engine_->indices(a), rights = engine_->indices(b);
    Matrix expected[batch_count];
    for (const bool adds : {false, true}) {
        const IndexList& first = adds ? *rights : *lefts;
        engine_->multiply_columns(x.batch(), first, y.batch(), *rights, adds, out.batch());
        for (const std::size_t t : good_items) {
            if (!adds) expected[t] = Matrix(35, 6);
            for (std::size_t i = 0; i < 35; ++i)
                for (std::size_t j = 0; j < 6; ++j)
                    expected[t](i, j) += left[t](i, adds ? b[j] : a[j]) * right[t](i, b[j]);
            expect_close(out.item(t), expected[t], 4 * eps, "products");
        }
    }
}

/// One step written out.
struct Step {
    Matrix velocity, iterates;
};
Step step_of(DescentSpace space, const Matrix& x, const std::vector<DescentLoss>& losses,
             const std::vector<Matrix>& targets, Real rate, Real momentum, Step at) {
    const Matrix z = product(transposed(x), at.iterates);
    Matrix residual(z.rows(), z.cols());
    for (std::size_t l = 0; l < losses.size(); ++l) {
        const Matrix prediction = predicted(losses[l].link, z);
        for (std::size_t i = 0; i < z.rows(); ++i)
            for (std::size_t j = 0; j < targets[l].cols(); ++j)
                residual(i, losses[l].first + j) +=
                    rate * losses[l].factor *
                    (prediction(i, losses[l].first + j) - targets[l](i, j));
    }
    const Matrix gradient = space == DescentSpace::row ? residual : product(x, residual);
    for (std::size_t i = 0; i < gradient.rows(); ++i)
        for (std::size_t j = 0; j < gradient.cols(); ++j) {
            at.velocity(i, j) = momentum * at.velocity(i, j) - gradient(i, j);
            at.iterates(i, j) += at.velocity(i, j);
        }
    return at;
}

/// Two losses that overlap (a mixture), one alone, and columns without any; shapes with remainders
/// of tiles, blocks and groups.
TEST_P(DescentOperations, StepsWithMomentumAndMixtures) {
    using enum DescentSpace;
    const std::tuple<DescentSpace, std::size_t, std::size_t> cases[] = {
        {weights, 5, 3}, {weights, 33, 70}, {weights, 8, 32},
        {row, 3, 3},     {row, 70, 70},     {row, 32, 32}};
    for (const auto& [space, p, n] : cases)
        for (const double momentum : {0.0, 0.9}) {
            constexpr std::size_t classes = 3, columns = 24;
            const DescentLink softmax{DescentLink::Kind::softmax, classes, 2.0};
            auto x = irregular_batch(p, n), w = irregular_batch(p, columns);
            if (space == row)
                for (Matrix& item : x) item = product(transposed(item), item);
            const auto both = irregular_batch(n, 15), alone = irregular_batch(n, 6);
            std::vector<Matrix> rates;
            for (std::size_t t = 0; t < batch_count; ++t) {
                rates.emplace_back(1, 1);
                rates[t](0, 0) = 0.01 * static_cast<double>(t + 1);
            }
            Operand samples = operand(with_poison(x)), iterates = operand(w), rate = operand(rates);
            Operand velocity = operand(std::vector<Matrix>(batch_count, Matrix(p, columns)));
            Operand scratch = result(n, columns), first = operand(both), second = operand(alone);
            const std::vector<DescentLoss> losses{
                {softmax, 3, first.batch(), 0.7},
                {{DescentLink::Kind::softmax, classes, 1.0}, 3, first.batch(), 0.3},
                {softmax, 18, second.batch(), 1.0}};
            constexpr int steps = 3;
            for (int step = 0; step < steps; ++step)
                engine_->descend(space, samples.batch(), losses, rate.batch(), momentum,
                                 scratch.batch(), velocity.batch(), iterates.batch());
            for (const std::size_t t : good_items) {
                Step at{Matrix(p, columns), w[t]};
                for (int step = 0; step < steps; ++step)
                    at = step_of(space, x[t], losses, {both[t], both[t], alone[t]}, rates[t](0, 0),
                                 momentum, at);
                expect_close(iterates.item(t), at.iterates, 100 * eps, "iterates");
                if (momentum > 0.0)
                    expect_close(velocity.item(t), at.velocity, 100 * eps, "velocity");
            }
        }
}

/// What is the same for every trial.
std::vector<Matrix> rates_of(Real rate) {
    Matrix one(1, 1);
    one(0, 0) = rate;
    return std::vector<Matrix>(batch_count, one);
}

/// Weights that are combinations of the samples take the same steps by their coefficients.
TEST_P(DescentOperations, TheRowSpaceTakesTheStepsOfTheWeights) {
    constexpr std::size_t p = 75, n = 41, columns = 5;
    const auto x = irregular_batch(p, n), a = irregular_batch(n, columns);
    const auto labels = irregular_batch(n, columns);
    const std::vector<Matrix> still(batch_count, Matrix(p, columns));
    Operand samples = operand(x), coefficients = operand(a), rate = operand(rates_of(0.03));
    Operand weights = result(p, columns), made = result(p, columns), gram = result(n, n);
    Operand scratch = result(n, columns), targets = operand(labels);
    Operand velocity = operand(still), slow = operand({batch_count, Matrix(n, columns)});
    const DescentLoss loss{{DescentLink::Kind::logistic, 1, 1.0}, 0, targets.batch(), 1.0};
    engine_->multiply(samples.batch(), true, samples.batch(), gram.batch());
    engine_->multiply(samples.batch(), false, coefficients.batch(), weights.batch());
    for (int step = 0; step < 20; ++step) {
        engine_->descend(DescentSpace::weights, samples.batch(), {&loss, 1}, rate.batch(), 0.5,
                         scratch.batch(), velocity.batch(), weights.batch());
        engine_->descend(DescentSpace::row, gram.batch(), {&loss, 1}, rate.batch(), 0.5,
                         scratch.batch(), slow.batch(), coefficients.batch());
    }
    engine_->multiply(samples.batch(), false, coefficients.batch(), made.batch());
    for (std::size_t t = 0; t < batch_count; ++t)
        expect_close(made.item(t), weights.item(t), 1000 * eps, "weights");
}

/// More losses than one launch takes.
TEST_P(DescentOperations, ManyLossesAddUp) {
    using enum DescentSpace;
    for (const DescentSpace space : {weights, row}) {
        constexpr std::size_t n = 5, columns = 2, count = 40;
        const std::size_t p = space == row ? n : 4;
        auto x = irregular_batch(p, n), w = irregular_batch(p, columns);
        if (space == row)
            for (Matrix& item : x) item = product(transposed(item), item);
        const auto labels = irregular_batch(n, 1);
        for (const double momentum : {0.0, 0.9}) {
            Operand samples = operand(x), iterates = operand(w), rate = operand(rates_of(0.25));
            Operand targets = operand(labels), scratch = result(n, columns);
            Operand velocity = operand({batch_count, Matrix(p, columns)});
            std::vector<DescentLoss> losses;
            for (std::size_t l = 0; l < count; ++l)
                losses.push_back(
                    {{DescentLink::Kind::logistic, 1, 1.0 + 0.1 * static_cast<double>(l)},
                     l % columns,
                     targets.batch(),
                     0.01 * static_cast<double>(l + 1)});
            engine_->descend(space, samples.batch(), losses, rate.batch(), momentum,
                             scratch.batch(), velocity.batch(), iterates.batch());
            for (const std::size_t t : good_items) {
                const std::vector<Matrix> all(count, labels[t]);
                const Step step =
                    step_of(space, x[t], losses, all, 0.25, momentum, {Matrix(p, columns), w[t]});
                expect_close(iterates.item(t), step.iterates, 100 * eps, "iterates");
            }
        }
    }
}

Real cross_entropy(const Matrix& x, const Matrix& w, const Matrix& targets,
                   const DescentLink& link) {
    const Matrix p = predicted(link, product(transposed(x), w));
    Real sum = 0;
    for (std::size_t i = 0; i < p.rows(); ++i)
        for (std::size_t j = 0; j < p.cols(); ++j) {
            sum -= targets(i, j) * std::log(p(i, j));
            if (link.kind == DescentLink::Kind::logistic)
                sum -= (1 - targets(i, j)) * std::log1p(-p(i, j));
        }
    return sum;
}

/// A step at rate 1 is the negative gradient of the cross entropy, times the temperature.
TEST_P(DescentOperations, GradientsAreThoseOfFiniteDifferences) {
    constexpr std::size_t p = 9, n = 14;
    for (const DescentLink& link : {DescentLink{DescentLink::Kind::logistic, 1, 1.0},
                                    DescentLink{DescentLink::Kind::logistic, 1, 3.0},
                                    DescentLink{DescentLink::Kind::softmax, 4, 1.0},
                                    DescentLink{DescentLink::Kind::softmax, 4, 2.5}}) {
        const Matrix x = irregular(p, n, 1), w = irregular(p, 4, 2);
        const Matrix targets = predicted(link, irregular(n, 4, 3));
        Operand samples(*engine_, std::vector<Matrix>{x}, 1), weights(*engine_, {w}, 1);
        Operand labels(*engine_, {targets}, 1), rate(*engine_, {Matrix(1, 1)}, 1);
        Operand scratch(*engine_, n, 4, 1, 1), velocity(*engine_, {Matrix(p, 4)}, 1);
        engine_->fill(rate.batch(), 1.0);
        const DescentLoss loss{link, 0, labels.batch(), 1.0};
        engine_->descend(DescentSpace::weights, samples.batch(), {&loss, 1}, rate.batch(), 0.0,
                         scratch.batch(), velocity.batch(), weights.batch());
        const Matrix after = weights.item(0);
        constexpr Real h = 1e-5L;
        for (std::size_t i = 0; i < p; ++i)
            for (std::size_t j = 0; j < 4; ++j) {
                Matrix above = w, below = w;
                above(i, j) += h;
                below(i, j) -= h;
                const Real slope = (cross_entropy(x, above, targets, link) -
                                    cross_entropy(x, below, targets, link)) /
                                   (2 * h);
                EXPECT_NEAR(static_cast<double>(w(i, j) - after(i, j)),
                            static_cast<double>(slope * link.temperature), 1e-8);
            }
    }
}

CUCURBIT_ON_EVERY_ENGINE(DescentOperations);

}  // namespace
}  // namespace cucurbit
