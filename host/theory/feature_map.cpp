#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <utility>

#include "cucurbit/chain.hpp"
#include "host/theory/dense.hpp"
#include "host/theory/sum.hpp"

namespace cucurbit {
namespace {

std::vector<double> times(const DenseMatrix& a, const std::vector<double>& x) {
    DenseMatrix column(x.size(), 1);
    column.values = x;
    return product(a, false, column, false).values;
}

/// a c aᵀ.
DenseMatrix conjugated(const DenseMatrix& a, const DenseMatrix& c) {
    return product(product(a, false, c, false), false, a, true);
}

double trace(const DenseMatrix& a) {
    double sum = 0.0;
    for (std::size_t i = 0; i < a.rows; ++i) sum += a(i, i);
    return sum;
}

DenseMatrix columns_scaled(DenseMatrix a, const std::vector<double>& scale) {
    for (std::size_t j = 0; j < a.cols; ++j)
        for (std::size_t i = 0; i < a.rows; ++i) a(i, j) *= scale[j];
    return a;
}

void add(DenseMatrix& a, double factor, const DenseMatrix& b) {
    for (std::size_t i = 0; i < a.values.size(); ++i) a.values[i] += factor * b.values[i];
}

DenseMatrix outer(const std::vector<double>& x) {
    DenseMatrix matrix(x.size(), x.size());
    for (std::size_t j = 0; j < x.size(); ++j)
        for (std::size_t i = 0; i < x.size(); ++i) matrix(i, j) = x[i] * x[j];
    return matrix;
}

}  // namespace

DenseLaw given_dense_labels(const std::vector<double>& coefficients) {
    return {coefficients, DenseMatrix(coefficients.size(), coefficients.size()), TheoryKind::exact,
            true};
}

FeatureMap::FeatureMap(const DenseMatrix& root, const DenseMatrix& features)
    : transposed_root_(transposed(root)) {
    const std::size_t dimension = root.rows;
    if (root.cols != dimension || features.cols != dimension)
        throw std::invalid_argument("root and features differ in dimension");
    SingularValues seen = singular_values(product(features, false, root, false));  // of A R
    if (seen.squares.empty()) throw std::invalid_argument("features that see nothing");
    eigenvalues_ = std::move(seen.squares);
    whitened_ = product(seen.right, true, root, true);
    hand_on_ = product(features, true, seen.scaled_left, false);
    complete_ = rank() == dimension;
    const double largest = eigenvalues_.front(), smallest = eigenvalues_.back();
    isotropic_ = largest - smallest <= 1e-12 * largest;
}

DenseLaw FeatureMap::fit(const DenseLaw& labels, std::size_t samples, double noise_variance,
                         double penalty) const {
    const FixedPoint fixed = solve_fixed_point(eigenvalues_, samples, penalty);
    if (!(noise_variance >= 0.0) || !std::isfinite(noise_variance))
        throw std::invalid_argument("the noise variance must not be negative");
    // Of the labels in whitened coordinates: all of them, and what the features can express.
    const std::vector<double> explained = times(whitened_, labels.mean);
    const DenseMatrix spread = conjugated(whitened_, labels.covariance);
    const double whole = squared_norm(times(transposed_root_, labels.mean)) +
                         trace(conjugated(transposed_root_, labels.covariance));
    double inside = 0.0, missed = 0.0;
    for (std::size_t i = 0; i < rank(); ++i) {
        const double second_moment = explained[i] * explained[i] + spread(i, i);
        inside += second_moment;
        missed += fixed.zeta[i] * fixed.zeta[i] * second_moment;
    }
    const double outside = complete_ ? 0.0 : std::max(whole - inside, 0.0);
    const double unexplained = noise_variance + (outside > 1e-13 * whole ? outside : 0.0);
    if (penalty == 0.0 && isotropic_ && samples < rank())
        return fit_projection(labels, explained, spread, samples, unexplained);

    DenseLaw law = labels;
    std::vector<double> shrunk(rank());
    for (std::size_t i = 0; i < rank(); ++i) shrunk[i] = 1.0 / (eigenvalues_[i] + fixed.xi);
    const DenseMatrix noise_map = columns_scaled(hand_on_, shrunk);
    const bool least_squares = penalty == 0.0 && samples >= rank();
    // Otherwise T is the identity, whose rounding would be all there is to a risk of zero.
    if (!least_squares || !complete_) {
        law.mean = times(noise_map, explained);
        law.covariance = conjugated(noise_map, spread);
    }
    const double order = static_cast<double>(rank()), n = static_cast<double>(samples);
    const double freedom = least_squares ? n - order - 1.0 : fixed.effective_excess;
    const bool unbounded = penalty == 0.0 && std::abs(n - order) <= 1.0 && unexplained > 0.0;
    const double error = unexplained + missed;
    if (unbounded)
        law.finite = false;
    else if (error > 0.0)
        add(law.covariance, error / freedom, product(noise_map, false, noise_map, true));
    if (!least_squares) {
        law.kind = std::max(law.kind, TheoryKind::deterministic_equivalent);
        law.relative_error = std::max(law.relative_error, equivalent_error(fixed));
    }
    return law;
}

/// The features' coordinates projected on n uniformly random directions of r: E Π M Π = a M +
/// c tr(M) I with the constants of a Beta(n/2, (r − n)/2) variable; noise by the inverse Wishart
/// mean.
DenseLaw FeatureMap::fit_projection(const DenseLaw& labels, const std::vector<double>& explained,
                                    const DenseMatrix& spread, std::size_t samples,
                                    double unexplained) const {
    const double r = static_cast<double>(rank()), n = static_cast<double>(samples);
    const double kept = n / r, across = kept * (r - n) / (r + 2.0) / (r - 1.0);
    const double own = across * (r - 2.0) / r;
    DenseMatrix covariance(rank(), rank());
    add(covariance, own, outer(explained));
    add(covariance, kept * kept + own, spread);
    const double noise =
        samples + 1 < rank() && unexplained > 0.0 ? unexplained * kept / (r - n - 1.0) : 0.0;
    for (std::size_t i = 0; i < rank(); ++i)
        covariance(i, i) += across * (squared_norm(explained) + trace(spread)) + noise;
    DenseLaw law = labels;
    const DenseMatrix map =
        columns_scaled(hand_on_, std::vector<double>(rank(), 1.0 / eigenvalues_.front()));
    law.mean = times(map, explained);
    for (double& value : law.mean) value *= kept;
    law.covariance = conjugated(map, covariance);
    if (samples + 1 == rank() && unexplained > 0.0) law.finite = false;
    return law;
}

CoordinateRisks risks_by_coordinate(const DenseLaw& law, const std::vector<double>& truth,
                                    const DenseMatrix& test_root) {
    DenseMatrix error(truth.size(), 1);
    for (std::size_t i = 0; i < truth.size(); ++i) error(i, 0) = law.mean[i] - truth[i];
    CoordinateRisks risks;
    risks.bias = product(test_root, true, error, false).values;
    for (double& value : risks.bias) value *= value;
    risks.risk.assign(risks.bias.size(), std::numeric_limits<double>::infinity());
    if (!law.finite) return risks;
    const DenseMatrix spread = product(law.covariance, false, test_root, false);
    for (std::size_t j = 0; j < risks.bias.size(); ++j) {
        risks.risk[j] = risks.bias[j];
        for (std::size_t i = 0; i < truth.size(); ++i)
            risks.risk[j] += test_root(i, j) * spread(i, j);
    }
    return risks;
}

Prediction excess_risk(const DenseLaw& law, const std::vector<double>& truth,
                       const DenseMatrix& test_root) {
    if (!law.finite) return {std::numeric_limits<double>::infinity(), law.kind, law.relative_error};
    const std::vector<double> risks = risks_by_coordinate(law, truth, test_root).risk;
    return {std::accumulate(risks.begin(), risks.end(), 0.0), law.kind, law.relative_error};
}

}  // namespace cucurbit
