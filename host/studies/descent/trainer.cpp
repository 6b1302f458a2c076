#include "host/studies/descent/trainer.hpp"

#include "host/studies/shuffle.hpp"

namespace cucurbit {

DescentTrainer::DescentTrainer(Workspace& workspace, const DescentModel& model,
                               std::size_t dimension, std::size_t samples, std::size_t columns,
                               std::size_t target_columns)
    : workspace_(workspace),
      model_(model),
      samples_(samples),
      space_(model.space(samples, dimension)) {
    const std::size_t batch = model.batch == 0 ? samples : model.batch;
    const std::size_t rows = in_row_space() ? samples : dimension;
    iterates_ = workspace.matrix(rows, columns);
    velocity_ = workspace.matrix(rows, columns);
    outputs_ = workspace.matrix(batch, columns);
    if (model.batch == 0) return;
    order_ = workspace.matrix(samples, 1);
    batch_features_ = workspace.matrix(dimension, batch);
    batch_targets_ = workspace.matrix(batch, target_columns);
}

void DescentTrainer::run(std::span<const std::uint64_t> trials, const DescentSamples& samples,
                         BatchMatrix targets, const std::vector<Phase>& phases, std::uint64_t last,
                         const std::function<void(std::uint64_t, BatchMatrix)>& after) {
    Engine& engine = workspace_.engine();
    const auto of = [&](BatchMatrix matrix) { return matrix.trials(trials.size()); };
    engine.fill(of(iterates_), 0.0);
    engine.fill(of(velocity_), 0.0);
    const bool whole = model_.batch == 0;
    const std::uint64_t batches = whole ? 1 : samples_ / model_.batch;
    std::vector<DescentLoss> losses;
    for (std::uint64_t step = 0; step < last; ++step) {
        for (const Phase& phase : phases) {
            if (phase.from != step) continue;
            losses = phase.losses;
            // The same columns of the gathered targets.
            for (DescentLoss& loss : losses) {
                if (whole) continue;
                const auto column =
                    static_cast<std::size_t>(loss.targets.data - targets.data) / targets.ld;
                loss.targets =
                    of(batch_targets_.block(0, batch_targets_.rows, column, loss.targets.cols));
            }
        }
        if (!whole) {
            if (step % batches == 0) shuffle(trials, samples, step / batches);
            gather(samples, targets, step % batches * model_.batch);
        }
        engine.descend(space_,
                       in_row_space() ? samples.gram
                       : whole        ? samples.features
                                      : of(batch_features_),
                       losses, samples.rate, model_.momentum, of(outputs_), of(velocity_),
                       of(iterates_));
        after(step + 1, of(iterates_));
    }
}

void DescentTrainer::weights(const DescentSamples& samples, BatchMatrix iterates,
                             BatchMatrix weights) const {
    if (in_row_space())
        workspace_.engine().multiply(samples.features, false, iterates, weights);
    else
        workspace_.engine().copy(iterates, weights);
}

void DescentTrainer::shuffle(std::span<const std::uint64_t> trials, const DescentSamples& samples,
                             std::uint64_t epoch) {
    std::vector<double> order;
    const Stream stream{samples.key, samples.stage, Purpose::batches};
    for (const std::uint64_t trial : trials)
        for (const std::size_t place : shuffled(stream, trial, epoch, samples_))
            order.push_back(static_cast<double>(place));
    workspace_.engine().upload(order, order_.data);
}

void DescentTrainer::gather(const DescentSamples& samples, BatchMatrix targets, std::size_t first) {
    Engine& engine = workspace_.engine();
    const std::size_t count = samples.features.count;
    const BatchMatrix order = order_.block(first, model_.batch, 0, 1).trials(count);
    engine.gather(samples.features, order, false, batch_features_.trials(count));
    engine.gather(targets, order, true, batch_targets_.trials(count));
}

}  // namespace cucurbit
