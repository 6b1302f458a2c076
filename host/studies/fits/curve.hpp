#pragma once
// Risks of a stage's arms along its curve of n, from the products and gains of its fits.

#include <memory>
#include <span>
#include <vector>

#include "host/studies/fits/ladder.hpp"
#include "host/studies/fits/stage_fits.hpp"

namespace cucurbit {

/// One series of a curve: the excess risk of the fit on n rows labelled by X b + noise_std z, b =
/// label column `label` (plus, if it inherits, inherited_std times the previous stage's fit to its
/// own unit label noise).
struct CurveTerm {
    std::size_t series = 0;
    std::size_t samples = 0;
    std::size_t label = 0;
    double noise_std = 0.0;
    bool inherits = false;
    double inherited_std = 0.0;
};

/// What the curves of one stage have in common.
struct CurveStage {
    std::uint64_t key = 0;
    std::uint8_t stage = 0;
    std::vector<double> spectrum;
    std::vector<double> test_spectrum;
    std::vector<double> truth;
    LabelNoise label_noise = LabelNoise::integrate;
    std::size_t labels = 0;  ///< label columns with errors against the truth
    /// Column of the inherited noise fit (sampled noise); no column by default.
    std::size_t inherited_label = static_cast<std::size_t>(-1);
    std::size_t root_columns = 0;  ///< of the inherited noise root (integrated noise)
    /// No stage learns from these fits, so that those of the label noise need not be kept apart.
    bool last = false;
};

/// The part of a curve on one side of p.
class Curve {
public:
    /// All terms have n < p, or all n ≥ p.
    Curve(Workspace& workspace, const CurveStage& stage, std::vector<CurveTerm> terms);

    /// Fits all terms and brings their results to the host.
    void run(std::span<const std::uint64_t> trials, Rung rung, BatchMatrix labels,
             BatchMatrix root);
    /// This curve's series of the last run's trials first .. end − 1, counted from 0.
    void read(std::size_t first, std::size_t end, Rung rung, FittedBlock out) const;

    /// The stage's fits, for a stage that learns from them.
    StageFits& fits() { return *fits_; }
    /// Whether label noise is integrated out; it is not where no term has any.
    bool integrates() const { return request_.label_noise == LabelNoise::integrate; }

private:
    /// Indices into the request's products; unused ones are no_product.
    struct Form {
        std::size_t mean, inherited, noise, mean_inherited, mean_noise, inherited_noise;
    };
    /// The noise of every term, where labels can carry it; otherwise 0.
    double common_noise() const;
    /// Which results make a term's risk.
    void find_parts();

    CurveStage stage_;
    std::vector<CurveTerm> terms_;
    std::vector<std::size_t> sample_of_;  ///< per term: index into the request's samples
    std::vector<Form> forms_;
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

/// Flops of one trial's factorisation and fits for these n by formula (multiply and add count two).
double curve_flops(std::size_t p, std::span<const std::size_t> samples, std::size_t fits,
                   LabelNoise label_noise);

}  // namespace cucurbit
