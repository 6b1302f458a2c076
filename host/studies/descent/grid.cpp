#include "host/studies/descent/grid.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "cucurbit/hash.hpp"
#include "host/studies/prefetch.hpp"
#include "host/theory/special.hpp"

namespace cucurbit {
namespace {

/// Positions of a point's parameters.
enum Parameter : std::size_t { disturbance = 2, teacher_step = 3, student_step = 4, switch_at = 5 };

std::vector<std::string> base_estimands(const DescentSpec& spec) {
    std::vector<std::string> names{"excess_risk"};
    if (spec.teacher.loss == Loss::cross_entropy)
        names = {"accuracy", "cross_entropy", "calibration_error", "fit_clean", "fit_flipped"};
    for (std::size_t k = 1; k <= spec.student.directions; ++k)
        names.push_back("projection_" + std::to_string(k));
    return names;
}

std::vector<std::string> student_estimands(const DescentSpec& spec) {
    std::vector<std::string> names;
    for (std::size_t k = 2; k <= spec.student.directions; ++k)
        names.push_back("projection_ratio_" + std::to_string(k));
    if (spec.student.directions > 1) {
        names.emplace_back("violations");
        if (spec.method == DescentMethod::iterated) names.emplace_back("matched");
    }
    if (spec.teacher.loss == Loss::cross_entropy)
        for (const std::string sample : {"_train", "_test"}) {
            for (const char* name : {"margin_slope", "margin_intercept", "underfit", "exceeded"})
                names.push_back(name + sample);
            for (std::size_t b = 1; b <= spec.student.margin_bins; ++b)
                for (const char* whose : {"teacher", "student"})
                    names.push_back(whose + sample + "_margin_" + std::to_string(b));
        }
    names.insert(names.end(), {"gain", "gain_over_teacher"});
    return names;
}

std::string canonical_list(const std::vector<double>& values) {
    std::string text;
    for (const double value : values) text += canonical_number(value) + " ";
    return text;
}

std::vector<double> distinct(const Design& design, std::size_t parameter) {
    std::vector<double> values;
    for (const Point& point : design.points) {
        const double value = point.parameters[parameter];
        if (!std::isnan(value) && std::find(values.begin(), values.end(), value) == values.end())
            values.push_back(value);
    }
    return values;
}

std::size_t index_of(const std::vector<double>& values, double value) {
    return static_cast<std::size_t>(std::find(values.begin(), values.end(), value) -
                                    values.begin());
}

}  // namespace

std::vector<std::string> DescentGrid::parameters(const DescentSpec& spec) {
    std::vector<std::string> names{"p", "n", spec.data.disturbance_name(), "teacher_steps",
                                   "student_steps"};
    if (!spec.student.switch_at.values.empty()) names.emplace_back("switch_at");
    return names;
}

bool DescentGrid::is_student(const Point& point) {
    return !std::isnan(point.parameters[teacher_step]) &&
           !std::isnan(point.parameters[student_step]);
}

void DescentGrid::fill(const DescentSpec& spec, std::size_t p, std::size_t n, Design& design) {
    const std::vector<std::string> base = base_estimands(spec), own = student_estimands(spec);
    const bool switches = !spec.student.switch_at.values.empty();
    const auto add_series = [&](const std::string& arm, const std::string& key, double flip,
                                const std::vector<std::string>& names) {
        for (const std::string& name : names) {
            // A trial without such labels would have no value.
            constexpr double least = 20.0;
            const double flipped = flip * static_cast<double>(n);
            if (name == "fit_flipped" && flipped < least) continue;
            if (name == "fit_clean" && static_cast<double>(n) - flipped < least) continue;
            design.series.push_back({design.points.size(), arm, key, name});
        }
    };
    const auto add = [&](const std::string& arm, std::vector<double> parameters,
                         const std::string& candidates = "") {
        const std::string key = arm + candidates;
        add_series(arm, key, parameters[0], base);
        if (arm.ends_with("student")) add_series(arm, key, parameters[0], own);
        if (!candidates.empty()) add_series(arm, key, parameters[0], {"stopped_at"});
        parameters.insert(parameters.begin(), {static_cast<double>(p), static_cast<double>(n)});
        parameters.resize(switches ? 6 : 5);
        design.points.push_back({std::move(parameters)});
    };
    const std::vector<double> never{missing};
    const std::vector<double>& switch_grid = switches ? spec.student.switch_at.values : never;
    // What an early stop is depends on all the candidates.
    const std::string stops = "#" + hash_digits(canonical_list(spec.teacher.steps.values));
    const std::string steps = "#" + hash_digits(canonical_list(spec.student.steps.values));
    for (const double noise : spec.data.disturbance.values) {
        for (const double stop : spec.teacher.steps.values)
            add("teacher", {noise, stop, missing, missing});
        for (const double step : spec.student.steps.values)
            add("one_hot", {noise, missing, step, missing});
        for (const double stop : spec.teacher.steps.values)
            for (const double change : switch_grid)
                for (const double step : spec.student.steps.values)
                    add("student", {noise, stop, step, change});
        if (spec.data.held_out == 0) continue;
        add("early_teacher", {noise, missing, missing, missing}, stops);
        add("early_one_hot", {noise, missing, missing, missing}, steps);
        for (const double change : switch_grid)
            for (const double step : spec.student.steps.values)
                add("early_student", {noise, missing, step, change}, stops);
    }
}

DescentGrid::DescentGrid(const DescentSpec& spec, const Design& design)
    : p_(static_cast<std::size_t>(design.points.front().parameters[0])),
      n_(static_cast<std::size_t>(design.points.front().parameters[1])),
      disturbances_(distinct(design, disturbance)),
      teacher_steps_(distinct(design, teacher_step)),
      student_steps_(distinct(design, student_step)),
      estimands_(base_estimands(spec)),
      first_student_estimand_(estimands_.size()) {
    for (const Series& series : design.series) {
        if (series.arm == "early_one_hot") student_steps_ = spec.student.steps.values;
        if (series.arm.starts_with("early_")) teacher_steps_ = spec.teacher.steps.values;
    }
    if (spec.data.held_out > 0) estimands_.emplace_back("stopped_at");
    const bool has_switch = !spec.student.switch_at.values.empty();
    if (has_switch) switches_ = distinct(design, switch_at);
    if (switches_.empty()) switches_ = {std::numeric_limits<double>::infinity()};
    const std::vector<std::string> own = student_estimands(spec);
    estimands_.insert(estimands_.begin() + static_cast<std::ptrdiff_t>(first_student_estimand_),
                      own.begin(), own.end());
    for (const Series& series : design.series) {
        const std::vector<double>& at_point = design.points[series.point].parameters;
        const std::size_t noise = index_of(disturbances_, at_point[disturbance]);
        const std::size_t stop = index_of(teacher_steps_, at_point[teacher_step]);
        const std::size_t step = index_of(student_steps_, at_point[student_step]);
        const std::size_t change = has_switch ? index_of(switches_, at_point[switch_at]) : 0;
        const std::size_t column = series.arm == "teacher"         ? teacher(noise, stop)
                                   : series.arm == "one_hot"       ? one_hot(noise, step)
                                   : series.arm == "early_teacher" ? early_teacher(noise)
                                   : series.arm == "early_one_hot" ? early_one_hot(noise)
                                   : series.arm == "early_student"
                                       ? early_student(noise, change, step)
                                       : student({noise, stop, change, step});
        places_.push_back(at(estimand(series.estimand), column));
    }
}

void DescentGrid::take(std::span<const std::vector<double>> values, std::size_t first,
                       TrialValues& out) const {
    constexpr std::size_t ahead = 4;  // series
    for (std::size_t s = 0; s < places_.size(); ++s) {
        double* const to = &out.values[s * out.trials + first];
        Outcome* const outcomes = &out.outcomes[s * out.trials + first];
        if (s + ahead < places_.size()) {
            prefetch(to + ahead * out.trials, values.size());
            prefetch(outcomes + ahead * out.trials, values.size());
        }
        for (std::size_t t = 0; t < values.size(); ++t) {
            to[t] = values[t][places_[s]];
            outcomes[t] = {std::isfinite(to[t]) ? Status::ok : Status::not_finite, Rung::none, 0};
        }
    }
}

void DescentGrid::set_risks(const double* risks, std::vector<double>& values) const {
    const std::size_t gain = estimand("gain");
    for (std::size_t k = 0; k < columns(); ++k) values[at(0, k)] = risks[k];
    for_each_student([&](const Student& s) {
        const std::size_t k = student(s);
        values[at(gain, k)] = risks[one_hot(s.disturbance, s.step)] - risks[k];
        values[at(gain + 1, k)] = risks[teacher(s.disturbance, s.stop)] - risks[k];
    });
}

std::size_t DescentGrid::estimand(const std::string& name) const {
    const auto found = std::find(estimands_.begin(), estimands_.end(), name);
    if (found == estimands_.end()) throw std::logic_error("no estimand " + name);
    return static_cast<std::size_t>(found - estimands_.begin());
}

}  // namespace cucurbit
