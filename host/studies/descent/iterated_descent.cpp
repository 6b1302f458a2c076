#include "host/studies/descent/iterated_descent.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "host/theory/special.hpp"
#include "host/threads/host_threads.hpp"

namespace cucurbit {
namespace {

std::uint64_t last_of(const std::vector<double>& steps) {
    if (steps.empty()) return 1;
    return static_cast<std::uint64_t>(*std::max_element(steps.begin(), steps.end()));
}

/// Calls body(index) if the step is one of the grid's.
template <class Body>
void at_step(const std::vector<double>& steps, std::uint64_t step, Body body) {
    const auto found = std::find(steps.begin(), steps.end(), static_cast<double>(step));
    if (found != steps.end()) body(static_cast<std::size_t>(found - steps.begin()));
}

/// Calls body(trial) for the trials of a batch, on the HostThreads of the calling thread.
template <class Body>
void for_trials(std::size_t count, Body body) {
    for_blocks(count, 1, [&](std::size_t trial, std::size_t) { body(trial); });
}

BatchMatrix columns_of(const BatchMatrix& matrix, std::size_t first, std::size_t count) {
    return matrix.block(0, matrix.rows, first, count);
}

}  // namespace

IteratedDescent::IteratedDescent(const DescentSpec& spec, const Design& design, Engine* engine,
                                 std::size_t batch)
    : spec_(spec),
      design_(design),
      grid_(spec, design),
      own_(grid_.disturbances().size() * spec.data.outputs()),
      taught_(grid_.teachers() * spec.data.outputs()),
      recorded_(path_steps(last_of(grid_.teacher_steps()))),
      paths_(spec, grid_, recorded_.size()),
      workspace_(engine, batch, Workspace::never_interleaved),
      sampler_(workspace_, spec_, grid_, design.key) {
    const std::size_t n = grid_.n(), dimension = sampler_.dimension();
    const std::size_t columns = grid_.columns() * spec.data.outputs();
    const std::size_t directions = spec.student.directions;
    labelled_ = sampler_.make_sample();
    if (spec.student.fresh_inputs) fresh_ = sampler_.make_sample();
    rate_ = workspace_.matrix(1, 1);
    directions_ = workspace_.matrix(dimension, directions);
    path_ = workspace_.matrix(directions, own_ * recorded_.size());
    projections_ = workspace_.matrix(directions, columns);
    weights_ = workspace_.matrix(dimension, columns);
    targets_ = workspace_.matrix(n, own_ + taught_);
    teacher_.emplace(workspace_, spec.teacher, dimension, n, own_, own_);
    student_.emplace(workspace_, spec.student, dimension, n, grid_.learners() * spec.data.outputs(),
                     own_ + taught_);
    probe_ = teacher_->in_row_space() ? workspace_.matrix(n, directions) : directions_;
    if (classes()) {
        const std::size_t points = std::max<std::size_t>(n, spec.data.test_samples);
        outputs_ = workspace_.matrix(n, columns);
        test_features_ = workspace_.matrix(dimension, n);
        labels_ = workspace_.matrix(n, 2 * grid_.disturbances().size() + 1);
        margins_ = workspace_.matrix(points, grid_.columns());
        order_ = workspace_.matrix(points, grid_.teachers());
        list_models();
        scores_ = workspace_.matrix(score_rows, descent_scores * grid_.columns());
        comparisons_ = workspace_.matrix(comparison_rows(spec.student.margin_bins),
                                         descent_comparisons * students_->host().size());
        return;
    }
    const std::vector<double> spectrum = spec.data.spectrum.values(grid_.p());
    truth_ = workspace_.shared(spec.data.signal.values(spectrum), grid_.p(), 1);
    spectrum_ = workspace_.shared(spectrum, grid_.p(), 1);
    risks_ = workspace_.matrix(columns, 1);
    std::vector<std::uint32_t> every(columns);
    std::iota(every.begin(), every.end(), 0U);
    all_ = &workspace_.indices(every);
    every_one_ = &workspace_.indices(std::vector<std::uint32_t>(columns, 1));
}

/// Labels of every model among the columns of labels_, and the teachers of students.
void IteratedDescent::list_models() {
    const auto disturbances = static_cast<std::uint32_t>(grid_.disturbances().size());
    std::vector<std::uint32_t> observed, unflipped, taught_by, students, teachers;
    for (std::uint32_t k = 0; k < grid_.columns(); ++k) {
        observed.push_back(static_cast<std::uint32_t>(grid_.disturbance_of(k)));
        unflipped.push_back(disturbances + observed.back());
        taught_by.push_back(k);
    }
    grid_.for_each_student([&](const DescentGrid::Student& of) {
        students.push_back(static_cast<std::uint32_t>(grid_.student(of)));
        teachers.push_back(static_cast<std::uint32_t>(grid_.teacher(of.disturbance, of.stop)));
        taught_by[students.back()] = teachers.back();
    });
    const auto of_teachers = [&](std::vector<std::uint32_t> list) {
        list.resize(grid_.teachers());
        return &workspace_.indices(list);
    };
    clean_ = &workspace_.repeated(std::size_t{2} * disturbances, grid_.columns());
    teachers_observed_ = of_teachers(observed);
    teachers_unflipped_ = of_teachers(unflipped);
    observed_ = &workspace_.indices(observed);
    unflipped_ = &workspace_.indices(unflipped);
    taught_by_ = &workspace_.indices(taught_by);
    students_ = &workspace_.indices(students);
    teachers_ = &workspace_.indices(teachers);
}

double IteratedDescent::flops(const DescentSpec& spec, const Design& design) {
    const DescentGrid grid(spec, design);
    const auto part = [&](const DescentModel& model, const std::vector<double>& steps,
                          std::size_t models) {
        const std::size_t n = grid.n(), dimension = spec.features.dimension(grid.p());
        const std::size_t step = model.space(n, dimension) == DescentSpace::row
                                     ? 2 * n * n
                                     : 4 * dimension * (model.batch == 0 ? n : model.batch);
        return static_cast<double>(step) * static_cast<double>(last_of(steps)) *
               static_cast<double>(models * spec.data.outputs());
    };
    return part(spec.teacher, grid.teacher_steps(), grid.disturbances().size()) +
           part(spec.student, grid.student_steps(), grid.learners());
}

DescentLink IteratedDescent::link(double temperature) const {
    const auto kind = !classes()                  ? DescentLink::Kind::identity
                      : spec_.data.outputs() == 1 ? DescentLink::Kind::logistic
                                                  : DescentLink::Kind::softmax;
    return {kind, spec_.data.outputs(), temperature};
}

void IteratedDescent::set_rate(const DescentModel& model, const DescentSample& sample,
                               std::size_t count) {
    const auto n = static_cast<double>(grid_.n());
    const double rows = model.batch == 0 ? n : static_cast<double>(model.batch);
    std::vector<double> rates(count, model.step / rows);
    if (model.relative_step)
        for (std::size_t t = 0; t < count; ++t)
            rates[t] *= n / sample.squares[t * spec_.student.directions];
    workspace_.engine().upload(rates, rate_.data);
}

void IteratedDescent::teach(std::span<const std::uint64_t> trials) {
    Engine& engine = workspace_.engine();
    const auto of = [&](BatchMatrix matrix) { return matrix.trials(trials.size()); };
    sampler_.draw(trials, DescentStage::labelled, labelled_);
    sampler_.directions(labelled_, of(directions_));
    set_rate(spec_.teacher, labelled_, trials.size());
    const auto stage = static_cast<std::uint8_t>(DescentStage::labelled);
    const DescentSamples samples{design_.key, stage, of(labelled_.features), of(sampler_.gram()),
                                 of(rate_)};
    if (teacher_->in_row_space())
        engine.multiply(samples.features, true, of(directions_), of(probe_));
    std::size_t records = 0;
    const auto after = [&](std::uint64_t step, BatchMatrix iterates) {
        if (step == recorded_[records])
            engine.multiply(of(probe_), true, iterates,
                            of(columns_of(path_, own_ * records++, own_)));
        at_step(grid_.teacher_steps(), step, [&](std::size_t i) {
            teacher_->weights(samples, iterates, of(columns_of(weights_, i * own_, own_)));
        });
    };
    const DescentLoss loss{link(1.0), 0, of(labelled_.targets), 1.0};
    teacher_->run(trials, samples, of(labelled_.targets), {{0, {loss}}}, recorded_.back(), after);
}

void IteratedDescent::add_losses(LabelSource source, std::size_t change,
                                 std::vector<DescentLoss>& losses) const {
    const std::size_t first = own_ + change * taught_;
    const double weight = spec_.student.weight_of(source);
    // The gradient of softened labels is multiplied by the temperature once more, which keeps its
    // size (Hinton, Vinyals and Dean 2015, section 2).
    const double temperature = spec_.student.temperature;
    if (weight > 0.0)
        losses.push_back(
            {link(temperature), first, columns_of(targets_, own_, taught_), weight * temperature});
    if (weight == 1.0) return;
    for (std::size_t i = 0; i < grid_.teacher_steps().size(); ++i)
        losses.push_back(
            {link(1.0), first + i * own_, columns_of(targets_, 0, own_), 1.0 - weight});
}

std::vector<DescentTrainer::Phase> IteratedDescent::phases(std::size_t count) const {
    std::vector<DescentTrainer::Phase> all{{0, {}}};
    for (const double change : grid_.switches())
        if (change > 0.0 && std::isfinite(change))
            all.push_back({static_cast<std::uint64_t>(change), {}});
    for (DescentTrainer::Phase& phase : all) {
        phase.losses.push_back({link(1.0), 0, columns_of(targets_, 0, own_), 1.0});
        for (std::size_t c = 0; c < grid_.switches().size(); ++c) {
            const bool changed = grid_.switches()[c] <= static_cast<double>(phase.from);
            add_losses(changed ? spec_.student.later_labels : spec_.student.labels, c,
                       phase.losses);
        }
        for (DescentLoss& loss : phase.losses) loss.targets = loss.targets.trials(count);
    }
    return all;
}

void IteratedDescent::learn(std::span<const std::uint64_t> trials) {
    Engine& engine = workspace_.engine();
    const std::size_t count = trials.size(), learners = grid_.learners() * spec_.data.outputs();
    const auto of = [&](BatchMatrix matrix) { return matrix.trials(count); };
    if (fresh_) sampler_.draw(trials, DescentStage::student_inputs, *fresh_);
    set_rate(spec_.student, inputs(), count);
    const BatchMatrix answers = of(columns_of(targets_, own_, taught_));
    engine.copy(of(inputs().targets), of(columns_of(targets_, 0, own_)));
    engine.multiply(of(inputs().features), true, of(columns_of(weights_, 0, taught_)), answers);
    engine.predict(link(spec_.student.temperature), answers, answers);
    const auto stage = static_cast<std::uint8_t>(DescentStage::student_inputs);
    const DescentSamples samples{design_.key, stage, of(inputs().features), of(sampler_.gram()),
                                 of(rate_)};
    const auto after = [&](std::uint64_t step, BatchMatrix iterates) {
        at_step(grid_.student_steps(), step, [&](std::size_t j) {
            const std::size_t first = grid_.snapshot(j) * spec_.data.outputs();
            student_->weights(samples, iterates, of(columns_of(weights_, first, learners)));
        });
    };
    student_->run(trials, samples, of(targets_), phases(count), last_of(grid_.student_steps()),
                  after);
}

void IteratedDescent::clear(std::size_t count) {
    values_.resize(count);
    for_trials(count, [&](std::size_t t) {
        values_[t].assign(grid_.values(), std::numeric_limits<double>::quiet_NaN());
    });
}

void IteratedDescent::measure_risks(std::size_t count) {
    Engine& engine = workspace_.engine();
    const auto of = [&](BatchMatrix matrix) { return matrix.trials(count); };
    engine.subtract(truth_.data, *every_one_, of(weights_));
    engine.products(of(weights_), spectrum_.data, *all_, *all_, of(risks_));
    const std::vector<double> risks = fetch(engine, of(risks_));
    for_trials(count,
               [&](std::size_t t) { grid_.set_risks(risks.data() + t * risks_.rows, values_[t]); });
}

/// Columns of labels_: the observed labels at each disturbance, those of them that were not flipped
/// (the others NaN), and the clean labels.
void IteratedDescent::upload_labels(const std::vector<ClassLabels>& labels) {
    const std::size_t disturbances = grid_.disturbances().size();
    label_numbers_.resize(labels.size() * labels_.stride);
    for_trials(labels.size(), [&](std::size_t t) {
        const std::vector<std::uint32_t>& clean = labels[t].clean;
        double* const to = &label_numbers_[t * labels_.stride];
        for (std::size_t f = 0; f < disturbances; ++f) {
            const std::uint32_t* const observed = &labels[t].observed[f * clean.size()];
            double* const all = to + f * labels_.ld;
            double* const unflipped = all + disturbances * labels_.ld;
            for (std::size_t i = 0; i < clean.size(); ++i) {
                all[i] = observed[i];
                unflipped[i] = observed[i] == clean[i] ? observed[i] : missing;
            }
        }
        std::copy(clean.begin(), clean.end(), to + 2 * disturbances * labels_.ld);
    });
    workspace_.engine().upload(label_numbers_, labels_.data);
}

BatchMatrix IteratedDescent::make_outputs(BatchMatrix features, std::size_t columns) {
    columns *= spec_.data.outputs();
    const BatchMatrix outputs = outputs_.leading(features.cols, columns).trials(features.count);
    workspace_.engine().multiply(features, true,
                                 columns_of(weights_, 0, columns).trials(features.count), outputs);
    return outputs;
}

BatchMatrix IteratedDescent::scores_of(DescentScore which, std::size_t count,
                                       std::size_t columns) const {
    const std::size_t first = static_cast<std::size_t>(which) * grid_.columns();
    return columns_of(scores_, first, columns).trials(count);
}

/// Of the models in the grid's first columns, whose training points these are.
void IteratedDescent::score_fits(const DescentSample& sample, BatchMatrix outputs,
                                 std::size_t columns) {
    Engine& engine = workspace_.engine();
    const bool all = columns == grid_.columns();
    upload_labels(sample.labels);
    const auto score = [&](DescentScore which, const IndexList& of) {
        const BatchMatrix sums = scores_of(which, outputs.count, columns);
        engine.fill(sums, 0.0);
        engine.score(spec_.data.outputs(), outputs, labels_.trials(outputs.count), of, sums);
    };
    score(DescentScore::fit, all ? *observed_ : *teachers_observed_);
    score(DescentScore::fit_clean, all ? *unflipped_ : *teachers_unflipped_);
}

void IteratedDescent::compare_margins(std::size_t points, std::size_t which, std::size_t count) {
    Engine& engine = workspace_.engine();
    const std::size_t students = students_->host().size();
    const BatchMatrix margins = margins_.leading(points, margins_.cols).trials(count);
    const BatchMatrix order = order_.leading(points, order_.cols).trials(count);
    engine.order_rows(margins.leading(points, order.cols), order);
    engine.compare_margins(margins, order, *students_, *teachers_, spec_.student.margin_bins,
                           columns_of(comparisons_, which * students, students).trials(count));
}

void IteratedDescent::measure_classes(std::span<const std::uint64_t> trials) {
    Engine& engine = workspace_.engine();
    const std::size_t count = trials.size(), n = grid_.n(), classes = spec_.data.outputs();
    const auto of = [&](BatchMatrix matrix) { return matrix.trials(count); };
    const auto add_margins = [&](BatchMatrix outputs, std::size_t first) {
        engine.margins(classes, outputs, *taught_by_,
                       of(margins_.block(first, outputs.rows, 0, margins_.cols)));
    };
    const BatchMatrix fitted = make_outputs(of(inputs().features), grid_.columns());
    score_fits(inputs(), fitted, grid_.columns());
    add_margins(fitted, 0);
    compare_margins(n, 0, count);
    if (fresh_)
        score_fits(labelled_, make_outputs(of(labelled_.features), grid_.teachers()),
                   grid_.teachers());
    const auto for_chunks = [&](DescentStage stage, std::size_t samples, DescentScore which) {
        const bool test = stage == DescentStage::test;
        const BatchMatrix sums = scores_of(which, count, grid_.columns());
        engine.fill(sums, 0.0);
        for (std::size_t first = 0; first < samples; first += n) {
            const std::size_t rows = std::min<std::size_t>(n, samples - first);
            const BatchMatrix features = of(test_features_.leading(test_features_.rows, rows));
            upload_labels(sampler_.draw(trials, stage, first, features));
            const BatchMatrix outputs = make_outputs(features, grid_.columns());
            engine.score(classes, outputs, of(labels_.leading(rows, labels_.cols)),
                         test ? *clean_ : *observed_, sums);
            if (test) add_margins(outputs, first);
        }
    };
    for_chunks(DescentStage::test, spec_.data.test_samples, DescentScore::test);
    compare_margins(spec_.data.test_samples, 1, count);
    for_chunks(DescentStage::held_out, spec_.data.held_out, DescentScore::held_out);
    fetch_as_stored(engine, of(scores_), read_scores_);
    fetch_as_stored(engine, of(comparisons_), read_comparisons_);
    const DescentMeasures measures(spec_, grid_);
    for_trials(count, [&](std::size_t t) {
        measures.measure(&read_scores_[t * scores_.stride],
                         &read_comparisons_[t * comparisons_.stride], labelled_.labels[t],
                         inputs().labels[t], values_[t]);
    });
}

void IteratedDescent::measure_paths(std::size_t count) {
    Engine& engine = workspace_.engine();
    const auto of = [&](BatchMatrix matrix) { return matrix.trials(count); };
    engine.multiply(of(directions_), true, of(weights_), of(projections_));
    const std::vector<double> path = fetch(engine, of(path_));
    const std::vector<double> ends = fetch(engine, of(projections_));
    for_trials(count, [&](std::size_t t) {
        paths_.measure(path.data() + t * path_.stride, ends.data() + t * projections_.stride,
                       sampler_.lengths(labelled_, t), values_[t]);
    });
}

void IteratedDescent::run(std::span<const std::uint64_t> trials, TrialValues& out) {
    const std::size_t count = trials.size();
    teach(trials);
    learn(trials);
    clear(count);
    measure_paths(count);
    if (classes())
        measure_classes(trials);
    else
        measure_risks(count);
    out.trials = count;
    out.values.resize(design_.series.size() * count);
    out.outcomes.resize(out.values.size());
    for_blocks(count, DescentGrid::trials_per_block, [&](std::size_t first, std::size_t end) {
        grid_.take(std::span(values_).subspan(first, end - first), first, out);
    });
}

}  // namespace cucurbit
