// Every value of a graph's trial, on every engine, against plain least squares, fit after fit.

#include <fmt/format.h>

#include <cmath>
#include <map>
#include <numbers>
#include <numeric>
#include <optional>
#include <set>

#include "cucurbit/random.hpp"
#include "host/studies/graph.hpp"
#include "tests/parity/comparison.hpp"
#include "tests/reference/subspaces.hpp"
#include "tests/support/engines.hpp"
#include "tests/support/npy.hpp"
#include "tests/support/simulate.hpp"

namespace cucurbit {
namespace {

using reference::Matrix;
using reference::MinimumNorm;
using reference::Real;
using reference::Vector;

Real applied(std::optional<Entrywise> function, Real u) {
    if (!function) return u;
    if (*function == Entrywise::rectifier) return std::max(u, Real(0));
    if (*function == Entrywise::sign) return u < 0 ? -1 : 1;
    return std::sqrt(Real(3)) * std::erf(u / std::sqrt(Real(2)));
}

/// A function of a user's: what it makes of a label and its row.
template <class Number, class Row>
Number bent(const Row& row, Number label) {
    return label / (1 + label * label) + row[0] * row[1];
}

/// What it makes of coefficients.
template <class Number>
Number length_of(std::span<const Number> coefficients) {
    return std::inner_product(coefficients.begin(), coefficients.end(), coefficients.begin(),
                              Number(0));
}

/// The study with these functions.
void give_functions(Study& study) {
    std::vector<OwnCall> calls;
    for (const OwnFunction& function : study.setting->functions())
        calls.emplace_back([role = function.role](const OwnBatch& batch) {
            for (std::size_t row = 0; row < batch.trials * batch.rows; ++row) {
                const std::span x(batch.x + row * batch.columns, batch.columns);
                batch.values[row] =
                    role == OwnFunction::Role::labels ? bent(x, batch.values[row]) : length_of(x);
            }
        });
    if (!calls.empty()) study.setting = study.setting->with(calls);
}

/// One trial's rows of a group, or the factor that stands for them: √λ z, then its random features,
/// then its noises, in each row.
Matrix draw_group(const Design& design, const GraphStudy& setting, const GraphRows& group,
                  std::size_t number, std::size_t noises, std::uint64_t trial) {
    const GraphSpec& spec = setting.spec();
    const bool signs = spec.rows[number].distribution.has_value();
    const std::size_t p = group.spectrum.size();
    const std::vector<std::size_t> counts = spec.feature_counts(design.points);
    const std::size_t width = std::accumulate(counts.begin(), counts.end(), p);
    const std::vector<double> population = spec.population.at(p).spectrum;
    const auto stage = static_cast<std::uint8_t>(number);
    const bool factored = setting.has_factor(number, group.count, p);
    Matrix factor;
    if (factored)
        factor = reference::draw_rows(
            {true, setting.factor_key(design, number, group.count), stage, trial, group.count},
            p + noises);
    Matrix rows(factored ? p : group.count, width + noises);
    const DenseMatrix root = spec.rows[number].covariance.root(p);
    std::vector<double> x(p), noise(noises);
    for (std::size_t i = 0; i < rows.rows(); ++i) {
        if (factored) {
            for (std::size_t j = 0; j < p; ++j) x[j] = static_cast<double>(factor(i, j));
            for (std::size_t j = 0; j < noises; ++j)
                noise[j] = static_cast<double>(factor(i, p + j));
        } else {
            draw_normals({design.key, stage, Purpose::samples}, trial, i, x);
            draw_normals({design.key, stage, Purpose::label_noise}, trial, i, noise);
        }
        for (double& value : x)
            if (signs) value = value < 0.0 ? -1.0 : 1.0;
        for (std::size_t j = 0; j < p; ++j)
            for (std::size_t k = 0; k < p; ++k) rows(i, j) += Real(root(j, k)) * x[k];
        for (std::size_t m = 0, first = p; m < counts.size(); first += counts[m++]) {
            const DenseMatrix w = spec.features[m].projection(counts[m], population);
            for (std::size_t k = 0; k < counts[m]; ++k) {
                Real u = 0;
                for (std::size_t j = 0; j < p; ++j) u += Real(w(j, k)) * rows(i, j);
                rows(i, first + k) = applied(spec.features[m].function(), u);
            }
        }
        for (std::size_t j = 0; j < noises; ++j) rows(i, width + j) = noise[j];
    }
    return rows;
}

class GraphParity : public OnEngine {
protected:
    std::set<Rung> compare(const std::string& text, std::size_t trials, std::size_t batch,
                           const std::map<std::string, std::string>& files = {},
                           const std::string& precision = "") {
        Study study = study_of(R"(
            schema = 1
            [study]
            name = "parity"
            kind = "graph"
            seed = 6
            [precision]
            trials = 64
        )" + precision + text,
                               files);
        give_functions(study);
        const auto& setting = dynamic_cast<const GraphStudy&>(*study.setting);
        const Design design = study.setting->designs().at(0);
        const auto values = simulate(study, design, *engine_, first_trials(trials), batch);
        std::set<Rung> used;
        for (std::size_t s = 0; s < design.series.size(); ++s)
            for (std::size_t t = 0; t < trials; ++t) {
                const std::size_t index = s * trials + t;
                used.insert(values.outcomes[index].rung);
                expect_value(setting, design, s, t, values.values[index], values.outcomes[index]);
            }
        return used;
    }

private:
    /// Coefficients of all fits of a trial at a point; condition: raised to each one's.
    static std::vector<Vector> fit_all(const GraphStudy& setting, const Design& design,
                                       const Point& point, std::size_t trial, Real& condition) {
        const std::vector<std::size_t> counts = setting.spec().feature_counts(design.points);
        const auto [groups, fits] = setting.spec().at(point.parameters, counts);
        const auto p = static_cast<std::size_t>(point.parameters[0]);
        const std::vector<double> of_population = setting.spec().population.at(p).truth;
        std::vector<std::size_t> noise_of;
        std::size_t noises = 1;
        for (const GraphSpec::Fit& fit : setting.spec().fits)
            noise_of.push_back(fit.noise_std ? noises++ : 0);
        std::vector<Vector> all;
        for (std::size_t a = 0; a < fits.size(); ++a) {
            const GraphFit& fit = fits[a];
            const auto add = [&](const Vector& coefficients) {
                Vector& whole = all.emplace_back(std::accumulate(counts.begin(), counts.end(), p));
                std::copy(coefficients.begin(), coefficients.end(),
                          whole.begin() + static_cast<long>(fit.first));
            };
            std::vector<Vector> x;
            Vector y;
            for (std::size_t k = 0; k < fit.rows.size(); ++k) {
                const std::size_t g = fit.rows[k];
                const GraphLabels& labels = fit.labels[k];
                const Matrix rows = draw_group(design, setting, groups[g], g, noises, trial);
                const std::size_t width = rows.row(0).size() - noises;
                const std::vector<double>& truth =
                    groups[g].truth.empty() ? of_population : groups[g].truth;
                const Real root = std::sqrt(Real(fit.row_weights[k]));
                for (std::size_t i = 0; i < rows.rows(); ++i) {
                    const auto row = rows.row(i);
                    const auto first = row.begin() + static_cast<long>(fit.first);
                    x.emplace_back(first, first + static_cast<long>(fit.features));
                    const auto linked = [&](Real output) {
                        if (fit.link == GraphLink::identity) return output;
                        return Real(output > 0 ? 1 : -1);
                    };
                    Real output = 0;
                    for (std::size_t j = 0; j < p; ++j) output += row[j] * Real(truth[j]);
                    Real label = Real(labels.from_truth) * linked(output);
                    label += Real(labels.observed) *
                             linked(output + Real(groups[g].noise_std) * row[width]);
                    for (const auto& [from, weight] : labels.from_fits) {
                        Real sum = 0;
                        for (std::size_t j = 0; j < width; ++j) sum += row[j] * all[from][j];
                        label += Real(weight) * linked(sum);
                    }
                    if (setting.spec().fits[a].function) label = bent(row, label);
                    if (noise_of[a] > 0) label += Real(fit.noise_std) * row[width + noise_of[a]];
                    for (Real& feature : x.back()) feature *= root;
                    y.push_back(root * label);
                }
            }
            for (std::size_t j = 0; fit.penalty > 0.0 && j < fit.features; ++j) {
                x.emplace_back(fit.features, Real(0));
                x.back()[j] = std::sqrt(Real(fit.penalty));
                y.push_back(0);
            }
            Matrix design_matrix(x.size(), fit.features);
            for (std::size_t i = 0; i < x.size(); ++i)
                for (std::size_t j = 0; j < fit.features; ++j) design_matrix(i, j) = x[i][j];
            if (fit.time > 0.0) {
                add(flow(design_matrix, y,
                         Real(fit.time) / static_cast<Real>(samples_of(fit, groups))));
                continue;
            }
            const MinimumNorm solver = MinimumNorm::of_full_rank(design_matrix);
            condition = std::max(condition, reference::frobenius_norm(design_matrix) *
                                                reference::frobenius_norm(solver.pseudo_inverse()));
            add(solver.solve(y));
        }
        return all;
    }

    /// ∫₀ᵗ e^{−uXᵀX} du Xᵀy: the series of a short time, doubled until it is t.
    static Vector flow(const Matrix& x, const Vector& y, Real time) {
        constexpr int doublings = 10, terms = 32;
        const Matrix gram = product(transposed(x), x);
        const std::size_t k = gram.rows();
        const Real step = std::ldexp(time, -doublings);
        Matrix power(k, k), decay(k, k), integral(k, k);
        for (std::size_t i = 0; i < k; ++i) power(i, i) = 1;
        const auto add = [k](Matrix& to, Real factor, const Matrix& from) {
            for (std::size_t i = 0; i < k; ++i)
                for (std::size_t j = 0; j < k; ++j) to(i, j) += factor * from(i, j);
        };
        Real factor = 1;
        for (int term = 1; term <= terms; ++term) {
            add(decay, factor, power);
            add(integral, factor * step / term, power);
            power = product(power, gram);
            factor *= -step / term;
        }
        for (int doubling = 0; doubling < doublings; ++doubling) {
            add(integral, 1, product(decay, integral));
            decay = product(decay, decay);
        }
        Vector moments(k, 0), flowed(k, 0);
        for (std::size_t i = 0; i < x.rows(); ++i)
            for (std::size_t j = 0; j < k; ++j) moments[j] += x(i, j) * y[i];
        for (std::size_t i = 0; i < k; ++i)
            for (std::size_t j = 0; j < k; ++j) flowed[i] += integral(i, j) * moments[j];
        return flowed;
    }

    static void expect_value(const GraphStudy& setting, const Design& design, std::size_t s,
                             std::size_t trial, double value, const Outcome& outcome) {
        const Series& series = design.series[s];
        const Point& point = design.points[series.point];
        const auto p = static_cast<std::size_t>(point.parameters[0]);
        const Population population = setting.spec().population.at(p);
        const std::vector<double> truth = setting.spec().test_truth(p);
        Real condition = 1;
        const std::vector<Vector> fits = fit_all(setting, design, point, trial, condition);
        const auto named = [&](const std::string& name) {
            for (std::size_t a = 0;; ++a)
                if (setting.spec().fits.at(a).name == name) return a;
        };
        const std::size_t fit = named(series.arm);
        const Vector& own = fits[fit];
        const std::string &estimand = series.estimand,
                          other = estimand.substr(estimand.find('_') + 1);
        const bool rate = estimand == "error_rate" || estimand.starts_with("agreement_");
        const std::size_t width = own.size();
        if (estimand == "length") {
            const auto length = length_of<Real>(own);
            expect_parity(
                {series.arm + " length", value, length, 8 + 4 * length, condition, outcome, 0, p});
            return;
        }
        Vector from(width, 0);
        if (estimand.starts_with("misfit_") || estimand.starts_with("agreement_"))
            from = fits[named(other)];
        else if (estimand != "output_variance")
            std::copy(truth.begin(), truth.end(), from.begin());
        const DenseMatrix second =
            RowMoments(setting.spec().features, setting.spec().feature_counts(design.points),
                       setting.spec().test.covariance, population.spectrum)
                .second();
        if (rate) {
            Real product = 0, square = 0, other_square = 0;
            for (std::size_t j = 0; j < width; ++j)
                for (std::size_t k = 0; k < width; ++k) {
                    product += second(j, k) * own[j] * from[k];
                    square += second(j, k) * own[j] * own[k];
                    other_square += second(j, k) * from[j] * from[k];
                }
            const Real angle =
                std::acos(product / std::sqrt(square * other_square)) / std::numbers::pi_v<Real>;
            expect_parity({fmt::format("{} {} trial {}", series.arm, estimand, trial), value,
                           estimand == "error_rate" ? angle : 1 - angle, 8, condition, outcome, 0,
                           p});
            return;
        }
        if (estimand == "in_sample_risk") {
            const auto [groups, numbers] =
                setting.spec().at(point.parameters, setting.spec().feature_counts(design.points));
            Real sum = 0, size = 0;
            for (const std::size_t g : numbers[fit].rows) {
                const Matrix of_group = draw_group(design, setting, groups[g], g, 1, trial);
                for (std::size_t i = 0; i < of_group.rows(); ++i) {
                    Real error = 0;
                    for (std::size_t j = 0; j < width; ++j)
                        error += of_group.row(i)[j] * (own[j] - from[j]);
                    sum += error * error;
                }
            }
            for (std::size_t j = 0; j < width; ++j) size += own[j] * own[j] + from[j] * from[j];
            expect_parity(
                {fmt::format("{} in sample, point {} trial {}", series.arm, series.point, trial),
                 value, sum / static_cast<Real>(samples_of(numbers[fit], groups)), 8 + 4 * size,
                 condition, outcome, 0, p});
            return;
        }
        Real expected = 0, size = 0;
        for (std::size_t j = 0; j < width; ++j)
            for (std::size_t k = 0; k < width; ++k) {
                expected += second(j, k) * (own[j] - from[j]) * (own[k] - from[k]);
                size += std::abs(second(j, k) * (own[j] * own[k] + from[j] * from[k]));
            }
        expect_parity({fmt::format("{} {} point {} trial {}", series.arm, series.estimand,
                                   series.point, trial),
                       value, expected, 8 + 4 * size, condition, outcome, 0, p});
    }
};

const std::string two_groups = R"(
    [population]
    p = 12
    spectrum = { kind = "power_law", exponent = 1.0 }
    signal = { kind = "power_law", exponent = 1.5 }
    [rows.real]
    n = [5, 30]
    noise_std = [0.0, 0.5]
    [rows.more]
    n = 4
    noise_std = 0.2
)";

const std::string mixed_graph = two_groups + R"(
    [rows.other]
    n = [9, 40]
    spectrum = { kind = "power_law", exponent = 0.5 }
    [fit.heir]
    rows = "other"
    labels = "student"
    noise_std = 0.3
    [fit.student]
    rows = ["real", "more"]
    penalty = [0.0, 0.4]
    labels = { teacher = [0.5, 1.5], weak = -0.25, rest = "observed" }
    noise_std = 0.1
    [fit.teacher]
    rows = "real"
    penalty = 0.3
    [fit.weak]
    rows = ["more", "real"]
    keep = [3, 7]
    labels = { truth = 0.5, observed = 0.5 }
    labels_on = { more = "teacher" }
    [measure]
    misfit = [["student", "teacher"], ["heir", "weak"]]
    output_variance = ["student", "weak"]
    in_sample_risk = ["student", "heir"]
    error_rate = ["weak", "heir"]
    agreement = [["heir", "weak"]]
)";

const std::string hard_graph = two_groups + R"(
    distribution = "rademacher"
    [fit.weak]
    rows = ["more", "real"]
    keep = 3
    link = "sign"
    noise_std = 0.3
    [fit.student]
    rows = ["real", "more"]
    penalty = 0.4
    link = "sign"
    labels = { weak = 0.5, truth = -0.25, rest = "observed" }
    labels_on = { more = "weak" }
    [measure]
    error_rate = ["weak", "student"]
    in_sample_risk = "student"
    agreement = [["student", "weak"]]
)";

// Samples with fewer rows than features and with more; students of flows, on their rows and others.
const std::string flow_graph = two_groups + R"(
    [fit.stopped]
    rows = "real"
    time = [0.5, 40.0]
    [fit.goes_on]
    rows = ["more", "real"]
    time = 20.0
    labels = { stopped = -1.0, observed = 1.0 }
    [fit.masked]
    rows = "more"
    keep = 3
    time = 1000.0
    labels = "goes_on"
    [fit.ridge]
    rows = "real"
    penalty = 0.4
    labels = { stopped = 0.5, rest = "observed" }
    [measure]
    misfit = [["ridge", "stopped"]]
    in_sample_risk = ["stopped", "goes_on"]
)";

// One fit's rows of two spectra, truths and weights, below and above its features, at one width of
// the trial and at those that an engine interleaves.
const std::string domains_graph = two_groups + R"(
    [rows.other]
    n = [4, 40]
    noise_std = 0.1
    spectrum = { kind = "power_law", exponent = 0.5 }
    signal = { kind = "uniform", norm = 2.0 }
    [fit.weak]
    rows = "other"
    keep = 3
    labels = { truth = 0.5, observed = 0.5 }
    [fit.both]
    rows = ["other", "real"]
    row_weights = { other = [1.0, 0.3] }
    labels_on = { other = { weak = 1.5, rest = "truth" } }
    [fit.student]
    rows = ["real", "more", "other"]
    row_weights = { more = 2.5, other = 0.3 }
    penalty = 0.4
    labels = { both = 0.5, rest = "observed" }
    [measure]
    misfit = [["student", "both"]]
    in_sample_risk = ["both", "student"]
)";

// Rows drawn one by one where else a factor stands for them.
TEST_P(GraphParity, DirectRows) {
    const std::string direct = "sampler = \"direct\"\n";
    compare(mixed_graph, 2, 2, {}, direct);
    compare(flow_graph, 2, 2, {}, direct);
}

// Triangles of all coordinates and of the first, with and without weights and a Gram matrix; a
// billion rows cost what a few do.
TEST_P(GraphParity, FactorsOfManyRows) {
    const std::string many = R"(
        [population]
        p = 12
        spectrum = { kind = "power_law", exponent = 1.0 }
        signal = { kind = "power_law", exponent = 1.5 }
        [rows.real]
        n = [9, 12, 13, 1_000_000_000]
        noise_std = 0.5
        [rows.more]
        n = 50
        [fit.all]
        rows = "real"
        [fit.first]
        rows = "real"
        keep = 5
        labels = { all = 0.5, rest = "observed" }
        noise_std = 0.2
        [fit.heir]
        rows = "more"
        row_weights = { more = 0.3 }
        labels = "first"
        noise_std = 0.1
        [fit.union]
        rows = ["more", "real"]
        labels = { heir = 0.5, rest = "observed" }
        [measure]
        in_sample_risk = ["all", "first", "union"]
    )";
    compare(many, 2, 2);
    compare(many, 8, 8);
    compare(many + R"(
        [fit.ridge]
        rows = "real"
        penalty = 0.5
        labels = { first = 0.5, rest = "observed" }
        [fit.linear]
        rows = "more"
        features = { kind = "random", activation = "linear", seed = 1, count = 7 }
        labels = "union"
    )",
            2, 2);
}

TEST_P(GraphParity, RowsOfTwoDomainsWithWeights) {
    compare(domains_graph, 2, 2);
    compare(domains_graph, 8, 8);
    compare(two_groups + R"(
        [fit.stopped]
        rows = ["real", "more"]
        row_weights = { real = 0.3 }
        time = 20.0
        [fit.hard]
        rows = ["real", "more"]
        row_weights = { more = 0.3 }
        penalty = 0.1
        link = "sign"
    )",
            2, 2);
}

// Rows of a rotated covariance: few, more than coordinates, of another distribution, beside
// features and flows.
TEST_P(GraphParity, RotatedRows) {
    const std::string rotated = two_groups + R"(
        rotation = 3
        [rows.turned]
        n = [7, 9, 50]
        noise_std = 0.3
        rotation = 5
        spectrum = { kind = "power_law", exponent = 0.5 }
        [rows.signs]
        n = 30
        rotation = 5
        distribution = "rademacher"
        [fit.least]
        rows = "turned"
        noise_std = 0.1
        [fit.first]
        rows = ["turned", "real"]
        keep = 5
        penalty = 0.2
        labels = { least = 0.5, rest = "observed" }
        [fit.stopped]
        rows = ["more", "signs"]
        row_weights = { signs = 0.5 }
        time = 20.0
        labels = "first"
    )";
    compare(rotated, 2, 2);
    compare(rotated + R"(
        [fit.wide]
        rows = "turned"
        penalty = 0.3
        features = { kind = "random", activation = "relu", seed = 1, count = 20 }
        [measure]
        in_sample_risk = ["least", "wide"]
        misfit = [["wide", "stopped"]]
    )",
            2, 2);
}

TEST_P(GraphParity, GradientFlows) {
    compare(flow_graph, 2, 2);
}

// Two widths of the same features, others of another seed, and linear ones, on rows of two spectra.
std::string features_graph(const std::string& activation) {
    return two_groups + fmt::format(R"(
    [rows.other]
    n = [9, 40]
    spectrum = {{ kind = "power_law", exponent = 0.5 }}
    [fit.wide]
    rows = "real"
    penalty = 0.3
    features = {{ kind = "random", activation = "{0}", seed = 1, count = [4, 20] }}
    [fit.narrow]
    rows = ["real", "more"]
    penalty = 0.2
    features = {{ kind = "random", activation = "{0}", seed = 1, count = 3 }}
    labels = {{ wide = 0.5, rest = "observed" }}
    [fit.heir]
    rows = "other"
    penalty = 0.1
    labels = "narrow"
    noise_std = 0.2
    [fit.stopped]
    rows = "other"
    time = 20.0
    features = {{ kind = "random", activation = "{0}", seed = 2, count = 5 }}
    labels = "heir"
    [fit.projected]
    rows = "real"
    penalty = 0.1
    features = {{ kind = "random", activation = "linear", seed = 3, count = 6 }}
    labels = "stopped"
    [measure]
    misfit = [["heir", "wide"], ["projected", "narrow"]]
    output_variance = ["stopped"]
    in_sample_risk = ["wide", "heir"]
    )",
                                    activation);
}

TEST_P(GraphParity, RandomFeatures) {
    for (const char* activation : {"relu", "erf", "sign"})
        compare(features_graph(activation), 2, 2);
}

TEST_P(GraphParity, FeaturesOfAFile) {
    std::vector<double> w(84);  // 7×12
    for (std::size_t k = 0; k < w.size(); ++k) w[k] = std::sin(static_cast<double>(1 + k * k));
    compare(two_groups + R"(
        [fit.own]
        rows = "real"
        penalty = 0.3
        features = { kind = "file", file = "w.npy", activation = "erf", count = [3, 7] }
        [fit.linear]
        rows = ["real", "more"]
        row_weights = { more = 0.5 }
        features = { kind = "file", file = "w.npy", activation = "linear", count = 5 }
        penalty = 0.1
        labels = { own = 0.5, rest = "observed" }
        [measure]
        misfit = [["linear", "own"]]
    )",
            2, 2, {{"w.npy", npy_file(7, 12, w)}});
}

// Batches that an engine would interleave if it could.
const std::string other_domain = R"(
    [population]
    p = 9
    spectrum = { kind = "power_law", exponent = 1.0 }
    signal = { kind = "power_law", exponent = 1.5 }
    [rows.real]
    n = [5, 25]
    noise_std = 0.4
    [rows.turned]
    n = 14
    rotation = 3
    signal = { kind = "uniform", norm = 2.0 }
    [fit.teacher]
    rows = "real"
    [fit.student]
    rows = "turned"
    penalty = 0.3
    labels = { teacher = 0.7, truth = 0.2, rest = "observed" }
    [fit.narrow]
    rows = "real"
    labels = "student"
    noise_std = 0.2
    features = { kind = "subspace", seed = 3, count = [4, 9] }
)";

TEST_P(GraphParity, RisksOnAnotherDomain) {
    const std::string measures = R"(
        [measure]
        misfit = [["student", "teacher"], ["narrow", "student"]]
        output_variance = ["teacher", "narrow"]
        in_sample_risk = ["student", "narrow"]
        error_rate = ["teacher", "narrow"]
        agreement = [["narrow", "student"]]
        functions = [{ name = "length", version = 1, fits = ["teacher", "narrow"] }]
    )";
    compare(other_domain + measures + R"(
        [test]
        spectrum = { kind = "power_law", exponent = 0.3 }
        signal = { kind = "uniform", norm = 1.5 }
    )",
            2, 2);
    compare(other_domain + measures + "\n[test]\nrotation = 5\n", 2, 2);
}

// Of features that are not linear too a rotated test has moments of its own.
TEST_P(GraphParity, RisksOfFeaturesOnARotatedDomain) {
    compare(other_domain + R"(
        [fit.network]
        rows = "turned"
        labels = "narrow"
        penalty = 0.5
        features = { kind = "random", activation = "relu", seed = 1, count = 6 }
        [test]
        spectrum = { kind = "power_law", exponent = 0.3 }
        rotation = 5
    )",
            2, 2);
}

TEST_P(GraphParity, FeaturesAndFlowsInLargeBatches) {
    compare(two_groups + R"(
        [fit.plain]
        rows = "real"
        penalty = 0.1
        [fit.linear]
        rows = "real"
        features = { kind = "random", activation = "linear", seed = 1, count = 12 }
        penalty = 0.1
        [measure]
        misfit = [["linear", "plain"]]
    )",
            32, 32);
    compare(two_groups + R"(
        [fit.stopped]
        rows = "real"
        time = 5.0
    )",
            32, 32);
}

TEST_P(GraphParity, SharedRowsMixedLabelsAndMasks) {
    compare(mixed_graph, 2, 2);
}

TEST_P(GraphParity, HardLabels) {
    compare(hard_graph, 2, 2);
}

// Of fits on rows of two groups with weights, on features, and of one that learns from them; at one
// width of the trial and at those that an engine interleaves.
const std::string functions_graph = two_groups + R"(
    [fit.bent]
    rows = ["real", "more"]
    row_weights = { more = 0.3 }
    penalty = 0.3
    labels = { truth = 0.5, rest = "observed" }
    function = { name = "bent", version = 1 }
    noise_std = 0.2
    [fit.heir]
    rows = "real"
    labels = "bent"
    [fit.quiet]
    rows = "more"
    labels = { bent = 0.5, rest = "observed" }
    function = { name = "bent", version = 1 }
    [measure]
    misfit = [["heir", "bent"]]
    functions = [{ name = "length", version = 1, fits = ["bent", "heir"] }]
)";

TEST_P(GraphParity, LabelsAndMeasuresOfFunctions) {
    compare(functions_graph, 2, 2);
    compare(functions_graph, 32, 32);
    compare(functions_graph + R"(
        [fit.network]
        rows = "real"
        penalty = 0.1
        features = { kind = "random", activation = "relu", seed = 1, count = 6 }
        function = { name = "bent", version = 1 }
    )",
            2, 2);
}

TEST_P(GraphParity, HigherRungs) {
    EXPECT_EQ(compare(R"(
        [population]
        p = 12
        spectrum = { kind = "power_law", exponent = 1.0 }
        signal = { kind = "power_law", exponent = 1.5 }
        [rows.real]
        n = [12, 13]
        noise_std = 0.2
        [fit.teacher]
        rows = "real"
        [fit.student]
        rows = "real"
        penalty = 0.1
        labels = "teacher"
    )",
                      150, 50),
              (std::set{Rung::cholesky, Rung::orthogonal}));
}

CUCURBIT_ON_EVERY_ENGINE(GraphParity);

}  // namespace
}  // namespace cucurbit
