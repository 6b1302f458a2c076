#include "host/studies/descent/measures.hpp"

#include <algorithm>
#include <cmath>

#include "host/studies/descent/margins.hpp"
#include "host/theory/special.hpp"
#include "kernels/common/score.hpp"

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
      outputs_(spec.data.outputs()),
      margin_bins_(spec.student.margin_bins),
      fit_(grid.estimand("fit_clean")),
      stops_early_(spec.data.held_out > 0),
      test_{spec.data.test_samples, 0, {}},
      train_{grid.n(), 0, {}} {}

void DescentMeasures::clear() {
    for (Margins* each : {&test_, &train_}) {
        each->points = 0;
        each->values.resize(grid_.columns() * each->most);
    }
}

void DescentMeasures::add_margins(const DescentOutputs& outputs, Margins& margins) const {
    const auto take = [&](std::size_t at, std::size_t teacher) {
        const double* const z = column(outputs, at);
        const double* const taught = column(outputs, teacher);
        double* const to = &margins.values[at * margins.most + margins.points];
        if (outputs_ == 1) {
            for (std::size_t i = 0; i < outputs.rows; ++i) to[i] = taught[i] > 0.0 ? z[i] : -z[i];
            return;
        }
        for (std::size_t i = 0; i < outputs.rows; ++i) {
            const std::size_t label = Logits{taught + i, outputs.ld, outputs_}.prediction();
            to[i] = Logits{z + i, outputs.ld, outputs_}.margin(label);
        }
    };
    for (std::size_t t = 0; t < grid_.teachers(); ++t) take(t, t);
    grid_.for_each_student([&](const DescentGrid::Student& of) {
        take(grid_.student(of), grid_.teacher(of.disturbance, of.stop));
    });
    margins.points += outputs.rows;
}

bool DescentMeasures::all_finite(const DescentOutputs& outputs, std::size_t at) const {
    std::size_t not_finite = 0;
    for (std::size_t c = 0; c < outputs_; ++c) {
        const double* const z = column(outputs, at) + c * outputs.ld;
        for (std::size_t i = 0; i < outputs.rows; ++i) not_finite += std::isfinite(z[i]) ? 0 : 1;
    }
    return not_finite == 0;
}

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

void DescentMeasures::measure_fit(const DescentOutputs& outputs, const ClassLabels& labels,
                                  std::size_t at, std::size_t disturbance,
                                  std::vector<double>& values) const {
    const std::uint32_t* observed = labels.observed.data() + disturbance * outputs.rows;
    std::size_t all_clean = 0, fitted = 0, fitted_clean = 0;
    for (std::size_t i = 0; i < outputs.rows; ++i) {
        const double* const z = column(outputs, at) + i;
        const std::size_t prediction =
            outputs_ == 1 ? (*z > 0.0 ? 1 : 0) : Logits{z, outputs.ld, outputs_}.prediction();
        const bool clean = observed[i] == labels.clean[i];
        const bool fits = prediction == observed[i];
        all_clean += clean ? 1 : 0;
        fitted += fits ? 1 : 0;
        fitted_clean += clean && fits ? 1 : 0;
    }
    const auto share = [&](std::size_t count, std::size_t all) {
        return static_cast<double>(count) / static_cast<double>(all);
    };
    const bool finite = all_finite(outputs, at);
    values[grid_.at(fit_, at)] = finite ? share(fitted_clean, all_clean) : missing;
    values[grid_.at(fit_ + 1, at)] =
        finite ? share(fitted - fitted_clean, outputs.rows - all_clean) : missing;
}

void DescentMeasures::fit_teachers(const DescentOutputs& outputs, const ClassLabels& labels,
                                   std::vector<double>& values) const {
    for (std::size_t f = 0; f < grid_.disturbances().size(); ++f)
        for (std::size_t i = 0; i < grid_.teacher_steps().size(); ++i)
            measure_fit(outputs, labels, grid_.teacher(f, i), f, values);
}

void DescentMeasures::add_train(const DescentOutputs& outputs, const ClassLabels& labels,
                                std::vector<double>& values) {
    for (std::size_t k = 0; k < grid_.columns(); ++k)
        measure_fit(outputs, labels, k, grid_.disturbance_of(k), values);
    add_margins(outputs, train_);
}

void DescentMeasures::compare(const Margins& margins, const char* sample,
                              std::vector<double>& values) const {
    const std::size_t points = margins.points, quarter = (points + 3) / 4;
    const auto of_column = [&](std::size_t at) {
        return std::span(margins.values).subspan(at * margins.most, points);
    };
    std::vector<std::vector<std::uint32_t>> orders;
    std::vector<std::vector<double>> teachers;
    for (std::size_t t = 0; t < grid_.teachers(); ++t) {
        orders.push_back(by_margin(of_column(t)));
        teachers.push_back(in_order(of_column(t), orders[t]));
    }
    const std::size_t first = grid_.estimand(std::string("margin_slope") + sample);
    grid_.for_each_student([&](const DescentGrid::Student& of) {
        const std::size_t student = grid_.student(of);
        const std::size_t teacher = grid_.teacher(of.disturbance, of.stop);
        const std::vector<double> own = in_order(of_column(student), orders[teacher]);
        const MarginComparison both{teachers[teacher], own};
        std::size_t at = first;
        const auto set = [&](double value) { values[grid_.at(at++, student)] = value; };
        const auto [slope, intercept] = both.line();
        set(slope);
        set(intercept);
        set(both.share(0, quarter, true));
        set(both.share(points - quarter, points, false));
        for (std::size_t b = 0; b < margin_bins_; ++b) {
            const std::size_t begin = b * points / margin_bins_;
            const std::size_t end = (b + 1) * points / margin_bins_;
            set(both.mean(both.teacher, begin, end));
            set(both.mean(both.student, begin, end));
        }
    });
}

void DescentMeasures::finish(const double* test, const double* held_out,
                             std::vector<double>& values) const {
    const std::size_t accuracy = grid_.estimand("accuracy");
    const auto points = static_cast<double>(test_.points);
    for (std::size_t k = 0; k < grid_.columns(); ++k) {
        const double* const sums = test + k * score_rows;
        double gap = 0.0;
        for (std::size_t b = 0; b < confidence_bins; ++b) gap += std::abs(sums[2 + b]);
        values[grid_.at(accuracy, k)] = sums[0] / points;
        values[grid_.at(accuracy + 1, k)] = sums[1] / points;
        values[grid_.at(accuracy + 2, k)] = gap / points;
    }
    compare(train_, "_train", values);
    compare(test_, "_test", values);
    const std::size_t gain = grid_.estimand("gain");
    grid_.for_each_student([&](const DescentGrid::Student& of) {
        const std::size_t student = grid_.student(of);
        const std::size_t teacher = grid_.teacher(of.disturbance, of.stop);
        const std::size_t one_hot = grid_.one_hot(of.disturbance, of.step);
        const double own = values[grid_.at(accuracy, student)];
        values[grid_.at(gain, student)] = own - values[grid_.at(accuracy, one_hot)];
        values[grid_.at(gain + 1, student)] = own - values[grid_.at(accuracy, teacher)];
    });
    if (stops_early_) stop_early(held_out, values);
}

}  // namespace cucurbit
