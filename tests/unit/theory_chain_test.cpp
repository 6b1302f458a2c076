// The general law of a chain against its special cases, which are other code.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "cucurbit/chain.hpp"
#include "cucurbit/population.hpp"
#include "cucurbit/subspaces.hpp"
#include "host/theory/special.hpp"

namespace cucurbit {
namespace {

DenseMatrix diagonal(const std::vector<double>& values) {
    DenseMatrix matrix(values.size(), values.size());
    for (std::size_t i = 0; i < values.size(); ++i) matrix(i, i) = values[i];
    return matrix;
}

DenseMatrix root_of(const std::vector<double>& spectrum) {
    DenseMatrix root = diagonal(spectrum);
    for (double& value : root.values) value = std::sqrt(value);
    return root;
}

DenseMatrix identity(std::size_t size) {
    return diagonal(std::vector<double>(size, 1.0));
}

/// A random orthogonal matrix: reflections of the identity.
DenseMatrix rotation(std::size_t size, unsigned seed) {
    std::mt19937 generator(seed);
    std::normal_distribution<double> normal;
    DenseMatrix q = identity(size);
    for (int k = 0; k < 3; ++k) {
        DenseMatrix v(size, 1);
        double squares = 0.0;
        for (double& value : v.values) {
            value = normal(generator);
            squares += value * value;
        }
        const DenseMatrix along = product(v, true, q, false);
        for (std::size_t j = 0; j < size; ++j)
            for (std::size_t i = 0; i < size; ++i) q(i, j) -= 2.0 * v(i, 0) * along(0, j) / squares;
    }
    return q;
}

void expect_close(double actual, double expected) {
    if (std::isinf(expected))
        EXPECT_EQ(actual, expected);
    else
        EXPECT_NEAR(actual, expected, 1e-10 * std::abs(expected));
}

struct Stage {
    std::vector<double> spectrum;
    std::size_t samples;
    double noise_variance, penalty;
};

// Sample sizes below, near and above p; with and without ridge and noise.
TEST(ChainLaw, OfCommutingStagesIsTheDiagonalLaw) {
    constexpr std::size_t p = 30;
    const std::vector<double> flat(p, 1.7), gentle = power_law_spectrum(p, 0.7),
                                            steep = power_law_spectrum(p, 1.5);
    const std::vector<double> truth = power_law_truth(steep, 1.5);
    const DenseMatrix q = rotation(p, 4);
    const std::vector<std::vector<Stage>> chains{
        {{steep, 20, 0.1, 0.0}, {gentle, 12, 0.2, 0.0}, {steep, 50, 0.0, 0.0}},
        {{gentle, 40, 0.1, 0.0}, {steep, 60, 0.2, 0.0}},
        {{gentle, 33, 0.3, 1.5}, {steep, 10, 0.0, 0.2}, {gentle, 29, 0.0, 0.0}},
        {{flat, 12, 0.2, 0.0}, {flat, 20, 0.0, 0.0}, {flat, 45, 0.1, 0.0}},
        {{flat, 29, 0.2, 0.0}, {steep, 40, 0.1, 0.0}},
        {{steep, 31, 0.2, 0.0}}};
    for (const auto& chain : chains) {
        FitLaw law = given_labels(truth);
        DenseLaw dense = given_dense_labels(truth), rotated = dense;
        DenseMatrix column(p, 1);
        column.values = truth;
        const std::vector<double> rotated_truth = product(q, false, column, false).values;
        rotated.mean = rotated_truth;
        for (const Stage& stage : chain) {
            const DenseMatrix root = root_of(stage.spectrum);
            law = fit(law, stage.spectrum, stage.samples, stage.noise_variance, stage.penalty);
            dense = FeatureMap(root, identity(p))
                        .fit(dense, stage.samples, stage.noise_variance, stage.penalty);
            rotated = FeatureMap(product(q, false, root, false), identity(p))
                          .fit(rotated, stage.samples, stage.noise_variance, stage.penalty);
            EXPECT_EQ(dense.kind, law.kind);
            EXPECT_EQ(rotated.kind, law.kind);
            const double expected = excess_risk(law, truth, gentle).value;
            expect_close(excess_risk(dense, truth, root_of(gentle)).value, expected);
            expect_close(
                excess_risk(rotated, rotated_truth, product(q, false, root_of(gentle), false))
                    .value,
                expected);
        }
    }
}

/// Weak features as the first coordinates, strong ones at the cosines, a truth on all of them.
struct Geometry {
    SubspacePair pair;
    DenseMatrix weak, strong;  // features A
    std::vector<double> truth;
};

Geometry geometry(std::size_t weak, std::size_t strong, std::vector<double> cosines,
                  double outside) {
    Geometry made;
    made.pair.weak = weak;
    made.pair.strong = strong;
    made.pair.cosines = std::move(cosines);
    const std::size_t dimension = made.pair.joint() + 1;
    made.weak = DenseMatrix(weak, dimension);
    made.strong = DenseMatrix(strong, dimension);
    made.truth.assign(dimension, 0.0);
    std::size_t fresh = weak;
    for (std::size_t j = 0; j < weak; ++j) made.weak(j, j) = 1.0;
    for (std::size_t j = 0; j < strong; ++j) {
        if (j < weak) made.strong(j, j) = made.pair.cosine(j);
        if (made.pair.cosine(j) < 1.0)
            made.strong(j, fresh++) = std::sqrt(made.pair.discrepancy(j));
    }
    for (std::size_t i = 0; i + 1 < dimension; ++i) made.truth[i] = 0.3 + 0.1 * double(i % 4);
    made.truth.back() = outside;
    DenseMatrix column(dimension, 1);
    column.values = made.truth;
    made.pair.weak_truth = product(made.weak, false, column, false).values;
    made.pair.strong_truth = product(made.strong, false, column, false).values;
    const auto unexplained = [&](const std::vector<double>& inside) {
        double sum = 0.0;
        for (const double value : made.truth) sum += value * value;
        for (const double value : inside) sum -= value * value;
        return sum;
    };
    made.pair.weak_unexplained = unexplained(made.pair.weak_truth);
    made.pair.strong_unexplained = unexplained(made.pair.strong_truth);
    return made;
}

TEST(ChainLaw, OfSubspacesIsTheWeakToStrongLaw) {
    for (const Geometry& at :
         {geometry(6, 4, {1.0, 0.8, 0.3, 0.0}, 0.5), geometry(5, 9, {1.0, 1.0, 0.6, 0.0, 0.9}, 0.2),
          geometry(7, 7, {0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5}, 0.0)}) {
        const DenseMatrix root = identity(at.truth.size());
        const FeatureMap weak(root, at.weak), strong(root, at.strong);
        EXPECT_EQ(weak.rank(), at.pair.weak);
        EXPECT_EQ(strong.rank(), at.pair.strong);
        for (const std::size_t n : {1, 3, 12, 40})
            for (const std::size_t n_pseudo : {2, 14, 300})
                for (const double noise : {0.0, 0.4}) {
                    const WeakToStrongLaw law = weak_to_strong_law(at.pair, n, n_pseudo, noise);
                    const DenseLaw truth = given_dense_labels(at.truth);
                    const DenseLaw teacher = weak.fit(truth, n, noise, 0.0);
                    const auto risk = [&](const DenseLaw& of) {
                        EXPECT_EQ(of.kind, TheoryKind::exact);
                        return excess_risk(of, at.truth, root).value;
                    };
                    expect_close(risk(teacher), law.weak.excess_risk());
                    expect_close(risk(strong.fit(teacher, n_pseudo, 0.0, 0.0)),
                                 law.w2s.excess_risk());
                    expect_close(risk(strong.fit(truth, n, noise, 0.0)),
                                 law.baseline.excess_risk());
                    expect_close(risk(strong.fit(truth, n + n_pseudo, noise, 0.0)),
                                 law.ceiling.excess_risk());
                }
    }
}

TEST(ChainLaw, IsInfiniteWhereNoMomentExists) {
    const Geometry at = geometry(6, 4, {1.0, 0.8, 0.3, 0.0}, 0.5);
    const DenseMatrix root = identity(at.truth.size());
    const FeatureMap weak(root, at.weak), whole(root, root);
    const DenseLaw truth = given_dense_labels(at.truth);
    for (const std::size_t n : {5, 6, 7}) {
        const DenseLaw law = weak.fit(truth, n, 0.0, 0.0);
        EXPECT_EQ(excess_risk(law, at.truth, root).value, infinity);
        EXPECT_EQ(excess_risk(whole.fit(law, 100, 0.0, 0.0), at.truth, root).value, infinity);
        EXPECT_TRUE(weak.fit(truth, n, 0.0, 0.5).finite);
        EXPECT_EQ(weak_to_strong_law(at.pair, n, 50, 0.0).weak.excess_risk(), infinity);
    }
    const std::size_t p = at.truth.size();
    EXPECT_EQ(excess_risk(whole.fit(truth, p + 1, 0.0, 0.0), at.truth, root).value, 0.0);
}

// Features that repeat others, or more of them than dimensions: only AᵀA counts.
TEST(ChainLaw, IsZeroWhereNothingErrs) {
    constexpr std::size_t p = 12;
    const DenseMatrix root =
        product(rotation(p, 5), false, root_of(power_law_spectrum(p, 2.0)), false);
    const std::vector<double> truth(p, 0.3);
    for (const DenseMatrix& features : {identity(p), rotation(p, 6)}) {
        const FeatureMap map(root, features);
        const DenseLaw once = map.fit(given_dense_labels(truth), 40, 0.0, 0.0);
        EXPECT_EQ(excess_risk(once, truth, root).value, 0.0);
        EXPECT_EQ(excess_risk(map.fit(once, p, 0.0, 0.0), truth, root).value, 0.0);
        EXPECT_GT(excess_risk(map.fit(once, 40, 1e-30, 0.0), truth, root).value, 0.0);
    }
}

TEST(ChainLaw, DependsOnFeaturesThroughTheirProducts) {
    constexpr std::size_t p = 8;
    const DenseMatrix root = root_of(power_law_spectrum(p, 1.0));
    DenseMatrix once(3, p), twice(5, p);
    for (std::size_t i = 0; i < 3; ++i)
        for (std::size_t j = 0; j < p; ++j) once(i, j) = std::sin(0.7 * double((1 + i) * (1 + j)));
    for (std::size_t j = 0; j < p; ++j) {
        twice(0, j) = once(0, j) * 0.6;
        twice(1, j) = once(0, j) * 0.8;
        twice(2, j) = once(1, j);
        twice(4, j) = once(2, j);
    }
    const DenseLaw truth = given_dense_labels(std::vector<double>(p, 0.5));
    for (const std::size_t n : {2, 20})
        for (const double penalty : {0.0, 0.7}) {
            const FeatureMap a(root, once), b(root, twice);
            EXPECT_EQ(b.rank(), 3u);
            expect_close(excess_risk(a.fit(truth, n, 0.2, penalty), truth.mean, root).value,
                         excess_risk(b.fit(truth, n, 0.2, penalty), truth.mean, root).value);
        }
}

TEST(ChainLaw, RefusesWhatDoesNotFit) {
    EXPECT_THROW(FeatureMap(identity(3), identity(4)), std::invalid_argument);
    EXPECT_THROW(FeatureMap(identity(3), DenseMatrix(2, 3)), std::invalid_argument);
    const FeatureMap map(identity(3), identity(3));
    const DenseLaw truth = given_dense_labels({1.0, 1.0, 1.0});
    EXPECT_THROW(map.fit(truth, 0, 0.0, 0.0), std::invalid_argument);
    EXPECT_THROW(map.fit(truth, 5, -1.0, 0.0), std::invalid_argument);
    EXPECT_THROW(map.fit(truth, 5, 0.0, -1.0), std::invalid_argument);
    EXPECT_THROW(product(identity(3), false, identity(4), false), std::invalid_argument);
    SubspacePair pair = geometry(3, 2, {1.0, 0.5}, 0.0).pair;
    EXPECT_THROW(weak_to_strong_law(pair, 0, 5, 0.0), std::invalid_argument);
    EXPECT_THROW(weak_to_strong_law(pair, 5, 5, infinity), std::invalid_argument);
    pair.cosines.pop_back();
    EXPECT_THROW(weak_to_strong_law(pair, 5, 5, 0.0), std::invalid_argument);
}

// The paper's statement with its finite-sample constants (Dong et al. 2025).
TEST(WeakToStrongLaw, KnownValues) {
    SubspacePair pair;
    pair.weak = 40;
    pair.strong = 20;
    pair.cosines.assign(20, 0.0);
    for (std::size_t j = 0; j < 8; ++j) pair.cosines[j] = 1.0;
    pair.weak_truth.assign(40, 0.0);
    pair.strong_truth.assign(20, 0.0);
    pair.weak_truth[0] = pair.strong_truth[0] = 1.0;
    const WeakToStrongLaw law = weak_to_strong_law(pair, 100, 1000, 0.09);
    expect_close(law.w2s.excess_risk(), 0.09 / 59.0 * (8.0 + 20.0 / 979.0 * 32.0));
    expect_close(law.inherited, 0.09 / 59.0 * 8.0);
    expect_close(law.discrepancy, 0.09 / 59.0 * 20.0 / 979.0 * 32.0);
    EXPECT_EQ(law.bias_driven, 0.0);
    EXPECT_EQ(law.w2s.bias, 0.0);
    // A student whose subspace contains the weak one copies its teacher.
    pair.strong = 40;
    pair.strong_truth.resize(40);
    pair.cosines.assign(40, 1.0);
    const WeakToStrongLaw copy = weak_to_strong_law(pair, 100, 41, 0.09);
    EXPECT_EQ(copy.w2s.excess_risk(), copy.weak.excess_risk());
}

// A short row says as much about a label as a long one: least squares does not depend on lengths.
TEST(FeatureMap, ShortFeaturesCount) {
    const std::size_t p = 6;
    const DenseMatrix q = rotation(p, 5), root = identity(p);
    const std::vector<double> truth{1.0, -0.5, 0.25, 2.0, 0.0, 1.0};
    const auto features = [&](const std::vector<double>& lengths) {
        DenseMatrix rows(lengths.size(), p);
        for (std::size_t i = 0; i < rows.rows; ++i)
            for (std::size_t j = 0; j < p; ++j) rows(i, j) = lengths[i] * q(j, i);
        return rows;
    };
    const auto risk = [&](const DenseMatrix& rows) {
        const FeatureMap map(root, rows);
        EXPECT_EQ(map.rank(), 3u);
        return excess_risk(map.fit(given_dense_labels(truth), 30, 0.25, 0.0), truth, root).value;
    };
    const double equal = risk(features({1.0, 1.0, 1.0}));
    for (const double length : {1e-3, 1e-7, 1e-10, 1e-14, 1e-40})
        EXPECT_NEAR(risk(features({1.0, length, 1.0})), equal, 1e-8 * equal) << length;
    // Rows that add no direction add no rank, however short.
    DenseMatrix more(5, p);
    const DenseMatrix three = features({1.0, 1e-7, 1.0});
    for (std::size_t j = 0; j < p; ++j) {
        for (std::size_t i = 0; i < 3; ++i) more(i, j) = three(i, j);
        more(3, j) = 2.0 * three(0, j);
        more(4, j) = 1e-9 * (three(0, j) - three(2, j));
    }
    EXPECT_NEAR(risk(more), equal, 1e-8 * equal);
}

}  // namespace
}  // namespace cucurbit
