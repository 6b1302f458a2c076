#include "host/studies/graph/features.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include <fmt/format.h>

#include "host/theory/dense.hpp"

namespace cucurbit {
namespace {

using std::numbers::pi;

/// In the order of RowFeatures::Activation.
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

RowFeatures RowFeatures::read(Reader& table, const Grid<std::uint64_t>& p) {
    RowFeatures features;
    const std::string kind = table.choice("kind", {"random", "subspace", "file"});
    if (kind == "subspace") return subspace(table.count("seed", 0, max_feature_seed));
    const std::string activation = table.choice("activation", activations);
    features.activation_ = static_cast<Activation>(
        std::find(activations.begin(), activations.end(), activation) - activations.begin());
    if (kind == "random") {
        features.seed_ = table.count("seed", 0, max_feature_seed);
        return features;
    }
    const Reader::TableFile file = table.table_file("file");
    for (const std::uint64_t dimension : p.values)
        if (dimension != file.cols)
            table.fail("file", fmt::format("{} columns, but p = {}", file.cols, dimension));
    if (file.rows > max_dense_dimension)
        table.fail("file", fmt::format("{} rows; allowed: at most {}, one for each feature",
                                       file.rows, max_dense_dimension));
    DenseMatrix given(file.cols, file.rows);
    given.values = file.values;
    for (std::size_t k = 0; k < file.rows; ++k)
        if (std::all_of(&given.values[k * file.cols], &given.values[k * file.cols] + file.cols,
                        [](double value) { return value == 0.0; }))
            table.fail("file", fmt::format("feature {} is zero", k + 1));
    if (features.linear() && singular_values(given).squares.size() < file.rows)
        table.fail("file", "linear features that depend on each other are not allowed");
    const Activation chosen = features.activation_;
    features = RowFeatures::given(std::move(given), file.hash);
    features.activation_ = chosen;
    return features;
}

RowFeatures RowFeatures::subspace(std::uint64_t seed) {
    RowFeatures features;
    features.weights_ = Weights::subspace;
    features.seed_ = seed;
    return features;
}

RowFeatures RowFeatures::compacted(std::uint64_t seed, std::uint64_t count) {
    RowFeatures features;
    features.weights_ = Weights::compacted;
    features.seed_ = seed;
    features.drawn_ = count;
    return features;
}

RowFeatures RowFeatures::given(DenseMatrix columns, std::string hash) {
    RowFeatures features;
    features.weights_ = Weights::file;
    features.hash_ = std::move(hash);
    features.given_ = std::make_shared<const DenseMatrix>(std::move(columns));
    return features;
}

DenseMatrix compact(const DenseMatrix& a) {
    const SingularValues of = singular_values(a);
    DenseMatrix rows(of.squares.size(), a.cols);
    for (std::size_t k = 0; k < rows.rows; ++k)
        for (std::size_t j = 0; j < a.cols; ++j)
            rows(k, j) = std::sqrt(of.squares[k]) * of.right(j, k);
    return rows;
}

std::size_t RowFeatures::most(std::size_t least_p) const {
    if (given_) return given_->cols;
    return linear() ? least_p : max_dense_dimension;
}

std::optional<Entrywise> RowFeatures::function() const {
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

DenseMatrix RowFeatures::projection(std::size_t count, std::span<const double> spectrum) const {
    const std::size_t p = spectrum.size();
    const auto first_of = [&](const DenseMatrix& all) {
        DenseMatrix w(p, count);
        std::copy_n(all.values.begin(), w.values.size(), w.values.begin());
        return w;
    };
    if (weights_ == Weights::file) return first_of(*given_);
    if (weights_ == Weights::subspace) return first_of(random_rotation(seed_, p));
    const bool compacts = weights_ == Weights::compacted;
    DenseMatrix rows = seeded_normals("features", seed_, compacts ? drawn_ : count, p);
    const double scale =
        1.0 / std::sqrt(compacts ? static_cast<double>(p)
                                 : std::accumulate(spectrum.begin(), spectrum.end(), 0.0));
    for (double& value : rows.values) value *= scale;
    return transposed(compacts && drawn_ > p ? compact(rows) : rows);
}

std::string RowFeatures::canonical() const {
    const std::string& activation = activations[static_cast<std::size_t>(activation_)];
    switch (weights_) {
        case Weights::random:
            return fmt::format("{}:{}", activation, seed_);
        case Weights::subspace:
            return fmt::format("subspace:{}", seed_);
        case Weights::compacted:
            return fmt::format("random:{}:{}", drawn_, seed_);
        case Weights::file:
            return fmt::format("{}:file:{}", activation, hash_);
    }
    return activation;
}

RowMoments::RowMoments(const std::vector<RowFeatures>& features,
                       const std::vector<std::size_t>& counts, const RotatedSpectrum& covariance,
                       std::span<const double> population)
    : p_(population.size()), covariance_(covariance) {
    const std::size_t all = std::accumulate(counts.begin(), counts.end(), p_);
    second_ = DenseMatrix(all, all);
    // Of all u = Wx, one block after another.
    DenseMatrix w(p_, all - p_);
    std::vector<const Activated*> of;
    for (std::size_t m = 0, j = 0; m < features.size(); ++m) {
        const DenseMatrix block = features[m].projection(counts[m], population);
        std::copy(block.values.begin(), block.values.end(), &w.values[j * p_]);
        of.insert(of.end(), counts[m],
                  &activated[static_cast<std::size_t>(features[m].activation_)]);
        j += counts[m];
    }
    const DenseMatrix scaled = covariance.times(w);
    const DenseMatrix u = product(w, true, scaled, false);
    std::vector<double> slopes;
    for (std::size_t j = 0; j < w.cols; ++j) slopes.push_back(of[j]->slope(u(j, j)));
    const DenseMatrix coordinates = covariance.matrix(p_);
    for (std::size_t j = 0; j < p_; ++j)
        for (std::size_t i = 0; i < p_; ++i) second_(i, j) = coordinates(i, j);
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
    DenseMatrix root(second_.rows, second_.rows), rest(features, features), across(p_, features);
    const std::vector<double> variances = covariance_.spectrum(p_);
    for (std::size_t j = 0; j < features; ++j)
        for (std::size_t i = 0; i < p_; ++i) across(i, j) = second_(i, p_ + j);
    if (covariance_.diagonal()) {
        for (std::size_t i = 0; i < p_; ++i) root(i, i) = std::sqrt(variances[i]);
    } else {
        const DenseMatrix q = covariance_.rotation(p_);
        for (std::size_t i = 0; i < p_; ++i)
            for (std::size_t j = 0; j < p_; ++j) root(i, j) = std::sqrt(variances[i]) * q(j, i);
        across = product(q, true, across, false);
    }
    for (std::size_t j = 0; j < features; ++j)
        for (std::size_t i = 0; i < p_; ++i)
            root(i, p_ + j) = across(i, j) / std::sqrt(variances[i]);
    if (features == 0) return root;
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
