#include "host/studies/gradient_descent.hpp"

#include <fmt/format.h>

#include "host/studies/descent/closed_descent.hpp"
#include "host/studies/descent/grid.hpp"
#include "host/studies/descent/iterated_descent.hpp"
#include "host/studies/points.hpp"

namespace cucurbit {

std::unique_ptr<const Setting> GradientDescent::read(Reader& root, const Precision&,
                                                     std::uint64_t seed) {
    auto setting = std::make_unique<GradientDescent>();
    setting->spec_ = DescentSpec::read(root);
    setting->seed_ = seed;
    return setting;
}

std::vector<std::string> GradientDescent::parameters() const {
    return DescentGrid::parameters(spec_);
}

std::vector<bool> GradientDescent::whole_parameters() const {
    std::vector<bool> whole(parameters().size(), spec_.method == DescentMethod::iterated);
    whole[0] = whole[1] = true;
    whole[2] = false;
    return whole;
}

std::string GradientDescent::identity() const {
    return "gradient_descent " + spec_.canonical();
}

std::vector<Design> GradientDescent::designs() const {
    std::vector<Design> designs;
    for (const std::uint64_t p : spec_.data.p.values)
        for (const std::uint64_t n : spec_.data.samples.values) {
            Design design =
                design_of(seed_, fmt::format("gradient_descent {}", spec_.data.draws(p, n)), p);
            DescentGrid::fill(spec_, p, n, design);
            if (spec_.method == DescentMethod::iterated) {
                design.flops_per_trial = IteratedDescent::flops(spec_, design);
                measure_memory<IteratedDescent>(spec_, design);
            } else {
                design.flops_per_trial = ClosedDescent::flops(spec_, design);
                measure_memory<ClosedDescent>(spec_, design);
            }
            designs.push_back(std::move(design));
        }
    return designs;
}

std::unique_ptr<Simulation> GradientDescent::simulation(const Design& design, Engine& engine,
                                                        std::size_t batch) const {
    if (spec_.method == DescentMethod::iterated)
        return std::make_unique<IteratedDescent>(spec_, design, &engine, batch);
    return std::make_unique<ClosedDescent>(spec_, design, &engine, batch);
}

std::vector<TheoryRow> GradientDescent::theory(const Point& point) const {
    const bool student = DescentGrid::is_student(point);
    if (spec_.method == DescentMethod::iterated || spec_.student.directions < 2 || !student)
        return {};
    return {{"student", "violations", {0.0, TheoryKind::exact}, "", 1.0, light_tail}};
}

std::vector<std::string> GradientDescent::remarks() const {
    if (spec_.method != DescentMethod::iterated || !spec_.allows_closed_form()) return {};
    GradientDescent closed = *this;
    closed.spec_.method = DescentMethod::closed_form;
    const auto flops = [](const GradientDescent& setting) {
        double sum = 0.0;
        for (const Design& design : setting.designs()) sum += design.flops_per_trial;
        return sum;
    };
    const double saving = flops(*this) / flops(closed);
    if (saving < 2.0) return {};
    return {
        fmt::format("teacher.method = \"closed_form\" gives the same values, up to rounding, with "
                    "{:.2g} times fewer operations",
                    saving)};
}

}  // namespace cucurbit
