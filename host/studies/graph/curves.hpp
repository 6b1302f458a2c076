#pragma once
// Graphs whose fits are curves over n: all n of a group of rows share one factorisation, and label
// noise can be integrated out.

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "host/studies/fits/curve.hpp"
#include "host/studies/graph.hpp"

namespace cucurbit {

/// A graph of ridgeless fits of all coordinates, each on one group of rows, labelled by
/// observations, with the truth or one of the fit's own in them, or by these with the outputs of
/// one other fit in its place, which was labelled by observations: alone on rows before these, in
/// each design with one n, and the only one that labels fits on these. Measured are risks on the
/// population.
class CurveStudy : public GraphStudy {
public:
    CurveStudy(std::string kind, GraphSpec spec, const Precision& precision, std::uint64_t seed)
        : GraphStudy(std::move(kind), std::move(spec), precision, seed),
          label_noise_(precision.label_noise) {}

    /// All that a point's draws depend on: points with the same text share theirs.
    virtual std::string canonical(const Point& point) const = 0;
    std::vector<Design> designs() const override;
    std::unique_ptr<Simulation> simulation(const Design& design, Engine& engine,
                                           std::size_t batch) const override;
    bool integrates_label_noise() const override { return true; }
    bool has_samplers() const override { return false; }

    LabelNoise label_noise() const { return label_noise_; }

protected:
    /// Adds xi and omega, behind a prefix, of a group of rows, and returns what they are of.
    FixedPoint add_fixed_point(std::vector<TheoryRow>& rows, const std::string& prefix,
                               const Point& point, std::size_t group) const;
    /// 1, …, p.
    static std::vector<double> indices(std::size_t p);

private:
    LabelNoise label_noise_;
};

/// kind = "graph" with label noise integrated out.
class CurveGraph final : public CurveStudy {
public:
    using CurveStudy::CurveStudy;

    std::string identity() const override { return GraphStudy::identity() + " curves"; }
    std::string canonical(const Point& point) const override;
    bool has_samplers() const override { return true; }
    /// Whether a CurveRun can be of this fit.
    bool is_curve(std::size_t fit) const;
};

/// kind = "graph": a GraphStudy, or where [precision] asks for label_noise = "integrate" a
/// CurveGraph.
std::unique_ptr<const Setting> read_graph(Reader& root, const Precision& precision,
                                          std::uint64_t seed);

class CurveRun final : public LadderSimulation {
public:
    CurveRun(const CurveStudy& setting, const Design& design, Engine* engine, std::size_t batch);

    const Workspace& workspace() const { return workspace_; }
    double flops() const;  ///< of one trial, by formula

private:
    /// A group of rows, and whether n ≥ p.
    using Place = std::pair<std::size_t, bool>;
    /// What labels a curve. Those that fewer rows need come first: each is projected only as far as
    /// it is used.
    struct Label {
        std::vector<double> coefficients;  ///< none: the outputs of the fit that teaches
        std::size_t most_samples = 0;
    };
    struct Terms {
        std::vector<CurveTerm> terms;
        std::vector<Label> labels;
        std::optional<Place> teacher;
        void add(CurveTerm term, std::vector<double> coefficients);
        void sort();
    };
    struct Side {
        std::optional<Curve> curve;
        BatchMatrix given;          ///< labels; zero where they are outputs
        BatchMatrix labels;         ///< the same with each trial's outputs
        std::vector<bool> outputs;  ///< which labels are those of the teacher
        Side* teacher = nullptr;
        bool noise = false;  ///< whether there is a last label, the teacher's fit to its noise
        BatchMatrix root;    ///< of the covariance of what a teacher's noise makes of it
    };

    void add_terms(const GraphSpec& spec, const Population& population,
                   std::map<Place, Terms>& terms);
    void add_side(const CurveStudy& setting, const Population& population, Place place,
                  const Terms& of);
    void label(const Side& side, std::size_t count);
    void attempt(std::span<const std::uint64_t> trials, Rung rung) override;
    void read(std::size_t first, std::size_t end, Rung rung, FittedBlock out) const override;
    std::size_t group(std::size_t series) const override { return samples_[series]; }

    std::size_t p_;
    Workspace workspace_;
    std::vector<std::size_t> samples_;  ///< of each series
    std::map<Place, Side> sides_;       ///< each behind those that label it
    BatchMatrix minus_truth_;
};

}  // namespace cucurbit
