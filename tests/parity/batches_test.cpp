// What a trial gives does not depend on the batch around it: not by a bit on the CPU, nor on a card
// in batches of one size.

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "cucurbit/random.hpp"
#include "tests/parity/operands.hpp"

namespace cucurbit {
namespace {

/// The operations of a curve on samples given from outside, and every number they leave.
class Pipeline {
public:
    Pipeline(Engine& engine, std::size_t p, std::size_t n) : engine_(engine), p_(p), n_(n) {}

    /// samples: [count][n][p]. Returns [count][results()].
    std::vector<double> run(const std::vector<double>& samples, std::size_t count) {
        count_ = count;
        buffers_.clear();
        lists_.clear();
        const BatchMatrix xt = matrix(p_, n_), q = matrix(p_, n_), g = matrix(n_, n_);
        engine_.upload(samples, xt.data);
        engine_.copy(xt, q);
        engine_.gram(xt, g);
        const std::size_t half = (n_ + 1) / 2;
        const IndexList& ends = list({half, n_});
        results_ = matrix(results(), 1);
        engine_.fill(results_, 0.0);
        engine_.cholesky(g, part(0, 2));
        fit(xt, g, ends);
        engine_.invert_lower(g);
        engine_.multiply_by_transposed_lower(g, xt);
        const BatchMatrix s = matrix(n_, n_), gains = matrix(n_, 1), root = matrix(n_, n_);
        engine_.gram(xt, s);
        engine_.gains(g, true, s, gains);
        engine_.prefix_sums(gains, 1, ends, part(4, 2));
        engine_.orthogonal_columns(q, root);
        engine_.row_norms(root, gains);
        engine_.prefix_sums(gains, 2, ends, part(6, 2));
        engine_.weighted_norm(q, shared(ramp(p_), 1).data, part(8, 1));
        engine_.copy(gains, part(9, n_));
        std::vector<double> out(results() * count);
        engine_.download(results_.data, out);
        return out;
    }
    std::size_t results() const { return 9 + n_; }

private:
    /// Fits of two lengths to two label columns; their risks.
    void fit(BatchMatrix xt, BatchMatrix factor, const IndexList& ends) {
        const BatchMatrix c = matrix(n_, 2), w = matrix(n_, 2), e = matrix(p_, 2);
        std::vector<double> labels = ramp(p_);
        for (const double value : ramp(p_)) labels.push_back(std::cos(value));
        const IndexList& all = list({n_, n_});
        engine_.project(xt, shared(labels, 2), all, c);
        engine_.solve_lower(factor, all, c);
        engine_.spread(c, list({1, 0}), ends, w);
        engine_.solve_lower_transposed(factor, ends, w);
        engine_.combine(xt, w, ends, e);
        engine_.subtract(shared(ramp(p_), 1).data, list({1, 0}), e);
        engine_.products(e, shared(ramp(p_), 1).data, list({0, 0}), list({0, 1}), part(2, 2));
    }

    BatchMatrix matrix(std::size_t rows, std::size_t cols) {
        buffers_.push_back(engine_.allocate(rows * cols * count_));
        return {buffers_.back()->data(), rows, cols, rows, rows * cols, count_};
    }
    BatchMatrix shared(const std::vector<double>& values, std::size_t cols) {
        buffers_.push_back(engine_.allocate(values.size()));
        engine_.upload(values, buffers_.back()->data());
        return {buffers_.back()->data(), p_, cols, p_, 0, count_};
    }
    const IndexList& list(const std::vector<std::size_t>& values) {
        lists_.push_back(engine_.indices({values.begin(), values.end()}));
        return *lists_.back();
    }
    BatchMatrix part(std::size_t first, std::size_t count) const {
        return results_.block(first, count, 0, 1);
    }

    Engine& engine_;
    std::size_t p_, n_, count_ = 0;
    BatchMatrix results_;
    std::vector<std::unique_ptr<EngineBuffer>> buffers_;
    std::vector<std::unique_ptr<IndexList>> lists_;
};

/// Normals with 3√p added on the diagonal: there is no ladder here that would see to the condition.
std::vector<double> samples(std::size_t p, std::size_t n, std::size_t count) {
    std::vector<double> values(p * n * count);
    for (std::size_t t = 0; t < count; ++t) {
        const std::span trial = std::span(values).subspan(t * p * n, p * n);
        draw_normals({5, 0, Purpose::samples}, t, 0, trial);
        for (std::size_t i = 0; i < n; ++i)
            trial[i + i * p] += 3.0 * std::sqrt(static_cast<double>(p));
    }
    return values;
}

/// Doubles of one trial that do not agree.
std::size_t differences(const double* a, const double* b, std::size_t size, double allowed = 0.0) {
    std::size_t found = 0;
    for (std::size_t k = 0; k < size; ++k) found += agree(a[k], b[k], allowed) ? 0 : 1;
    return found;
}

using Batches = OnEngine;

TEST_P(Batches, ATrialIsTheSameInABatchOfAnySize) {
    const double allowed = allowed_between_batches(GetParam());
    for (const std::size_t p : {1, 31, 33, 65})
        for (const std::size_t n : {std::size_t{1}, p / 2 + 1, p}) {
            Pipeline pipeline(*engine_, p, n);
            const std::size_t most = p < 33 ? 1000 : 40, size = pipeline.results();
            const auto values = samples(p, n, most);
            const auto all = pipeline.run(values, most);
            for (const std::size_t count : {1, 2, 7}) {
                const std::vector<double> some(values.begin(),
                                               values.begin() + std::ptrdiff_t(p * n * count));
                EXPECT_EQ(differences(pipeline.run(some, count).data(), all.data(), size * count,
                                      allowed),
                          0u)
                    << "p = " << p << ", n = " << n << ", batch of " << count;
            }
        }
}

// A trial that is not a number, one with a row of zeros, one with the same row twice: each is its
// own affair.
TEST_P(Batches, OnePoisonedTrialAmongThousandsSpoilsNoOther) {
    constexpr std::size_t p = 7, n = 5, count = 4096, first = 100, step = 1337;
    Pipeline pipeline(*engine_, p, n);
    auto values = samples(p, n, count);
    const auto clean = pipeline.run(values, count);
    double* poisoned = values.data() + first * p * n;
    double* zero_row = values.data() + (first + step) * p * n + 2 * p;
    double* twice = values.data() + (first + 2 * step) * p * n + 3 * p;
    std::fill_n(poisoned, p * n, std::numeric_limits<double>::quiet_NaN());
    std::fill_n(zero_row, p, 0.0);
    std::copy_n(twice - p, p, twice);
    const auto spoiled = pipeline.run(values, count);
    const std::size_t size = pipeline.results();
    for (std::size_t t = 0; t < count; ++t) {
        const double* now = spoiled.data() + t * size;
        const bool changed = t >= first && (t - first) % step == 0 && t <= first + 2 * step;
        EXPECT_EQ(differences(now, clean.data() + t * size, size) > 0, changed) << "trial " << t;
    }
    EXPECT_EQ(spoiled[first * size], 0.0) << "rows factored";
    EXPECT_EQ(spoiled[(first + step) * size], 2.0);
    EXPECT_LE(spoiled[(first + 2 * step) * size], n);
}

CUCURBIT_ON_EVERY_ENGINE(Batches);

}  // namespace
}  // namespace cucurbit
