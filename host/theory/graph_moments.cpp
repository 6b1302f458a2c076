#include "host/theory/graph_moments.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <optional>
#include <type_traits>

#include "host/theory/graph_blocks.hpp"

namespace cucurbit {
namespace {

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

/// A linear output rᵀb: its coefficients are mean + Σ_g Σ_d weights[d] Σ_g^{1/2} η_gd.
template <class T>
struct Output {
    using Block = std::vector<T>;
    Block mean;                  ///< [D]
    std::vector<Block> weights;  ///< of each node, or empty where zero

    Output(std::size_t width, std::size_t nodes) : mean(width), weights(nodes) {}
    void add(T factor, const Output& from) {
        if (factor == T(0.0)) return;
        add(factor, from.mean, mean);
        for (std::size_t d = 0; d < weights.size(); ++d) add(factor, from.weights[d], weights[d]);
    }
    static void add(T factor, const Block& from, Block& to) {
        if (factor == T(0.0) || from.empty()) return;
        to.resize(from.size());
        for (std::size_t i = 0; i < from.size(); ++i) to[i] += multiplied(factor, from[i]);
    }
};

/// An output as the second one of a moment: times the second moments of a test row from the left,
/// and times those of each group's rows from the right.
template <class T>
struct Turned {
    std::vector<T> mean;
    std::vector<std::vector<std::vector<T>>> weights;  ///< [g][node]
};

/// Symbols as in docs/theory.md, "Graphs of fits". Each fit is one node, and a flow a node for each
/// of its parts.
template <class Space>
class Graph final : public GraphMoments {
public:
    using T = typename Space::Scalar;
    using Block = std::vector<T>;

    Graph(const std::vector<GraphRows>& rows, const std::vector<GraphFit>& fits,
          std::span<const double> truth, const Residues& residues);

    std::vector<double> moments(const GraphRows& test) const override;
    double product(std::size_t u, std::size_t v, const GraphRows& test) const override {
        return std::real(moment(output(u, test), turned(output(v, test), test)));
    }
    InSample in_sample_risk(std::size_t a) const override;
    CoordinateRisks by_coordinate(std::size_t a, const GraphRows& test) const override;
    double own_error(std::size_t a) const override;
    double steep_error(std::size_t a, std::size_t from, const GraphRows& test) const override;
    double steep_in_sample_error(std::size_t a) const override;
    double resolution() const override { return std::is_same_v<T, double> ? 0.0 : contour_error; }

private:
    struct Node {
        std::size_t fit;
        Part<T> part;
        double samples;            ///< n_a
        std::vector<T> of_groups;  ///< 1/D_g,aa: n_a where all its rows are alike
        Space space;
    };
    /// A weighted sum of a fit's nodes, which may have the truth beside them.
    struct Reading {
        Output<T> output;
        std::vector<T> weights;
    };
    /// Two nodes on the rows of a group, c ≤ a, for E η_ga η_gcᵀ = n_g (D_g C_g D_gᵀ)_ac I.
    struct Pair {
        std::size_t group, a, c;
    };

    std::size_t count() const { return nodes_.size(); }
    std::size_t width() const { return Space::width(rows_.front()); }
    const GraphFit& fit(std::size_t node) const { return fits_[nodes_[node].fit]; }
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
    /// What a pair's covariance, were it one, would be in the moment of two outputs.
    T share(const Output<T>& u, const Turned<T>& v, const Pair& pair) const;
    T of_means(const Output<T>& u, const Turned<T>& v) const;
    T moment(const Output<T>& u, const Turned<T>& v) const;
    Turned<T> turned(const Output<T>& output, const GraphRows& test) const;
    /// What a fit hands on, or the truth of `test`.
    Output<T> output(std::size_t source, const GraphRows& test) const;
    Output<T> error(std::size_t fit) const;
    Reading reading(std::size_t a, bool slope) const;
    T in_sample(std::size_t a, const Reading& x, const Reading& y) const;
    double steepness_error(std::size_t a, T half_slope, T value) const;
    /// What a node leaves of its labels on a row that it has not seen.
    Output<T> left(std::size_t g, std::size_t node) const;
    std::span<const double> truth_of(const GraphRows& rows) const {
        return rows.truth.empty() ? truth_ : rows.truth;
    }
    static void add(T factor, std::span<const double> truth, Output<T>& to) {
        for (std::size_t i = 0; i < truth.size(); ++i) to.mean[i] += factor * truth[i];
    }

    const std::vector<GraphRows>& rows_;
    const std::vector<GraphFit>& fits_;
    std::span<const double> truth_;
    const Residues& residues_;
    std::vector<Node> nodes_;
    std::vector<std::vector<AlikeRows>> alike_;  ///< of each fit
    std::vector<std::size_t> first_;             ///< node of each fit, and one more
    std::vector<Square<T>> labels_;              ///< L_g: rows of the nodes that use g
    std::vector<std::vector<T>> from_truth_;     ///< w_g,a0
    std::vector<std::vector<Block>> q_;          ///< Q
    std::vector<Square<T>> d_;                   ///< D_g
    std::vector<Output<T>> outputs_;             ///< of each node
    std::vector<Pair> pairs_;
    std::vector<T> covariance_;  ///< D_g C_g D_gᵀ of each pair
};

template <class Space>
Graph<Space>::Graph(const std::vector<GraphRows>& rows, const std::vector<GraphFit>& fits,
                    std::span<const double> truth, const Residues& residues)
    : rows_(rows), fits_(fits), truth_(truth), residues_(residues) {
    for (std::size_t a = 0; a < fits.size(); ++a) add_nodes(a);
    first_.push_back(count());
    labels_.assign(rows.size(), Square<T>(count()));
    from_truth_.assign(rows.size(), std::vector<T>(count()));
    q_.assign(count(), std::vector<Block>(count()));
    d_.assign(rows.size(), Square<T>(count()));
    for (std::size_t a = 0; a < fits.size(); ++a) add_labels(a);
    for (std::size_t g = 0; g < rows.size(); ++g)
        for (std::size_t a = 0; a < count(); ++a)
            if (member(g, a)) d_[g](a, a) = 1.0 / nodes_[a].of_groups[g];
    find_fixed_point();
    find_outputs();
    find_covariances();
}

template <class Space>
void Graph<Space>::add_nodes(std::size_t a) {
    const GraphFit& fit = fits_[a];
    if (fit.rows.empty()) throw std::invalid_argument("a fit needs rows");
    if (!fit.truth.empty()) throw NoGraphLaw("a fit has a truth of its own");
    if (!(fit.time >= 0.0) || (fit.time > 0.0 && fit.penalty != 0.0))
        throw std::invalid_argument("a flow has a positive time and no penalty");
    for (const std::size_t g : fit.rows) {
        if (g >= rows_.size() || rows_[g].spectrum.size() != truth_.size() ||
            truth_of(rows_[g]).size() != truth_.size() || Space::width(rows_[g]) != width())
            throw std::invalid_argument("a fit's rows must have spectra and truths of p values");
    }
    if (fit.features == 0 || fit.first + fit.features > width())
        throw std::invalid_argument("a fit needs features that its rows have");
    if (fit.labels.size() != fit.rows.size())
        throw std::invalid_argument("a fit needs labels for each of its groups");
    if (!fit.row_weights.empty() && fit.row_weights.size() != fit.rows.size())
        throw std::invalid_argument("a fit needs weights for each of its groups");
    for (const double weight : fit.row_weights)
        if (!(weight > 0.0) || !std::isfinite(weight))
            throw std::invalid_argument("weights of rows are positive");
    const std::size_t samples = samples_of(fit, rows_);
    first_.push_back(count());
    const std::vector<AlikeRows>& alike = alike_.emplace_back(alike_rows(rows_, fit));
    for (const Part<T>& part : parts_of<T>(fit, static_cast<double>(samples))) {
        Node node{a, part, static_cast<double>(samples), std::vector<T>(rows_.size()),
                  Space(alike, fit, part.penalty)};
        for (std::size_t k = 0; k < alike.size(); ++k)
            for (const std::size_t g : alike[k].groups)
                node.of_groups[g] =
                    static_cast<double>(alike[k].count) / node.space.shrinkage().shares[k];
        nodes_.push_back(std::move(node));
    }
}

template <class Space>
void Graph<Space>::add_labels(std::size_t a) {
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
template <class Space>
void Graph<Space>::respond() {
    for (std::size_t a = 0; a < count(); ++a) {
        // What it learns from rows of each spectrum, and from whose labels.
        std::vector<std::vector<T>> learnt;
        for (const AlikeRows& each : alike_[nodes_[a].fit]) {
            std::vector<T>& from = learnt.emplace_back(a);
            for (const std::size_t g : each.groups)
                for (std::size_t c = 0; c <= a; ++c) {
                    const T factor = static_cast<double>(rows_[g].count) * d_[g](a, c);
                    if (factor == T(0.0)) continue;
                    for (std::size_t d = 0; d < std::min(c + 1, a); ++d)
                        from[d] += factor * labels_[g](c, d);
                }
        }
        for (std::size_t c = 0; c < a; ++c) {
            Block seen;
            for (std::size_t k = 0; k < learnt.size(); ++k) {
                Block sum;
                for (std::size_t d = c; d < a; ++d) Output<T>::add(learnt[k][d], q_[d][c], sum);
                nodes_[a].space.see(*alike_[nodes_[a].fit][k].rows, std::move(sum), seen);
            }
            q_[a][c] = nodes_[a].space.shrunk(std::move(seen));
        }
        q_[a][a] = nodes_[a].space.b();
    }
}

/// X_g: what a row that a member learnt adds to the outputs of all fits on that row.
template <class Space>
Square<typename Space::Scalar> Graph<Space>::traces(std::size_t g) const {
    Square<T> x(count());
    for (std::size_t a = 0; a < count(); ++a)
        for (std::size_t c = 0; c <= a; ++c)
            if (member(g, c)) x(a, c) = nodes_[c].space.trace(rows_[g], q_[a][c]);
    return x;
}

/// [diag(1/D_g,aa − X_g,aa) + L X_g]⁻¹ on the members of a group: triangles, solved column by
/// column.
template <class Space>
Square<typename Space::Scalar> Graph<Space>::next(std::size_t g) const {
    const Square<T> x = traces(g);
    Square<T> system(count()), result(count());
    std::vector<std::size_t> members;
    for (std::size_t a = 0; a < count(); ++a)
        if (member(g, a)) members.push_back(a);
    for (const std::size_t a : members) {
        system(a, a) = nodes_[a].of_groups[g] - x(a, a);
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

template <class Space>
void Graph<Space>::find_fixed_point() {
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

/// b_a = Σ_g Σ_d Q_ad (n_g Σ_g (D_g w_g0)_d β_g + Σ_g^{1/2} η_gd).
template <class Space>
void Graph<Space>::find_outputs() {
    for (std::size_t a = 0; a < count(); ++a) {
        Output<T>& output = outputs_.emplace_back(width(), count());
        for (std::size_t d = 0; d <= a; ++d) output.weights[d] = q_[a][d];
        for (std::size_t g = 0; g < rows_.size(); ++g)
            for (std::size_t d = 0; d <= a; ++d) {
                T learnt = 0.0;
                for (std::size_t c = 0; c <= d; ++c) learnt += d_[g](d, c) * from_truth_[g][c];
                if (learnt == T(0.0)) continue;
                Output<T>::add(static_cast<double>(rows_[g].count) * learnt,
                               nodes_[d].space.times(q_[a][d], rows_[g], truth_of(rows_[g])),
                               output.mean);
            }
    }
}

template <class Space>
typename Space::Scalar Graph<Space>::noise(std::size_t g, std::size_t a, std::size_t c) const {
    const auto observed = [&](std::size_t node) {
        const std::vector<std::size_t>& rows = fit(node).rows;
        const auto place = std::find(rows.begin(), rows.end(), g) - rows.begin();
        return fit(node).labels[static_cast<std::size_t>(place)].observed * rows_[g].noise_std;
    };
    const std::size_t of = nodes_[a].fit, other = nodes_[c].fit;
    const double own = of == other ? fits_[of].noise_std * fits_[of].noise_std : 0.0;
    return observed(a) * observed(c) + own + residues_[g](of, other);
}

template <class Space>
Turned<typename Space::Scalar> Graph<Space>::turned(const Output<T>& output,
                                                    const GraphRows& test) const {
    Turned<T> turned{Space::turned(test, output.mean), {}};
    for (std::size_t g = 0; g < rows_.size(); ++g) {
        std::vector<Block>& weights = turned.weights.emplace_back(count());
        for (std::size_t d = 0; d < count(); ++d)
            if (member(g, d))
                weights[d] = nodes_[d].space.turned(test, output.weights[d], rows_[g]);
    }
    return turned;
}

template <class Space>
typename Space::Scalar Graph<Space>::share(const Output<T>& u, const Turned<T>& v,
                                           const Pair& pair) const {
    T sum = 0.0;
    const auto add = [&](std::size_t c, std::size_t d) {
        const Block& y = v.weights[pair.group][d];
        if (!y.empty())
            nodes_[c].space.for_products(u.weights[c], y, [&](std::size_t, T x) { sum += x; });
    };
    add(pair.a, pair.c);
    if (pair.a != pair.c) add(pair.c, pair.a);
    return static_cast<double>(rows_[pair.group].count) * sum;
}

template <class Space>
typename Space::Scalar Graph<Space>::of_means(const Output<T>& u, const Turned<T>& v) const {
    T sum = 0.0;
    for (std::size_t i = 0; i < u.mean.size(); ++i) sum += u.mean[i] * v.mean[i];
    return sum;
}

template <class Space>
typename Space::Scalar Graph<Space>::moment(const Output<T>& u, const Turned<T>& v) const {
    T sum = of_means(u, v);
    for (std::size_t k = 0; k < pairs_.size(); ++k) sum += share(u, v, pairs_[k]) * covariance_[k];
    return sum;
}

template <class Space>
Output<typename Space::Scalar> Graph<Space>::output(std::size_t source,
                                                    const GraphRows& test) const {
    Output<T> output(width(), count());
    if (source == of_truth)
        add(1.0, truth_of(test), output);
    else
        for (std::size_t k = first_[source]; k < first_[source + 1]; ++k)
            output.add(nodes_[k].part.weight, outputs_[k]);
    return output;
}

template <class Space>
Output<typename Space::Scalar> Graph<Space>::error(std::size_t fit) const {
    Output<T> error = output(fit, rows_.front());
    add(-1.0, truth_, error);
    return error;
}

template <class Space>
Output<typename Space::Scalar> Graph<Space>::left(std::size_t g, std::size_t node) const {
    Output<T> left(width(), count());
    for (std::size_t c = 0; c <= node; ++c) left.add(-labels_[g](node, c), outputs_[c]);
    add(from_truth_[g][node], truth_of(rows_[g]), left);
    return left;
}

/// C_g,ac = E ε_a ε_c + E (l_a − b_a)ᵀ Σ_g (l_c − b_c), and the covariances D C Dᵀ that these
/// moments are made of. Two nodes need those of the nodes before them, and their own in all groups
/// that both are trained on.
template <class Space>
void Graph<Space>::find_covariances() {
    std::vector<std::vector<Output<T>>> lefts(rows_.size());
    std::vector<std::vector<Turned<T>>> turned_lefts(rows_.size());
    std::vector<Square<T>> left_over(rows_.size(), Square<T>(count()));  // C
    for (std::size_t g = 0; g < rows_.size(); ++g)
        for (std::size_t a = 0; a < count(); ++a) {
            lefts[g].push_back(member(g, a) ? left(g, a) : Output<T>(0, 0));
            turned_lefts[g].push_back(member(g, a) ? turned(lefts[g][a], rows_[g]) : Turned<T>());
        }
    for (std::size_t a = 0; a < count(); ++a)
        for (std::size_t c = 0; c <= a; ++c) {
            std::vector<Pair> both;
            for (std::size_t g = 0; g < rows_.size(); ++g)
                if (member(g, a) && member(g, c)) both.push_back({g, a, c});
            std::vector<T> system(both.size() * both.size()), right;
            for (std::size_t k = 0; k < both.size(); ++k) {
                const std::size_t g = both[k].group;
                const Output<T>& u = lefts[g][a];
                const Turned<T>& v = turned_lefts[g][c];
                left_over[g](a, c) = noise(g, a, c) + moment(u, v);
                right.push_back(0.0);
                for (std::size_t d = 0; d <= a; ++d)
                    for (std::size_t e = 0; e <= c; ++e)
                        right[k] += d_[g](a, d) * d_[g](c, e) *
                                    left_over[g](std::max(d, e), std::min(d, e));
                for (std::size_t j = 0; j < both.size(); ++j)
                    system[j * both.size() + k] =
                        (k == j ? 1.0 : 0.0) - d_[g](a, a) * d_[g](c, c) * share(u, v, both[j]);
            }
            if (!both.empty() && !solve_in_place(system, right))
                throw NoGraphLaw("the moments of a graph of fits are not determined");
            for (const Pair& each : both)
                for (std::size_t j = 0; j < both.size(); ++j)
                    left_over[each.group](a, c) +=
                        share(lefts[each.group][a], turned_lefts[each.group][c], both[j]) *
                        right[j];
            pairs_.insert(pairs_.end(), both.begin(), both.end());
            covariance_.insert(covariance_.end(), right.begin(), right.end());
        }
}

template <class Space>
std::vector<double> Graph<Space>::moments(const GraphRows& test) const {
    std::vector<Output<T>> errors;
    for (std::size_t a = 0; a < fits_.size(); ++a) errors.push_back(error(a));
    std::vector<double> moments(fits_.size() * fits_.size());
    for (std::size_t c = 0; c < fits_.size(); ++c) {
        const Turned<T> other = turned(errors[c], test);
        for (std::size_t a = 0; a < fits_.size(); ++a)
            moments[a * fits_.size() + c] = std::real(moment(errors[a], other));
    }
    return moments;
}

/// A row's outputs are those of fits that left it out, and what they learn from it: X_g D_g times
/// what was left of its labels. Of two readings of a fit's nodes.
template <class Space>
typename Space::Scalar Graph<Space>::in_sample(std::size_t a, const Reading& x,
                                               const Reading& y) const {
    T risk = 0.0;
    for (const std::size_t g : fits_[a].rows) {
        const Turned<T> turned_x = turned(x.output, rows_[g]),
                        turned_y = turned(y.output, rows_[g]);
        const Square<T> traces_of = traces(g);
        const auto learnt = [&](const Reading& reading) {
            std::vector<T> row(count());
            for (std::size_t k = first_[a]; k < first_[a + 1]; ++k)
                for (std::size_t d = 0; d <= k; ++d)
                    row[d] += reading.weights[k - first_[a]] * traces_of(k, d);
            return row;
        };
        const std::vector<T> of_x = learnt(x), of_y = learnt(y);
        T of_group = moment(x.output, turned_y);
        for (std::size_t c = 0; c < count(); ++c) {
            T from_x = 0.0, from_y = 0.0;
            for (std::size_t d = c; d < count(); ++d) {
                from_x += of_x[d] * d_[g](d, c);
                from_y += of_y[d] * d_[g](d, c);
            }
            if (from_x == T(0.0) && from_y == T(0.0)) continue;
            const Output<T> of_labels = left(g, c);
            of_group += from_x * moment(of_labels, turned_y) + from_y * moment(of_labels, turned_x);
        }
        for (std::size_t k = 0; k < pairs_.size(); ++k) {
            const auto [group, c, d] = pairs_[k];
            if (group == g)
                of_group +=
                    (of_x[c] * of_y[d] + (c == d ? T(0.0) : of_x[d] * of_y[c])) * covariance_[k];
        }
        risk += static_cast<double>(rows_[g].count) / nodes_[first_[a]].samples * of_group;
    }
    return risk;
}

/// What a fit errs by, or how that changes with the logarithm of a flow's time.
template <class Space>
typename Graph<Space>::Reading Graph<Space>::reading(std::size_t a, bool slope) const {
    Reading reading{slope ? Output<T>(width(), count()) : error(a), {}};
    for (std::size_t k = first_[a]; k < first_[a + 1]; ++k) {
        const Part<T>& part = nodes_[k].part;
        const T changed = part.weight * part.penalty * (fits_[a].time / nodes_[k].samples);
        reading.weights.push_back(slope ? changed : part.weight);
        if (slope) reading.output.add(changed, outputs_[k]);
    }
    return reading;
}

template <class Space>
GraphMoments::InSample Graph<Space>::in_sample_risk(std::size_t a) const {
    const Reading own = reading(a, false);
    double unseen = 0.0;
    for (const std::size_t g : fits_[a].rows)
        unseen += static_cast<double>(rows_[g].count) / nodes_[first_[a]].samples *
                  std::real(moment(own.output, turned(own.output, rows_[g])));
    return {std::real(in_sample(a, own, own)), unseen};
}

/// As eigenvalues of a sample scatter, so does a risk that falls like e^−t: a mean of e^(s z), z of
/// variance 2/n, is off by e^(s²/n), s = d log risk/d log t, of which twice the exponent is
/// allowed.
template <class Space>
double Graph<Space>::steepness_error(std::size_t a, T half_slope, T value) const {
    if (std::real(value) == 0.0) return 0.0;
    const double steepness = 2.0 * std::real(half_slope) / std::real(value);
    return std::expm1(2.0 * steepness * steepness / nodes_[first_[a]].samples);
}

template <class Space>
double Graph<Space>::steep_in_sample_error(std::size_t a) const {
    if (fits_[a].time == 0.0) return 0.0;
    const Reading own = reading(a, false);
    return steepness_error(a, in_sample(a, own, reading(a, true)), in_sample(a, own, own));
}

template <class Space>
double Graph<Space>::steep_error(std::size_t a, std::size_t from, const GraphRows& test) const {
    Output<T> apart = output(a, test);
    apart.add(-1.0, output(from, test));
    const Turned<T> other = turned(apart, test);
    const T value = moment(apart, other);
    double error = 0.0;
    for (const std::size_t fit : {a, from})
        if (fit != of_truth && fits_[fit].time > 0.0)
            error += steepness_error(fit, moment(reading(fit, true).output, other), value);
    return error;
}

template <class Space>
CoordinateRisks Graph<Space>::by_coordinate(std::size_t a, const GraphRows& test) const {
    const Output<T> own = error(a);
    const Turned<T> turned_own = turned(own, test);
    std::vector<T> risk;
    CoordinateRisks risks;
    for (std::size_t i = 0; i < own.mean.size(); ++i) {
        risk.push_back(own.mean[i] * turned_own.mean[i]);
        risks.bias.push_back(std::real(risk[i]));
    }
    for (std::size_t k = 0; k < pairs_.size(); ++k) {
        const auto [g, c, d] = pairs_[k];
        const Block& y = turned_own.weights[g][d];
        if (y.empty()) continue;
        const T factor =
            (c == d ? 1.0 : 2.0) * static_cast<double>(rows_[g].count) * covariance_[k];
        nodes_[c].space.for_products(own.weights[c], y,
                                     [&](std::size_t i, T x) { risk[i] += factor * x; });
    }
    for (const T& each : risk) risks.risk.push_back(std::real(each));
    return risks;
}

/// A flow's is that of the ridge fit of penalty n/t, which shrinks alike.
template <class Space>
double Graph<Space>::own_error(std::size_t a) const {
    const GraphFit& fit = fits_[a];
    const double penalty = fit.time > 0.0 ? nodes_[first_[a]].samples / fit.time : fit.penalty;
    FixedPoint fixed_point;
    fixed_point.effective_excess = effective_excess(Space::kinds(alike_[a], fit), penalty);
    return equivalent_error(fixed_point);
}

}  // namespace

std::unique_ptr<GraphMoments> solve_graph(const std::vector<GraphRows>& rows,
                                          const std::vector<GraphFit>& fits,
                                          std::span<const double> truth, const Residues& residues) {
    const bool flows =
        std::any_of(fits.begin(), fits.end(), [](const GraphFit& fit) { return fit.time > 0.0; });
    const bool dense = !rows.empty() && rows.front().moments != nullptr;
    const auto solved =
        [&]<class Space>(std::type_identity<Space>) -> std::unique_ptr<GraphMoments> {
        return std::make_unique<Graph<Space>>(rows, fits, truth, residues);
    };
    if (dense && flows) return solved(std::type_identity<Dense<std::complex<double>>>());
    if (dense) return solved(std::type_identity<Dense<double>>());
    if (flows) return solved(std::type_identity<Diagonal<std::complex<double>>>());
    return solved(std::type_identity<Diagonal<double>>());
}

}  // namespace cucurbit
