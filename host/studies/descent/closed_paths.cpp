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
      violations_(ratio_ + spec.student.directions - 1) {
    for (const double stop : grid.teacher_steps()) teacher_times_.push_back(time(stop));
    for (const double step : grid.student_steps()) student_times_.push_back(time(step));
    for (const double change : grid.switches())
        for (const double step : grid.student_steps()) {
            if (step > change) switched_.push_back(switch_times_.size());
            switch_times_.push_back(time(std::min(step, change)));
        }
}

std::size_t ClosedPaths::time(double time) {
    const auto found = std::find(times_.begin(), times_.end(), time);
    const auto index = static_cast<std::size_t>(found - times_.begin());
    if (found == times_.end()) times_.push_back(time);
    return index;
}

ClosedDirections ClosedPaths::directions(const double* eigenvalues, const double* moments,
                                         std::size_t count) const {
    const std::size_t rank = std::min(grid_.n(), grid_.p());
    ClosedDirections of;
    const double largest = eigenvalues[rank - 1];
    const double smallest = std::numeric_limits<double>::epsilon() * largest;
    for (std::size_t k = 0; k < count; ++k) {
        const double square = std::max(eigenvalues[rank - 1 - k], smallest);
        const double step = spec_.teacher.step * (square / largest);
        of.squares.push_back(square);
        of.rates.push_back(spec_.method == DescentMethod::gradient_flow ? -step
                                                                        : std::log1p(-step));
    }
    for (std::size_t f = 0; f < grid_.disturbances().size(); ++f)
        for (std::size_t k = 0; k < count; ++k)
            of.moments.push_back(moments[f * rank + rank - 1 - k]);
    of.progress.reserve(times_.size() * count);
    for (const double time : times_)
        for (const double rate : of.rates) of.progress.push_back(progress(rate, time));
    of.decays.reserve(switch_times_.size() * count);
    for (const double change : grid_.switches())
        for (const double step : grid_.student_steps())
            for (const double rate : of.rates)
                of.decays.push_back(step > change ? std::exp((step - change) * rate) : 1.0);
    return of;
}

template <class Body>
void ClosedPaths::for_each_first_model(Body body) const {
    for (std::size_t f = 0; f < grid_.disturbances().size(); ++f) {
        for (std::size_t i = 0; i < teacher_times_.size(); ++i)
            body(grid_.teacher(f, i), f, teacher_times_[i]);
        for (std::size_t j = 0; j < student_times_.size(); ++j)
            body(grid_.one_hot(f, j), f, student_times_[j]);
    }
}

template <class Body>
void ClosedPaths::for_each_history(Body body) const {
    for (std::size_t i = 0; i < teacher_times_.size(); ++i)
        for (std::size_t c = 0; c < grid_.switches().size(); ++c)
            for (std::size_t j = 0; j < student_times_.size(); ++j) body(Student{0, i, c, j});
}

void ClosedPaths::cover(const ClosedDirections& of, const Student& student,
                        std::vector<double>& covered) const {
    const std::size_t count = of.rates.size(), place = change_and_step(student);
    const double* const stopped = of.progress.data() + teacher_times_[student.stop] * count;
    const double* const own = of.progress.data() + switch_times_[place] * count;
    const double* const decay = of.decays.data() + place * count;
    const double weight = spec_.student.weight_of(spec_.student.labels);
    const double later = spec_.student.weight_of(spec_.student.later_labels);
    const auto before = [&](std::size_t k) {
        return (weight * stopped[k] + (1.0 - weight)) * own[k];
    };
    covered.resize(count);
    if (grid_.student_steps()[student.step] <= grid_.switches()[student.change]) {
        for (std::size_t k = 0; k < count; ++k) covered[k] = before(k);
        return;
    }
    for (std::size_t k = 0; k < count; ++k) {
        const double after = later * stopped[k] + (1.0 - later);
        covered[k] = after + (before(k) - after) * decay[k];
    }
}

std::size_t ClosedPaths::after_switch(const Student& student) const {
    const auto found = std::find(switched_.begin(), switched_.end(), change_and_step(student));
    return static_cast<std::size_t>(found - switched_.begin());
}

/// A student has covered share · path before its labels switch; afterwards share · path · decay,
/// and of what its later labels go later share · (1 − decay).
void ClosedPaths::fill_factors(const ClosedDirections& of, double* out) const {
    const std::size_t rank = of.squares.size(), teachers = teacher_times_.size();
    const auto add = [&](auto value) {
        for (std::size_t k = 0; k < rank; ++k) out[rank - 1 - k] = value(k);
        out += rank;
    };
    add([](std::size_t) { return 1.0; });
    for (const LabelSource labels : {spec_.student.labels, spec_.student.later_labels}) {
        const double weight = spec_.student.weight_of(labels);
        for (std::size_t i = 0; i < teachers; ++i) {
            const double* const stopped = &of.progress[teacher_times_[i] * rank];
            add([&](std::size_t k) { return weight * stopped[k] + (1.0 - weight); });
        }
        if (switched_.empty()) break;
    }
    for (std::size_t time = 0; time < times_.size(); ++time)
        add([&](std::size_t k) { return of.progress[time * rank + k]; });
    if (!switched_.empty()) add([](std::size_t) { return 0.0; });
    for (const std::size_t place : switched_) {
        const double* const own = &of.progress[switch_times_[place] * rank];
        const double* const decay = &of.decays[place * rank];
        add([&](std::size_t k) { return own[k] * decay[k]; });
        add([&](std::size_t k) { return 1.0 - decay[k]; });
    }
    for (std::size_t f = 0; f < grid_.disturbances().size(); ++f)
        add([&](std::size_t k) { return of.moments[f * rank + k] / of.squares[k]; });
}

ClosedPaths::Products ClosedPaths::models() const {
    const std::size_t disturbances = grid_.disturbances().size();
    Products all{std::vector<std::uint32_t>(grid_.columns()),
                 std::vector<std::uint32_t>(grid_.columns())};
    const auto set = [&](std::size_t column, std::size_t share, std::size_t path, std::size_t f) {
        all.shares[column] = static_cast<std::uint32_t>(share);
        all.paths[column] = static_cast<std::uint32_t>(path * disturbances + f);
    };
    for_each_first_model([&](std::size_t column, std::size_t disturbance, std::size_t time) {
        set(column, 0, time, disturbance);
    });
    for_each_history([&](Student student) {
        const std::size_t after = after_switch(student);
        const std::size_t path = after < switched_.size() ? times_.size() + 1 + 2 * after
                                                          : switch_times_[change_and_step(student)];
        for (; student.disturbance < disturbances; ++student.disturbance)
            set(grid_.student(student), 1 + student.stop, path, student.disturbance);
    });
    return all;
}

ClosedPaths::Products ClosedPaths::after_switches() const {
    if (switched_.empty()) return {};
    const std::size_t disturbances = grid_.disturbances().size(), nothing = times_.size();
    const auto zero = static_cast<std::uint32_t>(nothing * disturbances);
    Products all{std::vector<std::uint32_t>(grid_.columns(), 0),
                 std::vector<std::uint32_t>(grid_.columns(), zero)};
    for_each_history([&](Student student) {
        const std::size_t after = after_switch(student);
        if (after == switched_.size()) return;
        const std::size_t share = 1 + teacher_times_.size() + student.stop;
        const std::size_t path = nothing + 2 + 2 * after;
        for (; student.disturbance < disturbances; ++student.disturbance) {
            const std::size_t column = grid_.student(student);
            all.shares[column] = static_cast<std::uint32_t>(share);
            all.paths[column] =
                static_cast<std::uint32_t>(path * disturbances + student.disturbance);
        }
    });
    return all;
}

void ClosedPaths::measure(const ClosedDirections& of, const double* risks,
                          std::vector<double>& values) const {
    const std::size_t directions = of.squares.size();
    grid_.set_risks(risks, values);
    std::vector<double> whole;  // [disturbance][direction]
    for (std::size_t f = 0; f < grid_.disturbances().size(); ++f)
        for (std::size_t k = 0; k < directions; ++k) {
            // v_k = Xᵀu_k/s_k for n < p.
            const double length = grid_.n() < grid_.p() ? std::sqrt(of.squares[k]) : of.squares[k];
            whole.push_back(of.moments[f * directions + k] / length);
        }
    const auto project = [&](std::size_t column, std::size_t disturbance, const double* covered) {
        for (std::size_t k = 0; k < directions; ++k)
            values[grid_.at(projection_ + k, column)] =
                std::abs(covered[k] * whole[disturbance * directions + k]);
    };
    for_each_first_model([&](std::size_t column, std::size_t disturbance, std::size_t time) {
        project(column, disturbance, &of.progress[time * directions]);
    });
    std::vector<double> covered;
    for_each_history([&](Student student) {
        cover(of, student, covered);
        compare(of, student, covered, values);
        for (; student.disturbance < grid_.disturbances().size(); ++student.disturbance)
            project(grid_.student(student), student.disturbance, covered.data());
    });
}

std::size_t ClosedPaths::violations(const ClosedDirections& of, const Student& student,
                                    const std::vector<double>& covered) const {
    const std::size_t directions = covered.size();
    if (plain_)
        return not_exaggerated(of.rates, grid_.teacher_steps()[student.stop],
                               grid_.student_steps()[student.step]);
    std::size_t count = 0;
    for (std::size_t stronger = 0; stronger < directions; ++stronger) {
        const double time = std::log1p(-covered[stronger]) / of.rates[stronger];
        constexpr double rounding = 1e-12;
        for (std::size_t weaker = stronger + 1; weaker < directions; ++weaker)
            count += covered[weaker] > progress(of.rates[weaker], time) * (1.0 + rounding);
    }
    return count;
}

void ClosedPaths::compare(const ClosedDirections& of, const Student& student,
                          const std::vector<double>& covered, std::vector<double>& values) const {
    const std::size_t directions = covered.size(), pairs = directions * (directions - 1) / 2;
    if (pairs == 0) return;
    const double lead = of.rates[0];
    const double time = plain_ ? matched_time(lead, grid_.teacher_steps()[student.stop],
                                              grid_.student_steps()[student.step])
                               : std::log1p(-covered[0]) / lead;
    const auto set = [&](std::size_t estimand, double value) {
        for (Student each = student; each.disturbance < grid_.disturbances().size();
             ++each.disturbance)
            values[grid_.at(estimand, grid_.student(each))] = value;
    };
    for (std::size_t k = 1; k < directions; ++k)
        set(ratio_ + k - 1, covered[k] / progress(of.rates[k], time));
    set(violations_,
        static_cast<double>(violations(of, student, covered)) / static_cast<double>(pairs));
}

}  // namespace cucurbit
