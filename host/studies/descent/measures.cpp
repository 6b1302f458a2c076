#include "host/studies/descent/measures.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "host/studies/descent/margins.hpp"

namespace cucurbit {
namespace {

/// One model's outputs at one point.
struct Reading {
    const double* z;
    std::size_t stride;
    std::size_t outputs;

    bool finite() const {
        double sum = 0.0;
        for (std::size_t c = 0; c < outputs; ++c) sum += z[c * stride];
        return std::isfinite(sum);
    }
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

constexpr double missing = std::numeric_limits<double>::quiet_NaN();

}  // namespace

DescentMeasures::DescentMeasures(const DescentSpec& spec, const DescentGrid& grid)
    : grid_(grid),
      outputs_(spec.data.outputs()),
      margin_bins_(spec.student.margin_bins),
      stops_early_(spec.data.held_out > 0),
      columns_(grid.columns()) {
    for (Margins* margins : {&test_, &train_}) {
        margins->teacher.resize(grid.teachers());
        margins->student.resize(grid.columns());
    }
}

void DescentMeasures::add_margins(const DescentOutputs& outputs, Margins& margins) const {
    const auto reading = [&](std::size_t at, std::size_t row) {
        return Reading{column(outputs, at) + row, outputs.rows, outputs_};
    };
    std::vector<std::vector<std::uint32_t>> predictions(grid_.teachers());
    for (std::size_t t = 0; t < grid_.teachers(); ++t)
        for (std::size_t i = 0; i < outputs.rows; ++i) {
            predictions[t].push_back(reading(t, i).prediction());
            margins.teacher[t].push_back(reading(t, i).margin(predictions[t][i]));
        }
    grid_.for_each_student([&](const DescentGrid::Student& of) {
        const std::size_t student = grid_.student(of);
        const std::size_t teacher = grid_.teacher(of.disturbance, of.stop);
        for (std::size_t i = 0; i < outputs.rows; ++i)
            margins.student[student].push_back(reading(student, i).margin(predictions[teacher][i]));
    });
}

void DescentMeasures::add_test(const DescentOutputs& outputs,
                               const std::vector<std::uint32_t>& labels) {
    for (std::size_t k = 0; k < grid_.columns(); ++k) {
        Column& of = columns_[k];
        for (std::size_t i = 0; i < outputs.rows; ++i) {
            const Reading reading{column(outputs, k) + i, outputs.rows, outputs_};
            if (!reading.finite()) of.hits = of.loss = of.bin[0].hits = missing;
            if (!reading.finite()) break;
            const std::uint32_t prediction = reading.prediction();
            const double margin = reading.margin(labels[i]);
            const double sure = prediction == labels[i] ? margin : reading.margin(prediction);
            const double confidence = 1.0 / (1.0 + std::exp(-sure));
            const auto place = static_cast<std::size_t>(confidence * bins);
            Bin& bin = of.bin[std::min(place, bins - 1)];
            bin.count += 1.0;
            bin.confidence += confidence;
            bin.hits += prediction == labels[i];
            of.hits += prediction == labels[i];
            of.loss += loss_of(margin);
        }
    }
    points_ += static_cast<double>(outputs.rows);
    add_margins(outputs, test_);
}

void DescentMeasures::add_held_out(const DescentOutputs& outputs, const ClassLabels& labels) {
    for (std::size_t k = 0; k < grid_.columns(); ++k) {
        const std::uint32_t* observed = labels.observed.data() + disturbance_of(k) * outputs.rows;
        for (std::size_t i = 0; i < outputs.rows; ++i) {
            const Reading reading{column(outputs, k) + i, outputs.rows, outputs_};
            columns_[k].held_out_loss += loss_of(reading.margin(observed[i]));
        }
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
    double all_clean = 0.0, clean = 0.0, flipped = 0.0;
    for (std::size_t i = 0; i < outputs.rows; ++i) {
        const Reading reading{column(outputs, at) + i, outputs.rows, outputs_};
        if (!reading.finite()) clean = flipped = missing;
        all_clean += observed[i] == labels.clean[i];
        if (reading.prediction() != observed[i]) continue;
        (observed[i] == labels.clean[i] ? clean : flipped) += 1.0;
    }
    const auto count = static_cast<double>(outputs.rows);
    values[grid_.at(grid_.estimand("fit_clean"), at)] = clean / all_clean;
    values[grid_.at(grid_.estimand("fit_flipped"), at)] = flipped / (count - all_clean);
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
    std::vector<std::vector<std::size_t>> orders;
    for (const std::vector<double>& teacher : margins.teacher) orders.push_back(by_margin(teacher));
    const std::size_t first = grid_.estimand(std::string("margin_slope") + sample);
    grid_.for_each_student([&](const DescentGrid::Student& of) {
        const std::size_t student = grid_.student(of);
        const std::size_t teacher = grid_.teacher(of.disturbance, of.stop);
        const MarginComparison both{margins.teacher[teacher], margins.student[student],
                                    orders[teacher]};
        const std::size_t points = both.order.size(), quarter = (points + 3) / 4;
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
        for (const Bin& bin : columns_[k].bin) gap += std::abs(bin.confidence - bin.hits);
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
