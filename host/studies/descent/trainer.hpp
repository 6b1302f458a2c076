#pragma once
// Iterates the gradient descents of many models on the same samples.

#include <functional>
#include <span>
#include <vector>

#include "host/studies/descent/spec.hpp"
#include "host/studies/fits/workspace.hpp"

namespace cucurbit {

/// Samples of one stage as descents see them.
struct DescentSamples {
    std::uint64_t key = 0;
    std::uint8_t stage = 0;  ///< of the minibatches' order
    BatchMatrix features;    ///< dimension×n
    BatchMatrix gram;        ///< n×n, both triangles; read where a model descends in the row space
    BatchMatrix rate;        ///< 1×1: the step over the number of samples of a batch
};

/// One descent of all columns of some weights.
class DescentTrainer {
public:
    /// columns: of the weights; target_columns: of all targets that losses may name.
    DescentTrainer(Workspace& workspace, const DescentModel& model, std::size_t dimension,
                   std::size_t samples, std::size_t columns, std::size_t target_columns);

    /// The losses from some step (counted from 0) on, whose targets are columns of `targets`.
    struct Phase {
        std::uint64_t from = 0;
        std::vector<DescentLoss> losses;
    };
    /// From zero weights, steps 1 .. last; calls after(step, iterates). targets: n×target_columns.
    void run(std::span<const std::uint64_t> trials, const DescentSamples& samples,
             BatchMatrix targets, const std::vector<Phase>& phases, std::uint64_t last,
             const std::function<void(std::uint64_t, BatchMatrix)>& after);
    bool in_row_space() const { return space_ == DescentSpace::row; }
    /// weights (dimension×columns) = those that the iterates of a run stand for.
    void weights(const DescentSamples& samples, BatchMatrix iterates, BatchMatrix weights) const;

private:
    void shuffle(std::span<const std::uint64_t> trials, const DescentSamples& samples,
                 std::uint64_t epoch);
    void gather(const DescentSamples& samples, BatchMatrix targets, std::size_t first);

    Workspace& workspace_;
    DescentModel model_;
    std::size_t samples_;
    DescentSpace space_;
    BatchMatrix iterates_, velocity_, outputs_;
    BatchMatrix order_, batch_features_, batch_targets_;
};

}  // namespace cucurbit
