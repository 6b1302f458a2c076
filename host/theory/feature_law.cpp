#include "host/theory/feature_law.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <span>

namespace cucurbit {
namespace {

constexpr double no_law = std::numeric_limits<double>::quiet_NaN();

/// Coefficients of features with this spectrum, from those of whitened ones.
std::vector<double> unwhitened(const DenseMatrix& whitened, std::size_t output,
                               const std::vector<double>& spectrum) {
    std::vector<double> column(whitened.rows);
    for (std::size_t i = 0; i < column.size(); ++i)
        column[i] = whitened(i, output) / std::sqrt(spectrum[i]);
    return column;
}

}  // namespace

double FeatureLabels::all_noise() const {
    return std::accumulate(noise.begin(), noise.end(), 0.0);
}

FeatureLabels feature_labels(const FeatureSpace& space, const DenseMatrix& labels) {
    FeatureLabels seen{whitened_coefficients(space, labels), {}};
    const DenseMatrix left = residual(space, labels);
    const std::size_t samples = space.samples(), d = space.dimension();
    for (std::size_t c = 0; c < labels.cols; ++c) {
        double sum = 0.0;
        for (std::size_t i = 0; i < samples; ++i) sum += left(i, c) * left(i, c);
        seen.noise.push_back(samples > d ? sum / static_cast<double>(samples - d) : no_law);
    }
    return seen;
}

StudentTerms student_terms(const FeatureSpace& weak, const FeatureSpace& strong,
                           const DenseMatrix& labels) {
    const DenseMatrix left = residual(weak, labels);
    DenseMatrix fitted = labels;
    for (std::size_t i = 0; i < fitted.values.size(); ++i) fitted.values[i] -= left.values[i];
    const DenseMatrix outside = residual(strong, fitted);
    DenseMatrix missed = outside;  // y − Q_sQ_sᵀŷ_w = (y − ŷ_w) + (I − Q_sQ_sᵀ)ŷ_w
    for (std::size_t i = 0; i < missed.values.size(); ++i) missed.values[i] += left.values[i];
    const auto samples = static_cast<double>(labels.rows);
    return {squared_norm(missed) / samples, squared_norm(outside) / samples,
            correlation_dimension(weak, strong)};
}

double supervised_error(const FeatureSpace& space, const FeatureLabels& labels,
                        const DenseMatrix& surrogate, std::size_t n, double penalty) {
    const std::size_t d = space.dimension();
    if (penalty == 0.0 && n + 1 >= d && n <= d + 1) return no_law;
    double error = 0.0;
    for (std::size_t c = 0; c < surrogate.cols; ++c) {
        const double noise = labels.noise[c];
        if (std::isnan(noise)) return no_law;
        const std::vector<double> given = unwhitened(surrogate, c, space.spectrum);
        const std::vector<double> truth = unwhitened(labels.truth, c, space.spectrum);
        const FitLaw law = fit(given_labels(given), space.spectrum, n, noise, penalty);
        error += noise + excess_risk(law, truth, space.spectrum).value;
    }
    return error;
}

double student_error(const FeatureSpace& weak, const FeatureSpace& strong,
                     const FeatureLabels& weak_labels, const StudentTerms& terms, std::size_t n,
                     std::size_t n_pseudo) {
    const std::size_t weak_d = weak.dimension(), strong_d = strong.dimension();
    if (n <= weak_d + 1 || n_pseudo <= strong_d + 1) return no_law;
    const auto d_w = static_cast<double>(weak_d), d_s = static_cast<double>(strong_d);
    const double noise = weak_labels.all_noise();
    const double spread = noise / (static_cast<double>(n) - d_w - 1.0);
    const double discrepancy = d_w - terms.correlation_dimension;
    const double cut = d_s / (static_cast<double>(n_pseudo) - d_s - 1.0);
    return terms.missed + spread * terms.correlation_dimension +
           cut * (terms.unexplained - noise * discrepancy / static_cast<double>(weak.samples()) +
                  spread * discrepancy);
}

DenseMatrix best_surrogate(const FeatureSpace& space, const DenseMatrix& truth, std::size_t n,
                           bool mask) {
    DenseMatrix best(truth.rows, truth.cols);
    for (std::size_t c = 0; c < truth.cols; ++c) {
        const std::span<const double> column(&truth.values[c * truth.rows], truth.rows);
        // Whether and how a coordinate is kept or amplified depends on the spectrum alone.
        const std::vector<double> chosen = mask ? masked_surrogate(column, space.spectrum, n)
                                                : optimal_surrogate(column, space.spectrum, n);
        std::copy(chosen.begin(), chosen.end(), &best.values[c * truth.rows]);
    }
    return best;
}

}  // namespace cucurbit
