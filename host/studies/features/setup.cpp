#include "host/studies/features.hpp"
#include "host/studies/features/run.hpp"

#include <algorithm>
#include <set>

namespace cucurbit {
namespace {

template <class Value>
std::vector<Value> distinct(const Design& design, Features::Parameter which) {
    std::set<Value> values;
    for (const Point& point : design.points)
        values.insert(static_cast<Value>(point.parameters[which]));
    return {values.begin(), values.end()};
}

template <class Value>
std::size_t position(const std::vector<Value>& values, double value) {
    return static_cast<std::size_t>(
        std::lower_bound(values.begin(), values.end(), static_cast<Value>(value)) - values.begin());
}

/// All samples as columns: weak features, labels, strong features, labels.
std::vector<double> columns(const FeaturesSpec& spec) {
    std::vector<double> all;
    all.reserve(spec.all_samples() *
                (spec.weak.dimension() + spec.strong.dimension() + 2 * spec.outputs()));
    for (std::size_t j = 0; j < spec.all_samples(); ++j)
        for (const FeatureSpace* space : {&spec.weak, &spec.strong}) {
            const auto sample = space->whitened.values.begin() +
                                static_cast<std::ptrdiff_t>(j * space->dimension());
            all.insert(all.end(), sample, sample + static_cast<std::ptrdiff_t>(space->dimension()));
            for (std::size_t c = 0; c < spec.outputs(); ++c) all.push_back(spec.labels(j, c));
        }
    return all;
}

}  // namespace

FeaturesRun::FeaturesRun(const FeaturesSpec& spec, const Design& design, Engine* engine,
                         std::size_t batch)
    : LadderSimulation(design,
                       [&spec, engine](const Design& restricted) {
                           return std::make_unique<FeaturesRun>(spec, restricted, engine, 1);
                       }),
      spec_(spec),
      workspace_(engine, batch, Workspace::never_interleaved),
      samples_(distinct<std::size_t>(design, Features::n)),
      pseudo_samples_(distinct<std::size_t>(design, Features::n_pseudo)),
      penalties_(distinct<double>(design, Features::penalty)) {
    make_samples();
    make_heads();
    make_surrogates();
    for (const Series& series : design.series) readings_.push_back(reading(series));
}

void FeaturesRun::make_samples() {
    const std::size_t n = samples_.back(), pseudo = pseudo_samples_.back();
    const std::size_t outputs = spec_.outputs();
    all_ = workspace_.shared(workspace_.counting() ? std::vector<double>() : columns(spec_),
                             width(), spec_.all_samples());
    order_ = workspace_.matrix(std::max({n, pseudo, spec_.test}), 1);
    labelled_ = workspace_.matrix(width(), n);
    unlabelled_ = workspace_.matrix(width(), pseudo);
    tests_ = workspace_.matrix(width(), spec_.test);
    both_ = workspace_.matrix(strong_d() + outputs, n + pseudo);
    weak_stack_ = workspace_.matrix(weak_d() + outputs, outputs);
    strong_stack_ = workspace_.matrix(strong_d() + outputs, outputs);
    errors_ = workspace_.matrix(spec_.test, outputs);
    weak_fits_ = workspace_.matrix(weak_d(), samples_.size() * outputs);
    results_ = workspace_.matrix(models(), 1);
    ones_ = workspace_.shared(std::vector<double>(spec_.test, 1.0), spec_.test, 1);
    std::vector<double> minus_identity(outputs * outputs, 0.0);
    for (std::size_t c = 0; c < outputs; ++c) minus_identity[c + c * outputs] = -1.0;
    minus_identity_ = workspace_.shared(minus_identity, outputs, outputs);
}

void FeaturesRun::make_heads() {
    std::vector<HeadFit::Sample> labelled, student, ceiling;
    for (const double penalty : penalties_) {
        for (const std::size_t n : samples_) {
            labelled.push_back({n, penalty});
            for (const std::size_t pseudo : pseudo_samples_)
                ceiling.push_back({n + pseudo, penalty});
        }
        for (const std::size_t pseudo : pseudo_samples_) student.push_back({pseudo, penalty});
    }
    const std::size_t outputs = spec_.outputs();
    weak_.emplace(workspace_, spec_.weak.spectrum, outputs, labelled);
    baseline_.emplace(workspace_, spec_.strong.spectrum, (labelled_models() - 1) * outputs,
                      labelled);
    student_.emplace(workspace_, spec_.strong.spectrum, samples_.size() * outputs, student);
    ceiling_.emplace(workspace_, spec_.strong.spectrum, outputs, ceiling);
}

/// Labels of a surrogate are the true ones plus what it says differently from the truth.
void FeaturesRun::make_surrogates() {
    if (spec_.surrogates.empty()) return;
    const std::size_t outputs = spec_.outputs(), rows = strong_d() + outputs;
    const DenseMatrix truth = whitened_coefficients(spec_.strong, spec_.labels);
    for (const std::size_t n : samples_) {
        DenseMatrix changes(rows, spec_.surrogates.size() * outputs);
        for (std::size_t s = 0; s < spec_.surrogates.size(); ++s) {
            const DenseMatrix best =
                best_surrogate(spec_.strong, truth, n, spec_.surrogates[s] == "mask");
            for (std::size_t c = 0; c < outputs; ++c) {
                for (std::size_t i = 0; i < strong_d(); ++i)
                    changes(i, s * outputs + c) = best(i, c) - truth(i, c);
                changes(strong_d() + c, s * outputs + c) = 1.0;
            }
        }
        surrogates_.push_back(workspace_.shared(changes.values, changes.rows, changes.cols));
    }
}

FeaturesRun::Reading FeaturesRun::reading(const Series& series) const {
    const std::vector<double>& at = design().points[series.point].parameters;
    const std::size_t penalty = position(penalties_, at[Features::penalty]);
    const std::size_t k = position(pseudo_samples_, at[Features::n_pseudo]);
    const std::size_t here = setup(penalty, position(samples_, at[Features::n]));
    const std::size_t both = pair(here, k);
    Reading reading;
    reading.misclassification = series.estimand == "misclassification";
    if (series.arm == "w2s") {
        reading.model = student_model(both);
        reading.fits = {{&*weak_, here}, {&*student_, penalty * pseudo_samples_.size() + k}};
    } else if (series.arm == "ceiling") {
        reading.model = student_model(both) + 1;
        reading.fits = {{&*ceiling_, both}};
    } else if (series.arm == "weak") {
        reading.model = here * labelled_models();
        reading.fits = {{&*weak_, here}};
    } else {
        const auto found = std::find(spec_.surrogates.begin(), spec_.surrogates.end(), series.arm);
        const std::size_t arm =
            series.arm == "baseline"
                ? 1
                : 2 + static_cast<std::size_t>(found - spec_.surrogates.begin());
        reading.model = here * labelled_models() + arm;
        reading.fits = {{&*baseline_, here}};
    }
    return reading;
}

double FeaturesRun::flops() const {
    const auto fit = [](std::size_t rows, std::size_t features, std::size_t labels) {
        const auto small = static_cast<double>(std::min(rows, features));
        const auto large = static_cast<double>(std::max(rows, features));
        return small * small * (large + small) + 2.0 * small * large * static_cast<double>(labels);
    };
    const std::size_t outputs = spec_.outputs();
    const auto tested = [&](std::size_t features) {
        return 2.0 * static_cast<double>(spec_.test * features * outputs);
    };
    double flops = 0.0;
    for (const std::size_t n : samples_) {
        const std::size_t arms = labelled_models() - 1;
        flops += fit(n, weak_d(), outputs) + fit(n, strong_d(), arms * outputs) + tested(weak_d()) +
                 static_cast<double>(arms) * tested(strong_d());
        for (const std::size_t pseudo : pseudo_samples_)
            flops += fit(n + pseudo, strong_d(), outputs) + 2.0 * tested(strong_d());
    }
    for (const std::size_t pseudo : pseudo_samples_)
        flops += fit(pseudo, strong_d(), samples_.size() * outputs);
    return flops * static_cast<double>(penalties_.size());
}

}  // namespace cucurbit
