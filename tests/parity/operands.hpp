#pragma once
// Operands of the Engine's operations as the tests want them: padded, in batches, with the bytes
// between the columns and items watched.

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "cucurbit/engine.hpp"
#include "kernels/contract.hpp"
#include "tests/reference/dense.hpp"
#include "tests/support/engines.hpp"

namespace cucurbit {

inline constexpr double eps = std::numeric_limits<double>::epsilon();
inline constexpr std::size_t sizes[] = {1, 2, 3, 31, 33, 65};
/// Trials in every batch: more than one group of lanes, and the last group not full.
inline constexpr std::size_t batch_count = 9;
/// The item of a poisoned batch that is not a number, and some of the others.
inline constexpr std::size_t bad_item = 4;
inline constexpr std::size_t good_items[] = {0, 3, 8};

/// A batch of matrices in engine memory with padding below each column and after each item. What an
/// interleaved layout stores beyond the last item is not a number.
class Operand {
public:
    Operand(Engine& engine, std::size_t rows, std::size_t cols, std::size_t count,
            std::size_t lanes)
        : engine_(engine), rows_(rows), cols_(cols), count_(count), lanes_(lanes) {
        const std::size_t groups = (count + lanes - 1) / lanes;
        values_.assign(groups * stride() * lanes, std::numeric_limits<double>::quiet_NaN());
        for (std::size_t t = 0; t < count; ++t)
            for (std::size_t k = 0; k < stride(); ++k) values_[place(t, k)] = padding;
        buffer_ = engine_.allocate(values_.size());
        engine_.upload(values_, buffer_->data());
    }
    Operand(Engine& engine, const std::vector<reference::Matrix>& items, std::size_t lanes)
        : Operand(engine, items[0].rows(), items[0].cols(), items.size(), lanes) {
        for (std::size_t t = 0; t < count_; ++t)
            for (std::size_t j = 0; j < cols_; ++j)
                for (std::size_t i = 0; i < rows_; ++i)
                    values_[place(t, i + j * ld())] = static_cast<double>(items[t](i, j));
        engine_.upload(values_, buffer_->data());
    }

    BatchMatrix batch() const {
        return {buffer_->data(), rows_, cols_, ld(), stride(), count_, lanes_};
    }

    /// Item t as it is now; fails the test where an operation wrote outside the matrices.
    reference::Matrix item(std::size_t t) {
        engine_.download(buffer_->data(), values_);
        std::size_t overwritten = 0;
        for (std::size_t b = 0; b < count_; ++b)
            for (std::size_t k = 0; k < stride(); ++k)
                if ((k % ld() >= rows_ || k / ld() >= cols_) && values_[place(b, k)] != padding)
                    ++overwritten;
        EXPECT_EQ(overwritten, 0u) << "doubles written outside the matrices";
        reference::Matrix m(rows_, cols_);
        for (std::size_t i = 0; i < rows_; ++i)
            for (std::size_t j = 0; j < cols_; ++j) m(i, j) = values_[place(t, i + j * ld())];
        return m;
    }

private:
    static constexpr double padding = -7.25;
    std::size_t ld() const { return rows_ + 3; }
    std::size_t stride() const { return ld() * cols_ + 5; }
    std::size_t place(std::size_t t, std::size_t offset) const {
        return (t / lanes_ * stride() + offset) * lanes_ + t % lanes_;
    }

    Engine& engine_;
    std::size_t rows_, cols_, count_, lanes_;
    std::vector<double> values_;
    std::unique_ptr<EngineBuffer> buffer_;
};

/// A test of the operations on one engine, in the plain layout or in the one that it prefers.
class OnBatches : public testing::TestWithParam<std::tuple<std::string, bool>> {
protected:
    /// Chooses the layout for matrices of this order; false where the preferred layout is the plain
    /// one, so that there is nothing more to test.
    bool lay_out(std::size_t order) {
        const bool preferred = std::get<1>(GetParam());
        lanes_ = preferred ? engine_->preferred_lanes(order * order * sizeof(double)) : 1;
        return !preferred || lanes_ > 1;
    }
    Operand operand(const std::vector<reference::Matrix>& items) {
        return {*engine_, items, lanes_};
    }
    Operand result(std::size_t rows, std::size_t cols) {
        return {*engine_, rows, cols, batch_count, lanes_};
    }
    std::unique_ptr<EngineBuffer> upload(const std::vector<double>& values) {
        auto buffer = engine_->allocate(values.size());
        engine_->upload(values, buffer->data());
        return buffer;
    }

    EnginePointer engine_ = make_engine(std::get<0>(GetParam()));
    std::size_t lanes_ = 1;
};

/// Weights without a pattern that a permutation would leave alone.
inline std::vector<double> ramp(std::size_t size) {
    std::vector<double> values(size);
    for (std::size_t i = 0; i < size; ++i) values[i] = 0.25 + 0.125 * static_cast<double>(i);
    return values;
}

/// Entries of order one without a pattern, each a double; different for every seed.
inline reference::Matrix irregular(std::size_t rows, std::size_t cols, std::size_t seed) {
    reference::Matrix a(rows, cols);
    for (std::size_t i = 0; i < rows; ++i)
        for (std::size_t j = 0; j < cols; ++j) {
            const double value = std::sin(
                1.0 + 12.9898 * static_cast<double>(i + 1) * static_cast<double>(seed + 2) +
                78.233 * static_cast<double>(j * j + 3 * j) + 0.37 * static_cast<double>(i * j));
            a(i, j) = value;
        }
    return a;
}

inline std::vector<reference::Matrix> irregular_batch(std::size_t rows, std::size_t cols) {
    std::vector<reference::Matrix> items;
    for (std::size_t t = 0; t < batch_count; ++t) items.push_back(irregular(rows, cols, t));
    return items;
}

/// Well-conditioned lower triangular matrices.
inline std::vector<reference::Matrix> lower_batch(std::size_t n) {
    auto items = irregular_batch(n, n);
    for (auto& item : items)
        for (std::size_t i = 0; i < n; ++i)
            for (std::size_t j = 0; j < n; ++j)
                item(i, j) = i == j ? static_cast<double>(n) : i > j ? double(item(i, j)) : 0.0;
    return items;
}

/// The batch with one item not a number: the others must not notice.
inline std::vector<reference::Matrix> with_poison(std::vector<reference::Matrix> items) {
    reference::Matrix& bad = items[bad_item];
    for (std::size_t i = 0; i < bad.rows(); ++i)
        for (std::size_t j = 0; j < bad.cols(); ++j)
            bad(i, j) = std::numeric_limits<double>::quiet_NaN();
    return items;
}

/// The part of a in the lower triangle, or all of it.
inline reference::Matrix lower_part(reference::Matrix a) {
    for (std::size_t i = 0; i < a.rows(); ++i)
        for (std::size_t j = i + 1; j < a.cols(); ++j) a(i, j) = 0;
    return a;
}

/// |actual − expected| ≤ tolerance · max(1, largest entry) in every entry; a NaN fails.
inline void expect_close(const reference::Matrix& actual, const reference::Matrix& expected,
                         double tolerance, const char* what) {
    ASSERT_EQ(actual.rows(), expected.rows());
    ASSERT_EQ(actual.cols(), expected.cols());
    reference::Real largest = 1, worst = 0;
    for (std::size_t i = 0; i < actual.rows(); ++i)
        for (std::size_t j = 0; j < actual.cols(); ++j) {
            largest = std::max(largest, std::abs(expected(i, j)));
            const reference::Real gap = std::abs(actual(i, j) - expected(i, j));
            worst = gap > worst || std::isnan(gap) ? gap : worst;
        }
    EXPECT_LE(static_cast<double>(worst / largest), tolerance)
        << what << ", " << actual.rows() << "x" << actual.cols();
}

}  // namespace cucurbit

#define CUCURBIT_ON_ALL_BATCHES(suite)                                                           \
    INSTANTIATE_TEST_SUITE_P(Engines, suite,                                                     \
                             testing::Combine(::cucurbit::every_engine(), testing::Bool()),      \
                             [](const auto& instance) {                                          \
                                 return engine_case(std::get<0>(instance.param)) +               \
                                        (std::get<1>(instance.param) ? "_preferred" : "_plain"); \
                             })
