#include "host/studies/weak_to_strong/run.hpp"

#include <algorithm>
#include <array>

namespace cucurbit {

void WeakToStrongRun::attempt(std::span<const std::uint64_t> trials, Rung rung) {
    count_ = trials.size();
    for (std::size_t i = 0; i < samples_.size(); ++i) fit_labelled(i, trials, rung);
    label_for_student();
    for (std::size_t k = 0; k < pseudo_samples_.size(); ++k) {
        fit_pseudo_labelled(k, trials, rung);
        if (directions_ > 0) measure_directions(k);
        for (std::size_t pair = 0; pair < pairs_.size(); ++pair) {
            if (pairs_[pair].pseudo_labelled != k) continue;
            fit_ceiling(pair, rung);
            measure_student(pair);
            measure_in_sample(pair);
        }
    }
    collect();
}

void WeakToStrongRun::fit_labelled(std::size_t i, std::span<const std::uint64_t> trials,
                                   Rung rung) {
    Engine& engine = workspace_.engine();
    labelled_->draw(i, trials, rung);
    const std::size_t needed = labelled_->columns_for(i, weak_);
    const auto rows = of(labelled_->rows(i)), some = rows.leading(width_, needed);
    const auto weak = of(weak_sample_.leading(needed, weak_sample_.cols));
    const auto labels = weak.block(0, needed, weak_sample_.cols - label_vectors, label_vectors);
    engine.project(some, labelled_truth_, workspace_.repeated(needed, label_vectors), labels);
    if (labelled_->triangular(i) && needed == weak_) {
        weak_fit_->solve_triangular(i, some.leading(weak_, weak_), labels, count_,
                                    labelled_->squared(rung));
    } else {
        engine.transpose(some.leading(weak_, needed), weak.leading(needed, weak_));
        weak_fit_->solve(i, weak, count_, rung);
    }
    const auto fitted = of(weak_fits_.block(0, weak_, label_vectors * i, label_vectors));
    engine.copy(of(weak_fit_->coefficients()), fitted);
    measure_supervised(fitted, weak_truth_, weak_means_[i], 2 * supervised_products * i);
    const auto strong = of(strong_samples_[i]);
    engine.project(rows, strong_features_, workspace_.repeated(rows.cols, strong_),
                   strong.leading(rows.cols, strong_));
    engine.project(rows, labelled_truth_, workspace_.repeated(rows.cols, label_vectors),
                   strong.block(0, rows.cols, strong_, label_vectors));
    baseline_fit_->solve(i, strong, count_, rung);
    measure_supervised(of(baseline_fit_->coefficients()), strong_truth_, strong_means_[i],
                       (2 * i + 1) * supervised_products);
}

/// The weak fits, and the mean that they share but for a factor, in coordinates of the
/// pseudo-labelled rows.
void WeakToStrongRun::label_for_student() {
    Engine& engine = workspace_.engine();
    engine.project(of(weak_fits_), weak_directions_, workspace_.repeated(weak_fits_.cols, width_),
                   of(turned_));
    engine.transpose(of(turned_), of(student_labels_.leading(width_, weak_fits_.cols)));
    engine.copy(weak_target_.trials(count_),
                of(student_labels_.block(0, width_, weak_fits_.cols, 1)));
    if (directions_ > 0)
        engine.copy(all_directions_.trials(count_),
                    of(student_labels_.block(0, width_, weak_fits_.cols + 1, weak_)));
}

void WeakToStrongRun::fit_pseudo_labelled(std::size_t k, std::span<const std::uint64_t> trials,
                                          Rung rung) {
    Engine& engine = workspace_.engine();
    pseudo_labelled_->draw(k, trials, rung);
    const std::size_t needed = pseudo_labelled_->columns_for(k, strong_);
    const auto rows = of(pseudo_labelled_->rows(k)).leading(width_, needed);
    const auto sample = of(student_sample_.leading(needed, strong_ + student_labels_.cols));
    engine.transpose(rows.leading(strong_, needed), sample.leading(needed, strong_));
    const auto labels = sample.block(0, needed, strong_, student_labels_.cols);
    engine.project(rows, of(student_labels_), workspace_.repeated(needed, student_labels_.cols),
                   labels);
    if (pseudo_labelled_->triangular(k) && needed == strong_)
        student_fit_->solve_triangular(k, rows.leading(strong_, strong_), labels, count_,
                                       pseudo_labelled_->squared(rung));
    else
        student_fit_->solve(k, sample, count_, rung);
}

void WeakToStrongRun::measure_directions(std::size_t k) {
    Engine& engine = workspace_.engine();
    const std::size_t first = weak_fits_.cols + 1;
    engine.copy(of(student_fit_->coefficients().block(0, strong_, first, weak_)),
                of(direction_pairs_.leading(strong_, weak_)));
    engine.copy(of(student_labels_.block(0, strong_, first, weak_)),
                of(direction_pairs_.block(0, strong_, weak_, weak_)));
    engine.transpose(of(direction_pairs_), of(turned_pairs_));
    engine.project(of(turned_pairs_), fluctuations_[k], workspace_.repeated(strong_, weak_),
                   of(fluctuation_));
    engine.transpose(of(fluctuation_), of(turned_fluctuation_));
    engine.row_norms(of(turned_fluctuation_), of(results_.block(first_direction(k), weak_, 0, 1)));
}

void WeakToStrongRun::fit_ceiling(std::size_t pair, Rung rung) {
    Engine& engine = workspace_.engine();
    const auto [i, k, unused] = pairs_[pair];
    const auto top = of(strong_samples_[i]);
    const std::size_t below = pseudo_labelled_->columns_for(k, strong_);
    const auto rows = of(pseudo_labelled_->rows(k)).leading(width_, below);
    const auto sample = of(ceiling_sample_.leading(top.rows + below, strong_ + label_vectors));
    engine.copy(top, sample.leading(top.rows, top.cols));
    engine.copy(of(student_sample_.leading(below, strong_)),
                sample.block(top.rows, below, 0, strong_));
    engine.project(rows, pseudo_labelled_truth_, workspace_.repeated(below, label_vectors),
                   sample.block(top.rows, below, strong_, label_vectors));
    ceiling_fit_->solve(pair, sample, count_, rung);
    measure_supervised(of(ceiling_fit_->coefficients()), strong_truth_, ceiling_means_[pair],
                       first_result_of_pair(pair));
}

void WeakToStrongRun::measure_student(std::size_t pair) {
    Engine& engine = workspace_.engine();
    const auto [i, k, combinations] = pairs_[pair];
    const auto put = [&](BatchMatrix from, std::size_t column) {
        engine.copy(from, of(base_.block(0, strong_, column, from.cols)));
    };
    const auto student = of(student_fit_->coefficients());
    const auto labels = of(student_labels_.leading(strong_, student_labels_.cols));
    const std::size_t first = label_vectors * i, target = label_vectors * samples_.size();
    put(student.block(0, strong_, first, label_vectors), 0);
    put(student.block(0, strong_, target, 1), 2);
    put(labels.block(0, strong_, first, label_vectors), 3);
    put(labels.block(0, strong_, target, 1), 5);
    put(strong_truth_.trials(count_), 6);
    engine.transpose(of(base_), of(turned_base_));
    const auto errors = of(errors_.leading(strong_, student_errors));
    engine.project(of(turned_base_), combinations, workspace_.repeated(strong_, student_errors),
                   errors);
    static constexpr std::array<std::uint32_t, student_products> left{0, 0, 1, 2, 2, 3,
                                                                      3, 4, 5, 5, 6, 7};
    static constexpr std::array<std::uint32_t, student_products> right{0, 1, 1, 2, 1, 3,
                                                                       4, 4, 5, 6, 6, 7};
    engine.products(errors, ones_.data, workspace_.kept({left.begin(), left.end()}),
                    workspace_.kept({right.begin(), right.end()}),
                    of(results_.block(first_result_of_pair(pair) + supervised_products,
                                      student_products, 0, 1)));
}

void WeakToStrongRun::measure_in_sample(std::size_t pair) {
    Engine& engine = workspace_.engine();
    const auto [i, k, unused] = pairs_[pair];
    const std::size_t needed = pseudo_labelled_->columns_for(k, strong_);
    const auto errors = of(in_sample_);
    engine.fill(errors, 0.0);
    engine.copy(
        of(student_fit_->coefficients().block(0, strong_, label_vectors * i, label_vectors)),
        errors.leading(strong_, label_vectors));
    engine.subtract(pseudo_labelled_truth_.data, workspace_.kept({1, 0}), errors);
    const auto on_rows = of(in_sample_errors_.leading(needed, label_vectors));
    engine.project(of(pseudo_labelled_->rows(k)).leading(width_, needed), errors,
                   workspace_.repeated(needed, label_vectors), on_rows);
    engine.products(
        on_rows, ones_.data, workspace_.kept({0, 0, 1}), workspace_.kept({0, 1, 1}),
        of(results_.block(first_result_of_pair(pair) + supervised_products + student_products,
                          in_sample_products, 0, 1)));
}

void WeakToStrongRun::measure_supervised(BatchMatrix coefficients, BatchMatrix truth,
                                         BatchMatrix mean, std::size_t first_result) {
    Engine& engine = workspace_.engine();
    const std::size_t features = coefficients.rows;
    const auto errors = of(errors_.leading(features, 3));
    engine.copy(coefficients, errors.leading(features, label_vectors));
    engine.copy(coefficients.leading(features, 1), errors.block(0, features, 2, 1));
    engine.subtract(truth.data, workspace_.kept({1, 0, 0}), errors);
    engine.subtract(mean.data, workspace_.kept({0, 0, 1}), errors);
    engine.products(errors, ones_.data, workspace_.kept({0, 0, 1, 2, 2}),
                    workspace_.kept({0, 1, 1, 2, 1}),
                    of(results_.block(first_result, supervised_products, 0, 1)));
}

void WeakToStrongRun::collect() {
    for (auto* fit : {&*weak_fit_, &*baseline_fit_, &*student_fit_, &*ceiling_fit_})
        fit->read(count_);
    labelled_->read(count_);
    pseudo_labelled_->read(count_);
    workspace_.download(results_, count_, read_results_);
    if (directions_ > 0) {
        BatchMatrix all = weak_fits_;
        all.rows *= all.cols;
        all.cols = 1;
        workspace_.download(all, count_, read_weak_fits_);
    }
}

/// A value demands the highest rung that one of its fits needs, and has their largest deficit.
void WeakToStrongRun::read(std::size_t first, std::size_t end, Rung rung, FittedBlock out) const {
    std::vector<Fitted> fits(dependences_.size() * together);
    std::vector<double> results((results_.rows + 1) * together, 0.0);
    for (std::size_t done = 0; first + done < end; done += together) {
        const std::size_t begin = first + done, count = std::min(together, end - begin);
        for (std::size_t i = 0; i < dependences_.size(); ++i)
            for (std::size_t t = 0; t < count; ++t)
                fits[i * together + t] = judge(dependences_[i], begin + t, rung);
        const double* const from = &read_results_[begin * results_.rows];
        for (std::size_t k = 0; k < results_.rows; ++k)
            for (std::size_t t = 0; t < count; ++t)
                results[k * together + t] = from[t * results_.rows + k];
        for (std::size_t s = 0; s < readings_.size(); ++s) {
            const std::array<double, together> values =
                values_of(readings_[s], results.data(), begin, count);
            const Fitted* const a = &fits[readings_[s].fits[0] * together];
            const Fitted* const b = &fits[readings_[s].fits[1] * together];
            for (std::size_t t = 0; t < count; ++t)
                out(s, done + t) = {values[t], std::max(a[t].demanded, b[t].demanded),
                                    std::max(a[t].rank_deficit, b[t].rank_deficit)};
        }
    }
}

Fitted WeakToStrongRun::judge(const Dependence& on, std::size_t trial, Rung used) const {
    const bool reduced =
        (on.labelled == Form::none || labelled_->reduced(on.labelled, trial)) &&
        (on.pseudo_labelled == Form::none || pseudo_labelled_->reduced(on.pseudo_labelled, trial));
    const Rung demanded = on.fit->demanded(on.index, trial, used);
    return {0.0, reduced ? demanded : std::max(demanded, Rung::orthogonal),
            on.fit->rank_deficit(on.index, trial, used)};
}

std::array<double, WeakToStrongRun::together> WeakToStrongRun::values_of(const Reading& reading,
                                                                         const double* results,
                                                                         std::size_t first,
                                                                         std::size_t count) const {
    const Form& form = reading.form;
    const auto line = [&](std::size_t index) {
        return results + (index == Form::none ? results_.rows : index) * together;
    };
    const double *const square = line(form.square), *const cross = line(form.cross),
                        *const noise = line(form.noise);
    const double sigma = reading.noise_std, twice = 2.0 * sigma, squared = sigma * sigma;
    std::array<double, together> values;
    for (std::size_t t = 0; t < together; ++t)
        values[t] =
            form.constant + form.factor * (square[t] + twice * cross[t] + squared * noise[t]);
    if (reading.direction == Form::none) return values;
    for (std::size_t t = 0; t < count; ++t) {
        const std::size_t j = reading.direction;
        const double* fitted = read_weak_fits_.data() +
                               (first + t) * weak_fits_.rows * weak_fits_.cols +
                               label_vectors * reading.labelled * weak_;
        const double deviation = fitted[j] - reading.mean + sigma * fitted[weak_ + j];
        values[t] = values[t] * deviation * deviation;
    }
    return values;
}

}  // namespace cucurbit
