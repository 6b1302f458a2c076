#include "host/studies/descent/paths.hpp"

#include <algorithm>
#include <cmath>

namespace cucurbit {

std::vector<std::uint64_t> path_steps(std::uint64_t last) {
    constexpr std::uint64_t all_up_to = 32;
    std::vector<std::uint64_t> steps;
    for (std::uint64_t step = 1; step < last;
         step += step < all_up_to ? 1 : std::max<std::uint64_t>(1, step / 50))
        steps.push_back(step);
    steps.push_back(last);
    return steps;
}

DescentPaths::DescentPaths(const DescentSpec& spec, const DescentGrid& grid, std::size_t recorded)
    : grid_(grid),
      outputs_(spec.data.outputs()),
      directions_(spec.student.directions),
      recorded_(recorded),
      projection_(grid.estimand("projection_1")),
      ratio_(grid.first_student_estimand()) {}

std::vector<double> DescentPaths::projections(const double* weights,
                                              const std::vector<double>& lengths) const {
    std::vector<double> all(directions_);
    for (std::size_t k = 0; k < directions_; ++k) {
        double squares = 0.0;
        for (std::size_t c = 0; c < outputs_; ++c) {
            const double along = weights[c * directions_ + directions_ - 1 - k];
            squares += along * along;
        }
        all[k] = std::sqrt(squares) / lengths[k];
    }
    return all;
}

DescentPaths::Place DescentPaths::find(const std::vector<double>& path, double length) {
    // Where a path has come to rest, rounding must not say that it was there long ago.
    constexpr double rounding = 1e-10;
    const double least = length * (1.0 + rounding);
    const auto after = std::find_if(path.begin() + 1, path.end(),
                                    [&](double reached) { return reached >= least; });
    if (after == path.end()) {
        const double farthest = *std::max_element(path.begin() + 1, path.end());
        std::size_t record = path.size() - 1;
        while (path[record] < farthest * (1.0 - rounding)) --record;
        return {record - 1, 1.0, length <= farthest * (1.0 + rounding)};
    }
    const double before = *(after - 1);
    const auto record = static_cast<std::size_t>(after - path.begin()) - 1;
    return {record, *after > before ? (least - before) / (*after - before) : 1.0, true};
}

void DescentPaths::compare(const Path& teacher, std::size_t student,
                           std::vector<double>& values) const {
    const auto own = [&](std::size_t k) { return values[grid_.at(projection_ + k, student)]; };
    double violations = 0.0, matched = 0.0;
    for (std::size_t stronger = 0; stronger + 1 < directions_; ++stronger) {
        const Place place = find(teacher[stronger], own(stronger));
        matched += place.reached;
        for (std::size_t k = stronger + 1; k < directions_; ++k) {
            const double before = teacher[k][place.record], after = teacher[k][place.record + 1];
            const double there = before + place.share * (after - before);
            constexpr double rounding = 1e-9;
            violations += place.reached && own(k) > there * (1.0 + rounding);
            if (stronger == 0) values[grid_.at(ratio_ + k - 1, student)] = own(k) / there;
        }
    }
    if (directions_ == 1) return;
    const auto count = static_cast<double>(directions_);
    values[grid_.at(ratio_ + directions_ - 1, student)] = violations / (count * (count - 1) / 2);
    values[grid_.at(ratio_ + directions_, student)] = matched / (count - 1);
}

void DescentPaths::measure(const double* path, const double* ends,
                           const std::vector<double>& lengths, std::vector<double>& values) const {
    const std::size_t size = outputs_ * directions_, disturbances = grid_.disturbances().size();
    for (std::size_t column = 0; column < grid_.columns(); ++column) {
        const std::vector<double> all = projections(ends + column * size, lengths);
        for (std::size_t k = 0; k < directions_; ++k)
            values[grid_.at(projection_ + k, column)] = all[k];
    }
    for (std::size_t f = 0; f < disturbances; ++f) {
        Path teacher(directions_, std::vector<double>(recorded_ + 1, 0.0));
        for (std::size_t r = 0; r < recorded_; ++r) {
            const std::vector<double> all =
                projections(path + (r * disturbances + f) * size, lengths);
            for (std::size_t k = 0; k < directions_; ++k) teacher[k][r + 1] = all[k];
        }
        grid_.for_each_student([&](const DescentGrid::Student& student) {
            if (student.disturbance == f) compare(teacher, grid_.student(student), values);
        });
    }
}

}  // namespace cucurbit
