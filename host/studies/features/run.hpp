#pragma once
// Trials of a features design on an Engine: random splits of the samples, and the heads fitted on
// them for every n, n_pseudo and penalty of its points.

#include <optional>
#include <utility>

#include "host/studies/features/head_fit.hpp"
#include "host/studies/features/spec.hpp"
#include "host/studies/fits/ladder.hpp"

namespace cucurbit {

/// A split is the beginning of a random order of all samples (labelled: a smaller n has the first
/// of a larger one's), its end (test samples), and what precedes those, backwards (unlabelled).
///
/// A sample is a column: weak features, labels, strong features, labels again, so that each head's
/// features lie above its labels.
class FeaturesRun final : public LadderSimulation {
public:
    FeaturesRun(const FeaturesSpec& spec, const Design& design, Engine* engine, std::size_t batch);

    const Workspace& workspace() const { return workspace_; }
    double flops() const;

private:
    /// A model whose test error is measured: the fits that it depends on.
    struct Dependence {
        const HeadFit* head;
        std::size_t index;
    };
    struct Reading {
        std::size_t model = 0;
        bool misclassification = false;
        std::vector<Dependence> fits;
    };

    void make_samples();
    void make_heads();
    void make_surrogates();
    Reading reading(const Series& series) const;

    void attempt(std::span<const std::uint64_t> trials, Rung rung) override;
    void read(std::size_t first, std::size_t end, Rung rung, FittedBlock out) const override;
    std::size_t group(std::size_t series) const override { return design().series[series].point; }

    void split(std::span<const std::uint64_t> trials);
    void fit_labelled(std::size_t setup, Rung rung);
    void fit_student(std::size_t penalty, std::size_t k, Rung rung);
    void fit_ceiling(std::size_t setup, std::size_t k, Rung rung);
    /// Test errors of coefficients d×outputs on the weak or the strong features.
    void measure(BatchMatrix coefficients, bool weak, std::size_t model);
    /// Adds up the test samples that the last measured model takes for another class.
    void count_wrong(const std::vector<double>& errors, std::size_t model);

    std::size_t weak_d() const { return spec_.weak.dimension(); }
    std::size_t strong_d() const { return spec_.strong.dimension(); }
    std::size_t width() const { return weak_d() + strong_d() + 2 * spec_.outputs(); }
    /// A head's features, or with its labels, of samples in columns.
    BatchMatrix features(BatchMatrix samples, bool weak, bool with_labels) const;
    BatchMatrix of(BatchMatrix m) const { return m.trials(count_); }

    /// Index of a penalty and n: labelled fits have one sample each.
    std::size_t setup(std::size_t penalty, std::size_t i) const {
        return penalty * samples_.size() + i;
    }
    std::size_t setups() const { return setup(penalties_.size(), 0); }
    std::size_t pair(std::size_t at_setup, std::size_t k) const {
        return at_setup * pseudo_samples_.size() + k;
    }
    /// Models of the labelled sample alone: weak, baseline, then the surrogates' targets.
    std::size_t labelled_models() const { return 2 + spec_.surrogates.size(); }
    std::size_t student_model(std::size_t of_pair) const {
        return setups() * labelled_models() + 2 * of_pair;
    }
    std::size_t models() const { return student_model(pair(setups(), 0)); }

    const FeaturesSpec& spec_;
    Workspace workspace_;
    std::vector<std::size_t> samples_, pseudo_samples_;  ///< ascending
    std::vector<double> penalties_;
    std::size_t count_ = 0;
    BatchMatrix all_, order_, labelled_, unlabelled_, tests_, both_;
    BatchMatrix minus_identity_, weak_stack_, strong_stack_, errors_, weak_fits_, results_, ones_;
    std::vector<BatchMatrix> surrogates_;  ///< per n: (d_s + outputs)×(surrogates·outputs)
    std::optional<HeadFit> weak_, baseline_, student_, ceiling_;
    std::vector<std::uint32_t> test_classes_;  ///< [trial][test sample]
    std::vector<double> wrong_;                ///< [trial][model] misclassified test samples
    std::vector<double> squares_;              ///< [trial][model] of the test errors
    std::vector<Reading> readings_;
};

}  // namespace cucurbit
