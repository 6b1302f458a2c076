#pragma once
// What a study of kind graph writes: groups of rows, fits on them, and what is measured.

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cucurbit/graph.hpp"
#include "cucurbit/study.hpp"
#include "host/config/population.hpp"
#include "host/config/reader.hpp"
#include "host/studies/covariance.hpp"
#include "host/studies/graph/features.hpp"
#include "host/studies/graph/grids.hpp"
#include "kernels/contract.hpp"

namespace cucurbit {

/// A graph whose numbers are grids. Each grid, or single number, is a parameter of the table: a
/// point has its value at the parameter's place.
class GraphSpec {
public:
    using Place = GraphGrids::Place;
    /// A parameter, or the same at all points.
    struct Number {
        std::optional<Place> place;
        double fixed = 0.0;
        double at(const std::vector<double>& point) const { return place ? point[*place] : fixed; }
    };

    /// Coefficients, of so many rows.
    using Truth = std::function<std::vector<double>(const Population&, std::size_t samples)>;

    struct Rows {
        std::string name;
        Place n = 0;
        std::optional<Place> noise_std;  ///< of observations; 0 where there is none
        RotatedSpectrum covariance;
        std::optional<Signal> signal;           ///< of their labels; the population's unless given
        std::optional<Entrywise> distribution;  ///< of whitened coordinates; Gaussian unless given
    };
    /// Σ weight · source, and what is left of a weight of one at `rest`.
    struct Labels {
        struct Term {
            std::size_t source = 0;
            Number weight;
        };
        std::vector<Term> terms;
        std::optional<std::size_t> rest;
    };
    struct Fit {
        std::string name;
        std::string key;  ///< as the store knows its series; its name where there is none
        std::vector<std::size_t> rows;
        std::optional<Place> penalty;         ///< 0 where there is none
        std::optional<Place> time;            ///< of a flow; none: a ridge or ridgeless fit
        std::optional<Number> keep;           ///< leading coordinates, all where there is none, or
        std::optional<std::size_t> features;  ///< that many leading ones of these
        std::optional<Place> noise_std;       ///< further noise on its labels
        std::vector<std::optional<Place>> row_weights;  ///< of the squares of each of its rows; 1
        GraphLink link = GraphLink::identity;
        std::vector<Labels> labels;           ///< of each of its rows
        std::optional<std::size_t> function;  ///< that makes other labels of these and of the rows
        std::optional<Place> optimal;         ///< the number that minimises its predicted risk
        Truth truth;                          ///< that its labels take for the population's
    };
    /// Sources of labels: these two, then the fits.
    static constexpr std::size_t observed = 0, truth = 1, first_fit = 2;

    /// [population], [rows.NAME], [fit.NAME], [measure] and [test] of the root.
    static GraphSpec read(Reader& root);

    GraphGrids grids;  ///< p, then all others in the order in which they are read
    PopulationSpec population;
    std::vector<Rows> rows;
    /// What risks are measured on: the population unless given.
    struct Test {
        RotatedSpectrum covariance;
        std::optional<Signal> signal;  ///< of the truth that they are measured from
    };
    Test test;
    std::vector<RowFeatures> features;
    std::vector<Fit> fits;  ///< each behind those that it takes labels from
    /// What is measured of a fit, or of a fit beside another one.
    struct Measure {
        enum class Kind {
            excess_risk,
            misfit,
            output_variance,
            in_sample_risk,
            error_rate,
            agreement
        };
        Kind kind;
        std::size_t fit;
        std::size_t other;  ///< the fit itself where there is no other one
        bool operator==(const Measure&) const = default;
    };
    std::vector<Measure> measures;  ///< each is a series of every point, in this order
    std::vector<OwnFunction> functions;
    /// What a function makes of a fit's coefficients: a series of every point, behind the others.
    struct OwnMeasure {
        std::size_t function, fit;
    };
    std::vector<OwnMeasure> own_measures;
    std::vector<std::pair<std::size_t, std::size_t>> gains;  ///< of the first over the second
    std::vector<std::pair<std::size_t, std::size_t>>
        ratios;  ///< of the second's risk to the first's
    /// Share of the gap between weak and ceiling that strong closes.
    struct Recovery {
        std::size_t weak, strong, ceiling;
    };
    std::optional<Recovery> recovery;

    /// A fit's outputs and the noise of its rows' observations, as labels of fresh rows.
    static Labels outputs_of(std::size_t fit);
    /// Adds a fit of all coordinates on one group of rows, labelled by their observations.
    void add_curve(Fit fit, std::size_t group);
    /// The place of features among all of them.
    std::size_t add_features(const RowFeatures& added);
    std::uint64_t least_p() const {
        return *std::min_element(population.p.values.begin(), population.p.values.end());
    }

    /// What tables call a measure: "excess_risk", "misfit_NAME" of the other fit's name.
    std::string estimand(const Measure& measure) const;
    const std::string& estimand(const OwnMeasure& measure) const {
        return functions[measure.function].name;
    }
    /// How the store knows its series: another version of a function has series of its own.
    std::string arm_key(const OwnMeasure& measure) const;
    const std::string& arm_key(const Measure& measure) const { return key(fits[measure.fit]); }
    /// The fit that the store knows by a key.
    std::size_t fit_with(const std::string& arm_key) const {
        return static_cast<std::size_t>(
            std::find_if(fits.begin(), fits.end(),
                         [&](const Fit& fit) { return key(fit) == arm_key; }) -
            fits.begin());
    }

    /// How many of each of the random features the fits of some points see.
    std::vector<std::size_t> feature_counts(const std::vector<Point>& points) const;
    /// The graph at a point: rows without moments, then fits with their weights. counts: of the
    /// random features that lie behind a row's coordinates.
    std::pair<std::vector<GraphRows>, std::vector<GraphFit>> at(
        const std::vector<double>& point, const std::vector<std::size_t>& counts) const;
    /// Whether all that fits learn from a group's rows goes through their second moments, which a
    /// sufficient factor has: Gaussian rows, no signs of labels nor functions, no features that are
    /// not linear, be they a fit's own or those of one that labels the rows.
    bool needs_moments_alone(std::size_t group) const;
    /// Whether rows have second moments beside their spectra: of features, or of rotations.
    bool dense() const;
    /// Whether trials can be interleaved: no eigenvectors, no products with what trials share.
    bool interleaves() const;
    /// Whether no product is of the rows or errors of several points: it may round by how many
    /// they have together.
    bool keeps_points_apart() const;
    /// [p] coefficients that risks are measured from.
    std::vector<double> test_truth(std::size_t p) const;
    /// Whether a fit sees features that are not linear.
    bool nonlinear(std::size_t fit) const { return !linear(fits[fit]); }
    /// What a fit sees of its rows; none of features that are not linear, or rows of several
    /// covariances. count: of its features.
    std::optional<FeatureMap> feature_map(std::size_t fit, std::size_t p, std::size_t count) const;
    /// Text that differs where the map of a fit does, but for p and count.
    std::string seen(std::size_t fit) const;
    /// All but the grids, functions and what risks are measured on.
    std::string canonical() const;
    std::string canonical_test() const;
    /// Which functions label which fits; no draws depend on it.
    std::string canonical_functions() const;

private:
    static const std::string& key(const Fit& fit) { return fit.key.empty() ? fit.name : fit.key; }
    void read_test(Reader& root);
    void read_rows(Reader& root);
    void read_fits(Reader& root);
    /// A number of a fit that may be optimal.
    Place add_free(Fit& fit, const std::string& column, Reader& table, const std::string& key,
                   Bounds bounds);
    void read_features(Fit& fit, Reader& table);
    void read_fit(const std::string& name, Reader& table, const std::vector<std::string>& names);
    /// The labels under a key of `table`; suffix: of their weights' parameters.
    Labels read_labels(Reader& table, const std::string& key, Fit& fit,
                       const std::vector<std::string>& names, const std::string& suffix);
    [[noreturn]] static void refuse_cycle(Reader& all, const std::vector<std::string>& waiting);
    /// The sources that a fit's table names.
    static std::vector<std::string> label_names(Reader& table);
    static void add_label_names(Reader& table, const std::string& key,
                                std::vector<std::string>& names);
    /// The function that `name` and `version` of a table name.
    std::size_t read_function(OwnFunction::Role role, Reader& table);
    void read_measures(Reader& root);
    void read_measures(Reader& table, Measure::Kind kind);
    void read_own_measures(Reader& table);
    std::vector<std::pair<std::size_t, std::size_t>> read_pairs(Reader& table,
                                                                std::string_view key) const;
    void check_rates(const Reader& table) const;
    void need_risk(std::size_t fit);
    bool linear(const Fit& fit) const { return !fit.features || features[*fit.features].linear(); }
    /// At a point, as many as there are.
    std::size_t feature_count(const Fit& fit, const std::vector<double>& point) const;
    bool rotates() const;
    std::size_t fit_named(const Reader::Item& item) const;
    std::vector<std::string> names_of_fits() const;
};

}  // namespace cucurbit
