#pragma once
// Trials of a weak_to_strong design on an Engine: four arms on one labelled and one pseudo-labelled
// sample, for every n and n_pseudo of its points.

#include <array>
#include <map>
#include <optional>
#include <utility>

#include "cucurbit/subspaces.hpp"
#include "host/config/subspaces.hpp"
#include "host/studies/fits/feature_fit.hpp"
#include "host/studies/fits/ladder.hpp"
#include "host/studies/fits/row_factor.hpp"

namespace cucurbit {

/// An estimand of the j-th weak principal direction (from 1) ends in this and j.
inline constexpr std::string_view direction_suffix = "_angle_";

/// Label vectors of a supervised fit: noise-free labels of the truth, unit label noise.
inline constexpr std::size_t label_vectors = 2;
inline constexpr std::size_t supervised_products = 5;
inline constexpr std::size_t student_products = 12;
inline constexpr std::size_t in_sample_products = 3;
inline constexpr std::size_t base_vectors = 7;
inline constexpr std::size_t student_errors = 8;

/// What a design's trials need beside its points and series.
struct WeakToStrongRecipe {
    std::uint64_t seed = 0;
    Sampler sampler = Sampler::sufficient;
    SubspacePair pair;
    SubspaceTruth truth;
};

/// Coordinates of the labelled rows: the weak principal vectors, then what V_s and the truth add,
/// then the label noise; of the pseudo-labelled rows: the strong principal vectors first.
class WeakToStrongRun final : public LadderSimulation {
public:
    WeakToStrongRun(const WeakToStrongRecipe& recipe, const Design& design, Engine* engine,
                    std::size_t batch);

    const Workspace& workspace() const { return workspace_; }

private:
    /// A value as factor · (square + 2σ cross + σ² noise) + constant, of results by index.
    struct Form {
        static constexpr std::size_t none = static_cast<std::size_t>(-1);
        std::size_t square = none;
        std::size_t cross = none;
        std::size_t noise = none;
        double constant = 0.0;
        double factor = 1.0;
    };
    /// A fit whose condition values depend on, and the samples that must have been reduced for it.
    struct Dependence {
        const FeatureFit* fit;
        std::size_t index;
        std::size_t labelled = Form::none;  ///< none: not seen
        std::size_t pseudo_labelled = Form::none;
        bool operator==(const Dependence&) const = default;
    };
    struct Reading {
        Form form;
        double noise_std = 0.0;
        double mean = 0.0;                  ///< of that direction
        std::array<std::size_t, 2> fits{};  ///< indices into dependences_; both may be the same
        std::size_t labelled = 0;
        /// Of one weak principal direction: its squared deviation from the mean is what counts,
        /// times form.square + form.constant.
        std::size_t direction = Form::none;
    };
    struct Pair {
        std::size_t labelled, pseudo_labelled;
        BatchMatrix combinations;  ///< base vectors → error vectors of the student
    };

    void collect_samples();
    void make_rows();
    void make_fits();
    void make_constants();
    void make_pairs();
    void make_fluctuations();
    Reading reading(std::size_t series);
    std::size_t dependence(const Dependence& on);
    void read_direction(std::size_t j, std::size_t pseudo_labelled, bool inherited,
                        Reading& reading) const;

    void attempt(std::span<const std::uint64_t> trials, Rung rung) override;
    void read(std::size_t first, std::size_t end, Rung rung, FittedBlock out) const override;
    std::size_t group(std::size_t series) const override { return design().series[series].point; }

    void fit_labelled(std::size_t i, std::span<const std::uint64_t> trials, Rung rung);
    void label_for_student();
    void fit_pseudo_labelled(std::size_t k, std::span<const std::uint64_t> trials, Rung rung);
    /// ‖(T − E T)u_j‖² for every weak principal direction u_j.
    void measure_directions(std::size_t k);
    void fit_ceiling(std::size_t pair, Rung rung);
    void measure_student(std::size_t pair);
    /// Squared errors of the student on its own inputs, as the rows of the factor have them.
    void measure_in_sample(std::size_t pair);
    Form in_sample_form(std::size_t pair) const;
    /// Five products of a supervised arm's coefficients d×2 (of noise-free labels, of unit noise).
    void measure_supervised(BatchMatrix coefficients, BatchMatrix truth, BatchMatrix mean,
                            std::size_t first_result);
    /// Brings all results to the host.
    void collect();
    /// Trials that are read together: one result of all of them fills a line of the cache.
    static constexpr std::size_t together = 8;
    /// Values of trials first .. first + count − 1. results: [result][trial of these], and zeros in
    /// place of the results that a form does not name.
    std::array<double, together> values_of(const Reading& reading, const double* results,
                                           std::size_t first, std::size_t count) const;
    Fitted judge(const Dependence& on, std::size_t trial, Rung used) const;

    BatchMatrix of(BatchMatrix m) const { return m.trials(count_); }
    std::size_t first_result_of_pair(std::size_t pair) const;
    std::size_t first_direction(std::size_t k) const {
        return first_result_of_pair(pairs_.size()) + k * directions_;
    }

    WeakToStrongRecipe recipe_;
    std::size_t weak_, strong_, width_;
    std::size_t directions_;  ///< weak principal directions measured one by one: all or none
    Workspace workspace_;
    std::vector<std::uint64_t> samples_, pseudo_samples_;  ///< ascending
    std::map<std::pair<std::size_t, std::size_t>, std::size_t> pair_of_;
    std::vector<Pair> pairs_;
    std::optional<RowFactor> labelled_, pseudo_labelled_;
    std::optional<FeatureFit> weak_fit_, baseline_fit_, student_fit_, ceiling_fit_;
    std::vector<Dependence> dependences_;
    std::vector<Reading> readings_;
    std::size_t count_ = 0;

    BatchMatrix strong_features_, labelled_truth_, pseudo_labelled_truth_;
    BatchMatrix weak_directions_, weak_target_, weak_truth_, strong_truth_, ones_;
    std::vector<BatchMatrix> weak_means_, strong_means_;  ///< per n: E f of weak and baseline
    std::vector<BatchMatrix> fluctuations_;               ///< per n_pseudo
    BatchMatrix all_directions_, direction_pairs_, turned_pairs_, fluctuation_, turned_fluctuation_;
    std::vector<BatchMatrix> ceiling_means_;   ///< per pair
    std::vector<BatchMatrix> strong_samples_;  ///< per n
    BatchMatrix weak_sample_, student_sample_, ceiling_sample_;
    BatchMatrix weak_fits_, turned_, student_labels_, base_, turned_base_, errors_, results_;
    BatchMatrix in_sample_, in_sample_errors_;
    std::vector<double> read_results_, read_weak_fits_;
};

}  // namespace cucurbit
