#include "host/studies/features/run.hpp"

#include <algorithm>
#include <cmath>

#include "host/studies/shuffle.hpp"
#include "host/threads/host_threads.hpp"

namespace cucurbit {
namespace {

/// Test samples whose classes one thread looks at in one go.
constexpr std::size_t samples_per_block = 1024;

}  // namespace

BatchMatrix FeaturesRun::features(BatchMatrix samples, bool weak, bool with_labels) const {
    const std::size_t rows = (weak ? weak_d() : strong_d()) + (with_labels ? spec_.outputs() : 0);
    return samples.block(weak ? 0 : weak_d() + spec_.outputs(), rows, 0, samples.cols);
}

void FeaturesRun::attempt(std::span<const std::uint64_t> trials, Rung rung) {
    count_ = trials.size();
    wrong_.assign(models() * count_, 0.0);
    split(trials);
    for (std::size_t penalty = 0; penalty < penalties_.size(); ++penalty) {
        for (std::size_t i = 0; i < samples_.size(); ++i) fit_labelled(setup(penalty, i), rung);
        for (std::size_t k = 0; k < pseudo_samples_.size(); ++k) {
            fit_student(penalty, k, rung);
            for (std::size_t i = 0; i < samples_.size(); ++i)
                fit_ceiling(setup(penalty, i), k, rung);
        }
    }
    for (auto* head : {&*weak_, &*baseline_, &*student_, &*ceiling_}) head->read(count_);
    workspace_.download(results_, count_, squares_);
}

void FeaturesRun::split(std::span<const std::uint64_t> trials) {
    const std::size_t all = spec_.all_samples(), before_test = all - spec_.test;
    std::vector<double> labelled, unlabelled, tests;
    test_classes_.clear();
    for (const std::uint64_t trial : trials) {
        const std::vector<std::size_t> order =
            shuffled({design().key, 0, Purpose::split}, trial, 0, all);
        for (std::size_t i = 0; i < labelled_.cols; ++i)
            labelled.push_back(static_cast<double>(order[i]));
        for (std::size_t i = 0; i < unlabelled_.cols; ++i)
            unlabelled.push_back(static_cast<double>(order[before_test - 1 - i]));
        for (std::size_t i = before_test; i < all; ++i) {
            tests.push_back(static_cast<double>(order[i]));
            if (spec_.classifies()) test_classes_.push_back(spec_.classes[order[i]]);
        }
    }
    Engine& engine = workspace_.engine();
    const auto take = [&](const std::vector<double>& chosen, BatchMatrix samples) {
        BatchMatrix order = of(order_);
        order.rows = order.ld = order.stride = samples.cols;
        engine.upload(chosen, order.data);
        engine.gather(of(all_), order, false, of(samples));
    };
    take(labelled, labelled_);
    take(unlabelled, unlabelled_);
    take(tests, tests_);
}

void FeaturesRun::fit_labelled(std::size_t setup, Rung rung) {
    Engine& engine = workspace_.engine();
    const std::size_t i = setup % samples_.size(), outputs = spec_.outputs();
    const auto sample = of(labelled_.leading(width(), samples_[i]));
    const auto labels = sample.block(weak_d(), outputs, 0, samples_[i]);
    engine.transpose(labels, of(weak_->labels(setup)));
    weak_->solve(setup, features(sample, true, false), count_, rung);
    engine.copy(of(weak_->coefficients()), of(weak_fits_.block(0, weak_d(), i * outputs, outputs)));
    measure(weak_->coefficients(), true, setup * labelled_models());
    const auto all_labels = of(baseline_->labels(setup));
    engine.transpose(labels, all_labels.leading(samples_[i], outputs));
    if (!spec_.surrogates.empty())
        engine.multiply(
            features(sample, false, true), true, of(surrogates_[i]),
            all_labels.block(0, samples_[i], outputs, spec_.surrogates.size() * outputs));
    baseline_->solve(setup, features(sample, false, false), count_, rung);
    for (std::size_t arm = 1; arm < labelled_models(); ++arm)
        measure(baseline_->coefficients().block(0, strong_d(), (arm - 1) * outputs, outputs), false,
                setup * labelled_models() + arm);
}

/// One factorisation serves the labels of the weak heads of all n.
void FeaturesRun::fit_student(std::size_t penalty, std::size_t k, Rung rung) {
    Engine& engine = workspace_.engine();
    const std::size_t index = penalty * pseudo_samples_.size() + k, outputs = spec_.outputs();
    const auto sample = of(unlabelled_.leading(width(), pseudo_samples_[k]));
    engine.multiply(features(sample, true, false), true, of(weak_fits_),
                    of(student_->labels(index)));
    student_->solve(index, features(sample, false, false), count_, rung);
    for (std::size_t i = 0; i < samples_.size(); ++i)
        measure(student_->coefficients().block(0, strong_d(), i * outputs, outputs), false,
                student_model(pair(setup(penalty, i), k)));
}

void FeaturesRun::fit_ceiling(std::size_t setup, std::size_t k, Rung rung) {
    Engine& engine = workspace_.engine();
    const std::size_t n = samples_[setup % samples_.size()], pseudo = pseudo_samples_[k];
    const auto sample = of(both_.leading(strong_d() + spec_.outputs(), n + pseudo));
    const auto part = [&](BatchMatrix samples, std::size_t count) {
        return features(of(samples.leading(width(), count)), false, true);
    };
    engine.copy(part(labelled_, n), sample.leading(sample.rows, n));
    engine.copy(part(unlabelled_, pseudo), sample.block(0, sample.rows, n, pseudo));
    const std::size_t index = pair(setup, k);
    engine.transpose(sample.block(strong_d(), spec_.outputs(), 0, n + pseudo),
                     of(ceiling_->labels(index)));
    ceiling_->solve(index, sample.leading(strong_d(), n + pseudo), count_, rung);
    measure(ceiling_->coefficients(), false, student_model(index) + 1);
}

/// With −1 below the coefficients, features above labels become errors.
void FeaturesRun::measure(BatchMatrix coefficients, bool weak, std::size_t model) {
    Engine& engine = workspace_.engine();
    const std::size_t outputs = spec_.outputs();
    const auto stack = of(weak ? weak_stack_ : strong_stack_);
    const auto errors = of(errors_);
    engine.copy(of(coefficients), stack.leading(coefficients.rows, outputs));
    engine.copy(of(minus_identity_), stack.block(coefficients.rows, outputs, 0, outputs));
    engine.multiply(features(of(tests_), weak, true), true, stack, errors);
    engine.weighted_norm(errors, ones_.data, of(results_.block(model, 1, 0, 1)));
    if (!spec_.classifies()) return;
    count_wrong(fetch(engine, errors), model);
}

void FeaturesRun::count_wrong(const std::vector<double>& errors, std::size_t model) {
    const std::size_t outputs = spec_.outputs(), tests = spec_.test;
    for_blocks(count_, 1 + samples_per_block / tests, [&](std::size_t first, std::size_t end) {
        for (std::size_t t = first; t < end; ++t) {
            double& wrong = wrong_[t * models() + model];
            for (std::size_t i = 0; i < tests; ++i) {
                const std::uint32_t truth = test_classes_[t * tests + i];
                const double* of_sample = errors.data() + t * outputs * tests + i;
                const double right = of_sample[truth * tests] + 1.0;
                bool other = false;
                for (std::size_t c = 0; c < outputs; ++c)
                    other = other || (c != truth && !(of_sample[c * tests] < right));
                wrong += other ? 1.0 : 0.0;
            }
        }
    });
}

void FeaturesRun::read(std::size_t first, std::size_t end, Rung rung, FittedBlock out) const {
    const auto tests = static_cast<double>(spec_.test);
    for (std::size_t t = first; t < end; ++t)
        for (std::size_t s = 0; s < readings_.size(); ++s) {
            const Reading& reading = readings_[s];
            const double square = squares_[t * results_.rows + reading.model];
            Fitted& of = out(s, t - first);
            of = {square / tests, Rung::cholesky, 0};
            // Where predictions are no numbers there are no classes either.
            if (reading.misclassification && std::isfinite(square))
                of.value = wrong_[t * models() + reading.model] / tests;
            for (const auto& [head, sample] : reading.fits) {
                of.demanded = std::max(of.demanded, head->fit().demanded(sample, t, rung));
                of.rank_deficit =
                    std::max(of.rank_deficit, head->fit().rank_deficit(sample, t, rung));
            }
        }
}

}  // namespace cucurbit
