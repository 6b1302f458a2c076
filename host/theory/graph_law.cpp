#include "cucurbit/graph.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <numbers>
#include <optional>
#include <stdexcept>

#include "host/theory/dense.hpp"

namespace cucurbit {
namespace {

/// A small square matrix of numbers, or one of such for every coordinate: [row][column][size].
class Blocks {
public:
    Blocks(std::size_t order, std::size_t size)
        : order_(order), size_(size), values_(order * order * size) {}
    double* operator()(std::size_t a, std::size_t c) {
        return values_.data() + (a * order_ + c) * size_;
    }
    const double* operator()(std::size_t a, std::size_t c) const {
        return values_.data() + (a * order_ + c) * size_;
    }

private:
    std::size_t order_, size_;
    std::vector<double> values_;
};

/// Beside the fits, a source of labels.
constexpr std::size_t of_truth = std::numeric_limits<std::size_t>::max();

/// Symbols as in docs/theory.md, "Graphs of fits": all p×p blocks are diagonal here, [p] each.
class Graph {
public:
    /// residues: of hard labels, beside what is linear in them.
    Graph(const std::vector<GraphRows>& rows, const std::vector<GraphFit>& fits,
          std::span<const double> truth, const std::vector<Blocks>& residues)
        : rows_(rows),
          fits_(fits),
          truth_(truth),
          residues_(residues),
          labels_(rows.size(), Blocks(fits.size(), 1)),
          from_truth_(rows.size(), std::vector<double>(fits.size(), 0.0)),
          q_(fits.size(), truth.size()) {
        for (std::size_t a = 0; a < fits.size(); ++a) add(a);
        for (std::size_t g = 0; g < rows.size(); ++g) {
            d_.emplace_back(fits.size(), 1);
            for (std::size_t a = 0; a < fits.size(); ++a)
                if (member(g, a)) *d_[g](a, a) = 1.0 / total_[a];
        }
    }

    void find_fixed_point();
    void find_covariances();
    double moment(std::size_t a, std::size_t c, std::span<const double> test) const;
    /// E (xᵀu)(xᵀv) for sources of labels u and v, under diag(test).
    double product(std::size_t u, std::size_t v, std::span<const double> test) const;
    double in_sample_risk(std::size_t a) const;
    CoordinateRisks by_coordinate(std::size_t a, std::span<const double> test) const;
    std::vector<double> relative_errors() const;

private:
    /// C_g,ac for two fits on the rows of a group, c ≤ a: C is symmetric.
    struct Pair {
        std::size_t group, a, c;
    };

    std::size_t count() const { return fits_.size(); }
    std::size_t p() const { return truth_.size(); }
    const std::vector<double>& spectrum(std::size_t a) const {
        return rows_[fits_[a].rows.front()].spectrum;
    }
    bool member(std::size_t g, std::size_t a) const {
        return std::find(fits_[a].rows.begin(), fits_[a].rows.end(), g) != fits_[a].rows.end();
    }
    const GraphLabels& labels_of(std::size_t g, std::size_t a) const {
        const std::vector<std::size_t>& rows = fits_[a].rows;
        return fits_[a].labels[static_cast<std::size_t>(std::find(rows.begin(), rows.end(), g) -
                                                        rows.begin())];
    }
    void add(std::size_t a);
    void respond();
    Blocks next(std::size_t g) const;
    std::vector<Blocks> weights() const;
    std::vector<std::vector<double>> means(const std::vector<Blocks>& weights) const;
    Blocks traces(std::size_t g) const;
    DenseMatrix residuals(const std::vector<std::vector<double>>& means, std::size_t g) const;
    double noise(std::size_t g, std::size_t a, std::size_t c) const;
    double covariance(std::size_t a, std::size_t c, std::span<const double> test) const;
    std::vector<Pair> pairs() const;
    /// Σ_i s_i u_ac,i u_bd,i n_h and the same of C_h,dc: the share of C_h,cd in the moment of a and
    /// b under diag(s).
    double share(const Blocks& u, std::span<const double> s, std::size_t a, std::size_t b,
                 const Pair& of) const;
    /// L_g W_h for every h.
    std::vector<Blocks> times_labels(std::size_t g, const std::vector<Blocks>& weights) const;

    const std::vector<GraphRows>& rows_;
    const std::vector<GraphFit>& fits_;
    std::span<const double> truth_;
    const std::vector<Blocks>& residues_;          ///< of each group: covariances of two fits'
    std::vector<double> total_;                    ///< n_a
    std::vector<std::vector<double>> b_;           ///< B_a
    std::vector<double> own_errors_;               ///< equivalent_error of each fit alone
    std::vector<Blocks> labels_;                   ///< L_g: rows of the fits that use g
    std::vector<std::vector<double>> from_truth_;  ///< w_g,a0
    Blocks q_;                                     ///< Q
    std::vector<Blocks> d_;                        ///< D_g
    std::vector<Blocks> w_;                        ///< W_g = Q D_g
    std::vector<std::vector<double>> mean_;        ///< E b_a
    std::vector<Pair> pairs_;
    std::vector<double> covariance_;  ///< C of each pair
};

void Graph::add(std::size_t a) {
    const GraphFit& fit = fits_[a];
    if (fit.rows.empty() || fit.features == 0 || fit.features > p())
        throw std::invalid_argument("a fit needs rows and at most p features");
    for (const std::size_t g : fit.rows) {
        if (g >= rows_.size() || rows_[g].spectrum.size() != p() ||
            rows_[g].spectrum != spectrum(a))
            throw std::invalid_argument("a fit's rows must have one spectrum of p values");
    }
    const std::size_t samples = samples_of(fit, rows_);
    const std::span seen = std::span(spectrum(a)).first(fit.features);
    const FixedPoint fixed = solve_fixed_point(seen, samples, fit.penalty);
    std::vector<double>& b = b_.emplace_back(p(), 0.0);
    for (std::size_t i = 0; i < fit.features; ++i) b[i] = 1.0 / (seen[i] + fixed.xi);
    own_errors_.push_back(equivalent_error(fixed));
    total_.push_back(static_cast<double>(samples));
    if (fit.labels.size() != fit.rows.size())
        throw std::invalid_argument("a fit needs labels for each of its groups");
    for (std::size_t k = 0; k < fit.rows.size(); ++k) {
        const std::size_t g = fit.rows[k];
        const GraphLabels& labels = fit.labels[k];
        Blocks& of_group = labels_[g];
        if (*of_group(a, a) != 0.0) throw std::invalid_argument("a group appears twice in a fit");
        from_truth_[g][a] = labels.from_truth + labels.observed;
        *of_group(a, a) = 1.0;
        for (const auto& [c, weight] : labels.from_fits) {
            if (c >= a) throw std::invalid_argument("labels come from earlier fits");
            *of_group(a, c) -= weight;
        }
    }
}

/// Q, given D.
void Graph::respond() {
    const std::size_t fits = count();
    Blocks t(fits, 1);
    for (std::size_t g = 0; g < rows_.size(); ++g)
        for (std::size_t a = 0; a < fits; ++a)
            for (std::size_t d = 0; d <= a; ++d)
                for (std::size_t c = d; c <= a; ++c)
                    *t(a, d) +=
                        static_cast<double>(rows_[g].count) * *d_[g](a, c) * *labels_[g](c, d);
    for (std::size_t a = 0; a < fits; ++a) {
        const std::vector<double>& s = spectrum(a);
        for (std::size_t c = 0; c < a; ++c) {
            double* to = q_(a, c);
            std::fill_n(to, p(), 0.0);
            for (std::size_t d = c; d < a; ++d) {
                const double factor = *t(a, d);
                if (factor == 0.0) continue;
                for (std::size_t i = 0; i < p(); ++i)
                    to[i] -= b_[a][i] * s[i] * factor * q_(d, c)[i];
            }
        }
        std::copy(b_[a].begin(), b_[a].end(), q_(a, a));
    }
}

/// X_g: what a row that a member learnt adds to the outputs of all fits on that row.
Blocks Graph::traces(std::size_t g) const {
    const std::vector<double>& s = rows_[g].spectrum;
    Blocks x(count(), 1);
    for (std::size_t a = 0; a < count(); ++a)
        for (std::size_t c = 0; c <= a; ++c) {
            if (!member(g, c)) continue;
            double trace = 0.0;
            for (std::size_t i = 0; i < p(); ++i) trace += s[i] * q_(a, c)[i];
            *x(a, c) = trace;
        }
    return x;
}

/// [diag(n_a − X_g,aa) + L X_g]⁻¹ on the members of a group: triangles, solved column by column.
Blocks Graph::next(std::size_t g) const {
    const std::size_t fits = count();
    const Blocks x = traces(g);
    Blocks result(fits, 1);
    const auto system = [&](std::size_t a, std::size_t c) {
        double sum = a == c ? total_[a] - *x(a, a) : 0.0;
        // Fits on other rows among them: what they learnt from these comes back in their labels.
        for (std::size_t d = c; d <= a; ++d) sum += *labels_[g](a, d) * *x(d, c);
        return sum;
    };
    for (std::size_t c = 0; c < fits; ++c) {
        if (!member(g, c)) continue;
        for (std::size_t a = c; a < fits; ++a) {
            if (!member(g, a)) continue;
            double right = a == c ? 1.0 : 0.0;
            for (std::size_t d = c; d < a; ++d)
                if (member(g, d)) right -= system(a, d) * *result(d, c);
            *result(a, c) = right / system(a, a);
        }
    }
    return result;
}

void Graph::find_fixed_point() {
    constexpr int most_rounds = 2'000;
    constexpr double tolerance = 1e-13;
    for (int round = 0; round < most_rounds; ++round) {
        respond();
        double change = 0.0;
        for (std::size_t g = 0; g < rows_.size(); ++g) {
            const Blocks wanted = next(g);
            for (std::size_t a = 0; a < count(); ++a)
                for (std::size_t c = 0; c <= a; ++c) {
                    const double step = *wanted(a, c) - *d_[g](a, c);
                    // Labels of large weights make large entries.
                    const double size = std::max(1.0 / total_[a], std::abs(*wanted(a, c)));
                    change = std::max(change, std::abs(step) / size);
                    *d_[g](a, c) += 0.5 * step;
                }
        }
        if (change < tolerance) {
            respond();
            return;
        }
    }
    throw NoGraphLaw("the fixed point of a graph of fits is not found");
}

/// W_g = Q D_g.
std::vector<Blocks> Graph::weights() const {
    std::vector<Blocks> all;
    for (std::size_t g = 0; g < rows_.size(); ++g) {
        Blocks& w = all.emplace_back(count(), p());
        for (std::size_t a = 0; a < count(); ++a)
            for (std::size_t c = 0; c <= a; ++c)
                for (std::size_t d = c; d <= a; ++d)
                    for (std::size_t i = 0; i < p(); ++i) w(a, c)[i] += q_(a, d)[i] * *d_[g](d, c);
    }
    return all;
}

/// E b_a.
std::vector<std::vector<double>> Graph::means(const std::vector<Blocks>& weights) const {
    std::vector<std::vector<double>> all(count(), std::vector<double>(p(), 0.0));
    for (std::size_t g = 0; g < rows_.size(); ++g)
        for (std::size_t a = 0; a < count(); ++a)
            for (std::size_t c = 0; c <= a; ++c) {
                const double factor = static_cast<double>(rows_[g].count) * from_truth_[g][c];
                for (std::size_t i = 0; i < p(); ++i)
                    all[a][i] += factor * weights[g](a, c)[i] * rows_[g].spectrum[i] * truth_[i];
            }
    return all;
}

/// E (l_a − b_a)ᵀ Σ_g E (l_c − b_c).
DenseMatrix Graph::residuals(const std::vector<std::vector<double>>& means, std::size_t g) const {
    DenseMatrix all(count(), count());
    std::vector<std::vector<double>> left(count(), std::vector<double>(p()));
    for (std::size_t a = 0; a < count(); ++a)
        for (std::size_t i = 0; i < p(); ++i) {
            left[a][i] = from_truth_[g][a] * truth_[i];
            for (std::size_t c = 0; c <= a; ++c) left[a][i] -= *labels_[g](a, c) * means[c][i];
        }
    for (std::size_t a = 0; a < count(); ++a)
        for (std::size_t c = 0; c < count(); ++c)
            for (std::size_t i = 0; i < p(); ++i)
                all(a, c) += rows_[g].spectrum[i] * left[a][i] * left[c][i];
    return all;
}

double Graph::noise(std::size_t g, std::size_t a, std::size_t c) const {
    const double own = a == c ? fits_[a].noise_std * fits_[a].noise_std : 0.0;
    return labels_of(g, a).observed * labels_of(g, c).observed * rows_[g].noise_std *
               rows_[g].noise_std +
           own + *residues_[g](std::max(a, c), std::min(a, c));
}

std::vector<Graph::Pair> Graph::pairs() const {
    std::vector<Pair> all;
    for (std::size_t g = 0; g < rows_.size(); ++g)
        for (std::size_t a = 0; a < count(); ++a)
            for (std::size_t c = 0; c <= a; ++c)
                if (member(g, a) && member(g, c)) all.push_back({g, a, c});
    return all;
}

double Graph::share(const Blocks& u, std::span<const double> s, std::size_t a, std::size_t b,
                    const Pair& of) const {
    const double* own = rows_[of.group].spectrum.data();
    const auto ordered = [&](std::size_t c, std::size_t d) {
        if (c > a || d > b) return 0.0;
        const double *x = u(a, c), *y = u(b, d);
        double sum = 0.0;
        for (std::size_t i = 0; i < p(); ++i) sum += s[i] * own[i] * x[i] * y[i];
        return sum;
    };
    return static_cast<double>(rows_[of.group].count) *
           (ordered(of.a, of.c) + (of.a == of.c ? 0.0 : ordered(of.c, of.a)));
}

std::vector<Blocks> Graph::times_labels(std::size_t g, const std::vector<Blocks>& weights) const {
    std::vector<Blocks> all;
    for (const Blocks& w : weights) {
        Blocks& product = all.emplace_back(count(), p());
        for (std::size_t a = 0; a < count(); ++a)
            for (std::size_t c = 0; c <= a; ++c)
                for (std::size_t e = c; e <= a; ++e)
                    for (std::size_t i = 0; i < p(); ++i)
                        product(a, c)[i] += *labels_[g](a, e) * w(e, c)[i];
    }
    return all;
}

void Graph::find_covariances() {
    w_ = weights();
    mean_ = means(w_);
    pairs_ = pairs();
    if (pairs_.empty()) return;
    DenseMatrix system(pairs_.size(), pairs_.size());
    std::vector<double> right;
    // Pairs are in the order of their groups.
    for (std::size_t g = 0, k = 0; g < rows_.size(); ++g) {
        const DenseMatrix residual = residuals(mean_, g);
        const std::vector<Blocks> lw = times_labels(g, w_);
        for (; k < pairs_.size() && pairs_[k].group == g; ++k) {
            const auto [group, a, c] = pairs_[k];
            right.push_back(noise(g, a, c) + residual(a, c));
            for (std::size_t j = 0; j < pairs_.size(); ++j)
                system(k, j) = (k == j ? 1.0 : 0.0) -
                               share(lw[pairs_[j].group], rows_[g].spectrum, a, c, pairs_[j]);
        }
    }
    std::optional<std::vector<double>> solved = solve(std::move(system), std::move(right));
    if (!solved) throw NoGraphLaw("the moments of a graph of fits are not determined");
    covariance_ = std::move(*solved);
}

double Graph::moment(std::size_t a, std::size_t c, std::span<const double> test) const {
    double moment = 0.0;
    for (std::size_t i = 0; i < p(); ++i)
        moment += test[i] * (mean_[a][i] - truth_[i]) * (mean_[c][i] - truth_[i]);
    return moment + covariance(a, c, test);
}

double Graph::product(std::size_t u, std::size_t v, std::span<const double> test) const {
    const auto mean = [&](std::size_t source, std::size_t i) {
        return source == of_truth ? truth_[i] : mean_[source][i];
    };
    double sum = u == of_truth || v == of_truth ? 0.0 : covariance(u, v, test);
    for (std::size_t i = 0; i < p(); ++i) sum += test[i] * mean(u, i) * mean(v, i);
    return sum;
}

/// A row's outputs are those of fits that left it out, and what they learn from it: K = X_g D_g
/// times what was left of its labels, e.
double Graph::in_sample_risk(std::size_t a) const {
    double risk = 0.0;
    for (const std::size_t g : fits_[a].rows) {
        const std::vector<double>& s = rows_[g].spectrum;
        const Blocks x = traces(g);
        std::vector<double> learnt(count(), 0.0);  // row a of K
        for (std::size_t c = 0; c <= a; ++c)
            for (std::size_t d = c; d <= a; ++d) learnt[c] += *x(a, d) * *d_[g](d, c);
        const double with_truth = product(a, of_truth, s) - product(of_truth, of_truth, s);
        std::vector<double> outputs;  // E xᵀb_d xᵀ(b_a − β*)
        for (std::size_t d = 0; d <= a; ++d) outputs.push_back(moment(d, a, s) + with_truth);
        double of_group = moment(a, a, s);
        for (std::size_t c = 0; c <= a; ++c) {
            if (learnt[c] == 0.0) continue;
            double left = from_truth_[g][c] * with_truth;  // E e_c xᵀ(b_a − β*)
            for (std::size_t d = 0; d <= c; ++d) left -= *labels_[g](c, d) * outputs[d];
            of_group += 2.0 * learnt[c] * left;
        }
        for (std::size_t k = 0; k < pairs_.size(); ++k) {
            const auto [group, c, d] = pairs_[k];
            if (group == g && c <= a)
                of_group += (c == d ? 1.0 : 2.0) * learnt[c] * learnt[d] * covariance_[k];
        }
        risk += static_cast<double>(rows_[g].count) / total_[a] * of_group;
    }
    return risk;
}

/// E (b_a − E b_a)ᵀ diag(test) (b_c − E b_c).
double Graph::covariance(std::size_t a, std::size_t c, std::span<const double> test) const {
    double sum = 0.0;
    for (std::size_t k = 0; k < pairs_.size(); ++k)
        sum += share(w_[pairs_[k].group], test, a, c, pairs_[k]) * covariance_[k];
    return sum;
}

CoordinateRisks Graph::by_coordinate(std::size_t a, std::span<const double> test) const {
    CoordinateRisks risks;
    for (std::size_t i = 0; i < p(); ++i) {
        const double error = mean_[a][i] - truth_[i];
        risks.bias.push_back(test[i] * error * error);
    }
    risks.risk = risks.bias;
    for (std::size_t k = 0; k < pairs_.size(); ++k) {
        const auto [g, c, d] = pairs_[k];
        if (c > a) continue;
        const double factor =
            (c == d ? 1.0 : 2.0) * static_cast<double>(rows_[g].count) * covariance_[k];
        const double *x = w_[g](a, c), *y = w_[g](a, d);
        for (std::size_t i = 0; i < p(); ++i)
            risks.risk[i] += factor * test[i] * rows_[g].spectrum[i] * x[i] * y[i];
    }
    return risks;
}

std::vector<double> Graph::relative_errors() const {
    // Labels outside of what they are mixed of are differences of fits, as a misfit is.
    constexpr double of_differences = 3.0;
    std::vector<double> errors = own_errors_;
    for (std::size_t a = 0; a < count(); ++a) {
        bool extrapolates = false;
        for (const GraphLabels& labels : fits_[a].labels)
            for (const auto& [c, weight] : labels.from_fits) {
                if (weight != 0.0) errors[a] = std::max(errors[a], errors[c]);
                extrapolates = extrapolates || weight < 0.0 || weight > 1.0;
            }
        if (extrapolates) errors[a] *= of_differences;
    }
    return errors;
}

/// A graph whose labels are linear: a hard label is linear in what it is the sign of, and a residue
/// that is uncorrelated with the rows.
struct Linear {
    std::vector<GraphFit> fits;
    std::vector<Blocks> residues;  ///< of each group: covariances of two fits' residues
};

Graph solved(const std::vector<GraphRows>& rows, const Linear& linear,
             std::span<const double> truth) {
    Graph graph(rows, linear.fits, truth, linear.residues);
    graph.find_fixed_point();
    graph.find_covariances();
    return graph;
}

/// A source of hard labels, with its weight: a fit, xᵀβ* or, with noise, an observation.
struct Source {
    std::size_t of;
    double noise;  ///< variance
    double weight;
    bool operator==(const Source& other) const { return of == other.of && noise == other.noise; }
};

std::vector<Source> sources_of(const GraphLabels& labels, const GraphRows& group) {
    std::vector<Source> sources;
    if (labels.observed != 0.0)
        sources.push_back({of_truth, group.noise_std * group.noise_std, labels.observed});
    if (labels.from_truth != 0.0) sources.push_back({of_truth, 0.0, labels.from_truth});
    for (const auto& [from, weight] : labels.from_fits)
        if (weight != 0.0) sources.push_back({from, 0.0, weight});
    return sources;
}

/// docs/theory.md, "Graphs of fits", hard labels.
Linear linearised(const std::vector<GraphRows>& rows, const std::vector<GraphFit>& fits,
                  std::span<const double> truth) {
    constexpr double pi = std::numbers::pi;
    Linear linear{{}, std::vector<Blocks>(rows.size(), Blocks(fits.size(), 1))};
    for (std::size_t a = 0; a < fits.size(); ++a) {
        if (fits[a].link == GraphLink::identity) {
            linear.fits.push_back(fits[a]);
            continue;
        }
        const Linear earlier = linear;
        const Graph before = solved(rows, earlier, truth);
        linear.fits.push_back(fits[a]);
        for (std::size_t k = 0; k < fits[a].rows.size(); ++k) {
            const std::size_t g = fits[a].rows[k];
            const std::vector<double>& spectrum = rows[g].spectrum;
            const auto product = [&](const Source& u, const Source& v) {
                const double noise = u.noise == v.noise ? u.noise : 0.0;
                return before.product(u.of, v.of, spectrum) + noise;
            };
            // sign u = √(2/π) u/‖u‖ + a residue.
            GraphLabels& labels = linear.fits[a].labels[k];
            const auto slope = [&](const Source& u) {
                if (u.of != of_truth && has_seen(fits, u.of, g))
                    throw NoGraphLaw("a fit learns the sign of one that has seen its rows");
                const double square = product(u, u);
                return square > 0.0 ? std::sqrt(2.0 / pi / square) : 0.0;  // the sign of 0 is 0
            };
            const std::vector<Source> own = sources_of(fits[a].labels[k], rows[g]);
            labels = {};
            for (const Source& u : own) {
                if (u.of != of_truth)
                    labels.from_fits.emplace_back(u.of, u.weight * slope(u));
                else if (u.noise > 0.0)
                    labels.observed += u.weight * slope(u);
                else
                    labels.from_truth += u.weight * slope(u);
            }
            for (std::size_t c = 0; c <= a; ++c) {
                const auto place = std::find(fits[c].rows.begin(), fits[c].rows.end(), g);
                if (fits[c].link == GraphLink::identity || place == fits[c].rows.end()) continue;
                const auto other = static_cast<std::size_t>(place - fits[c].rows.begin());
                for (const Source& u : own)
                    for (const Source& v : sources_of(fits[c].labels[other], rows[g])) {
                        const double squares = product(u, u) * product(v, v);
                        if (!(squares > 0.0)) continue;
                        const double cosine =
                            u == v ? 1.0
                                   : std::clamp(product(u, v) / std::sqrt(squares), -1.0, 1.0);
                        *linear.residues[g](a, c) +=
                            u.weight * v.weight * 2.0 / pi * (std::asin(cosine) - cosine);
                    }
            }
        }
    }
    return linear;
}

}  // namespace

Prediction GraphLaw::excess_risk(std::size_t fit) const {
    return {at_least_rounding(moment(fit, fit), 0.0), TheoryKind::deterministic_equivalent,
            relative_errors_[fit]};
}

Prediction GraphLaw::misfit(std::size_t a, std::size_t c) const {
    // A misfit goes with higher inverse moments than a risk does: measured, up to three times.
    constexpr double larger = 3.0;
    const double both = moment(a, a) + moment(c, c);
    return {at_least_rounding(both - 2.0 * moment(a, c), both),
            TheoryKind::deterministic_equivalent,
            larger * std::max(relative_errors_[a], relative_errors_[c])};
}

Prediction GraphLaw::output_variance(std::size_t fit) const {
    return {at_least_rounding(outputs_[fit], 0.0), TheoryKind::deterministic_equivalent,
            relative_errors_[fit]};
}

Prediction GraphLaw::in_sample_risk(std::size_t fit) const {
    return {at_least_rounding(in_sample_(fit), moment(fit, fit)),
            TheoryKind::deterministic_equivalent, relative_errors_[fit]};
}

Prediction GraphLaw::error_rate(std::size_t fit) const {
    return {sign_error(outputs_[fit], scale_, moment(fit, fit)),
            TheoryKind::deterministic_equivalent, relative_errors_[fit]};
}

Prediction GraphLaw::agreement(std::size_t a, std::size_t c) const {
    return {1.0 - sign_error(outputs_[a], outputs_[c], misfit(a, c).value),
            TheoryKind::deterministic_equivalent,
            std::max(relative_errors_[a], relative_errors_[c])};
}

double sign_error(double square, double other_square, double misfit) {
    if (!(square > 0.0) || !(other_square > 0.0))
        return std::isnan(square + other_square) ? square + other_square : 0.5;
    // 1 − cos, without the difference of two numbers near one.
    const double norm = std::sqrt(square), other = std::sqrt(other_square);
    const double half = (misfit - (norm - other) * (norm - other)) / (4.0 * norm * other);
    return 2.0 * std::asin(std::sqrt(std::clamp(half, 0.0, 1.0))) / std::numbers::pi;
}

double GraphLaw::at_least_rounding(double value, double cancelled) const {
    constexpr double of_sums = 1e-12, of_squares = 1e-25;
    // A sum of large terms that cancel may come out as a small negative number.
    if (value < -of_sums * (cancelled + scale_))
        throw NoGraphLaw("the moments of a graph of fits are lost to rounding");
    const double rounding = std::max(of_sums * cancelled, of_squares * scale_);
    return value <= rounding ? 0.0 : value;
}

std::size_t samples_of(const GraphFit& fit, const std::vector<GraphRows>& rows) {
    std::size_t samples = 0;
    for (const std::size_t group : fit.rows) samples += rows[group].count;
    return samples;
}

bool has_seen(const std::vector<GraphFit>& fits, std::size_t fit, std::size_t group) {
    const GraphFit& of = fits[fit];
    if (std::find(of.rows.begin(), of.rows.end(), group) != of.rows.end()) return true;
    for (const GraphLabels& labels : of.labels)
        for (const auto& [from, weight] : labels.from_fits)
            if (weight != 0.0 && has_seen(fits, from, group)) return true;
    return false;
}

GraphLaw graph_law(const std::vector<GraphRows>& rows, const std::vector<GraphFit>& fits,
                   std::span<const double> truth, std::span<const double> test_spectrum) {
    if (test_spectrum.size() != truth.size())
        throw std::invalid_argument("spectra and coefficients differ in length");
    // Risks in sample are computed when they are asked for: they take longer than all others.
    struct Kept {
        std::vector<GraphRows> rows;
        std::vector<double> truth;
        Linear linear;
        std::optional<Graph> graph;
    };
    const auto kept =
        std::make_shared<Kept>(Kept{rows, {truth.begin(), truth.end()}, {}, std::nullopt});
    kept->linear = linearised(kept->rows, fits, kept->truth);
    kept->graph.emplace(solved(kept->rows, kept->linear, kept->truth));
    const Graph& graph = *kept->graph;
    std::vector<double> moments, outputs;
    std::vector<CoordinateRisks> risks;
    for (std::size_t a = 0; a < fits.size(); ++a) {
        risks.push_back(graph.by_coordinate(a, test_spectrum));
        outputs.push_back(graph.product(a, a, test_spectrum));
        for (std::size_t c = 0; c < fits.size(); ++c)
            moments.push_back(graph.moment(a, c, test_spectrum));
    }
    double scale = 0.0;
    for (std::size_t i = 0; i < truth.size(); ++i) scale += test_spectrum[i] * truth[i] * truth[i];
    return {std::move(moments),
            std::move(outputs),
            std::move(risks),
            [kept](std::size_t fit) { return kept->graph->in_sample_risk(fit); },
            graph.relative_errors(),
            scale};
}

}  // namespace cucurbit
