// Every risk of a chain's trial, on every engine, against plain least squares, stage after stage.

#include <fmt/format.h>

#include <cmath>
#include <set>

#include "cucurbit/population.hpp"
#include "cucurbit/random.hpp"
#include "host/studies/graph.hpp"
#include "tests/parity/comparison.hpp"
#include "tests/reference/subspaces.hpp"
#include "tests/support/engines.hpp"
#include "tests/support/simulate.hpp"

namespace cucurbit {
namespace {

using reference::Matrix;
using reference::MinimumNorm;
using reference::Real;
using reference::Vector;

Matrix widened(const DenseMatrix& a) {
    Matrix wide(a.rows, a.cols);
    for (std::size_t i = 0; i < a.rows; ++i)
        for (std::size_t j = 0; j < a.cols; ++j) wide(i, j) = a(i, j);
    return wide;
}

/// Q diag(√λ), λ_i = i^−exponent, without a seed Q = I.
Matrix root(std::size_t p, double exponent, std::optional<std::uint64_t> rotation = {}) {
    Matrix q(p, p);
    for (std::size_t i = 0; i < p; ++i) q(i, i) = 1;
    if (rotation) q = widened(random_rotation(*rotation, p));
    const std::vector<double> spectrum = power_law_spectrum(p, exponent);
    for (std::size_t i = 0; i < p; ++i)
        for (std::size_t j = 0; j < p; ++j) q(i, j) *= std::sqrt(Real(spectrum[j]));
    return q;
}

/// The first coordinates.
Matrix leading(std::size_t count, std::size_t p) {
    Matrix rows(count, p);
    for (std::size_t i = 0; i < count; ++i) rows(i, i) = 1;
    return rows;
}

/// The first columns of a rotation as rows.
Matrix subspace(std::size_t dimension, std::size_t p, std::uint64_t seed) {
    const DenseMatrix q = random_rotation(seed, p);
    Matrix rows(dimension, p);
    for (std::size_t i = 0; i < dimension; ++i)
        for (std::size_t j = 0; j < p; ++j) rows(i, j) = q(j, i);
    return rows;
}

/// Normals over √p; more than p of them by as many rows of the same products.
Matrix random_features(std::size_t count, std::size_t p, std::uint64_t seed) {
    DenseMatrix rows = seeded_normals("features", seed, count, p);
    for (double& value : rows.values) value /= std::sqrt(static_cast<double>(p));
    return widened(count > p ? compact(rows) : rows);
}

/// A stage as the study writes it, and what its text means.
struct Stage {
    std::string text;
    Matrix root, features;
    bool from_truth = false;
};

/// What a stage is fitted with at a point.
struct StagePoint {
    std::size_t n;
    double noise_std, penalty;
};

StagePoint at(const Point& point, std::size_t stage) {
    const double* values = point.parameters.data() + 1 + 3 * stage;
    return {static_cast<std::size_t>(values[0]), values[1], values[2]};
}

/// Standard normal rows of a stage with a noise behind each, or the factor that stands for them.
Matrix draw_stage(const GraphStudy& setting, const Design& design, std::size_t stage, std::size_t n,
                  std::size_t p, std::uint64_t trial) {
    const auto number = static_cast<std::uint8_t>(stage);
    Matrix rows(std::min(n, p), p + 1);
    if (n > p) {
        const Matrix factor = reference::draw_rows(
            {true, setting.factor_key(design, stage, n), number, trial, n}, p + 1);
        for (std::size_t i = 0; i < p; ++i)
            for (std::size_t j = 0; j <= p; ++j) rows(i, j) = factor(i, j);
        return rows;
    }
    std::vector<double> x(p), noise(1);
    for (std::size_t i = 0; i < n; ++i) {
        draw_normals({design.key, number, Purpose::samples}, trial, i, x);
        draw_normals({design.key, number, Purpose::label_noise}, trial, i, noise);
        for (std::size_t j = 0; j < p; ++j) rows(i, j) = x[j];
        rows(i, p) = noise.front();
    }
    return rows;
}

/// Coefficients after a stage: fits θ to rows A R g labelled by (R g)ᵀb + noise, √penalty rows
/// added; condition: raised to that of the matrix solved with.
Vector fit_stage(const Stage& stage, const Matrix& rows, const Vector& labels,
                 const StagePoint& numbers, Real& condition) {
    const Matrix seen = reference::product(stage.features, stage.root);  // q×p
    const Vector whitened = reference::transposed_product(stage.root, labels);
    const std::size_t p = labels.size(), q = stage.features.rows();
    const std::size_t ridge = numbers.penalty > 0.0 ? q : 0;
    Matrix x(rows.rows() + ridge, q);
    Vector y(x.rows());
    for (std::size_t i = 0; i < rows.rows(); ++i) {
        const auto g = rows.row(i).first(p);
        for (std::size_t j = 0; j < q; ++j) x(i, j) = reference::dot(seen.row(j), g);
        y[i] = reference::dot(whitened, g) + Real(numbers.noise_std) * rows(i, p);
    }
    for (std::size_t j = 0; j < ridge; ++j)
        x(rows.rows() + j, j) = std::sqrt(Real(numbers.penalty));
    const MinimumNorm solver = MinimumNorm::of_full_rank(x);
    condition = std::max(condition, reference::frobenius_norm(x) *
                                        reference::frobenius_norm(solver.pseudo_inverse()));
    return reference::transposed_product(stage.features, solver.solve(y));
}

class ChainParity : public OnEngine {
protected:
    /// test: the root of the test covariance, and how the study writes it.
    std::set<Rung> compare(const std::vector<Stage>& stages, std::size_t p, const Matrix& test,
                           const std::string& test_text, std::size_t trials, std::size_t batch) {
        std::string text = fmt::format(R"(
            schema = 1
            [study]
            name = "parity"
            kind = "chain"
            seed = 6
            [population]
            p = {}
            spectrum = {{ kind = "power_law", exponent = 1.0 }}
            signal = {{ kind = "power_law", exponent = 1.5 }}
            [precision]
            trials = 64
            [test]
            {}
        )",
                                       p, test_text);
        for (const Stage& stage : stages) text += "\n[[stage]]\n" + stage.text;
        const Study study = study_of(text);
        const auto& chain = dynamic_cast<const GraphStudy&>(*study.setting);
        const Design design = study.setting->designs().at(0);
        const auto values = simulate(study, design, *engine_, first_trials(trials), batch);
        const std::vector<double> truth = power_law_truth(power_law_spectrum(p, 1.0), 1.5);
        std::set<Rung> used;
        for (std::size_t point = 0; point < design.points.size(); ++point)
            for (std::size_t t = 0; t < trials; ++t) {
                Vector labels(truth.begin(), truth.end());
                Real condition = 1;
                for (std::size_t k = 0; k < stages.size(); ++k) {
                    const StagePoint numbers = at(design.points[point], k);
                    if (stages[k].from_truth) labels.assign(truth.begin(), truth.end());
                    const Matrix rows = draw_stage(chain, design, k, numbers.n, p, t);
                    labels = fit_stage(stages[k], rows, labels, numbers, condition);
                    Vector error = labels;
                    for (std::size_t i = 0; i < p; ++i) error[i] -= truth[i];
                    const Vector seen = reference::transposed_product(test, error);
                    const std::size_t s = point * stages.size() + k;
                    const std::size_t index = s * trials + t;
                    EXPECT_EQ(design.series[s].arm, fmt::format("stage_{}", k + 1));
                    used.insert(values.outcomes[index].rung);
                    const Real risk = reference::dot(seen, seen);
                    expect_parity(
                        {fmt::format("{} point {} trial {}", design.series[s].arm, point, t),
                         values.values[index], risk, 8 + 4 * risk, condition,
                         values.outcomes[index], numbers.n, p});
                }
            }
        return used;
    }
};

TEST_P(ChainParity, MixedStages) {
    constexpr std::size_t p = 12;
    const Matrix all = leading(p, p);
    compare({{"n = [5, 14, 40]\nnoise_std = [0.0, 0.3]", root(p, 1.0), all},
             {R"(
                n = [9, 13, 400]
                noise_std = 0.1
                penalty = [0.0, 2.0]
                rotation = 4
                spectrum = { kind = "power_law", exponent = 0.5 })",
              root(p, 0.5, 4), all},
             {R"(
                n = [6, 50]
                noise_std = 0.2
                features = { kind = "random", count = 8, seed = 2 })",
              root(p, 1.0), random_features(8, p, 2)},
             {R"(
                n = 30
                noise_std = 0.2
                features = { kind = "random", count = 20, seed = 3 })",
              root(p, 1.0), random_features(20, p, 3)},
             {R"(
                n = 7
                noise_std = 0.0
                features = { kind = "mask", keep = 9 })",
              root(p, 1.0), leading(9, p)}},
            p, root(p, 1.0, 5), "rotation = 5", 2, 2);
}

TEST_P(ChainParity, SubspacesAndLabelsOfTheTruth) {
    constexpr std::size_t p = 10;
    compare({{R"(
                n = [5, 30]
                noise_std = 0.2
                features = { kind = "subspace", dimension = 6, seed = 1 })",
              root(p, 1.0), subspace(6, p, 1)},
             {R"(
                n = [3, 60]
                noise_std = 0.0
                features = { kind = "subspace", dimension = 4, seed = 2 })",
              root(p, 1.0), subspace(4, p, 2)},
             {R"(
                n = 20
                noise_std = 0.2
                labels = "truth"
                penalty = 0.5
                features = { kind = "subspace", dimension = 4, seed = 2 })",
              root(p, 1.0), subspace(4, p, 2), true}},
            p, root(p, 1.0), "", 3, 1);
}

TEST_P(ChainParity, PlainLayoutAndHigherRungs) {
    constexpr std::size_t large = 60, small = 12;
    std::set<Rung> used = compare(
        {{"n = [40, 90]\nnoise_std = 0.2", root(large, 1.0), leading(large, large)},
         {"n = [55]\nnoise_std = 0.1\nrotation = 1", root(large, 1.0, 1), leading(large, large)}},
        large, root(large, 1.0, 1), "rotation = 1", 2, 2);
    used.merge(compare({{"n = [12, 13]\nnoise_std = 0.2\nrotation = 2", root(small, 1.0, 2),
                         leading(small, small)},
                        {"n = [12]\nnoise_std = 0.1", root(small, 1.0), leading(small, small)}},
                       small, root(small, 1.0), "", 150, 50));
    EXPECT_EQ(used, (std::set{Rung::cholesky, Rung::orthogonal}));
}

CUCURBIT_ON_EVERY_ENGINE(ChainParity);

}  // namespace
}  // namespace cucurbit
