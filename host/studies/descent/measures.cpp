#include "host/studies/descent/measures.hpp"

#include <algorithm>
#include <cmath>

#include "host/studies/descent/confidence.hpp"
#include "host/studies/descent/margins.hpp"
#include "host/theory/special.hpp"

namespace cucurbit {
namespace {

/// One model's outputs at one point.
struct Reading {
    const double* z;
    std::size_t stride;
    std::size_t outputs;

    std::uint32_t prediction() const {
        if (outputs == 1) return z[0] > 0.0 ? 1 : 0;
        std::size_t best = 0;
        for (std::size_t c = 1; c < outputs; ++c)
            if (z[c * stride] > z[best * stride]) best = c;
        return static_cast<std::uint32_t>(best);
    }
    double margin(std::uint32_t label) const {
        if (outputs == 1) return label == 1 ? z[0] : -z[0];
        const double largest = others(label);
        double sum = 0.0;
        for (std::size_t c = 0; c < outputs; ++c)
            if (c != label) sum += std::exp(z[c * stride] - largest);
        return z[label * stride] - largest - std::log(sum);
    }

private:
    double others(std::uint32_t label) const {
        double largest = -HUGE_VAL;
        for (std::size_t c = 0; c < outputs; ++c)
            if (c != label) largest = std::max(largest, z[c * stride]);
        return largest;
    }
};

/// −log p for log odds m.
double loss_of(double margin) {
    return margin > 0.0 ? std::log1p(std::exp(-margin)) : std::log1p(std::exp(margin)) - margin;
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
    columns_.assign(grid_.columns(), {});
    points_ = 0.0;
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
            const std::uint32_t label = Reading{taught + i, outputs.ld, outputs_}.prediction();
            to[i] = Reading{z + i, outputs.ld, outputs_}.margin(label);
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

std::size_t DescentMeasures::bin_of(double confidence) {
    return std::min(static_cast<std::size_t>(confidence * bins), bins - 1);
}

void DescentMeasures::add_classes(const DescentOutputs& outputs,
                                  const std::vector<std::uint32_t>& labels, std::size_t at) {
    Column& of = columns_[at];
    for (std::size_t i = 0; i < outputs.rows; ++i) {
        const Reading reading{column(outputs, at) + i, outputs.ld, outputs_};
        const std::uint32_t prediction = reading.prediction();
        const bool hit = prediction == labels[i];
        const double margin = reading.margin(labels[i]);
        const double sure = hit ? margin : reading.margin(prediction);
        const double confidence = 1.0 / (1.0 + std::exp(-sure));
        of.gap[bin_of(confidence)] += confidence - (hit ? 1.0 : 0.0);
        of.hits += hit ? 1.0 : 0.0;
        of.loss += loss_of(margin);
    }
}

void DescentMeasures::add_binary(const DescentOutputs& outputs,
                                 const std::vector<std::uint32_t>& labels, std::size_t at) {
    Column& of = columns_[at];
    const double* const z = column(outputs, at);
    confidence_.resize(outputs.rows);
    losses_.resize(outputs.rows);
    measure_confidence(z, outputs.rows, confidence_.data(), losses_.data());
    std::size_t hits = 0;
    for (std::size_t i = 0; i < outputs.rows; ++i) {
        const bool hit = (z[i] > 0.0) == (labels[i] == 1);
        of.gap[bin_of(confidence_[i])] += confidence_[i] - (hit ? 1.0 : 0.0);
        losses_[i] += hit ? 0.0 : std::abs(z[i]);
        hits += hit ? 1 : 0;
    }
    of.hits += static_cast<double>(hits);
    of.loss += sum(losses_.data(), outputs.rows);
}

void DescentMeasures::add_test(const DescentOutputs& outputs,
                               const std::vector<std::uint32_t>& labels) {
    for (std::size_t k = 0; k < grid_.columns(); ++k) {
        if (!all_finite(outputs, k))
            columns_[k].hits = columns_[k].loss = columns_[k].gap[0] = missing;
        else if (outputs_ == 1)
            add_binary(outputs, labels, k);
        else
            add_classes(outputs, labels, k);
    }
    points_ += static_cast<double>(outputs.rows);
    add_margins(outputs, test_);
}

double DescentMeasures::loss(const DescentOutputs& outputs, const std::uint32_t* labels,
                             std::size_t at) const {
    const double* const z = column(outputs, at);
    std::vector<double> losses(outputs.rows);
    if (outputs_ == 1) {
        std::vector<double> confidence(outputs.rows);
        measure_confidence(z, outputs.rows, confidence.data(), losses.data());
        for (std::size_t i = 0; i < outputs.rows; ++i)
            losses[i] += (z[i] > 0.0) == (labels[i] == 1) ? 0.0 : std::abs(z[i]);
    } else {
        for (std::size_t i = 0; i < outputs.rows; ++i)
            losses[i] = loss_of(Reading{z + i, outputs.ld, outputs_}.margin(labels[i]));
    }
    return sum(losses.data(), outputs.rows);
}

void DescentMeasures::add_held_out(const DescentOutputs& outputs, const ClassLabels& labels) {
    for (std::size_t k = 0; k < grid_.columns(); ++k) {
        const std::uint32_t* observed = labels.observed.data() + disturbance_of(k) * outputs.rows;
        columns_[k].held_out_loss += loss(outputs, observed, k);
    }
}

std::size_t DescentMeasures::stop(std::size_t first, std::size_t step, std::size_t count) const {
    std::size_t best = 0;
    for (std::size_t i = 1; i < count; ++i)
        if (columns_[first + i * step].held_out_loss < columns_[first + best * step].held_out_loss)
            best = i;
    return best;
}

void DescentMeasures::stop_early(std::vector<double>& values) const {
    const std::size_t disturbances = grid_.disturbances().size();
    const std::size_t stopped_at = grid_.estimand("stopped_at");
    for (std::size_t f = 0; f < disturbances; ++f) {
        const std::size_t i = stop(grid_.teacher(f, 0), disturbances, grid_.teacher_steps().size());
        const std::size_t j =
            stop(grid_.one_hot(f, 0), grid_.learners(), grid_.student_steps().size());
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
        const Reading reading{column(outputs, at) + i, outputs.ld, outputs_};
        const bool clean = observed[i] == labels.clean[i];
        const bool fits = reading.prediction() == observed[i];
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
        measure_fit(outputs, labels, k, disturbance_of(k), values);
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

void DescentMeasures::finish(std::vector<double>& values) {
    const std::size_t accuracy = grid_.estimand("accuracy");
    for (std::size_t k = 0; k < grid_.columns(); ++k) {
        double gap = 0.0;
        for (const double bin : columns_[k].gap) gap += std::abs(bin);
        values[grid_.at(accuracy, k)] = columns_[k].hits / points_;
        values[grid_.at(accuracy + 1, k)] = columns_[k].loss / points_;
        values[grid_.at(accuracy + 2, k)] = gap / points_;
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
    if (stops_early_) stop_early(values);
}

}  // namespace cucurbit
