#pragma once
// Operands of the Engine's operations as the tests want them: padded, in batches, with the bytes
// between the columns and items watched.

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <memory>
#include <vector>

#include "kernels/contract.hpp"
#include "tests/reference/dense.hpp"

namespace cucurbit {

/// A batch of matrices in engine memory with padding below each column and after each item.
class Operand {
public:
    Operand(Engine& engine, std::size_t rows, std::size_t cols, std::size_t count)
        : engine_(engine), rows_(rows), cols_(cols), count_(count) {
        values_.assign((stride() * count_), padding);
        buffer_ = engine_.allocate(values_.size());
        engine_.upload(values_, buffer_->data());
    }
    Operand(Engine& engine, const std::vector<reference::Matrix>& items)
        : Operand(engine, items[0].rows(), items[0].cols(), items.size()) {
        for (std::size_t t = 0; t < count_; ++t)
            for (std::size_t j = 0; j < cols_; ++j)
                for (std::size_t i = 0; i < rows_; ++i)
                    values_[place(t, i, j)] = static_cast<double>(items[t](i, j));
        engine_.upload(values_, buffer_->data());
    }

    BatchMatrix batch() const { return {buffer_->data(), rows_, cols_, ld(), stride(), count_}; }

    /// Item t as it is now; fails the test where an operation wrote outside the matrices.
    reference::Matrix item(std::size_t t) {
        engine_.download(buffer_->data(), values_);
        std::size_t overwritten = 0;
        for (std::size_t b = 0; b < count_; ++b)
            for (std::size_t k = 0; k < stride(); ++k)
                if ((k % ld() >= rows_ || k / ld() >= cols_) &&
                    values_[b * stride() + k] != padding)
                    ++overwritten;
        EXPECT_EQ(overwritten, 0u) << "doubles written outside the matrices";
        reference::Matrix m(rows_, cols_);
        for (std::size_t i = 0; i < rows_; ++i)
            for (std::size_t j = 0; j < cols_; ++j) m(i, j) = values_[place(t, i, j)];
        return m;
    }

private:
    static constexpr double padding = -7.25;
    std::size_t ld() const { return rows_ + 3; }
    std::size_t stride() const { return ld() * cols_ + 5; }
    std::size_t place(std::size_t t, std::size_t i, std::size_t j) const {
        return t * stride() + j * ld() + i;
    }

    Engine& engine_;
    std::size_t rows_, cols_, count_;
    std::vector<double> values_;
    std::unique_ptr<EngineBuffer> buffer_;
};

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

inline std::vector<reference::Matrix> irregular_batch(std::size_t rows, std::size_t cols,
                                                      std::size_t count) {
    std::vector<reference::Matrix> items;
    for (std::size_t t = 0; t < count; ++t) items.push_back(irregular(rows, cols, t));
    return items;
}

/// Well-conditioned lower triangular matrices.
inline std::vector<reference::Matrix> lower_batch(std::size_t n, std::size_t count) {
    auto items = irregular_batch(n, n, count);
    for (auto& item : items)
        for (std::size_t i = 0; i < n; ++i)
            for (std::size_t j = 0; j < n; ++j)
                item(i, j) = i == j ? static_cast<double>(n) : i > j ? double(item(i, j)) : 0.0;
    return items;
}

/// The batch with its middle item not a number: the others must not notice.
inline std::vector<reference::Matrix> with_poison(std::vector<reference::Matrix> items) {
    reference::Matrix& middle = items[items.size() / 2];
    for (std::size_t i = 0; i < middle.rows(); ++i)
        for (std::size_t j = 0; j < middle.cols(); ++j)
            middle(i, j) = std::numeric_limits<double>::quiet_NaN();
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
