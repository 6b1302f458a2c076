#include "tests/reference/features.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "cucurbit/random.hpp"

namespace cucurbit::reference {
namespace {

Matrix rows_of(const Matrix& a, const std::vector<std::size_t>& rows) {
    Matrix taken(rows.size(), a.cols());
    for (std::size_t i = 0; i < rows.size(); ++i)
        for (std::size_t j = 0; j < a.cols(); ++j) taken(i, j) = a(rows[i], j);
    return taken;
}

Matrix minus(Matrix a, const Matrix& b) {
    for (std::size_t i = 0; i < a.rows(); ++i)
        for (std::size_t j = 0; j < a.cols(); ++j) a(i, j) -= b(i, j);
    return a;
}

Real squares_of(const Matrix& a) {
    return frobenius_norm(a) * frobenius_norm(a);
}

Matrix projected(const Matrix& q, const Matrix& y) {
    return product(q, product(transposed(q), y));
}

}  // namespace

TruncatedFeatures truncate_features(const Matrix& features, Real tau) {
    const bool wide = features.cols() > features.rows();
    const Svd svd = jacobi_svd(wide ? transposed(features) : features);
    const Matrix& left = wide ? svd.v : svd.u;
    Real all = 0, held = 0;
    for (const Real s : svd.s) all += s * s;
    std::size_t d = 0;
    while (d < svd.s.size() && svd.s[d] > 1e-6L * svd.s[0] && (tau == 0 || held < (1 - tau) * all))
        held += svd.s[d] * svd.s[d], ++d;
    TruncatedFeatures kept{Matrix(features.rows(), d), Matrix(features.rows(), d), {}};
    for (std::size_t k = 0; k < d; ++k) {
        kept.squares.push_back(svd.s[k] * svd.s[k]);
        for (std::size_t i = 0; i < features.rows(); ++i) {
            kept.vectors(i, k) = left(i, k);
            kept.scores(i, k) = left(i, k) * svd.s[k];
        }
    }
    return kept;
}

Real fixed_point_xi(const Vector& spectrum, std::size_t n) {
    Real low = 0, high = 1e12L;
    for (int step = 0; step < 400; ++step) {
        const Real xi = (low + high) / 2;
        Real sum = 0;
        for (const Real each : spectrum) sum += each / (each + xi);
        (sum > static_cast<Real>(n) ? low : high) = xi;
    }
    return (low + high) / 2;
}

std::vector<std::size_t> FeatureTrial::order() const {
    std::vector<std::pair<std::uint64_t, std::size_t>> keys;
    for (std::size_t i = 0; i < labels.rows(); ++i) {
        const auto words = random_words({key, 0, Purpose::split}, trial, 0, i);
        keys.emplace_back(std::uint64_t{words[0]} << 32 | words[1], i);
    }
    std::sort(keys.begin(), keys.end());
    std::vector<std::size_t> order;
    for (const auto& [unused, i] : keys) order.push_back(i);
    return order;
}

Matrix FeatureTrial::fit(const Matrix& features, const Matrix& targets) const {
    const std::size_t rows = features.rows(), d = features.cols();
    const std::size_t more = penalty > 0 ? d : 0;
    Matrix x(rows + more, d);
    for (std::size_t i = 0; i < rows; ++i)
        for (std::size_t j = 0; j < d; ++j) x(i, j) = features(i, j);
    for (std::size_t j = 0; j < more; ++j) x(rows + j, j) = std::sqrt(penalty);
    const MinimumNorm solver =
        truncated ? MinimumNorm::truncated(x, 1e-12L) : MinimumNorm::of_full_rank(x);
    Matrix coefficients(d, targets.cols());
    for (std::size_t c = 0; c < targets.cols(); ++c) {
        Vector y(rows + more);
        for (std::size_t i = 0; i < rows; ++i) y[i] = targets(i, c);
        const Vector w = solver.solve(y);
        for (std::size_t j = 0; j < d; ++j) coefficients(j, c) = w[j];
    }
    return coefficients;
}

/// y + Φ(b − β*), b the best surrogate for n samples (Ildiz et al. 2025, section 3).
Matrix FeatureTrial::surrogate_labels(bool mask) const {
    const std::size_t d = strong.squares.size();
    if (n >= d) return labels;
    Vector spectrum;
    for (const Real square : strong.squares)
        spectrum.push_back(square / static_cast<Real>(labels.rows()));
    const Real xi = fixed_point_xi(spectrum, n);
    Real omega = 0;
    for (const Real each : spectrum)
        omega += each * each / ((each + xi) * (each + xi)) / static_cast<Real>(n);
    Matrix truth = product(transposed(strong.vectors), labels), change = truth;
    for (std::size_t i = 0; i < d; ++i) {
        const Real zeta = xi / (spectrum[i] + xi), keep = 1 - zeta;
        const Real optimal = keep / (keep * keep + omega / (1 - omega) * zeta * zeta);
        const Real factor = mask ? (1 - zeta * zeta > omega ? 1 : 0) : optimal;
        for (std::size_t c = 0; c < labels.cols(); ++c) change(i, c) = (factor - 1) * truth(i, c);
    }
    Matrix surrogate = product(strong.vectors, change);
    for (std::size_t i = 0; i < labels.rows(); ++i)
        for (std::size_t c = 0; c < labels.cols(); ++c) surrogate(i, c) += labels(i, c);
    return surrogate;
}

std::map<std::string, Real> FeatureTrial::values() const {
    const std::vector<std::size_t> all = order();
    const auto at = [&](std::size_t i) { return all.begin() + static_cast<std::ptrdiff_t>(i); };
    const std::size_t before_test = all.size() - test;
    const std::vector<std::size_t> labelled(at(0), at(n)), tests(at(before_test), all.end());
    std::vector<std::size_t> unlabelled(at(before_test - n_pseudo), at(before_test)), both;
    both = labelled;
    both.insert(both.end(), unlabelled.begin(), unlabelled.end());
    std::map<std::string, Real> values;
    const auto measure = [&](const std::string& arm, const Matrix& scores, const Matrix& w) {
        const Matrix predictions = product(rows_of(scores, tests), w);
        values[arm + " test_error"] =
            squares_of(minus(predictions, rows_of(labels, tests))) / static_cast<Real>(test);
        if (classes.empty()) return;
        Real wrong = 0;
        for (std::size_t i = 0; i < test; ++i) {
            const auto row = predictions.row(i);
            const auto best = std::max_element(row.begin(), row.end()) - row.begin();
            wrong += static_cast<std::size_t>(best) == classes[tests[i]] ? 0 : 1;
        }
        values[arm + " misclassification"] = wrong / static_cast<Real>(test);
    };
    const Matrix w = fit(rows_of(weak.scores, labelled), rows_of(labels, labelled));
    measure("weak", weak.scores, w);
    measure("w2s", strong.scores,
            fit(rows_of(strong.scores, unlabelled), product(rows_of(weak.scores, unlabelled), w)));
    const auto supervised = [&](const std::string& arm, const std::vector<std::size_t>& rows,
                                const Matrix& targets) {
        measure(arm, strong.scores, fit(rows_of(strong.scores, rows), rows_of(targets, rows)));
    };
    supervised("baseline", labelled, labels);
    supervised("ceiling", both, labels);
    supervised("optimal_surrogate", labelled, surrogate_labels(false));
    supervised("mask", labelled, surrogate_labels(true));
    return values;
}

FeatureTerms feature_terms(const TruncatedFeatures& weak, const TruncatedFeatures& strong,
                           const Matrix& labels) {
    const auto samples = static_cast<Real>(labels.rows());
    const Matrix fitted = projected(weak.vectors, labels);
    const Matrix kept = projected(strong.vectors, fitted);
    const auto noise = [&](const Matrix& q) {
        return squares_of(minus(labels, projected(q, labels))) /
               (samples - static_cast<Real>(q.cols()));
    };
    return {noise(weak.vectors), noise(strong.vectors), squares_of(minus(labels, kept)) / samples,
            squares_of(minus(fitted, kept)) / samples,
            squares_of(product(transposed(weak.vectors), strong.vectors))};
}

}  // namespace cucurbit::reference
