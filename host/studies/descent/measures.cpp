#include "host/studies/descent/measures.hpp"

#include <cmath>
#include <functional>
#include <numeric>

#include "kernels/contract.hpp"

namespace cucurbit {
namespace {

/// The model of least loss among columns first, first + step, …: which of them it is.
std::size_t stop(const double* held_out, std::size_t first, std::size_t step, std::size_t count) {
    const auto loss = [&](std::size_t i) { return held_out[(first + i * step) * score_rows + 1]; };
    std::size_t best = 0;
    for (std::size_t i = 1; i < count; ++i)
        if (loss(i) < loss(best) || std::isnan(loss(best))) best = i;
    return best;
}

}  // namespace

DescentMeasures::DescentMeasures(const DescentSpec& spec, const DescentGrid& grid)
    : grid_(grid),
      test_samples_(spec.data.test_samples),
      comparison_rows_(comparison_rows(spec.student.margin_bins)),
      stops_early_(spec.data.held_out > 0) {}

void DescentMeasures::stop_early(const double* held_out, std::vector<double>& values) const {
    const std::size_t disturbances = grid_.disturbances().size();
    const std::size_t stopped_at = grid_.estimand("stopped_at");
    for (std::size_t f = 0; f < disturbances; ++f) {
        const std::size_t i =
            stop(held_out, grid_.teacher(f, 0), disturbances, grid_.teacher_steps().size());
        const std::size_t j =
            stop(held_out, grid_.one_hot(f, 0), grid_.learners(), grid_.student_steps().size());
        const auto set = [&](std::size_t from, std::size_t to, double steps) {
            grid_.copy(from, to, values);
            values[grid_.at(stopped_at, to)] = steps;
        };
        set(grid_.teacher(f, i), grid_.early_teacher(f), grid_.teacher_steps()[i]);
        set(grid_.one_hot(f, j), grid_.early_one_hot(f), grid_.student_steps()[j]);
        for (std::size_t c = 0; c < grid_.switches().size(); ++c)
            for (std::size_t step = 0; step < grid_.student_steps().size(); ++step)
                set(grid_.student({f, i, c, step}), grid_.early_student(f, c, step),
                    grid_.teacher_steps()[i]);
    }
}

void DescentMeasures::measure_fits(const double* scores, const ClassLabels& labels,
                                   std::size_t first, std::size_t end,
                                   std::vector<double>& values) const {
    const std::size_t points = labels.clean.size(), estimand = grid_.estimand("fit_clean");
    std::vector<double> clean;  // points of each disturbance
    for (std::size_t f = 0; f < grid_.disturbances().size(); ++f)
        clean.push_back(static_cast<double>(
            std::inner_product(labels.clean.begin(), labels.clean.end(),
                               labels.observed.begin() + static_cast<std::ptrdiff_t>(f * points),
                               std::size_t{0}, std::plus<>(), std::equal_to<>())));
    const double* const fits = of(scores, DescentScore::fit);
    const double* const fits_clean = of(scores, DescentScore::fit_clean);
    for (std::size_t k = first; k < end; ++k) {
        const double all = fits[k * score_rows], right = fits_clean[k * score_rows];
        const double of_points = clean[grid_.disturbance_of(k)];
        values[grid_.at(estimand, k)] = right / of_points;
        values[grid_.at(estimand + 1, k)] =
            (all - right) / (static_cast<double>(points) - of_points);
    }
}

void DescentMeasures::measure(const double* scores, const double* comparisons,
                              const ClassLabels& own_labels, const ClassLabels& input_labels,
                              std::vector<double>& values) const {
    measure_fits(scores, own_labels, 0, grid_.teachers(), values);
    measure_fits(scores, input_labels, grid_.teachers(), grid_.columns(), values);
    const std::size_t accuracy = grid_.estimand("accuracy");
    const auto points = static_cast<double>(test_samples_);
    for (std::size_t k = 0; k < grid_.columns(); ++k) {
        const double* const sums = of(scores, DescentScore::test) + k * score_rows;
        double gap = 0.0;
        for (std::size_t b = 0; b < confidence_bins; ++b) gap += std::abs(sums[2 + b]);
        values[grid_.at(accuracy, k)] = sums[0] / points;
        values[grid_.at(accuracy + 1, k)] = sums[1] / points;
        values[grid_.at(accuracy + 2, k)] = gap / points;
    }
    for (const char* sample : {"margin_slope_train", "margin_slope_test"}) {
        const std::size_t first = grid_.estimand(sample);
        grid_.for_each_student([&](const DescentGrid::Student& of) {
            for (std::size_t i = 0; i < comparison_rows_; ++i)
                values[grid_.at(first + i, grid_.student(of))] = *comparisons++;
        });
    }
    const std::size_t gain = grid_.estimand("gain");
    grid_.for_each_student([&](const DescentGrid::Student& of) {
        const std::size_t student = grid_.student(of);
        const std::size_t teacher = grid_.teacher(of.disturbance, of.stop);
        const std::size_t one_hot = grid_.one_hot(of.disturbance, of.step);
        const double own = values[grid_.at(accuracy, student)];
        values[grid_.at(gain, student)] = own - values[grid_.at(accuracy, one_hot)];
        values[grid_.at(gain + 1, student)] = own - values[grid_.at(accuracy, teacher)];
    });
    if (stops_early_) stop_early(of(scores, DescentScore::held_out), values);
}

}  // namespace cucurbit
