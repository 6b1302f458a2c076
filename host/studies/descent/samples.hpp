#pragma once
// The samples of iterated descents: features, labels and leading eigenvectors.

#include <span>
#include <vector>

#include "host/studies/descent/grid.hpp"
#include "host/studies/descent/labels.hpp"
#include "host/studies/fits/workspace.hpp"

namespace cucurbit {

/// What the draws of a stage are for.
enum class DescentStage : std::uint8_t { labelled = 0, student_inputs = 1, test = 2, held_out = 3 };

/// A training sample.
struct DescentSample {
    BatchMatrix features;             ///< dimension×n
    BatchMatrix targets;              ///< n×(disturbances·outputs): labels, one-hot for classes
    std::vector<ClassLabels> labels;  ///< by trial, of classes
    std::vector<double> squares;      ///< [trial][direction] s_k² of the leading singular values
};

class DescentSampler {
public:
    DescentSampler(Workspace& workspace, const DescentSpec& spec, const DescentGrid& grid,
                   std::uint64_t key);

    /// Of a model's weights: p, or the width of random features.
    std::size_t dimension() const { return dimension_; }
    DescentSample make_sample() const;
    /// Fills a training sample of these trials; its Gram matrix and its last eigenvectors are kept
    /// until the next.
    void draw(std::span<const std::uint64_t> trials, DescentStage stage, DescentSample& sample);
    /// n×n, both triangles, of the sample drawn last; only for n < dimension.
    BatchMatrix gram() const { return gram_; }
    /// Leading eigenvectors of the sample drawn last, ascending, as columns: Xᵀu_k, of length s_k,
    /// for n < dimension, else of length 1.
    void directions(const DescentSample& sample, BatchMatrix out) const;
    /// Lengths of those columns in one trial, the leading one first.
    std::vector<double> lengths(const DescentSample& sample, std::size_t trial) const;
    /// Draws features (dimension×rows) of a stage from first_row on and, of classes, labels.
    std::vector<ClassLabels> draw(std::span<const std::uint64_t> trials, DescentStage stage,
                                  std::size_t first_row, BatchMatrix features);

private:
    bool wide() const { return grid_.n() < dimension_; }
    /// Which rows of the files they are, [trial][row]: each trial shuffles all, and each stage
    /// takes its own.
    std::vector<double> choose_rows(std::span<const std::uint64_t> trials, DescentStage stage,
                                    std::size_t first_row, std::size_t rows) const;
    void decompose(DescentSample& sample, std::size_t count);

    Workspace& workspace_;
    const DescentSpec& spec_;
    const DescentGrid& grid_;
    std::uint64_t key_;
    std::size_t dimension_, outputs_;
    BatchMatrix scale_, truth_, mixing_, projection_;
    BatchMatrix inputs_;        ///< of random features
    BatchMatrix file_, order_;  ///< all samples of a file, p×samples; those of a trial
    BatchMatrix logits_, noise_, gram_, eigenvectors_, eigenvalues_;
    std::vector<double> read_logits_;  ///< kept from batch to batch
};

}  // namespace cucurbit
