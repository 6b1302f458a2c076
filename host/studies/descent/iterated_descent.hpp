#pragma once
// Teacher and student by iterated gradient descent, for any loss, batch, momentum and inputs.

#include <optional>
#include <vector>

#include "host/studies/descent/measures.hpp"
#include "host/studies/descent/paths.hpp"
#include "host/studies/descent/samples.hpp"
#include "host/studies/descent/trainer.hpp"

namespace cucurbit {

class IteratedDescent final : public Simulation {
public:
    IteratedDescent(const DescentSpec& spec, const Design& design, Engine* engine,
                    std::size_t batch);

    const Workspace& workspace() const { return workspace_; }
    static double flops(const DescentSpec& spec, const Design& design);

    void run(std::span<const std::uint64_t> trials, TrialValues& out) override;

private:
    bool classes() const { return spec_.data.classes > 0; }
    DescentLink link(double temperature) const;
    const DescentSample& inputs() const { return fresh_ ? *fresh_ : labelled_; }
    /// Sets the step that a model takes on a sample.
    void set_rate(const DescentModel& model, const DescentSample& sample, std::size_t count);
    void teach(std::span<const std::uint64_t> trials);
    void learn(std::span<const std::uint64_t> trials);
    /// What students learn from, whose labels switch at the change-th of the switches.
    void add_losses(LabelSource source, std::size_t change, std::vector<DescentLoss>& losses) const;
    std::vector<DescentTrainer::Phase> phases(std::size_t count) const;
    /// Makes room for a batch's values on the host.
    void clear(std::size_t count);
    void measure_risks(std::size_t count);
    void measure_classes(std::span<const std::uint64_t> trials);
    void list_models();
    void upload_labels(const std::vector<ClassLabels>& labels);
    /// Of the models in the grid's first columns.
    BatchMatrix make_outputs(BatchMatrix features, std::size_t columns);
    BatchMatrix scores_of(DescentScore which, std::size_t count, std::size_t columns) const;
    void score_fits(const DescentSample& sample, BatchMatrix outputs, std::size_t columns);
    /// On the first `points` rows of margins_, into the which-th of the comparisons.
    void compare_margins(std::size_t points, std::size_t which, std::size_t count);
    void measure_paths(std::size_t count);

    DescentSpec spec_;
    Design design_;
    DescentGrid grid_;
    std::size_t own_;     ///< columns of one model trained on labels, at every disturbance
    std::size_t taught_;  ///< columns of one student of every teacher
    std::vector<std::uint64_t> recorded_;
    DescentPaths paths_;
    Workspace workspace_;
    DescentSampler sampler_;
    DescentSample labelled_;
    std::optional<DescentSample> fresh_;
    BatchMatrix rate_, directions_, path_, projections_;
    BatchMatrix probe_;  ///< of the teachers' iterates: probe_ᵀ iterates = directions_ᵀ weights
    BatchMatrix weights_;  ///< of every column of the grid
    BatchMatrix targets_;  ///< of the students: labels of their inputs, then teachers' predictions
    BatchMatrix outputs_, test_features_;   ///< of classes
    BatchMatrix labels_;                    ///< of points that are scored
    BatchMatrix margins_, order_;           ///< [point][column], [point][teacher]
    BatchMatrix scores_, comparisons_;      ///< as DescentMeasures takes them
    BatchMatrix truth_, spectrum_, risks_;  ///< of squared loss
    std::optional<DescentTrainer> teacher_, student_;
    // On the host, kept from batch to batch: new memory would cost more than what is done with it.
    std::vector<std::vector<double>> values_;  ///< of each trial, as the grid has them
    std::vector<double> label_numbers_, read_scores_, read_comparisons_;
    // Of every column: its labels among those of labels_, and the teacher beside whose its margins
    // are.
    const IndexList* clean_ = nullptr;
    const IndexList *observed_ = nullptr, *teachers_observed_ = nullptr;
    const IndexList *unflipped_ = nullptr, *teachers_unflipped_ = nullptr;
    const IndexList* taught_by_ = nullptr;
    const IndexList *students_ = nullptr, *teachers_ = nullptr;  ///< columns, of each student
    const IndexList* all_ = nullptr;
    const IndexList* every_one_ = nullptr;
};

}  // namespace cucurbit
