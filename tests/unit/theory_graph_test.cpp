// The law of graphs of fits beside the values of an independent program in NumPy.

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <stdexcept>
#include <vector>

#include "cucurbit/graph.hpp"

namespace cucurbit {
namespace {

constexpr std::size_t p = 60, masked = 25;

std::vector<double> power(double exponent) {
    std::vector<double> values;
    for (std::size_t i = 1; i <= p; ++i)
        values.push_back(std::pow(static_cast<double>(i), -exponent));
    return values;
}

std::vector<double> truth() {
    std::vector<double> values;
    for (std::size_t i = 1; i <= p; ++i)
        values.push_back(std::pow(static_cast<double>(i), -0.25));  // λ_i β_i² = i^-1.5
    return values;
}

// Groups 1, 2 and 3 have one covariance, group 4 another. The last two fits share the noise of its
// observations without their mean.
std::vector<GraphRows> rows() {
    return {
        {20, power(1.0), 0.5}, {15, power(1.0), 0.5}, {90, power(1.0), 0.5}, {40, power(0.5), 0.2}};
}

using Labels = std::vector<std::pair<std::size_t, double>>;

/// A fit whose rows all have labels of one kind.
GraphFit fit_of(const std::vector<std::size_t>& groups, std::size_t features, double penalty,
                double observed, double from_truth, const Labels& from_fits,
                double noise_std = 0.0) {
    const GraphLabels labels{observed, from_truth, from_fits};
    return {groups, features, penalty, std::vector(groups.size(), labels), noise_std};
}

std::vector<GraphFit> fits() {
    const std::vector<std::size_t> both{0, 1};
    return {fit_of(both, p, 0.0, 1.0, 0.0, {}),
            fit_of(both, p, 0.4, 1.0, 0.0, {}),
            fit_of({0}, p, 0.4, 1.0, 0.0, {}),
            fit_of(both, masked, 0.0, 1.0, 0.0, {}),
            fit_of({0, 1, 2}, p, 1.0, 1.0, 0.0, {}),
            fit_of({2}, p, 0.0, 0.0, 0.0, Labels{{1, 1.0}}),
            fit_of({2}, masked, 0.2, 0.0, 0.0, Labels{{1, 0.5}, {2, 0.5}}, 0.1),
            fit_of(both, p, 0.7, 0.0, 0.0, Labels{{1, 1.0}}),
            fit_of(both, p, 0.7, -0.5, 0.0, Labels{{1, 1.5}}),
            fit_of(both, masked, 0.3, 0.0, 0.0, Labels{{7, 1.0}}),
            fit_of({3}, p, 0.1, 1.0, -1.0, Labels{{5, 1.0}}),
            fit_of({3}, p, 0.0, 0.5, -1.0, Labels{{10, 1.5}})};
}

GraphLaw law() {
    return graph_law(rows(), fits(), truth(), {0, power(1.0)});
}

TEST(GraphLaw, KnownExcessRisks) {
    const GraphLaw found = law();
    const std::vector<double> known{0.6206952003, 0.4106653702, 0.5930963851, 1.111193565,
                                    0.1270981148, 0.4106653702, 0.4811200386, 0.4039202733,
                                    0.4208268952, 0.4431654416, 0.5582429244, 1.017143443};
    for (std::size_t a = 0; a < known.size(); ++a)
        EXPECT_NEAR(found.excess_risk(a).value / known[a], 1.0, 1e-9) << a;
}

TEST(GraphLaw, KnownMomentsOfTwoFits) {
    const GraphLaw found = law();
    const std::vector<std::pair<std::pair<std::size_t, std::size_t>, double>> known{
        {{0, 1}, 0.4559102042},
        {{1, 7}, 0.3816579377},
        {{4, 5}, 0.1208788958},
        {{0, 2}, 0.3364735633},
        {{6, 9}, 0.4102541002}};
    for (const auto& [of, value] : known) {
        EXPECT_NEAR(found.moment(of.first, of.second) / value, 1.0, 1e-9);
        EXPECT_NEAR(found.moment(of.second, of.first) / value, 1.0, 1e-9);
    }
    // Fit 5 is fit 1, and misfit is what is left of both.
    EXPECT_NEAR(found.misfit(1, 5).value, 0.0, 1e-12);
    EXPECT_NEAR(found.misfit(1, 7).value,
                found.moment(1, 1) + found.moment(7, 7) - 2.0 * found.moment(1, 7), 1e-15);
}

// The third fit's labels come, through the second one's other rows, from what the first learnt from
// the third one's own rows; the fourth sees some of the second one's again.
TEST(GraphLaw, LabelsThatComeBackToTheirOwnRows) {
    const std::vector<GraphFit> back{fit_of({3}, p, 0.4, 1.0, 0.0, {}),
                                     fit_of({0, 1}, p, 0.5, -1.0, 0.0, Labels{{0, 2.0}}),
                                     fit_of({3}, p, 0.1, 0.0, 0.5, Labels{{1, 0.5}}),
                                     fit_of({1}, masked, 0.2, -0.5, 0.0, Labels{{2, 1.5}})};
    const GraphLaw found = graph_law(rows(), back, truth(), {0, power(1.0)});
    const double known[4][4] = {{0.263039746336, 0.447085569495, 0.30011825964, 0.405079385242},
                                {0.447085569495, 1.123920214853, 0.662462047869, 1.008535405598},
                                {0.30011825964, 0.662462047869, 0.4255206996, 0.626116858315},
                                {0.405079385242, 1.008535405598, 0.626116858315, 1.268843618349}};
    for (std::size_t a = 0; a < 4; ++a)
        for (std::size_t c = 0; c < 4; ++c)
            EXPECT_NEAR(found.moment(a, c) / known[a][c], 1.0, 1e-9) << a << " " << c;
}

// On its own rows least squares errs by σ²p/n, and a fit that reproduces its labels by their noise.
TEST(GraphLaw, RisksInSample) {
    const std::vector<double> spectrum = power(1.0);
    const std::vector<GraphRows> groups{
        {200, spectrum, 0.7}, {20, spectrum, 0.5}, {15, spectrum, 0.2}};
    const GraphLaw found = graph_law(
        groups,
        {fit_of({0}, p, 0.0, 1.0, 0.0, {}), fit_of({1, 2}, p, 0.0, 1.0, 0.0, {}, 0.1),
         fit_of({1, 2}, p, 0.0, 0.0, 0.0, Labels{{1, 1.0}}), fit_of({1}, p, 1e9, 1.0, 0.0, {})},
        truth(), {0, spectrum});
    EXPECT_NEAR(found.in_sample_risk(0).value, 0.49 * p / 200.0, 1e-12);
    const double noise = (20 * (0.25 + 0.01) + 15 * (0.04 + 0.01)) / 35.0;
    EXPECT_NEAR(found.in_sample_risk(1).value, noise, 1e-9);
    EXPECT_NEAR(found.in_sample_risk(2).value, noise, 1e-9);
    double square = 0.0;
    for (std::size_t i = 0; i < p; ++i) square += spectrum[i] * truth()[i] * truth()[i];
    EXPECT_NEAR(found.in_sample_risk(3).value / square, 1.0, 1e-6);  // a fit of zero
}

// theory.md: hard labels act as c xᵀb and noise of variance 1 − 2/π.
TEST(GraphLaw, HardLabels) {
    const double slope = std::sqrt(2.0 / std::numbers::pi);
    const std::vector<double> isotropic(50, 1.0), beta(50, std::sqrt(1.0 / 50.0));
    const std::vector<GraphRows> groups{{200, isotropic, 0.0}, {300, isotropic, 0.0}};
    GraphFit hard = fit_of({0}, 50, 0.0, 0.0, 1.0, {}),
             heir = fit_of({1}, 50, 0.0, 0.0, 0.0, Labels{{0, 1.0}});
    hard.link = heir.link = GraphLink::sign;
    const GraphFit again = hard;
    const GraphLaw found = graph_law(groups, {hard, heir, again}, beta, {0, isotropic});
    const auto variance = [&](double n) { return (1.0 - slope * slope) * 50.0 / (n - 50.0); };
    EXPECT_NEAR(found.excess_risk(0).value, (1 - slope) * (1 - slope) + variance(200), 1e-12);
    EXPECT_NEAR(variance(200), 0.1211, 1e-4);
    const double square = slope * slope + variance(200);
    // A fiftieth of what varies lies along β* and turns nothing.
    const auto angle = [](double mean, double of) {
        return std::acos(mean / std::sqrt(of - (of - mean * mean) / 50.0)) / std::numbers::pi;
    };
    EXPECT_NEAR(found.error_rate(0).value, angle(slope, square), 1e-12);
    EXPECT_NEAR(found.error_rate(0).value, 0.1289, 1e-3);  // simulated
    const double heir_slope = slope * slope / std::sqrt(square),
                 heir_square = slope * slope + variance(300);
    EXPECT_NEAR(found.error_rate(1).value, angle(heir_slope, heir_square), 1e-12);
    EXPECT_NEAR(found.agreement(1, 0).value,
                1.0 - std::acos(slope / std::sqrt(heir_square)) / std::numbers::pi, 1e-12);
    EXPECT_NEAR(found.agreement(0, 2).value, 1.0, 1e-6);  // the same labels on the same rows
    GraphFit same = heir;
    same.rows = {0};
    EXPECT_THROW(graph_law(groups, {hard, same}, beta, {0, isotropic}), NoGraphLaw);
}

// A fit that is its truth times a number errs in no sign, whatever rounding makes of the angle.
TEST(GraphLaw, NoSignDiffersOfParallelFits) {
    for (const double times : {0.3, 1.8, 6.0}) {
        EXPECT_EQ(sign_error(times * times * 0.25 * (1.0 + 1e-15), 0.25,
                             0.25 * (times - 1.0) * (times - 1.0)),
                  0.0);
        EXPECT_NEAR(sign_error(times * times * 0.25, 0.25,
                               0.25 * (times * times + 1.0 - 2.0 * times * std::cos(1e-3))),
                    1e-3 / std::numbers::pi, 1e-9);
    }
}

TEST(GraphLaw, SignsThatDiffer) {
    EXPECT_EQ(sign_error(0.0, 1.0, 1.0), 0.5);
    EXPECT_EQ(sign_error(2.0, 2.0, 0.0), 0.0);
    EXPECT_NEAR(sign_error(1.0, 4.0, 9.0), 1.0, 1e-12);  // opposite
    EXPECT_NEAR(sign_error(1.0, 1.0, 2.0), 0.5, 1e-15);
    const double small = 1e-9;
    EXPECT_NEAR(sign_error(1.0, 1.0, small * small) / (small / std::numbers::pi), 1.0, 1e-6);
}

// E bᵀΣb of ridge fits on the same rows, and of what extrapolates from one of them.
TEST(GraphLaw, OutputVariances) {
    const std::vector<double> spectrum = power(1.0), beta = truth();
    const std::vector<GraphRows> groups{{40, spectrum, 0.3}};
    // Labels of zero make a fit of zero, whose misfits are the variances of the others' outputs.
    const std::vector<GraphFit> all{
        fit_of({0}, p, 0.0, 1.0, 0.0, {}), fit_of({0}, p, 0.8, 1.0, 0.0, {}),
        fit_of({0}, masked, 0.2, -0.5, 0.0, Labels{{1, 1.5}}), fit_of({0}, p, 0.8, 0.0, 0.0, {})};
    const GraphLaw found = graph_law(groups, all, beta, {0, spectrum});
    for (std::size_t a = 0; a < 3; ++a) {
        EXPECT_GT(found.output_variance(a).value, 0.0);
        EXPECT_NEAR(found.output_variance(a).value / found.misfit(a, 3).value, 1.0, 1e-12);
    }
    EXPECT_EQ(found.output_variance(3).value, 0.0);
    // Of one fit alone the older law knows mean and variance.
    const FitLaw alone = fit(given_labels(beta), spectrum, 40, 0.09, 0.8);
    double known = 0.0;
    for (std::size_t i = 0; i < p; ++i)
        known += spectrum[i] * (alone.mean[i] * alone.mean[i] + alone.variance[i]);
    EXPECT_NEAR(found.output_variance(1).value / known, 1.0, 1e-11);
}

// One fit alone, and a chain on fresh rows, are what the older laws say.
TEST(GraphLaw, FreshRowsAreAChain) {
    const std::vector<double> spectrum = power(1.0), beta = truth();
    const std::vector<GraphRows> groups{{40, spectrum, 0.3}, {45, spectrum, 0.0}};
    const std::vector<GraphFit> two{fit_of({0}, p, 0.0, 1.0, 0.0, {}),
                                    fit_of({1}, p, 0.5, 0.0, 0.0, Labels{{0, 1.0}}, 0.2)};
    const GraphLaw found = graph_law(groups, two, beta, {0, spectrum});
    const FitLaw first = fit(given_labels(beta), spectrum, 40, 0.09);
    const FitLaw second = fit(first, spectrum, 45, 0.04, 0.5);
    EXPECT_NEAR(found.excess_risk(0).value / excess_risk(first, beta, spectrum).value, 1.0, 1e-11);
    EXPECT_NEAR(found.excess_risk(1).value / excess_risk(second, beta, spectrum).value, 1.0, 1e-11);
    EXPECT_NEAR(found.excess_risk(1).relative_error, second.relative_error, 1e-12);
}

/// Groups 0 and 1 are alike and have other truths than the test; the last two fits have a sister on
/// their rows, the last one in what it learns from.
std::vector<GraphFit> fresh_fits() {
    GraphFit weighted = fit_of({0, 1}, p, 0.8, 0.4, 0.6, {});
    weighted.row_weights = {2.0, 2.0};
    return {weighted,
            fit_of({2}, masked, 0.1, 0.0, 0.0, Labels{{0, 1.0}}, 0.3),
            fit_of({3}, p, 0.5, -0.5, 0.0, Labels{{1, 1.5}}),
            fit_of({4}, masked, 0.3, 0.5, -0.5, Labels{{0, 0.4}, {2, 0.0}}),
            fit_of({5}, p, 0.0, 1.0, -1.0, Labels{{3, 1.0}}),
            fit_of({5}, p, 0.2, 0.0, 0.0, Labels{{4, 1.0}}),
            fit_of({6}, p, 0.2, 0.0, 0.0, Labels{{3, 0.5}, {4, 0.5}})};
}

std::vector<GraphRows> fresh_rows() {
    const std::vector<double> other(p, 0.3);
    return {{70, power(0.5), 0.4, nullptr, other},
            {20, power(0.5), 0.0, nullptr, other},
            {40, power(1.0), 0.0},
            {90, power(0.7), 0.5},
            {50, power(1.0), 0.2},
            {35, power(1.0), 0.6},
            {80, power(1.0), 0.6}};
}

// What is as if alone has no other law for being in a graph: mixtures, masks, weights of rows,
// truths of their own; not where a fit comes back to rows that its labels know.
TEST(GraphLaw, FitsOnFreshRowsAreAsIfAlone) {
    const GraphLaw known = graph_law(fresh_rows(), fresh_fits(), truth(), {0, power(0.3)});
    const auto found = fresh_laws(fresh_rows(), fresh_fits(), truth());
    for (const std::size_t a : {0, 1, 2, 3, 4}) {
        ASSERT_TRUE(found[a]) << a;
        const Prediction risk = excess_risk(*found[a], truth(), power(0.3));
        EXPECT_NEAR(risk.value / known.excess_risk(a).value, 1.0, 1e-10) << a;
        EXPECT_EQ(risk.kind, TheoryKind::deterministic_equivalent);
        EXPECT_NEAR(risk.relative_error / known.excess_risk(a).relative_error, 1.0, 1e-10) << a;
    }
    EXPECT_FALSE(found[5]);
    EXPECT_FALSE(found[6]);
}

// Labels of a truth of a fit's own are those of given coefficients; only as if alone.
TEST(GraphLaw, FitsMayHaveATruthOfTheirOwn) {
    const std::vector<double> spectrum = power(1.0), beta = truth();
    std::vector<double> own = beta;
    for (std::size_t i = 0; i < p; ++i) own[i] *= i % 3 == 0 ? 1.2 : 0.5;
    const std::vector<GraphRows> groups{{p / 2, spectrum, 0.3}, {p + 9, spectrum, 0.2}};
    GraphFit teacher{{0}, p, 0.0, {{1.0, 0.0, {}}}};
    teacher.truth = own;
    const std::vector<GraphFit> fits{teacher, {{1}, p, 0.0, {{0.0, 0.0, {{0, 1.0}}}}}};
    const auto found = fresh_laws(groups, fits, beta);
    const FitLaw law = fit(given_labels(own), spectrum, p / 2, 0.09);
    ASSERT_TRUE(found[0] && found[1]);
    EXPECT_EQ(found[0]->mean, law.mean);
    EXPECT_EQ(found[0]->variance, law.variance);
    EXPECT_EQ(excess_risk(*found[1], beta, spectrum).value,
              excess_risk(fit(law, spectrum, p + 9, 0.0), beta, spectrum).value);
    EXPECT_THROW(graph_law(groups, fits, beta, {0, spectrum}), NoGraphLaw);
}

TEST(GraphLaw, FitsOfFeaturesOnFreshRowsAreAsIfAlone) {
    // Of rows r = (x, A x): half of the features, then all.
    DenseMatrix a(masked, p), root(p, p);
    for (std::size_t i = 0; i < masked; ++i)
        for (std::size_t j = 0; j < p; ++j)
            a(i, j) = std::cos(static_cast<double>(3 * i * j + i + j));
    std::vector<GraphRows> groups = fresh_rows();
    std::vector<DenseMatrix> roots;
    for (GraphRows& group : groups) {
        DenseMatrix moments(p + masked, p + masked);
        for (std::size_t i = 0; i < p; ++i) {
            root(i, i) = std::sqrt(group.spectrum[i]);
            moments(i, i) = group.spectrum[i];
            for (std::size_t k = 0; k < masked; ++k) {
                moments(i, p + k) = moments(p + k, i) = group.spectrum[i] * a(k, i);
                for (std::size_t l = 0; l < masked; ++l)
                    moments(p + k, p + l) += a(k, i) * group.spectrum[i] * a(l, i);
            }
        }
        roots.push_back(root);
        group.moments = std::make_shared<const SecondMoments>(std::move(moments));
    }
    std::vector<GraphFit> all = fresh_fits();
    all[1].first = all[3].first = p;
    const GraphLaw known = graph_law(groups, all, truth(), groups[4]);
    const auto found = fresh_laws(
        fresh_rows(), all, truth(), [&](std::size_t fit) -> std::shared_ptr<const FeatureMap> {
            DenseMatrix whole(p, p);
            for (std::size_t i = 0; i < p; ++i) whole(i, i) = 1.0;
            if (fit == 2) return nullptr;
            return std::make_shared<const FeatureMap>(roots[all[fit].rows.front()],
                                                      all[fit].first == p ? a : whole);
        });
    for (const std::size_t fit : {0, 1, 3, 4}) {
        ASSERT_TRUE(found[fit]) << fit;
        const Prediction risk = excess_risk(*found[fit], truth(), roots[4]);
        EXPECT_NEAR(risk.value / known.excess_risk(fit).value, 1.0, 1e-9) << fit;
        EXPECT_NEAR(risk.relative_error / known.excess_risk(fit).relative_error, 1.0, 1e-9);
    }
    EXPECT_FALSE(found[2]);
    EXPECT_FALSE(found[6]);
}

// A ridge student of a ridge teacher on the same rows combines two ridge fits, exactly:
// b = (μ₂ b(μ₂) − μ₁ b(μ₁))/(μ₂ − μ₁) when it takes the teacher's outputs as labels.
TEST(GraphLaw, SelfDistillationOnTheSameRowsCombinesTwoFits) {
    const std::vector<double> spectrum = power(1.0), beta = truth();
    const std::vector<GraphRows> groups{{50, spectrum, 0.4}};
    const double first = 0.3, second = 1.1;
    const std::vector<GraphFit> all{fit_of({0}, p, first, 1.0, 0.0, {}),
                                    fit_of({0}, p, second, 1.0, 0.0, {}),
                                    fit_of({0}, p, second, 0.0, 0.0, Labels{{0, 1.0}})};
    const GraphLaw found = graph_law(groups, all, beta, {0, spectrum});
    const double x = second / (second - first), y = -first / (second - first);
    EXPECT_NEAR(
        found.moment(2, 2),
        x * x * found.moment(1, 1) + y * y * found.moment(0, 0) + 2.0 * x * y * found.moment(0, 1),
        1e-10);
}

// Least squares on a teacher's outputs for its own rows is the teacher.
TEST(GraphLaw, RiskInSampleOfAStudentThatIsItsTeacher) {
    const std::vector<GraphRows> groups{{90, power(1.0), 0.5}};
    const GraphLaw found = graph_law(
        groups, {fit_of({0}, p, 0.4, 1.0, 0.0, {}), fit_of({0}, p, 0.0, 0.0, 0.0, {{0, 1.0}})},
        truth(), {0, power(1.0)});
    EXPECT_NEAR(found.in_sample_risk(1).value / found.in_sample_risk(0).value, 1.0, 1e-9);
}

/// The same rows, their second moments written out.
GraphRows dense(GraphRows rows) {
    DenseMatrix moments(p, p);
    for (std::size_t i = 0; i < p; ++i) moments(i, i) = rows.spectrum[i];
    rows.moments = std::make_shared<const SecondMoments>(std::move(moments));
    return rows;
}

// Of all second moments at once: what the law of diagonal ones gives.
TEST(GraphLaw, DenseMomentsThatAreDiagonal) {
    std::vector<GraphRows> groups;
    for (const GraphRows& group : rows()) groups.push_back(dense(group));
    std::vector<GraphFit> all = fits();
    const auto agree = [&](double tolerance) {
        const GraphLaw found = graph_law(groups, all, truth(), dense({0, power(1.0)}));
        const GraphLaw known = graph_law(rows(), all, truth(), {0, power(1.0)});
        for (std::size_t a = 0; a < all.size(); ++a) {
            for (std::size_t c = 0; c < all.size(); ++c)
                EXPECT_NEAR(found.moment(a, c) / known.moment(a, c), 1.0, tolerance) << a << c;
            EXPECT_NEAR(found.in_sample_risk(a).value / known.in_sample_risk(a).value, 1.0,
                        tolerance);
            EXPECT_NEAR(found.excess_risk(a).relative_error / known.excess_risk(a).relative_error,
                        1.0, tolerance);
        }
    };
    agree(1e-9);
    all.resize(8);
    all[1].penalty = 0.0;
    all[1].time = 20.0;
    agree(1e-7);
}

// Features that turn and stretch all coordinates are as good as these to least squares, and a fit
// that learns from them on the same rows is one on the coordinates.
TEST(GraphLaw, FeaturesThatAreLinearInAllCoordinates) {
    constexpr std::size_t few = 12;
    std::vector<double> spectrum(few), beta(few);
    DenseMatrix a(few, few);
    for (std::size_t i = 0; i < few; ++i) {
        spectrum[i] = 1.0 / static_cast<double>(i + 1);
        beta[i] = 1.0;
        for (std::size_t j = 0; j < few; ++j)
            a(i, j) = std::cos(static_cast<double>(3 * i * j + j)) + (i == j ? 2.0 : 0.0);
    }
    GraphRows rows{40, spectrum, 0.5};
    DenseMatrix moments(2 * few, 2 * few);
    for (std::size_t i = 0; i < few; ++i) {
        moments(i, i) = spectrum[i];
        for (std::size_t j = 0; j < few; ++j) {
            moments(i, few + j) = moments(few + j, i) = spectrum[i] * a(j, i);
            for (std::size_t k = 0; k < few; ++k)
                moments(few + i, few + j) += a(i, k) * spectrum[k] * a(j, k);
        }
    }
    rows.moments = std::make_shared<const SecondMoments>(std::move(moments));
    GraphFit turned = fit_of({0}, few, 0.0, 1.0, 0.0, {});
    turned.first = few;
    const GraphLaw found = graph_law(
        {rows},
        {fit_of({0}, few, 0.0, 1.0, 0.0, {}), turned, fit_of({0}, few, 0.3, 0.0, 0.0, {{1, 1.0}}),
         fit_of({0}, few, 0.3, 0.0, 0.0, {{0, 1.0}})},
        beta, rows);
    const double scale = found.moment(0, 0);
    EXPECT_NEAR(found.moment(1, 1) / scale, 1.0, 1e-9);
    EXPECT_NEAR(found.moment(0, 1) / scale, 1.0, 1e-9);
    EXPECT_NEAR(found.moment(2, 2) / found.moment(3, 3), 1.0, 1e-9);
    EXPECT_NEAR(found.moment(2, 3) / found.moment(3, 3), 1.0, 1e-9);
}

GraphFit flow_of(double time, double observed, const Labels& from_fits) {
    GraphFit flow = fit_of({0}, p, 0.0, observed, 0.0, from_fits);
    flow.time = time;
    return flow;
}

// A flow that goes on from its teacher learns what the teacher left of the labels: together they
// are one longer flow, exactly. Noise-free labels of their sum hand it on through a fresh fit.
TEST(GraphLaw, AFlowGoesOnFromItsTeacher) {
    for (const std::size_t n : {40, 90}) {
        const std::vector<GraphRows> groups{{n, power(1.0), 0.4}, {80, power(1.0)}};
        const std::vector<GraphFit> all{
            flow_of(3.0, 1.0, {}), flow_of(20.0, 1.0, Labels{{0, -1.0}}), flow_of(23.0, 1.0, {}),
            fit_of({1}, p, 0.0, 0.0, 0.0, Labels{{0, 1.0}, {1, 1.0}})};
        const GraphLaw found = graph_law(groups, all, truth(), {0, power(1.0)});
        const double whole = found.excess_risk(2).value;
        EXPECT_NEAR(found.excess_risk(3).value / whole, 1.0, 1e-6) << n;
        EXPECT_NEAR(found.moment(2, 3) / whole, 1.0, 1e-6) << n;
        EXPECT_EQ(found.misfit(2, 3).kind, TheoryKind::none) << n;  // zero, or not resolved
        double sum = 0.0;
        for (const double each : found.by_coordinate(2).risk) sum += each;
        EXPECT_NEAR(sum / whole, 1.0, 1e-9) << n;
    }
}

// Noise of its own is noise on the same labels as that of the observations.
TEST(GraphLaw, AFlowsOwnNoise) {
    const std::vector<GraphRows> noisy{{40, power(1.0), 0.4}}, clean{{40, power(1.0), 0.0}};
    GraphFit own = flow_of(20.0, 1.0, {});
    own.noise_std = 0.4;
    const GraphLaw observed = graph_law(noisy, {flow_of(20.0, 1.0, {})}, truth(), {0, power(1.0)});
    const GraphLaw added = graph_law(clean, {own}, truth(), {0, power(1.0)});
    EXPECT_NEAR(added.moment(0, 0) / observed.moment(0, 0), 1.0, 1e-9);
    EXPECT_GT(
        observed.moment(0, 0),
        1.01 * graph_law(clean, {flow_of(20.0, 1.0, {})}, truth(), {0, power(1.0)}).moment(0, 0));
}

// Without noise a long flow's risk is that of its unluckiest samples, and then too small for the
// law; with noise it is an equivalent as any other.
TEST(GraphLaw, ToleranceOfALongFlow) {
    const std::vector<GraphRows> clean{{120, power(1.0), 0.0}}, noisy{{120, power(1.0), 0.5}};
    const std::vector<GraphFit> all{flow_of(10.0, 1.0, {}), flow_of(1e3, 1.0, {}),
                                    flow_of(1e5, 1.0, {})};
    const GraphLaw found = graph_law(clean, all, truth(), {0, power(1.0)});
    EXPECT_LT(found.excess_risk(0).relative_error, 0.1);
    EXPECT_GT(found.excess_risk(1).relative_error, 0.5);
    EXPECT_EQ(found.excess_risk(2).kind, TheoryKind::none);
    EXPECT_EQ(found.error_rate(2).kind, TheoryKind::none);
    const GraphLaw usual = graph_law(noisy, all, truth(), {0, power(1.0)});
    for (std::size_t k = 0; k < 3; ++k) EXPECT_LT(usual.excess_risk(k).relative_error, 0.15) << k;
}

// What a steep teacher adds to a student's uncertainty is in proportion to what it adds to the
// risk; and a fit beside a flow that does not learn from it keeps its law of zero.
TEST(GraphLaw, AFlowsToleranceIsForWhatItLabels) {
    const std::vector<GraphRows> groups{{80, power(1.0), 0.0}, {80, power(1.0), 0.5}};
    GraphFit student = fit_of({1}, p, 5.0, 0.5, 0.0, Labels{{0, 0.5}});
    const GraphLaw found =
        graph_law(groups, {flow_of(2000.0, 1.0, {}), student, fit_of({0}, p, 0.0, 1.0, 0.0, {})},
                  truth(), {0, power(1.0)});
    EXPECT_GT(found.excess_risk(0).relative_error, 0.2);
    EXPECT_LT(found.excess_risk(1).relative_error, 0.1);
    EXPECT_EQ(found.excess_risk(2).value, 0.0);
    EXPECT_EQ(found.excess_risk(2).kind, TheoryKind::deterministic_equivalent);
    EXPECT_EQ(found.error_rate(2).value, 0.0);
    // Near the end a flow's misfit with that end, and its risk in sample, are steep too.
    EXPECT_GT(found.misfit(0, 2).relative_error, 0.2);
    EXPECT_GT(found.in_sample_risk(0).relative_error, 0.2);
}

// The angle of fits that are almost zero is that of what they are multiples of.
TEST(GraphLaw, RatesOfFitsThatAreAlmostZero) {
    const std::vector<GraphRows> groups{{60, power(1.0), 0.5}};
    const auto rates = [&](double penalty) {
        const GraphLaw found = graph_law(
            groups,
            {fit_of({0}, p, penalty, 1.0, 0.0, {}), fit_of({0}, p, 1.0, 0.0, 0.0, {{0, 1.0}})},
            truth(), {0, power(1.0)});
        return std::pair(found.error_rate(0), found.agreement(1, 0));
    };
    const auto [rate, agreement] = rates(1e6);
    const auto [of_small, of_both] = rates(1e8);
    EXPECT_NEAR(of_small.value / rate.value, 1.0, 1e-4);
    EXPECT_NEAR(of_both.value / agreement.value, 1.0, 1e-4);
    EXPECT_LT(agreement.value, 0.999);
    EXPECT_EQ(rates(1e17).first.kind, TheoryKind::none);
}

// In the end a flow is the fit of minimum norm; at first it is zero.
TEST(GraphLaw, AFlowBeginsAtZeroAndEndsAtTheMinimumNorm) {
    for (const std::size_t n : {30, 90}) {
        const std::vector<GraphRows> groups{{n, power(1.0), 0.4}};
        const std::vector<GraphFit> all{flow_of(1e-7, 1.0, {}), flow_of(1e7, 1.0, {}),
                                        fit_of({0}, p, 0.0, 1.0, 0.0, {})};
        const GraphLaw found = graph_law(groups, all, truth(), {0, power(1.0)});
        double none = 0.0;
        for (std::size_t i = 0; i < p; ++i) none += power(1.0)[i] * truth()[i] * truth()[i];
        EXPECT_NEAR(found.excess_risk(0).value / none, 1.0, 1e-5) << n;
        EXPECT_NEAR(found.excess_risk(1).value / found.excess_risk(2).value, 1.0, 1e-5) << n;
        EXPECT_NEAR(found.in_sample_risk(1).value / found.in_sample_risk(2).value, 1.0, 1e-5) << n;
    }
}

// A flow and a ridge fit of no penalty to speak of learn rows of a large spectrum to rounding:
// their risk in sample has no law. One of a small spectrum is not rounded away, nor is it zero
// where the terms that it is left of are too large to tell.
TEST(GraphLaw, RisksInSampleOnTheScaleOfTheirRows) {
    const std::vector<double> large(p, 1e4), small(p, 1e-20);
    const std::vector<GraphRows> groups{{400, large, 0.0}, {30, small, 1.0}, {10, power(1.0), 1.0}};
    GraphFit flow = fit_of({0}, p, 0.0, 1.0, 0.0, {});
    flow.time = 1.0;
    EXPECT_EQ(graph_law(groups, {flow}, truth(), {0, power(1.0)}).in_sample_risk(0).kind,
              TheoryKind::none);
    const GraphLaw found =
        graph_law(groups, {fit_of({1, 2}, p, 0.0, 1.0, 0.0, {})}, truth(), {0, power(1.0)});
    EXPECT_EQ(found.in_sample_risk(0).kind, TheoryKind::none);
    const std::vector<double> smaller(p, 1e-6);
    const std::vector<GraphRows> nearer{{30, smaller, 1.0}, {10, power(1.0), 1.0}};
    EXPECT_NEAR(graph_law(nearer, {fit_of({0, 1}, p, 0.0, 1.0, 0.0, {})}, truth(), {0, power(1.0)})
                    .in_sample_risk(0)
                    .value,
                1.0, 1e-6);  // the noise that it reproduces
}

// Weights far from 1, fit after fit on the same rows, make entries of the fixed point of any size.
TEST(GraphLaw, LongChainsOfLargeWeightsOnTheSameRows) {
    const std::vector<GraphRows> groups{{50, power(1.0), 0.4}};
    std::vector<GraphFit> all{fit_of({0}, p, 1.0, 1.0, 0.0, {})};
    for (std::size_t k = 1; k < 24; ++k)
        all.push_back(fit_of({0}, p, 1.0, -2.0, 0.0, Labels{{k - 1, 3.0}}));
    const GraphLaw found = graph_law(groups, all, truth(), {0, power(1.0)});
    for (std::size_t k = 1; k < 24; ++k) EXPECT_GT(found.excess_risk(k).value, 0.0) << k;
}

// As training on the labels themselves, which a teacher with fewer rows than dimensions reproduces.
TEST(GraphLaw, AnInterpolatingTeacherHandsOnItsLabels) {
    const std::vector<GraphRows> groups{{40, power(1.0), 0.4}};
    const std::vector<GraphFit> all{fit_of({0}, p, 0.0, 1.0, 0.0, {}),
                                    fit_of({0}, p, 0.7, 0.0, 0.0, Labels{{0, 1.0}}),
                                    fit_of({0}, p, 0.7, 1.0, 0.0, {})};
    const GraphLaw found = graph_law(groups, all, truth(), {0, power(1.0)});
    EXPECT_NEAR(found.moment(1, 1) / found.moment(2, 2), 1.0, 1e-11);
    EXPECT_EQ(found.misfit(1, 2).value, 0.0);
}

/// The risk of one fit on rows of several spectra, truths and weights, by its equations in a form
/// of their own: docs/theory.md, "Graphs of fits", rows of several covariances.
double risk_on_mixed_rows(const std::vector<GraphRows>& groups, const std::vector<double>& weights,
                          double penalty) {
    const std::vector<double> spectrum = power(1.0), beta = truth();
    std::vector<double> delta(groups.size(), 1.0), shrunk(p), learnt(groups.size());
    for (int round = 0; round < 20'000; ++round) {
        for (std::size_t i = 0; i < p; ++i) {
            double sum = penalty;
            for (std::size_t k = 0; k < groups.size(); ++k)
                sum += static_cast<double>(groups[k].count) / (1.0 / weights[k] + delta[k]) *
                       groups[k].spectrum[i];
            shrunk[i] = 1.0 / sum;
        }
        for (std::size_t k = 0; k < groups.size(); ++k) {
            double trace = 0.0;
            for (std::size_t i = 0; i < p; ++i) trace += groups[k].spectrum[i] * shrunk[i];
            delta[k] = trace;
            learnt[k] = static_cast<double>(groups[k].count) / (1.0 / weights[k] + trace);
        }
    }
    std::vector<double> mean(p), left(groups.size());
    for (std::size_t i = 0; i < p; ++i)
        for (std::size_t k = 0; k < groups.size(); ++k)
            mean[i] += shrunk[i] * learnt[k] * groups[k].spectrum[i] *
                       (groups[k].truth.empty() ? beta : groups[k].truth)[i];
    const auto variance = [&](const std::vector<double>& of) {
        double sum = 0.0;
        for (std::size_t k = 0; k < groups.size(); ++k)
            for (std::size_t i = 0; i < p; ++i)
                sum += learnt[k] * learnt[k] / static_cast<double>(groups[k].count) * left[k] *
                       of[i] * shrunk[i] * groups[k].spectrum[i] * shrunk[i];
        return sum;
    };
    for (int round = 0; round < 20'000; ++round) {
        std::vector<double> next(groups.size());
        for (std::size_t k = 0; k < groups.size(); ++k) {
            next[k] = groups[k].noise_std * groups[k].noise_std + variance(groups[k].spectrum);
            for (std::size_t i = 0; i < p; ++i)
                next[k] +=
                    groups[k].spectrum[i] *
                    std::pow((groups[k].truth.empty() ? beta : groups[k].truth)[i] - mean[i], 2.0);
        }
        left = next;
    }
    double risk = variance(spectrum);
    for (std::size_t i = 0; i < p; ++i) risk += spectrum[i] * std::pow(mean[i] - beta[i], 2.0);
    return risk;
}

TEST(GraphLaw, RowsOfSeveralSpectraAndTruths) {
    std::vector<double> other = truth(), isotropic(p, 0.3);
    for (std::size_t i = 0; i < p; ++i) other[i] *= i % 2 == 0 ? 1.2 : -0.4;
    const std::vector<GraphRows> groups{{25, power(1.0), 0.5},
                                        {40, power(0.2), 0.3},
                                        {15, isotropic, 0.0, nullptr, other},
                                        {10, power(1.0), 0.5}};
    for (const double penalty : {1e-3, 0.5, 20.0})
        for (const std::vector<std::size_t>& of :
             {std::vector<std::size_t>{0, 1}, {0, 1, 2}, {2}, {1, 2, 3}, {3, 2, 1, 0}}) {
            std::vector<GraphRows> rows;
            std::vector<double> ones, weights;
            for (const std::size_t g : of) {
                rows.push_back(groups[g]);
                ones.push_back(1.0);
                weights.push_back(g == 0 ? 0.05 : 1.0 + static_cast<double>(g));
            }
            GraphFit fit = fit_of(of, p, penalty, 1.0, 0.0, {});
            const auto risk = [&] {
                return graph_law(groups, {fit}, truth(), {0, power(1.0)}).moment(0, 0);
            };
            EXPECT_NEAR(risk() / risk_on_mixed_rows(rows, ones, penalty), 1.0, 1e-9)
                << penalty << " " << of.size();
            fit.row_weights = weights;
            EXPECT_NEAR(risk() / risk_on_mixed_rows(rows, weights, penalty), 1.0, 1e-9)
                << penalty << " " << of.size();
        }
}

// Neither an endless flow nor a small penalty differs from no penalty, with fewer rows than
// coordinates and with more; a group's spectrum may also be a hundredth of another's.
TEST(GraphLaw, MixedRowsWithoutPenalty) {
    for (const std::size_t n : {10, 25, 80}) {
        const std::vector<double> small(p, 0.01);
        const std::vector<GraphRows> groups{
            {n, power(1.0), 0.5}, {n, power(0.2), 0.3}, {5, small, 0.1}};
        std::vector<GraphFit> all;
        for (const double penalty : {0.0, 1e-9, 0.0}) {
            all.push_back(fit_of({0, 1, 2}, p, penalty, 1.0, 0.0, {}));
            all.back().row_weights = {1.0, 0.2, 100.0};
            all.push_back(fit_of({0, 1}, p, 0.5, -0.5, 0.0, Labels{{all.size() - 1, 1.5}}));
        }
        all[4].time = 1e9;
        const GraphLaw found = graph_law(groups, all, truth(), {0, power(1.0)});
        for (std::size_t k = 2; k < 6; ++k)
            EXPECT_NEAR(found.excess_risk(k).value / found.excess_risk(k % 2).value, 1.0, 1e-5)
                << n << " " << k;
    }
}

// A weight of all rows is a smaller penalty, and rows of almost no weight count for nothing.
TEST(GraphLaw, WeightsOfRows) {
    const std::vector<GraphRows> groups{{30, power(1.0), 0.5}, {90, power(1.0), 0.5}};
    const auto risk = [&](const std::vector<double>& weights, double penalty) {
        GraphFit fit = fit_of({0, 1}, p, penalty, 1.0, 0.0, {});
        fit.row_weights = weights;
        return graph_law(groups, {fit}, truth(), {0, power(1.0)}).excess_risk(0);
    };
    EXPECT_NEAR(risk({4.0, 4.0}, 2.0).value / risk({}, 0.5).value, 1.0, 1e-11);
    EXPECT_NEAR(risk({1.0, 1e-9}, 0.5).value /
                    graph_law(groups, {fit_of({0}, p, 0.5, 1.0, 0.0, {})}, truth(), {0, power(1.0)})
                        .excess_risk(0)
                        .value,
                1.0, 1e-6);
    // Rows of little weight do not make an equivalent of few rows a safe one.
    EXPECT_GT(risk({1.0, 0.01}, 0.5).relative_error, 1.5 * risk({}, 0.5).relative_error);
    EXPECT_NEAR(risk({1.0, 1.0 + 1e-9}, 0.5).relative_error, risk({}, 0.5).relative_error, 1e-6);
}

// A flow on what its teacher has left of the labels adds what a longer flow would.
TEST(GraphLaw, AFlowOnMixedRowsGoesOn) {
    const std::vector<GraphRows> groups{{30, power(1.0), 0.5}, {50, power(0.2), 0.3}};
    std::vector<GraphFit> all{fit_of({0, 1}, p, 0.0, 1.0, 0.0, {}),
                              fit_of({0, 1}, p, 0.0, 0.0, 0.0, Labels{{0, -1.0}}),
                              fit_of({0, 1}, p, 0.0, 1.0, 0.0, {})};
    all[0].time = 3.0;
    all[1].time = 5.0;
    all[2].time = 8.0;
    for (GraphLabels& labels : all[1].labels) labels.observed = 1.0;
    const GraphLaw found = graph_law(groups, all, truth(), {0, power(1.0)});
    EXPECT_NEAR(found.output_variance(1).value / found.misfit(0, 2).value, 1.0, 1e-5);
}

TEST(GraphLaw, WrongGraphsAreRefused) {
    const auto refused = [](const std::vector<GraphFit>& wrong) {
        EXPECT_THROW(graph_law(rows(), wrong, truth(), {0, power(1.0)}), std::invalid_argument);
    };
    refused({fit_of({9}, p, 0.0, 1.0, 0.0, {})});                // no such rows
    refused({fit_of({}, p, 0.0, 1.0, 0.0, {})});                 // none
    refused({fit_of({0}, p + 1, 0.0, 1.0, 0.0, {})});            // features
    refused({fit_of({0}, p, 0.0, 0.0, 0.0, Labels{{0, 1.0}})});  // itself
    GraphFit both = flow_of(1.0, 1.0, {});
    both.penalty = 1.0;
    refused({both});
    GraphFit weighted = fit_of({0, 1}, p, 0.0, 1.0, 0.0, {});
    weighted.row_weights = {1.0};
    refused({weighted});
    weighted.row_weights = {1.0, 0.0};
    refused({weighted});
}

}  // namespace
}  // namespace cucurbit
