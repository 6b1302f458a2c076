#include "host/theory/graph_moments.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <numbers>
#include <optional>
#include <type_traits>

namespace cucurbit {
namespace {

/// A ridge fit with its share in an estimator.
template <class T>
struct Part {
    T penalty, weight;
};

/// A flow for time t on the mean of squares is Σ weight · (XᵀX + penalty)⁻¹Xᵀy: Talbot's contour
/// for the inverse Laplace transform of 1/(z(z + λ)) at t/n (Weideman 2006, equation 4.5), with an
/// error below contour_error whatever the eigenvalues λ ≥ 0.
constexpr int contour_nodes = 16;
constexpr double contour_error = 1e-8;
std::vector<Part<std::complex<double>>> parts_of_flow(double time, double samples) {
    constexpr double nodes = contour_nodes;
    std::vector<Part<std::complex<double>>> parts;
    for (int k = 0; k < contour_nodes; ++k) {
        const double angle = (2.0 * k + 1.0) * std::numbers::pi / nodes - std::numbers::pi;
        const double turned = 0.6407 * angle, cotangent = 1.0 / std::tan(turned);
        const std::complex<double> z =
            nodes * std::complex(0.5017 * angle * cotangent - 0.6122, 0.2645 * angle);
        const std::complex<double> slope(
            0.5017 * (cotangent - turned * (1.0 + cotangent * cotangent)), 0.2645);
        parts.push_back({z * samples / time, std::exp(z) * slope / (std::complex(0.0, 1.0) * z)});
    }
    return parts;
}

template <class T>
std::vector<Part<T>> parts_of(const GraphFit& fit, double samples) {
    if constexpr (!std::is_same_v<T, double>)
        if (fit.time > 0.0) return parts_of_flow(fit.time, samples);
    static_cast<void>(samples);
    return {{T(fit.penalty), T(1.0)}};
}

/// ξ of Σ λ/(λ + ξ) + penalty/ξ = n.
double shrinkage(std::span<const double> spectrum, std::size_t samples, double penalty) {
    return solve_fixed_point(spectrum, samples, penalty).xi;
}

/// The penalty is turned into the plane from the positive numbers, ξ by Newton's method after it.
std::complex<double> shrinkage(std::span<const double> spectrum, std::size_t samples,
                               std::complex<double> penalty) {
    constexpr int turns = 24, most_steps = 50;
    constexpr double close = 1e-14;
    const double size = std::abs(penalty), angle = std::arg(penalty);
    const double xi = solve_fixed_point(spectrum, samples, size).xi;
    if (angle == 0.0) return xi;
    std::complex<double> logarithm = std::log(xi);
    for (int turn = 1; turn <= turns; ++turn) {
        const std::complex<double> at = std::polar(size, angle * turn / turns);
        std::complex<double> step = 1.0;
        for (int k = 0; k < most_steps && std::abs(step) > close; ++k) {
            const std::complex<double> root = std::exp(logarithm);
            std::complex<double> value = at / root - static_cast<double>(samples);
            std::complex<double> slope = -at / root;
            for (const double lambda : spectrum) {
                const std::complex<double> kept = lambda / (lambda + root);
                value += kept;
                slope -= kept * (1.0 - kept);
            }
            step = value / slope;
            logarithm -= step;
        }
        if (!(std::abs(step) <= 1e3 * close))
            throw NoGraphLaw("the fixed point of a gradient flow is not found");
    }
    return std::exp(logarithm);
}

/// A square matrix of numbers.
template <class T>
class Square {
public:
    explicit Square(std::size_t order) : order_(order), values_(order * order) {}
    T& operator()(std::size_t a, std::size_t c) { return values_[a * order_ + c]; }
    T operator()(std::size_t a, std::size_t c) const { return values_[a * order_ + c]; }

private:
    std::size_t order_;
    std::vector<T> values_;
};

/// A linear output xᵀb: its coefficients are mean + Σ_g Σ_c noise[g][c] √λ_g ξ_gc, all diagonal.
template <class T>
struct Output {
    std::vector<T> mean;                               ///< [p]
    std::vector<std::vector<std::vector<T>>> weights;  ///< [g][node c]: [p], or none where zero

    Output(std::size_t p, std::size_t groups, std::size_t nodes)
        : mean(p), weights(groups, std::vector<std::vector<T>>(nodes)) {}
    void add(T factor, const Output& from) {
        if (factor == T(0.0)) return;
        add(factor, from.mean, mean);
        for (std::size_t g = 0; g < weights.size(); ++g)
            for (std::size_t c = 0; c < weights[g].size(); ++c)
                add(factor, from.weights[g][c], weights[g][c]);
    }
    static void add(T factor, const std::vector<T>& from, std::vector<T>& to) {
        if (factor == T(0.0) || from.empty()) return;
        to.resize(from.size());
        for (std::size_t i = 0; i < from.size(); ++i) to[i] += factor * from[i];
    }
};

/// Symbols as in docs/theory.md, "Graphs of fits". Each fit is one node, and a flow a node for each
/// of its parts. All p×p blocks are diagonal here, [p] each.
template <class T>
class Graph final : public GraphMoments {
public:
    Graph(const std::vector<GraphRows>& rows, const std::vector<GraphFit>& fits,
          std::span<const double> truth, const Residues& residues);

    double moment(std::size_t a, std::size_t c, std::span<const double> test) const override {
        return std::real(moment(error(a), error(c), test));
    }
    double product(std::size_t u, std::size_t v, std::span<const double> test) const override {
        return std::real(moment(output(u), output(v), test));
    }
    double in_sample_risk(std::size_t a) const override;
    CoordinateRisks by_coordinate(std::size_t a, std::span<const double> test) const override;
    double own_error(std::size_t a, std::span<const double> test) const override;
    double resolution() const override { return std::is_same_v<T, double> ? 0.0 : contour_error; }

private:
    struct Node {
        std::size_t fit;
        Part<T> part;
        double samples;    ///< n_a
        std::vector<T> b;  ///< diagonal of B_a
    };
    /// C_g,ac for two nodes on the rows of a group, c ≤ a: C is symmetric.
    struct Pair {
        std::size_t group, a, c;
    };
    using Values = std::vector<T>;

    std::size_t count() const { return nodes_.size(); }
    std::size_t p() const { return truth_.size(); }
    const GraphFit& fit(std::size_t node) const { return fits_[nodes_[node].fit]; }
    const std::vector<double>& spectrum(const GraphFit& fit) const {
        return rows_[fit.rows.front()].spectrum;
    }
    bool member(std::size_t g, std::size_t node) const {
        const std::vector<std::size_t>& rows = fit(node).rows;
        return std::find(rows.begin(), rows.end(), g) != rows.end();
    }
    void add_nodes(std::size_t a);
    void add_labels(std::size_t a);
    void respond();
    Square<T> traces(std::size_t g) const;
    Square<T> next(std::size_t g) const;
    void find_fixed_point();
    void find_outputs();
    void find_covariances();
    T noise(std::size_t g, std::size_t a, std::size_t c) const;
    /// The share of C of a pair in the moment of two outputs under diag(s).
    T share(const Output<T>& u, const Output<T>& v, std::span<const double> s,
            const Pair& pair) const;
    T moment(const Output<T>& u, const Output<T>& v, std::span<const double> s) const;
    Output<T> none() const { return {p(), rows_.size(), count()}; }
    /// What a fit hands on, or the truth.
    Output<T> output(std::size_t source) const;
    Output<T> error(std::size_t fit) const;
    /// What a node leaves of its labels on a row that it has not seen.
    Output<T> left(std::size_t g, std::size_t node) const;
    void add_truth(T factor, Output<T>& to) const {
        for (std::size_t i = 0; i < p(); ++i) to.mean[i] += factor * truth_[i];
    }

    const std::vector<GraphRows>& rows_;
    const std::vector<GraphFit>& fits_;
    std::span<const double> truth_;
    const Residues& residues_;
    std::vector<Node> nodes_;
    std::vector<std::size_t> first_;  ///< node of each fit, and one more
    std::vector<Square<T>> labels_;   ///< L_g: rows of the nodes that use g
    std::vector<Values> from_truth_;  ///< w_g,a0
    std::vector<std::vector<Values>> q_;
    std::vector<Square<T>> d_;
    std::vector<Output<T>> outputs_;  ///< of each node
    std::vector<Pair> pairs_;
    Values covariance_;  ///< C of each pair
};

template <class T>
Graph<T>::Graph(const std::vector<GraphRows>& rows, const std::vector<GraphFit>& fits,
                std::span<const double> truth, const Residues& residues)
    : rows_(rows), fits_(fits), truth_(truth), residues_(residues) {
    for (std::size_t a = 0; a < fits.size(); ++a) add_nodes(a);
    first_.push_back(count());
    labels_.assign(rows.size(), Square<T>(count()));
    from_truth_.assign(rows.size(), Values(count()));
    q_.assign(count(), std::vector<Values>(count(), Values()));
    d_.assign(rows.size(), Square<T>(count()));
    for (std::size_t a = 0; a < fits.size(); ++a) add_labels(a);
    for (std::size_t g = 0; g < rows.size(); ++g)
        for (std::size_t a = 0; a < count(); ++a)
            if (member(g, a)) d_[g](a, a) = 1.0 / nodes_[a].samples;
    find_fixed_point();
    find_outputs();
    find_covariances();
}

template <class T>
void Graph<T>::add_nodes(std::size_t a) {
    const GraphFit& fit = fits_[a];
    if (fit.rows.empty() || fit.features == 0 || fit.features > p())
        throw std::invalid_argument("a fit needs rows and at most p features");
    if (!(fit.time >= 0.0) || (fit.time > 0.0 && fit.penalty != 0.0))
        throw std::invalid_argument("a flow has a positive time and no penalty");
    for (const std::size_t g : fit.rows) {
        if (g >= rows_.size() || rows_[g].spectrum.size() != p() ||
            rows_[g].spectrum != spectrum(fit))
            throw std::invalid_argument("a fit's rows must have one spectrum of p values");
    }
    if (fit.labels.size() != fit.rows.size())
        throw std::invalid_argument("a fit needs labels for each of its groups");
    const std::size_t samples = samples_of(fit, rows_);
    const std::span seen = std::span(spectrum(fit)).first(fit.features);
    first_.push_back(count());
    for (const Part<T>& part : parts_of<T>(fit, static_cast<double>(samples))) {
        const T xi = shrinkage(seen, samples, part.penalty);
        Node node{a, part, static_cast<double>(samples), Values(p())};
        for (std::size_t i = 0; i < fit.features; ++i) node.b[i] = 1.0 / (seen[i] + xi);
        nodes_.push_back(std::move(node));
    }
}

template <class T>
void Graph<T>::add_labels(std::size_t a) {
    for (std::size_t k = 0; k < fits_[a].rows.size(); ++k) {
        const std::size_t g = fits_[a].rows[k];
        const GraphLabels& labels = fits_[a].labels[k];
        for (std::size_t node = first_[a]; node < first_[a + 1]; ++node) {
            if (labels_[g](node, node) != T(0.0))
                throw std::invalid_argument("a group appears twice in a fit");
            from_truth_[g][node] = labels.from_truth + labels.observed;
            labels_[g](node, node) = 1.0;
            for (const auto& [c, weight] : labels.from_fits) {
                if (c >= a) throw std::invalid_argument("labels come from earlier fits");
                for (std::size_t from = first_[c]; from < first_[c + 1]; ++from)
                    labels_[g](node, from) -= weight * nodes_[from].part.weight;
            }
        }
    }
}

/// Q, given D.
template <class T>
void Graph<T>::respond() {
    Square<T> t(count());
    for (std::size_t g = 0; g < rows_.size(); ++g)
        for (std::size_t a = 0; a < count(); ++a)
            for (std::size_t c = 0; c <= a; ++c) {
                const T factor = static_cast<double>(rows_[g].count) * d_[g](a, c);
                if (factor == T(0.0)) continue;
                for (std::size_t d = 0; d <= c; ++d) t(a, d) += factor * labels_[g](c, d);
            }
    for (std::size_t a = 0; a < count(); ++a) {
        const std::vector<double>& s = spectrum(fit(a));
        for (std::size_t c = 0; c < a; ++c) {
            Values sum;
            for (std::size_t d = c; d < a; ++d) Output<T>::add(t(a, d), q_[d][c], sum);
            for (std::size_t i = 0; i < sum.size(); ++i) sum[i] *= -nodes_[a].b[i] * s[i];
            q_[a][c] = std::move(sum);
        }
        q_[a][a] = nodes_[a].b;
    }
}

/// X_g: what a row that a member learnt adds to the outputs of all fits on that row.
template <class T>
Square<T> Graph<T>::traces(std::size_t g) const {
    const std::vector<double>& s = rows_[g].spectrum;
    Square<T> x(count());
    for (std::size_t a = 0; a < count(); ++a)
        for (std::size_t c = 0; c <= a; ++c)
            if (member(g, c))
                for (std::size_t i = 0; i < q_[a][c].size(); ++i) x(a, c) += s[i] * q_[a][c][i];
    return x;
}

/// [diag(n_a − X_g,aa) + L X_g]⁻¹ on the members of a group: triangles, solved column by column.
template <class T>
Square<T> Graph<T>::next(std::size_t g) const {
    const Square<T> x = traces(g);
    Square<T> system(count()), result(count());
    std::vector<std::size_t> members;
    for (std::size_t a = 0; a < count(); ++a)
        if (member(g, a)) members.push_back(a);
    for (const std::size_t a : members) {
        system(a, a) = nodes_[a].samples - x(a, a);
        // Fits on other rows among them: what they learnt from these comes back in their labels.
        for (std::size_t d = 0; d <= a; ++d)
            if (labels_[g](a, d) != T(0.0))
                for (std::size_t c = 0; c <= d; ++c) system(a, c) += labels_[g](a, d) * x(d, c);
    }
    for (const std::size_t c : members)
        for (const std::size_t a : members) {
            if (a < c) continue;
            T right = a == c ? 1.0 : 0.0;
            for (const std::size_t d : members)
                if (d >= c && d < a) right -= system(a, d) * result(d, c);
            result(a, c) = right / system(a, a);
        }
    return result;
}

template <class T>
void Graph<T>::find_fixed_point() {
    constexpr int most_rounds = 2'000;
    constexpr double tolerance = 1e-13;
    for (int round = 0; round < most_rounds; ++round) {
        respond();
        double change = 0.0;
        for (std::size_t g = 0; g < rows_.size(); ++g) {
            const Square<T> wanted = next(g);
            for (std::size_t a = 0; a < count(); ++a)
                for (std::size_t c = 0; c <= a; ++c) {
                    const T step = wanted(a, c) - d_[g](a, c);
                    // Labels of large weights make large entries.
                    const double size = std::max(1.0 / nodes_[a].samples, std::abs(wanted(a, c)));
                    change = std::max(change, std::abs(step) / size);
                    d_[g](a, c) += 0.5 * step;
                }
        }
        if (change < tolerance) {
            respond();
            return;
        }
    }
    throw NoGraphLaw("the fixed point of a graph of fits is not found");
}

/// b_a = Σ_g Σ_c (Q D_g)_ac (n_g Σ_g w_g,c0 β* + Σ_g^{1/2} ξ_gc).
template <class T>
void Graph<T>::find_outputs() {
    for (std::size_t a = 0; a < count(); ++a) {
        Output<T>& output = outputs_.emplace_back(none());
        for (std::size_t g = 0; g < rows_.size(); ++g)
            for (std::size_t c = 0; c <= a; ++c) {
                Values& w = output.weights[g][c];
                for (std::size_t d = c; d <= a; ++d) Output<T>::add(d_[g](d, c), q_[a][d], w);
                const T factor = static_cast<double>(rows_[g].count) * from_truth_[g][c];
                for (std::size_t i = 0; i < w.size(); ++i)
                    output.mean[i] += factor * w[i] * rows_[g].spectrum[i] * truth_[i];
            }
    }
}

template <class T>
T Graph<T>::noise(std::size_t g, std::size_t a, std::size_t c) const {
    const auto observed = [&](std::size_t node) {
        const std::vector<std::size_t>& rows = fit(node).rows;
        const auto place = std::find(rows.begin(), rows.end(), g) - rows.begin();
        return fit(node).labels[static_cast<std::size_t>(place)].observed * rows_[g].noise_std;
    };
    const std::size_t of = nodes_[a].fit, other = nodes_[c].fit;
    const double own = of == other ? fits_[of].noise_std * fits_[of].noise_std : 0.0;
    return observed(a) * observed(c) + own + residues_[g](of, other);
}

template <class T>
T Graph<T>::share(const Output<T>& u, const Output<T>& v, std::span<const double> s,
                  const Pair& pair) const {
    const GraphRows& rows = rows_[pair.group];
    const auto ordered = [&](std::size_t c, std::size_t d) {
        const Values &x = u.weights[pair.group][c], &y = v.weights[pair.group][d];
        T sum = 0.0;
        if (x.empty() || y.empty()) return sum;
        for (std::size_t i = 0; i < p(); ++i) sum += s[i] * rows.spectrum[i] * x[i] * y[i];
        return sum;
    };
    return static_cast<double>(rows.count) *
           (ordered(pair.a, pair.c) + (pair.a == pair.c ? T(0.0) : ordered(pair.c, pair.a)));
}

template <class T>
T Graph<T>::moment(const Output<T>& u, const Output<T>& v, std::span<const double> s) const {
    T sum = 0.0;
    for (std::size_t k = 0; k < pairs_.size(); ++k)
        sum += share(u, v, s, pairs_[k]) * covariance_[k];
    for (std::size_t i = 0; i < p(); ++i) sum += s[i] * u.mean[i] * v.mean[i];
    return sum;
}

template <class T>
Output<T> Graph<T>::output(std::size_t source) const {
    Output<T> output = none();
    if (source == of_truth)
        add_truth(1.0, output);
    else
        for (std::size_t k = first_[source]; k < first_[source + 1]; ++k)
            output.add(nodes_[k].part.weight, outputs_[k]);
    return output;
}

template <class T>
Output<T> Graph<T>::error(std::size_t fit) const {
    Output<T> error = output(fit);
    add_truth(-1.0, error);
    return error;
}

template <class T>
Output<T> Graph<T>::left(std::size_t g, std::size_t node) const {
    Output<T> left = none();
    for (std::size_t c = 0; c <= node; ++c) left.add(-labels_[g](node, c), outputs_[c]);
    add_truth(from_truth_[g][node], left);
    return left;
}

template <class T>
void Graph<T>::find_covariances() {
    for (std::size_t g = 0; g < rows_.size(); ++g)
        for (std::size_t a = 0; a < count(); ++a)
            for (std::size_t c = 0; c <= a; ++c)
                if (member(g, a) && member(g, c)) pairs_.push_back({g, a, c});
    if (pairs_.empty()) return;
    std::vector<T> system(pairs_.size() * pairs_.size()), right(pairs_.size());
    // Pairs are in the order of their groups.
    for (std::size_t g = 0, k = 0; g < rows_.size(); ++g) {
        const std::vector<double>& s = rows_[g].spectrum;
        std::vector<Output<T>> lefts;
        for (std::size_t a = 0; a < count(); ++a)
            lefts.push_back(member(g, a) ? left(g, a) : Output<T>(0, 0, 0));
        for (; k < pairs_.size() && pairs_[k].group == g; ++k) {
            const Output<T>&u = lefts[pairs_[k].a], &v = lefts[pairs_[k].c];
            // The covariances are not known yet: this is what the means say.
            right[k] = noise(g, pairs_[k].a, pairs_[k].c);
            for (std::size_t i = 0; i < p(); ++i) right[k] += s[i] * u.mean[i] * v.mean[i];
            for (std::size_t j = 0; j < pairs_.size(); ++j)
                system[j * pairs_.size() + k] = (k == j ? 1.0 : 0.0) - share(u, v, s, pairs_[j]);
        }
    }
    if (!solve_in_place(system, right))
        throw NoGraphLaw("the moments of a graph of fits are not determined");
    covariance_ = std::move(right);
}

/// A row's outputs are those of fits that left it out, and what they learn from it: K = X_g D_g
/// times what was left of its labels.
template <class T>
double Graph<T>::in_sample_risk(std::size_t a) const {
    const Output<T> own = error(a);
    T risk = 0.0;
    for (const std::size_t g : fits_[a].rows) {
        const std::vector<double>& s = rows_[g].spectrum;
        const Square<T> x = traces(g);
        Values learnt(count());  // row a of K
        for (std::size_t k = first_[a]; k < first_[a + 1]; ++k)
            for (std::size_t d = 0; d <= k; ++d)
                for (std::size_t c = 0; c <= d; ++c)
                    learnt[c] += nodes_[k].part.weight * x(k, d) * d_[g](d, c);
        T of_group = moment(own, own, s);
        for (std::size_t c = 0; c < count(); ++c)
            if (learnt[c] != T(0.0)) of_group += 2.0 * learnt[c] * moment(left(g, c), own, s);
        for (std::size_t k = 0; k < pairs_.size(); ++k) {
            const auto [group, c, d] = pairs_[k];
            if (group == g)
                of_group += (c == d ? 1.0 : 2.0) * learnt[c] * learnt[d] * covariance_[k];
        }
        risk += static_cast<double>(rows_[g].count) / nodes_[first_[a]].samples * of_group;
    }
    return std::real(risk);
}

template <class T>
CoordinateRisks Graph<T>::by_coordinate(std::size_t a, std::span<const double> test) const {
    const Output<T> own = error(a);
    CoordinateRisks risks;
    std::vector<T> risk;
    for (std::size_t i = 0; i < p(); ++i) {
        risk.push_back(test[i] * own.mean[i] * own.mean[i]);
        risks.bias.push_back(std::real(risk[i]));
    }
    for (std::size_t k = 0; k < pairs_.size(); ++k) {
        const auto [g, c, d] = pairs_[k];
        const Values &x = own.weights[g][c], &y = own.weights[g][d];
        if (x.empty() || y.empty()) continue;
        const T factor =
            (c == d ? 1.0 : 2.0) * static_cast<double>(rows_[g].count) * covariance_[k];
        for (std::size_t i = 0; i < p(); ++i)
            risk[i] += factor * test[i] * rows_[g].spectrum[i] * x[i] * y[i];
    }
    for (const T& each : risk) risks.risk.push_back(std::real(each));
    return risks;
}

/// A flow's is that of the ridge fit of penalty n/t, which shrinks alike; and as eigenvalues of a
/// sample scatter, so does a risk that falls like e^−t: a mean of e^(s z), z of variance 2/n, is
/// off by e^(s²/n), s = d log risk/d log t, of which twice the exponent is allowed.
template <class T>
double Graph<T>::own_error(std::size_t a, std::span<const double> test) const {
    const GraphFit& fit = fits_[a];
    const double samples = nodes_[first_[a]].samples;
    const std::span seen = std::span(spectrum(fit)).first(fit.features);
    const double penalty = fit.time > 0.0 ? samples / fit.time : fit.penalty;
    const double alike =
        equivalent_error(solve_fixed_point(seen, static_cast<std::size_t>(samples), penalty));
    if (fit.time == 0.0) return alike;
    Output<T> slope = none();  // d b/d log t
    for (std::size_t k = first_[a]; k < first_[a + 1]; ++k) {
        const Part<T>& part = nodes_[k].part;
        slope.add(part.weight * part.penalty * (fit.time / samples), outputs_[k]);
    }
    const Output<T> own = error(a);
    const double steepness =
        2.0 * std::real(moment(own, slope, test)) / std::real(moment(own, own, test));
    return alike + std::expm1(2.0 * steepness * steepness / samples);
}

}  // namespace

std::unique_ptr<GraphMoments> solve_graph(const std::vector<GraphRows>& rows,
                                          const std::vector<GraphFit>& fits,
                                          std::span<const double> truth, const Residues& residues) {
    if (std::any_of(fits.begin(), fits.end(), [](const GraphFit& fit) { return fit.time > 0.0; }))
        return std::make_unique<Graph<std::complex<double>>>(rows, fits, truth, residues);
    return std::make_unique<Graph<double>>(rows, fits, truth, residues);
}

}  // namespace cucurbit
