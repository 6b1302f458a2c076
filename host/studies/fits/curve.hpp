#pragma once
// Risks of a stage's arms along its curve of n, from the products and gains of its fits.

#include <memory>
#include <span>
#include <vector>

#include "host/studies/fits/ladder.hpp"
#include "host/studies/fits/stage_fits.hpp"

namespace cucurbit {

/// One series of a curve: the excess risk of the fit on n rows labelled by X b + noise_std z, b =
/// label column `label` (plus inherited_std times the previous stage's fit to its own unit label
/// noise).
struct CurveTerm {
    std::size_t series = 0;
    std::size_t samples = 0;
    std::size_t label = 0;
    double noise_std = 0.0;
    double inherited_std = 0.0;
    /// Whether the series is the risk of a fit that learns from this one: it depends on how well
    /// this one is conditioned.
    bool teaches = false;
};

/// The part of a curve on one side of p.
class Curve {
public:
    /// All terms have n < p, or all n ≥ p. request: without samples and products; errors against
    /// the truth of every label column, but of the inherited noise's fit if noise is sampled;
    /// integrated, of its root.
    Curve(Workspace& workspace, StageRequest request, std::vector<CurveTerm> terms);

    /// Fits all terms and brings their results to the host.
    void run(std::span<const std::uint64_t> trials, Rung rung, BatchMatrix labels,
             BatchMatrix root);
    /// This curve's part in the series of the last run's trials first .. end − 1, counted from 0.
    void read(std::size_t first, std::size_t end, Rung rung, FittedBlock out) const;

    /// The stage's fits, for a stage that learns from them.
    StageFits& fits() { return *fits_; }
    /// Whether a stage does. If none does, fits of the label noise need not be kept apart.
    bool teaches() const;
    double flops() const;  ///< of one trial, by formula
    /// Whether label noise is integrated out; it is not where no term has any.
    bool integrates() const { return request_.label_noise == LabelNoise::integrate; }

private:
    /// The noise of every term, where labels can carry it; otherwise 0.
    double common_noise() const;

    std::vector<CurveTerm> terms_;
    std::vector<std::size_t> sample_of_;  ///< per term: index into the request's samples
    struct Part {
        double factor;
        std::size_t result;
    };
    std::vector<Part> parts_;  ///< a term's risk is Σ factor · result
    std::vector<std::size_t>
        parts_end_;  ///< per term: where its parts end, and the next one's begin
    StageRequest request_;
    std::unique_ptr<StageFits> fits_;
    StageResults results_;
};

}  // namespace cucurbit
