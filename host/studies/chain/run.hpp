#pragma once
// Trials of a chain on an Engine: every stage's rows as a sufficient factor of its own, for every n
// of its grid.

#include <map>
#include <memory>
#include <vector>

#include "host/studies/chain.hpp"
#include "host/studies/fits/feature_fit.hpp"
#include "host/studies/fits/ladder.hpp"
#include "host/studies/fits/row_factor.hpp"

namespace cucurbit {

class ChainRun final : public LadderSimulation {
public:
    ChainRun(const Chain& setting, const Design& design, Engine* engine, std::size_t batch);

    const Workspace& workspace() const { return workspace_; }
    double flops() const;  ///< of one trial, by formula

private:
    /// One stage's fit after one history of stages: points that agree so far share it.
    struct Node {
        std::size_t parent;  ///< of the stage before; none for labels of the truth
        Chain::StagePoint point;
        std::size_t size = 0;  ///< index into the stage's sample sizes
        std::size_t fit = 0;   ///< index among the stage's nodes
    };
    struct Stage {
        bool diagonal = false;
        std::size_t features = 0;
        std::vector<std::uint64_t> sizes;
        std::vector<std::size_t> nodes;  ///< indices into nodes_
        std::unique_ptr<RowFactor> rows;
        std::unique_ptr<FeatureFit> fit;
        BatchMatrix root;  ///< R (columns; or √λ): labels' coefficients in whitened coordinates
        BatchMatrix seen;  ///< (A R)ᵀ with a row of zeros for the noise
        BatchMatrix hand_on;  ///< A: θ → its coefficients
        BatchMatrix sample, fitted;
    };

    void make_nodes();
    void make_stage(std::size_t k);
    void attempt(std::span<const std::uint64_t> trials, Rung rung) override;
    void read(std::size_t first, std::size_t end, Rung rung, FittedBlock out) const override;
    std::size_t group(std::size_t series) const override { return design().series[series].point; }

    void fit_node(std::size_t k, const Node& node, std::span<const std::uint64_t> trials,
                  Rung rung);
    void measure(std::size_t index, BatchMatrix fitted);
    std::size_t rows_of(std::size_t k, const Node& node) const;
    BatchMatrix of(BatchMatrix m) const { return m.trials(count_); }

    static constexpr std::size_t none = static_cast<std::size_t>(-1);

    const Chain& setting_;
    std::size_t p_;
    Workspace workspace_;
    std::vector<Node> nodes_;
    std::vector<std::vector<std::size_t>> path_;  ///< [point][stage] → node
    std::vector<std::size_t> stage_of_;           ///< of each series
    std::vector<Stage> stages_;
    std::vector<double> read_results_;
    std::size_t count_ = 0;
    BatchMatrix labels_, turned_, wide_, error_, results_;
    BatchMatrix truth_, test_root_, test_weights_;
};

}  // namespace cucurbit
