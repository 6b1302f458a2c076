#pragma once
// Trials of a graph of fits on an Engine.

#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <set>
#include <vector>

#include "host/studies/fits/feature_fit.hpp"
#include "host/studies/fits/ladder.hpp"
#include "host/studies/graph.hpp"

namespace cucurbit {

class GraphRun final : public LadderSimulation {
public:
    GraphRun(const GraphStudy& setting, const Design& design, Engine* engine, std::size_t batch);

    const Workspace& workspace() const { return workspace_; }
    double flops() const;  ///< of one trial, by formula

private:
    /// What is drawn of a group: its rows, of which a smaller n has the first ones, or, of every n
    /// above p where a factor stands for them, the p columns of that factor, behind the rows.
    struct Draws {
        std::size_t rows = 0;           ///< the most
        std::set<std::size_t> factors;  ///< each n
        std::size_t columns(std::size_t p) const { return rows + p * factors.size(); }
    };
    /// Some features of rows, one group's after another's. Fits on it share its Gram matrix. Where
    /// a factor stands for n rows, they are its columns.
    struct Sample {
        std::vector<std::size_t> groups;
        std::vector<std::size_t> sizes;   ///< n of each
        std::vector<std::size_t> counts;  ///< rows of each
        std::vector<double> weights;      ///< of their squares
        std::size_t first = 0;            ///< of the features, in a row
        std::size_t features = 0;
        std::optional<std::size_t> projection;  ///< of linear features, which rows do not have
        std::size_t samples = 0;                ///< all n
        std::size_t rows = 0;                   ///< all
        bool triangular = false;                ///< the rows are those of a triangle
        bool gram = false;                      ///< whether a fit needs more than the triangle
        bool flows = false;                     ///< whether a flow is among its fits
        bool least_squares() const { return rows >= features; }
        /// Whether its columns are made of rows and kept beside them.
        bool made() const { return projection || weighted(); }
        bool weighted() const {
            return std::any_of(weights.begin(), weights.end(), [](double w) { return w != 1.0; });
        }
        std::size_t order() const { return std::min(rows, features); }
    };
    /// One fit with all its numbers; points that agree in them, and in those of the fits that label
    /// it, share it.
    struct Node {
        std::size_t fit = 0;        ///< in the study
        GraphFit numbers;           ///< from_fits: nodes
        std::vector<double> noise;  ///< of the observations of each of its groups
        std::size_t sample = 0;     ///< among the samples
        std::size_t solved = 0;     ///< index among the solves with as many features; not of flows
        bool triangular = false;    ///< solved with its sample's triangle as it is drawn
        std::size_t projected = 0;  ///< its place among those of linear features
        bool flows() const { return numbers.time > 0.0; }
    };
    /// The places of what was made already.
    struct Known {
        std::map<std::vector<double>, std::size_t> nodes;
        std::map<std::vector<double>, std::size_t> samples;
    };
    /// Fits of so many leading coordinates.
    struct Features {
        std::vector<std::size_t> rows;  ///< of each solve's sample
        std::vector<double> penalties;
        bool triangular = true;  ///< all
        std::unique_ptr<FeatureFit> fit;
    };
    /// How a series comes from results.
    struct Reading {
        GraphSpec::Measure::Kind kind;
        std::size_t node, other;  ///< the same where a measure is of one fit
        /// Their places: of the value itself, or of the squares of outputs and the misfit that a
        /// rate is made of.
        std::vector<std::size_t> results;
        std::optional<std::size_t> own;  ///< instead: its place among the own measures
    };
    /// What a function makes of a node's coefficients.
    struct OwnMeasure {
        std::size_t function, node;
        bool operator==(const OwnMeasure&) const = default;
    };
    /// A node whose distance from another one, or from zero, is measured.
    using Difference = std::pair<std::size_t, std::optional<std::size_t>>;

    void make_nodes();
    std::size_t node_of(std::size_t fit, const std::vector<GraphRows>& rows,
                        const std::vector<GraphFit>& fits, std::vector<std::size_t>& made,
                        Known& known);
    std::size_t sample_of(std::size_t fit, const GraphFit& numbers,
                          const std::vector<GraphRows>& rows, Known& known);
    void order_nodes();
    void make_results();
    std::size_t difference(std::size_t node, std::optional<std::size_t> from);
    double value(const Reading& reading, const double* results) const;
    void make_memory();
    void make_features();
    void make_test();
    void attempt(std::span<const std::uint64_t> trials, Rung rung) override;
    void read(std::size_t first, std::size_t end, Rung rung, FittedBlock out) const override;
    std::size_t group(std::size_t series) const override { return design().series[series].point; }

    void draw(std::span<const std::uint64_t> trials);
    void give_covariance(std::size_t group, BatchMatrix whitened, BatchMatrix out);
    void draw_factors(std::size_t group, std::span<const std::uint64_t> trials);
    /// Whether a factor stands for n rows of a group.
    bool factored(std::size_t group, std::size_t n) const {
        return setting_.has_factor(group, n, p_);
    }
    /// The rows drawn of a group, or the factor that stands for n of them: all its features and
    /// noises.
    BatchMatrix rows_of(std::size_t group, std::size_t n) const;
    void prepare(const Sample& sample, Rung rung);
    void make_columns(const Sample& sample);
    void form_gram(const Sample& sample);
    void fit_node(std::size_t index, Rung rung);
    void solve(const Node& node, BatchMatrix labels, BatchMatrix fitted, Rung rung);
    void flow(const Node& node, BatchMatrix labels, BatchMatrix fitted);
    void make_labels(const Node& node);
    void make_labels(const Node& node, std::size_t group, BatchMatrix labels);
    void combine(const Sample& sample, BatchMatrix factors, BatchMatrix out);
    void measure();
    void measure_in_sample();
    void call(std::size_t function, BatchMatrix rows, BatchMatrix labels);
    void measure_own();
    /// Points share nodes.
    std::size_t own_measure(OwnMeasure measure);
    BatchMatrix of(BatchMatrix m) const { return m.trials(count_); }
    BatchMatrix coefficients(std::size_t node) const {
        return of(coefficients_.block(0, width_, node, 1));
    }
    /// Of the features that it sees.
    BatchMatrix own_coefficients(std::size_t node) const {
        const Sample& sample = samples_[nodes_[node].sample];
        return sample.projection
                   ? of(own_coefficients_.block(0, sample.features, nodes_[node].projected, 1))
                   : coefficients(node).block(sample.first, sample.features, 0, 1);
    }
    /// Wᵀ of the linear features of a sample.
    BatchMatrix projection(const Sample& sample) const {
        return of(projections_[*sample.projection].leading(p_, sample.features));
    }
    /// One row in each column.
    BatchMatrix drawn(const Sample& sample, std::size_t group) const {
        return rows_of(sample.groups[group], sample.sizes[group])
            .block(sample.first, sample.features, 0, sample.counts[group]);
    }
    /// The features times the root of their weight, of the sample that is fitted.
    BatchMatrix columns(const Sample& sample, std::size_t group) const {
        if (!sample.made()) return drawn(sample, group);
        BatchMatrix made = of(made_);
        made.rows = made.ld = sample.features;
        made.cols = sample.rows;
        const auto first =
            std::accumulate(sample.counts.begin(), sample.counts.begin() + static_cast<long>(group),
                            std::size_t{0});
        return made.block(0, sample.features, first, sample.counts[group]);
    }
    BatchMatrix gram(const Sample& sample) const {
        return of(gram_.leading(sample.order(), sample.order()));
    }
    /// The same rows below each other, with a column for labels behind them.
    BatchMatrix stacked(const Sample& sample) const {
        BatchMatrix rows = of(stacked_);
        rows.rows = rows.ld = sample.rows;
        rows.cols = sample.features + 1;
        return rows;
    }

    const GraphStudy& setting_;
    std::size_t p_;
    std::vector<std::size_t> feature_counts_;  ///< of each of the features
    std::vector<std::size_t> first_of_;        ///< in a row, of those that are not linear; else p_
    std::size_t width_;                        ///< of a row: coordinates, then such features
    Workspace workspace_;
    std::vector<Sample> samples_;
    std::vector<Node> nodes_;         ///< each behind those that label it
    std::vector<std::size_t> order_;  ///< in which they are fitted: those on one sample together
    std::vector<std::vector<std::size_t>> nodes_at_;  ///< [point][fit] → node
    std::vector<Difference> differences_;
    std::map<Difference, std::size_t> known_differences_;
    std::vector<std::size_t> in_sample_;  ///< nodes whose risk on their own rows is measured
    std::vector<Reading> readings_;       ///< of each series
    std::vector<Draws> draws_;            ///< of each group
    std::vector<std::size_t> noise_row_;  ///< of each fit: its own noise among the noises
    std::map<std::size_t, Features> features_;
    std::size_t noises_ = 1;
    std::size_t count_ = 0;
    std::vector<BatchMatrix>
        rows_;  ///< of each group: x over its features over its noises, a row in each column
    BatchMatrix factor_;                      ///< one as it is drawn: x over its noises
    std::vector<BatchMatrix> roots_of_rows_;  ///< of each group: √λ, or Q√λ of a rotation
    BatchMatrix whitened_;                    ///< rows before their rotation
    std::vector<BatchMatrix> truths_;         ///< β*, then those of rows that have their own
    std::vector<std::size_t> truth_of_;       ///< of each group, among the truths
    BatchMatrix coefficients_;      ///< of each node, as products with rows, then the truths'
    BatchMatrix own_coefficients_;  ///< of linear features, of each node that has them
    std::size_t projected_ = 0, projected_features_ = 0;  ///< such nodes, and the most features
    BatchMatrix gram_, stacked_;                          ///< of the sample that is fitted
    BatchMatrix vectors_, eigenvalues_, turned_;  ///< of its Gram matrix; labels in its vectors
    BatchMatrix made_;                            ///< its columns where they are made of rows
    std::map<double, BatchMatrix> roots_;         ///< of weights: one for each feature or row
    BatchMatrix signs_;                           ///< one source of hard labels
    BatchMatrix labels_, part_;  ///< of a fit: labels of all its rows; a sum over some of them
    std::vector<BatchMatrix> projections_;  ///< Wᵀ of each of the features
    BatchMatrix root_, turned_errors_;      ///< of the test's moments, where they are not diagonal
    BatchMatrix errors_, label_, results_, weights_;
    std::map<std::size_t, BatchMatrix> shares_;  ///< of n rows: 1/n each
    double truth_square_ = 0.0;                  ///< β*ᵀΣβ* of the test
    std::vector<double> read_results_;
    std::vector<OwnMeasure> own_measures_;
    std::vector<std::vector<double>> own_values_;  ///< [measure][trial]
    std::vector<double> own_x_;                    ///< what a function is given
    std::vector<double> own_labels_;
};

}  // namespace cucurbit
