#pragma once
// Operations of the Engine on batches of either layout, argument by argument.

#include <cmath>
#include <functional>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "kernels/contract.hpp"

namespace cucurbit {

inline constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

/// lower: nothing may read what is above the diagonal; above_zero: that is zero.
enum class Content { anything, lower, definite, above_zero };

/// What an operation takes or gives, and which of its elements are defined afterwards.
struct Argument {
    std::size_t rows, cols;
    Content content = Content::anything;
    std::function<bool(std::size_t, std::size_t)> defined = [](auto, auto) { return false; };
};

inline bool whole(std::size_t, std::size_t) {
    return true;
}
inline bool lower(std::size_t i, std::size_t j) {
    return i >= j;
}

struct Operation {
    std::string name;
    std::vector<Argument> arguments;
    std::function<void(Engine&, const std::vector<BatchMatrix>&)> apply;
};

/// An argument's values, trial after trial, and its storage in one of the layouts.
class Batch {
public:
    Batch(const Argument& shape, std::size_t count, unsigned seed) : shape_(shape), count_(count) {
        values_.resize(shape.rows * shape.cols * count);
        std::mt19937_64 generator(seed);
        std::uniform_real_distribution<double> uniform(-1.0, 1.0);
        for (double& value : values_) value = uniform(generator);
        const auto n = static_cast<double>(shape.rows);
        for (std::size_t t = 0; t < count; ++t)
            for (std::size_t j = 0; j < shape.cols; ++j)
                for (std::size_t i = 0; i < shape.rows; ++i) {
                    if (shape.content == Content::anything) continue;
                    if (i == j) value(t, i, j) = shape.content == Content::definite ? 2.0 * n : n;
                    if (i < j)
                        value(t, i, j) = shape.content == Content::above_zero ? 0.0 : not_a_number;
                }
    }

    double& value(std::size_t t, std::size_t i, std::size_t j) {
        return values_[(t * shape_.cols + j) * shape_.rows + i];
    }
    void poison(std::size_t trial) {
        for (std::size_t j = 0; j < shape_.cols; ++j)
            for (std::size_t i = 0; i < shape_.rows; ++i) value(trial, i, j) = not_a_number;
    }
    const Argument& shape() const { return shape_; }

    BatchMatrix lay_out(Engine& engine, std::size_t lanes) {
        const std::size_t ld = shape_.rows + 1, stride = ld * shape_.cols + 2;
        std::vector<double> stored((count_ + lanes - 1) / lanes * lanes * stride, not_a_number);
        buffer_ = engine.allocate(stored.size());
        matrix_ = {buffer_->data(), shape_.rows, shape_.cols, ld, stride, count_, lanes};
        engine.upload(stored, buffer_->data());
        for_elements([](double& mine, double& theirs) { theirs = mine; });
        return matrix_;
    }
    void read_back() {
        for_elements([](double& mine, double& theirs) { mine = theirs; });
    }

private:
    void for_elements(const std::function<void(double&, double&)>& visit) {
        for (std::size_t t = 0; t < count_; ++t)
            for (std::size_t j = 0; j < shape_.cols; ++j)
                for (std::size_t i = 0; i < shape_.rows; ++i)
                    visit(value(t, i, j),
                          matrix_.data[(t / matrix_.lanes * matrix_.stride + i + j * matrix_.ld) *
                                           matrix_.lanes +
                                       t % matrix_.lanes]);
    }

    Argument shape_;
    std::size_t count_;
    std::vector<double> values_;
    std::unique_ptr<EngineBuffer> buffer_;
    BatchMatrix matrix_;
};

inline std::vector<Batch> batches(const Operation& operation, std::size_t count) {
    std::vector<Batch> all;
    for (const Argument& argument : operation.arguments)
        all.emplace_back(argument, count, static_cast<unsigned>(all.size() + 1));
    return all;
}

inline void run(const Operation& operation, Engine& engine, std::size_t lanes,
                std::vector<Batch>& all) {
    std::vector<BatchMatrix> matrices;
    for (Batch& batch : all) matrices.push_back(batch.lay_out(engine, lanes));
    operation.apply(engine, matrices);
    for (Batch& batch : all) batch.read_back();
}

/// Rows of five columns, ascending up to n.
inline std::vector<std::uint32_t> lengths(std::size_t n) {
    const auto size = static_cast<std::uint32_t>(n);
    return {1, (size + 2) / 3, (size + 1) / 2, size, size};
}

/// Largest difference of defined elements in units of the largest of them; NaN where an element is.
inline double distance(Batch& a, Batch& b, std::size_t count) {
    double largest = 1.0, worst = 0.0;
    for (std::size_t t = 0; t < count; ++t)
        for (std::size_t j = 0; j < a.shape().cols; ++j)
            for (std::size_t i = 0; i < a.shape().rows; ++i) {
                if (!a.shape().defined(i, j)) continue;
                const double gap = std::abs(a.value(t, i, j) - b.value(t, i, j));
                largest = std::max(largest, std::abs(b.value(t, i, j)));
                worst = gap > worst || std::isnan(gap) ? gap : worst;
            }
    return worst / largest;
}

}  // namespace cucurbit
