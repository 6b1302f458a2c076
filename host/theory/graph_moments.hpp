#pragma once
// What the law of a graph of fits is read off: moments of what its fits hand on.

#include <cstddef>
#include <limits>
#include <memory>
#include <span>
#include <vector>

#include "cucurbit/graph.hpp"
#include "host/theory/dense.hpp"

namespace cucurbit {

/// Beside the fits, a source of labels: what the rows of a moment have as their truth.
constexpr std::size_t of_truth = std::numeric_limits<std::size_t>::max();

class GraphMoments {
public:
    GraphMoments() = default;
    GraphMoments(const GraphMoments&) = delete;
    GraphMoments& operator=(const GraphMoments&) = delete;
    virtual ~GraphMoments() = default;

    /// E (rᵀ(b_a − β*)) (rᵀ(b_c − β*)) for all fits a and c and rows as those of `test`.
    virtual std::vector<double> moments(const GraphRows& test) const = 0;
    /// E (rᵀu)(rᵀv) for fits, or of_truth, u and v, likewise.
    virtual double product(std::size_t u, std::size_t v, const GraphRows& test) const = 0;
    /// And what it would be on rows like these that no fit has seen.
    struct InSample {
        double risk, unseen;
    };
    virtual InSample in_sample_risk(std::size_t a) const = 0;
    virtual CoordinateRisks by_coordinate(std::size_t a, const GraphRows& test) const = 0;
    /// The relative error that a fit's risk may have of its own, without that of its labels.
    virtual double own_error(std::size_t a) const = 0;
    /// And by how steeply the risk, or the misfit with another fit, falls with the fits' times.
    virtual double steep_error(std::size_t a, std::size_t from, const GraphRows& test) const = 0;
    virtual double steep_in_sample_error(std::size_t a) const = 0;
    /// Of amplitudes, that of the solution's own method.
    virtual double resolution() const = 0;
};

/// What a fit's risk may be off by: relative, and beside that, absolute, for risks of flows that
/// are steep in time: its own, and those of fits that label it, times their weights squared.
struct GraphErrors {
    double relative = 0.0, steep = 0.0, inherited = 0.0;
    bool flows = false;  ///< whether a flow is among what it learns from
};
/// Covariances of two fits' label noises beside what `GraphFit` says, one matrix for each group.
using Residues = std::vector<DenseMatrix>;

/// Links of the fits are not read: their labels are linear in what they are made of. Throws as
/// graph_law does.
std::unique_ptr<GraphMoments> solve_graph(const std::vector<GraphRows>& rows,
                                          const std::vector<GraphFit>& fits,
                                          std::span<const double> truth, const Residues& residues);

}  // namespace cucurbit
