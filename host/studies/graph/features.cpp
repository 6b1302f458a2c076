#include "host/studies/graph/features.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include <fmt/format.h>

#include "host/studies/chain/stage_spec.hpp"
#include "host/theory/dense.hpp"

namespace cucurbit {
namespace {

using std::numbers::pi;

/// In the order of RandomFeatures::Activation.
const std::vector<std::string> activations{"linear", "relu", "erf", "sign"};

/// E φ'(u), u ~ N(0, variance): by Stein's lemma E x φ(u) = E xu E φ'(u).
using Slope = double (*)(double variance);
/// E φ(u) φ(v) of Gaussian u and v.
using Product = double (*)(double variance, double other, double covariance);

double cosine(double variance, double other, double covariance) {
    return std::clamp(covariance / std::sqrt(variance * other), -1.0, 1.0);
}

/// Cho and Saul (2009), equations 5 and 6: arc-cosine kernels; Williams (1998), equation 11: erf.
struct Activated {
    Slope slope;
    Product product;
};
constexpr Activated activated[] = {
    {[](double) { return 1.0; }, [](double, double, double c) { return c; }},
    {[](double) { return 0.5; },
     [](double a, double b, double c) {
         const double angle = std::acos(cosine(a, b, c));
         return std::sqrt(a * b) / (2.0 * pi) * (std::sin(angle) + (pi - angle) * std::cos(angle));
     }},
    {[](double a) { return std::sqrt(6.0 / pi / (1.0 + a)); },
     [](double a, double b, double c) {
         return 6.0 / pi * std::asin(c / std::sqrt((1.0 + a) * (1.0 + b)));
     }},
    {[](double a) { return std::sqrt(2.0 / pi / a); },
     [](double a, double b, double c) { return 2.0 / pi * std::asin(cosine(a, b, c)); }},
};

}  // namespace

RandomFeatures RandomFeatures::read(Reader& table) {
    RandomFeatures features;
    table.choice("kind", {"random"});
    const std::string activation = table.choice("activation", activations);
    features.activation_ = static_cast<Activation>(
        std::find(activations.begin(), activations.end(), activation) - activations.begin());
    features.seed_ = table.count("seed", 0, max_feature_seed);
    return features;
}

std::optional<Entrywise> RandomFeatures::function() const {
    switch (activation_) {
        case Activation::linear:
            return std::nullopt;
        case Activation::relu:
            return Entrywise::rectifier;
        case Activation::erf:
            return Entrywise::uniform;  // the distribution function of a standard normal, scaled
        case Activation::sign:
            return Entrywise::sign;
    }
    return std::nullopt;
}

DenseMatrix RandomFeatures::projection(std::size_t count, std::span<const double> spectrum) const {
    DenseMatrix w = transposed(seeded_normals("features", seed_, count, spectrum.size()));
    const double scale = 1.0 / std::sqrt(std::accumulate(spectrum.begin(), spectrum.end(), 0.0));
    for (double& value : w.values) value *= scale;
    return w;
}

std::string RandomFeatures::canonical() const {
    return fmt::format("{}:{}", activations[static_cast<std::size_t>(activation_)], seed_);
}

RowMoments::RowMoments(const std::vector<RandomFeatures>& features,
                       const std::vector<std::size_t>& counts, std::span<const double> spectrum,
                       std::span<const double> population)
    : p_(spectrum.size()) {
    const std::size_t all = std::accumulate(counts.begin(), counts.end(), p_);
    second_ = DenseMatrix(all, all);
    // Of all u = Wx, one block after another.
    DenseMatrix w(p_, all - p_), scaled(p_, all - p_);
    std::vector<const Activated*> of;
    for (std::size_t m = 0, j = 0; m < features.size(); ++m) {
        const DenseMatrix block = features[m].projection(counts[m], population);
        std::copy(block.values.begin(), block.values.end(), &w.values[j * p_]);
        of.insert(of.end(), counts[m],
                  &activated[static_cast<std::size_t>(features[m].activation_)]);
        j += counts[m];
    }
    for (std::size_t j = 0; j < w.cols; ++j)
        for (std::size_t i = 0; i < p_; ++i) scaled(i, j) = spectrum[i] * w(i, j);
    const DenseMatrix u = product(w, true, scaled, false);
    std::vector<double> slopes;
    for (std::size_t j = 0; j < w.cols; ++j) slopes.push_back(of[j]->slope(u(j, j)));
    for (std::size_t i = 0; i < p_; ++i) second_(i, i) = spectrum[i];
    for (std::size_t j = 0; j < w.cols; ++j) {
        for (std::size_t i = 0; i < p_; ++i)
            second_(i, p_ + j) = second_(p_ + j, i) = scaled(i, j) * slopes[j];
        for (std::size_t k = 0; k <= j; ++k) {
            // Where two activations differ one is linear.
            const double value = of[j] == of[k] ? of[j]->product(u(j, j), u(k, k), u(j, k))
                                                : u(j, k) * slopes[j] * slopes[k];
            second_(p_ + j, p_ + k) = second_(p_ + k, p_ + j) = value;
        }
    }
}

DenseMatrix RowMoments::root() const {
    const std::size_t features = second_.rows - p_;
    DenseMatrix root(second_.rows, second_.rows), rest(features, features);
    for (std::size_t i = 0; i < p_; ++i) {
        const double std = std::sqrt(second_(i, i));
        root(i, i) = std;
        for (std::size_t j = 0; j < features; ++j) root(i, p_ + j) = second_(i, p_ + j) / std;
    }
    // What the features are beside what is linear in x.
    const DenseMatrix linear = product(root, true, root, false);
    for (std::size_t j = 0; j < features; ++j)
        for (std::size_t i = 0; i < features; ++i)
            rest(i, j) = second_(p_ + i, p_ + j) - linear(p_ + i, p_ + j);
    const Eigen eigen = symmetric_eigen(std::move(rest));
    for (std::size_t k = 0; k < features; ++k) {
        const double std = std::sqrt(std::max(eigen.values[k], 0.0));
        for (std::size_t j = 0; j < features; ++j) root(p_ + k, p_ + j) = std * eigen.vectors(j, k);
    }
    return root;
}

}  // namespace cucurbit
