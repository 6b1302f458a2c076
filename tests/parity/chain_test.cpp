// Every risk of a chain's trial, on every engine, against plain least squares, stage after stage.

#include <fmt/format.h>

#include <cmath>
#include <set>

#include "host/studies/chain.hpp"
#include "host/studies/points.hpp"
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

/// Coefficients after a stage: fits θ to rows A R g labelled by (R g)ᵀb + noise, √penalty rows
/// added; condition: raised to that of the matrix solved with.
Vector fit_stage(const StageSpec& spec, std::size_t p, const Matrix& rows, const Vector& labels,
                 const Chain::StagePoint& at, Real& condition) {
    const Matrix root = widened(spec.covariance.root(p)), features = widened(spec.features(p));
    const Matrix seen = reference::product(features, root);  // q×p
    const Vector whitened = reference::transposed_product(root, labels);
    const std::size_t q = features.rows(), ridge = at.penalty > 0.0 ? q : 0;
    Matrix x(rows.rows() + ridge, q);
    Vector y(x.rows());
    for (std::size_t i = 0; i < rows.rows(); ++i) {
        const auto g = rows.row(i).first(p);
        for (std::size_t j = 0; j < q; ++j) x(i, j) = reference::dot(seen.row(j), g);
        y[i] = reference::dot(whitened, g) + Real(at.noise_std) * rows(i, p);
    }
    for (std::size_t j = 0; j < ridge; ++j) x(rows.rows() + j, j) = std::sqrt(Real(at.penalty));
    const MinimumNorm solver = MinimumNorm::of_full_rank(x);
    condition = std::max(condition, reference::frobenius_norm(x) *
                                        reference::frobenius_norm(solver.pseudo_inverse()));
    return reference::transposed_product(features, solver.solve(y));
}

class ChainParity : public OnEngine {
protected:
    std::set<Rung> compare(const std::string& stages, std::size_t p, std::size_t trials,
                           std::size_t batch) {
        const Study study = study_of(fmt::format(R"(
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
            {}
        )",
                                                 p, stages));
        const auto& chain = dynamic_cast<const Chain&>(*study.setting);
        const Design design = study.setting->designs().at(0);
        const auto values = simulate(study, design, *engine_, first_trials(trials), batch);
        const std::vector<double> truth = chain.population(p).truth;
        const Matrix test = widened(chain.test().root(p));
        std::set<Rung> used;
        for (std::size_t point = 0; point < design.points.size(); ++point)
            for (std::size_t t = 0; t < trials; ++t) {
                Vector labels(truth.begin(), truth.end());
                Real condition = 1;
                for (std::size_t k = 0; k < chain.stages().size(); ++k) {
                    const StageSpec& spec = chain.stages()[k];
                    const Chain::StagePoint at = Chain::at(design.points[point], k);
                    if (spec.from_truth) labels.assign(truth.begin(), truth.end());
                    const Matrix rows = reference::draw_rows(
                        {true, factor_key(6, design, fmt::format("stage={} n", k), at.n),
                         static_cast<std::uint8_t>(k), t, at.n},
                        p + 1);
                    labels = fit_stage(spec, p, rows, labels, at, condition);
                    Vector error = labels;
                    for (std::size_t i = 0; i < p; ++i) error[i] -= truth[i];
                    const Vector seen = reference::transposed_product(test, error);
                    const std::size_t s = point * chain.stages().size() + k;
                    const std::size_t index = s * trials + t;
                    used.insert(values.outcomes[index].rung);
                    const Real risk = reference::dot(seen, seen);
                    expect_parity(
                        {fmt::format("{} point {} trial {}", design.series[s].arm, point, t),
                         values.values[index], risk, 8 + 4 * risk, condition,
                         values.outcomes[index], at.n, p});
                }
            }
        return used;
    }
};

constexpr const char* mixed_chain = R"(
    [[stage]]
    n = [5, 14, 40]
    noise_std = [0.0, 0.3]
    [[stage]]
    n = [9, 13, 400]
    noise_std = 0.1
    penalty = [0.0, 2.0]
    rotation = 4
    spectrum = { kind = "power_law", exponent = 0.5 }
    [[stage]]
    n = [6, 50]
    noise_std = 0.2
    features = { kind = "random", count = 8, seed = 2 }
    [[stage]]
    n = 30
    noise_std = 0.2
    features = { kind = "random", count = 20, seed = 3 }
    [[stage]]
    n = 7
    noise_std = 0.0
    features = { kind = "mask", keep = 9 }
    [test]
    rotation = 5
)";

TEST_P(ChainParity, MixedStages) {
    compare(mixed_chain, 12, 2, 2);
}

TEST_P(ChainParity, SubspacesAndLabelsOfTheTruth) {
    compare(R"(
        [[stage]]
        n = [5, 30]
        noise_std = 0.2
        features = { kind = "subspace", dimension = 6, seed = 1 }
        [[stage]]
        n = [3, 60]
        noise_std = 0.0
        features = { kind = "subspace", dimension = 4, seed = 2 }
        [[stage]]
        n = 20
        noise_std = 0.2
        labels = "truth"
        penalty = 0.5
        features = { kind = "subspace", dimension = 4, seed = 2 }
    )",
            10, 3, 1);
}

TEST_P(ChainParity, PlainLayoutAndHigherRungs) {
    std::set<Rung> used = compare(R"(
        [[stage]]
        n = [40, 90]
        noise_std = 0.2
        [[stage]]
        n = [55]
        noise_std = 0.1
        rotation = 1
    )",
                                  60, 2, 2);
    used.merge(compare(R"(
        [[stage]]
        n = [12, 13]
        noise_std = 0.2
        rotation = 2
        [[stage]]
        n = [12]
        noise_std = 0.1
    )",
                       12, 150, 50));
    EXPECT_EQ(used, (std::set{Rung::cholesky, Rung::orthogonal}));
}

CUCURBIT_ON_EVERY_ENGINE(ChainParity);

}  // namespace
}  // namespace cucurbit
