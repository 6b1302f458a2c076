#include "host/studies/descent/closed_paths.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "host/studies/descent/exaggerated_bias.hpp"

namespace cucurbit {

ClosedPaths::ClosedPaths(const DescentSpec& spec, const DescentGrid& grid)
    : spec_(spec),
      grid_(grid),
      plain_(spec.student.labels == LabelSource::teacher &&
             spec.student.later_labels == LabelSource::teacher),
      projection_(grid.estimand("projection_1")),
      ratio_(grid.first_student_estimand()),
      violations_(ratio_ + spec.student.directions - 1) {}

ClosedDirections ClosedPaths::directions(const double* eigenvalues, const double* moments) const {
    const std::size_t rank = std::min(grid_.n(), grid_.p());
    ClosedDirections of;
    const double largest = eigenvalues[rank - 1];
    const double smallest = std::numeric_limits<double>::epsilon() * largest;
    for (std::size_t k = 0; k < rank; ++k) {
        const double square = std::max(eigenvalues[rank - 1 - k], smallest);
        const double step = spec_.teacher.step * (square / largest);
        of.squares.push_back(square);
        of.rates.push_back(spec_.method == DescentMethod::gradient_flow ? -step
                                                                        : std::log1p(-step));
    }
    for (std::size_t f = 0; f < grid_.disturbances().size(); ++f)
        for (std::size_t k = 0; k < rank; ++k)
            of.moments.push_back(moments[f * rank + rank - 1 - k]);
    return of;
}

/// Calls body(column, disturbance, progress as a function of a direction's rate).
template <class Body>
void ClosedPaths::for_each_model(Body body) const {
    const auto after = [](double time) {
        return [time](double rate) { return progress(rate, time); };
    };
    for (std::size_t f = 0; f < grid_.disturbances().size(); ++f) {
        for (std::size_t i = 0; i < grid_.teacher_steps().size(); ++i)
            body(grid_.teacher(f, i), f, after(grid_.teacher_steps()[i]));
        for (std::size_t j = 0; j < grid_.student_steps().size(); ++j)
            body(grid_.one_hot(f, j), f, after(grid_.student_steps()[j]));
    }
    grid_.for_each_student([&](const Student& s) {
        body(grid_.student(s), s.disturbance,
             [&](double rate) { return student_progress(rate, s); });
    });
}

double ClosedPaths::student_progress(double rate, const Student& student) const {
    const double stop = grid_.teacher_steps()[student.stop];
    const double change = grid_.switches()[student.change];
    const double step = grid_.student_steps()[student.step];
    const auto target = [&](LabelSource source) {
        const double weight = spec_.student.weight_of(source);
        return weight * progress(rate, stop) + (1.0 - weight);
    };
    const double before = target(spec_.student.labels) * progress(rate, std::min(step, change));
    if (step <= change) return before;
    const double after = target(spec_.student.later_labels);
    return after + (before - after) * std::exp((step - change) * rate);
}

void ClosedPaths::fill_coefficients(const ClosedDirections& of, double* out) const {
    const std::size_t rank = of.squares.size();
    for_each_model([&](std::size_t column, std::size_t disturbance, const auto& covered) {
        double* const last = out + (column + 1) * rank - 1;
        const double* const moments = of.moments.data() + disturbance * rank;
        for (std::size_t k = 0; k < rank; ++k)
            *(last - k) = covered(of.rates[k]) / of.squares[k] * moments[k];
    });
}

void ClosedPaths::measure(const ClosedDirections& of, const double* risks,
                          std::vector<double>& values) const {
    const std::size_t rank = of.squares.size();
    grid_.set_risks(risks, values);
    for_each_model([&](std::size_t column, std::size_t disturbance, const auto& covered) {
        for (std::size_t k = 0; k < spec_.student.directions; ++k) {
            // v_k = Xᵀu_k/s_k for n < p.
            const double length = grid_.n() < grid_.p() ? std::sqrt(of.squares[k]) : of.squares[k];
            const double whole = of.moments[disturbance * rank + k] / length;
            values[grid_.at(projection_ + k, column)] = std::abs(covered(of.rates[k]) * whole);
        }
    });
    grid_.for_each_student([&](const Student& student) { compare(of, student, values); });
}

bool ClosedPaths::violates(const ClosedDirections& of, std::size_t stronger, std::size_t weaker,
                           const Student& student) const {
    const double strong = of.rates[stronger], weak = of.rates[weaker];
    if (plain_)
        return !exaggerates(strong, weak, grid_.teacher_steps()[student.stop],
                            grid_.student_steps()[student.step]);
    const double time = std::log1p(-student_progress(strong, student)) / strong;
    constexpr double rounding = 1e-12;
    return student_progress(weak, student) > progress(weak, time) * (1.0 + rounding);
}

void ClosedPaths::compare(const ClosedDirections& of, const Student& student,
                          std::vector<double>& values) const {
    const std::size_t column = grid_.student(student);
    const std::size_t directions = spec_.student.directions;
    const double lead = of.rates[0];
    const double time = plain_ ? matched_time(lead, grid_.teacher_steps()[student.stop],
                                              grid_.student_steps()[student.step])
                               : std::log1p(-student_progress(lead, student)) / lead;
    std::size_t violations = 0;
    for (std::size_t k = 1; k < directions; ++k) {
        values[grid_.at(ratio_ + k - 1, column)] =
            student_progress(of.rates[k], student) / progress(of.rates[k], time);
        for (std::size_t l = 0; l < k; ++l) violations += violates(of, l, k, student);
    }
    const std::size_t pairs = directions * (directions - 1) / 2;
    if (pairs > 0)
        values[grid_.at(violations_, column)] =
            static_cast<double>(violations) / static_cast<double>(pairs);
}

}  // namespace cucurbit
