#include "host/studies/descent/spec.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "cucurbit/hash.hpp"
#include "host/studies/points.hpp"

namespace cucurbit {
namespace {

constexpr std::uint64_t most_steps = 100'000'000;
constexpr std::uint64_t most_directions = 64;
/// Iterated descent diverges long before; a study may want to see it.
constexpr Bounds iterated_fraction{0.0, 64.0, true};

const std::vector<std::string> method_names{"closed_form", "gradient_flow", "iterated"};
const std::vector<std::string> label_names{"one_hot", "teacher", "mixture"};

template <class Enum>
Enum choose(Reader& table, std::string_view key, const std::vector<std::string>& names) {
    const std::string name = table.choice(key, names);
    return static_cast<Enum>(std::find(names.begin(), names.end(), name) - names.begin());
}

/// A grid of steps: whole numbers where descent is iterated.
Grid<double> read_steps(Reader& table, std::string_view key, DescentMethod method,
                        std::uint64_t low) {
    if (method != DescentMethod::iterated)
        return table.numbers(key, {0.0, static_cast<double>(most_steps), low > 0});
    const Grid<std::uint64_t> whole = table.counts(key, low, most_steps);
    return {{whole.values.begin(), whole.values.end()}, whole.position};
}

void read_step(Reader& table, DescentMethod method, DescentModel& model) {
    const bool fraction = table.has("step_fraction"), size = table.has("step_size");
    if (fraction && size) table.fail("step_size", "contradicts step_fraction; give one of the two");
    if (method != DescentMethod::iterated && size)
        table.fail("step_size", "only iterated descent has it; give step_fraction");
    if (!fraction && !size) return table.miss("step_fraction", "give it, or step_size");
    model.relative_step = !size;
    if (size) {
        model.step = table.number("step_size", positive);
        return;
    }
    model.step = table.number("step_fraction", iterated_fraction);
    if (method == DescentMethod::closed_form && !(model.step < 1.0))
        table.fail("step_fraction",
                   fmt::format("{} is not allowed with closed_form; allowed: a number > 0 and < 1 "
                               "(the monotone range)",
                               canonical_number(model.step)));
}

void read_descent(Reader& table, DescentMethod method, DescentModel& model,
                  std::uint64_t smallest_sample) {
    model.steps = read_steps(table, "steps", method, 1);
    read_step(table, method, model);
    if (table.has("momentum")) {
        model.momentum = table.number("momentum", {0.0, 0.9999});
        if (model.momentum > 0.0 && method != DescentMethod::iterated)
            table.fail("momentum", "only iterated descent has it");
    }
    if (table.has("batch")) {
        model.batch = table.count("batch", 1, smallest_sample);
        if (method != DescentMethod::iterated) table.fail("batch", "only iterated descent has it");
    }
}

void read_student(Reader& table, const DescentSpec& spec, DescentStudent& student,
                  std::uint64_t smallest_sample) {
    student.loss = spec.teacher.loss;
    read_descent(table, spec.method, student, smallest_sample);
    const bool iterated = spec.method == DescentMethod::iterated;
    if (!iterated && student.step != spec.teacher.step)
        table.fail("step_fraction", "must be the teacher's unless descent is iterated");
    if (table.has("temperature")) {
        student.temperature = table.number("temperature", positive);
        if (student.loss == Loss::squared)
            table.fail("temperature", "only loss = \"cross_entropy\" has it");
    }
    if (table.has("labels")) student.labels = choose<LabelSource>(table, "labels", label_names);
    student.later_labels = student.labels;
    if (table.has("switch_at")) {
        student.switch_at = read_steps(table, "switch_at", spec.method, 0);
        student.later_labels = choose<LabelSource>(table, "switch_to", label_names);
        if (student.later_labels == student.labels)
            table.fail("switch_to", "is what labels says already");
    }
    if (student.labels == LabelSource::mixture || student.later_labels == LabelSource::mixture)
        student.teacher_weight = table.number("teacher_weight", {0.0, 1.0});
    if (table.has("inputs")) {
        student.fresh_inputs = table.choice("inputs", {"same", "fresh"}) == "fresh";
        if (student.fresh_inputs && !iterated)
            table.fail("inputs", "only iterated descent has fresh ones");
    }
    const std::uint64_t rank =
        std::min(smallest_sample, spec.features.dimension(*std::min_element(
                                      spec.data.p.values.begin(), spec.data.p.values.end())));
    student.directions = std::min<std::uint64_t>(student.directions, rank);
    if (table.has("directions"))
        student.directions = table.count("directions", 1, std::min(rank, most_directions));
    if (table.has("margin_bins")) {
        const std::uint64_t points = std::min(smallest_sample, spec.data.test_samples);
        student.margin_bins = table.count("margin_bins", 1, std::max<std::uint64_t>(1, points));
        if (student.loss == Loss::squared)
            table.fail("margin_bins", "only loss = \"cross_entropy\" has margins");
    }
}

/// Each trial takes different samples of a file for every purpose.
void check_rows(Reader& table, const DescentSpec& spec) {
    if (!spec.data.from_files()) return;
    const std::uint64_t n =
        *std::max_element(spec.data.samples.values.begin(), spec.data.samples.values.end());
    const std::uint64_t needed =
        (spec.student.fresh_inputs ? 2 : 1) * n + spec.data.test_samples + spec.data.held_out;
    if (needed > spec.data.file_labels.size())
        table.fail("", fmt::format("training, test and held-out samples are {} together, but "
                                   "data.features_file has {}",
                                   needed, spec.data.file_labels.size()));
}

/// A point of gradient descent has dozens of estimands.
void limit_values(Reader& table, const DescentSpec& spec) {
    constexpr double most = 1e6;
    const auto size = [](const auto& grid) { return static_cast<double>(grid.values.size()); };
    const double points = size(spec.data.p) * size(spec.data.samples) *
                          size(spec.data.disturbance) * (size(spec.teacher.steps) + 1.0) *
                          (size(spec.student.steps) + 1.0) *
                          std::max(1.0, size(spec.student.switch_at));
    constexpr double other_estimands = 16.0;
    const auto estimands =
        static_cast<double>(2 * spec.student.directions + 4 * spec.student.margin_bins);
    const double values = points * (other_estimands + estimands);
    if (values > most)
        table.fail("steps",
                   fmt::format("the grids make about {:.3g} values of a trial; allowed: at "
                               "most {:.0f}",
                               values, most));
}

std::string canonical_grid(const Grid<double>& grid) {
    return grid.values.empty() ? "never" : "grid";
}

}  // namespace

std::vector<double> noise_mixing(const std::vector<double>& noise_stds) {
    std::vector<double> mixing;
    for (const double noise : noise_stds) mixing.insert(mixing.end(), {1.0, noise});
    return mixing;
}

std::string DescentModel::canonical() const {
    return fmt::format("loss={} {}={} momentum={} batch={}",
                       loss == Loss::squared ? "squared" : "cross_entropy",
                       relative_step ? "step_fraction" : "step_size", canonical_number(step),
                       canonical_number(momentum), batch);
}

std::string DescentStudent::canonical() const {
    return fmt::format(
        "{} temperature={} labels={} switch_at={} switch_to={} weight={} inputs={} "
        "directions={} margin_bins={}",
        DescentModel::canonical(), canonical_number(temperature),
        label_names.at(static_cast<std::size_t>(labels)), canonical_grid(switch_at),
        label_names.at(static_cast<std::size_t>(later_labels)), canonical_number(teacher_weight),
        fresh_inputs ? "fresh" : "same", directions, margin_bins);
}

DescentSpec DescentSpec::read(Reader& root) {
    DescentSpec spec;
    spec.data = DescentData::read(root);
    spec.features = DescentFeatures::read(root);
    const std::uint64_t smallest =
        *std::min_element(spec.data.samples.values.begin(), spec.data.samples.values.end());
    Reader teacher = root.table("teacher");
    spec.teacher.loss = choose<Loss>(teacher, "loss", {"squared", "cross_entropy"});
    if ((spec.teacher.loss == Loss::squared) != (spec.data.classes == 0))
        teacher.fail("loss", spec.data.classes == 0
                                 ? "linear labels need loss = \"squared\""
                                 : "labels of classes need loss = \"cross_entropy\"");
    if (teacher.has("method")) spec.method = choose<DescentMethod>(teacher, "method", method_names);
    if (spec.features.width > 0 && spec.teacher.loss == Loss::squared)
        teacher.fail("loss", "random features need loss = \"cross_entropy\"");
    if (spec.method != DescentMethod::iterated && spec.teacher.loss != Loss::squared)
        teacher.fail("method", "only loss = \"squared\" has a closed form; allowed: iterated");
    read_descent(teacher, spec.method, spec.teacher, smallest);
    teacher.finish();
    Reader student = root.table("student");
    read_student(student, spec, spec.student, smallest);
    check_rows(student, spec);
    limit_values(student, spec);
    student.finish();
    return spec;
}

bool DescentSpec::allows_closed_form() const {
    const auto plain = [](const DescentModel& model) {
        return model.relative_step && model.step < 1.0 && model.momentum == 0.0 && model.batch == 0;
    };
    return teacher.loss == Loss::squared && plain(teacher) && plain(student) &&
           student.step == teacher.step && !student.fresh_inputs;
}

std::string DescentSpec::canonical() const {
    return fmt::format("{} features={} method={} teacher {} student {}", data.canonical(),
                       features.canonical(), method_names.at(static_cast<std::size_t>(method)),
                       teacher.canonical(), student.canonical());
}

}  // namespace cucurbit
