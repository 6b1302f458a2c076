#include "host/theory/feature_space.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>
#include <utility>

#include "host/theory/dense.hpp"

namespace cucurbit {
namespace {

constexpr double smallest_share = 1e-12;  // of the largest squared singular value
constexpr std::size_t block_doubles = std::size_t{1} << 22;

/// Calls body(first, count) for consecutive blocks of `all` lines, each of `length` doubles.
template <class Body>
void for_each_block(std::size_t all, std::size_t length, Body body) {
    const std::size_t most = std::max<std::size_t>(1, block_doubles / length);
    for (std::size_t first = 0; first < all; first += most)
        body(first, std::min(most, all - first));
}

void add(DenseMatrix& to, const DenseMatrix& summand) {
    for (std::size_t i = 0; i < to.values.size(); ++i) to.values[i] += summand.values[i];
}

DenseMatrix rows_of(const FeatureMatrix& features, std::size_t first, std::size_t count) {
    DenseMatrix block(count, features.cols);
    features.read(first, count, 0, features.cols, block.values.data());
    return block;
}

DenseMatrix columns_of(const FeatureMatrix& features, std::size_t first, std::size_t count) {
    DenseMatrix block(features.rows, count);
    features.read(0, features.rows, first, count, block.values.data());
    return block;
}

/// ΦᵀΦ, or ΦΦᵀ where there are more features than samples.
DenseMatrix smaller_gram(const FeatureMatrix& features, bool wide) {
    const std::size_t order = wide ? features.rows : features.cols;
    DenseMatrix gram(order, order);
    for_each_block(
        wide ? features.cols : features.rows, order, [&](std::size_t first, std::size_t count) {
            const DenseMatrix block =
                wide ? columns_of(features, first, count) : rows_of(features, first, count);
            add(gram, product(block, !wide, block, wide));
        });
    return gram;
}

/// The least number of squared singular values with a share of at least 1 − tau.
std::size_t intrinsic_dimension(const std::vector<double>& squares, double tau) {
    double all = 0.0;
    std::size_t rank = 0;
    for (const double square : squares)
        if (square > smallest_share * squares.front()) all += square, ++rank;
    double held = 0.0;
    std::size_t dimension = 0;
    while (dimension < rank && (tau == 0.0 || held < (1.0 - tau) * all))
        held += squares[dimension++];
    return dimension;
}

}  // namespace

FeatureSpace feature_space(const FeatureMatrix& features, double tau) {
    const bool wide = features.cols > features.rows;
    const std::size_t order = std::min(features.rows, features.cols);
    if (order > largest_feature_gram)
        throw std::invalid_argument("more than " + std::to_string(largest_feature_gram) +
                                    " features and samples");
    DenseMatrix gram = smaller_gram(features, wide);
    if (!std::all_of(gram.values.begin(), gram.values.end(),
                     [](double value) { return std::isfinite(value); }))
        throw std::invalid_argument("features whose squares are too large to be added up");
    const Eigen eigen = symmetric_eigen(std::move(gram));
    if (!(eigen.values.front() > 0.0))
        throw std::invalid_argument(
            "all features are zero, or so small that their squares vanish in double precision: "
            "scale them");
    FeatureSpace space;
    const auto samples = static_cast<double>(features.rows);
    const std::size_t d = intrinsic_dimension(eigen.values, tau);
    for (std::size_t k = 0; k < d; ++k) space.spectrum.push_back(eigen.values[k] / samples);
    space.whitened = DenseMatrix(d, features.rows);
    if (wide) {
        for (std::size_t j = 0; j < features.rows; ++j)
            for (std::size_t k = 0; k < d; ++k)
                space.whitened(k, j) = std::sqrt(samples) * eigen.vectors(j, k);
        return space;
    }
    DenseMatrix directions(features.cols, d);
    for (std::size_t k = 0; k < d; ++k)
        for (std::size_t i = 0; i < features.cols; ++i)
            directions(i, k) = eigen.vectors(i, k) / std::sqrt(space.spectrum[k]);
    for_each_block(features.rows, features.cols, [&](std::size_t first, std::size_t count) {
        const DenseMatrix part = product(directions, true, rows_of(features, first, count), true);
        std::copy(part.values.begin(), part.values.end(), &space.whitened.values[first * d]);
    });
    return space;
}

double mean_share(const FeatureSpace& space) {
    double held = 0.0, all = 0.0;
    for (std::size_t k = 0; k < space.dimension(); ++k) {
        double sum = 0.0;
        for (std::size_t j = 0; j < space.samples(); ++j) sum += space.whitened(k, j);
        const double mean = sum / static_cast<double>(space.samples());
        held += space.spectrum[k] * mean * mean;
        all += space.spectrum[k];
    }
    return held / all;
}

DenseMatrix whitened_coefficients(const FeatureSpace& space, const DenseMatrix& labels) {
    DenseMatrix coefficients = product(space.whitened, false, labels, false);
    for (double& value : coefficients.values) value /= static_cast<double>(space.samples());
    return coefficients;
}

DenseMatrix residual(const FeatureSpace& space, const DenseMatrix& labels) {
    const DenseMatrix fitted =
        product(space.whitened, true, whitened_coefficients(space, labels), false);
    DenseMatrix left = labels;
    for (std::size_t i = 0; i < left.values.size(); ++i) left.values[i] -= fitted.values[i];
    return left;
}

double correlation_dimension(const FeatureSpace& weak, const FeatureSpace& strong) {
    const auto samples = static_cast<double>(weak.samples());
    return squared_norm(product(weak.whitened, false, strong.whitened, true)) / samples / samples;
}

double squared_norm(const DenseMatrix& z) {
    double sum = 0.0;
    for (const double value : z.values) sum += value * value;
    return sum;
}

}  // namespace cucurbit
