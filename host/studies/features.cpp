#include "host/studies/features.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "cucurbit/hash.hpp"
#include "host/studies/features/run.hpp"
#include "host/studies/points.hpp"

namespace cucurbit {

std::unique_ptr<const Setting> Features::read(Reader& root, const Precision&, std::uint64_t seed) {
    auto setting = std::make_unique<Features>();
    FeaturesSpec& spec = setting->spec_;
    spec = FeaturesSpec::read(root);
    setting->weak_labels_ = feature_labels(spec.weak, spec.labels);
    setting->strong_labels_ = feature_labels(spec.strong, spec.labels);
    setting->student_ = student_terms(spec.weak, spec.strong, spec.labels);
    setting->seed_ = seed;
    return setting;
}

std::vector<std::string> Features::arms() const {
    std::vector<std::string> arms{"weak", "w2s", "baseline", "ceiling"};
    arms.insert(arms.end(), spec_.surrogates.begin(), spec_.surrogates.end());
    return arms;
}

std::vector<Design> Features::designs() const {
    // Splits depend on the number of samples alone, so that other features of the same samples, or
    // the same in another file format, are compared on the same splits.
    Design design = design_of(seed_, fmt::format("features samples={}", spec_.all_samples()),
                              std::max(spec_.weak.dimension(), spec_.strong.dimension()));
    for (const std::uint64_t rows : spec_.samples.values)
        for (const std::uint64_t pseudo_rows : spec_.pseudo_samples.values)
            for (const double ridge : spec_.penalty.values) {
                const std::size_t point = design.points.size();
                design.points.push_back(
                    {{static_cast<double>(rows), static_cast<double>(pseudo_rows), ridge}});
                for (const std::string& arm : arms()) {
                    design.series.push_back({point, arm, arm, "test_error"});
                    if (spec_.classifies())
                        design.series.push_back({point, arm, arm, "misclassification"});
                }
            }
    design.flops_per_trial = FeaturesRun(spec_, design, nullptr, 1).flops();
    measure_memory<FeaturesRun>(spec_, design);
    return {design};
}

std::unique_ptr<Simulation> Features::simulation(const Design& design, Engine& engine,
                                                 std::size_t batch) const {
    return std::make_unique<FeaturesRun>(spec_, design, &engine, batch);
}

std::vector<TheoryRow> Features::theory(const Point& point) const {
    const auto rows = static_cast<std::size_t>(point.parameters[n]);
    const auto pseudo_rows = static_cast<std::size_t>(point.parameters[n_pseudo]);
    const double ridge = point.parameters[penalty];
    const auto near = [&](const FeatureSpace& space, std::size_t samples) {
        return ridge > 0.0 ? std::string() : interpolation_flag(samples, space.dimension());
    };
    std::vector<TheoryRow> table;
    const auto add = [&](const std::string& arm, double error, std::string flags) {
        const bool known = std::isfinite(error);
        if (!known) flags += flags.empty() ? "no_law" : " no_law";
        table.push_back({arm,
                         "test_error",
                         {known ? error : std::numeric_limits<double>::quiet_NaN(),
                          known ? TheoryKind::approximation : TheoryKind::none},
                         flags});
    };
    const auto supervised = [&](const char* arm, const FeatureSpace& space,
                                const FeatureLabels& labels, std::size_t samples) {
        add(arm, supervised_error(space, labels, labels.truth, samples, ridge),
            near(space, samples));
    };
    supervised("weak", spec_.weak, weak_labels_, rows);
    const std::string weak_flag = near(spec_.weak, rows);
    add("w2s",
        ridge > 0.0
            ? std::numeric_limits<double>::quiet_NaN()
            : student_error(spec_.weak, spec_.strong, weak_labels_, student_, rows, pseudo_rows),
        weak_flag.empty() ? near(spec_.strong, pseudo_rows) : weak_flag);
    supervised("baseline", spec_.strong, strong_labels_, rows);
    supervised("ceiling", spec_.strong, strong_labels_, rows + pseudo_rows);
    for (const std::string& arm : spec_.surrogates) {
        const DenseMatrix surrogate =
            best_surrogate(spec_.strong, strong_labels_.truth, rows, arm == "mask");
        add(arm, supervised_error(spec_.strong, strong_labels_, surrogate, rows, ridge),
            near(spec_.strong, rows));
    }
    const std::vector<TheoryRow> files = file_rows();
    table.insert(table.end(), files.begin(), files.end());
    return table;
}

std::vector<TheoryRow> Features::file_rows() const {
    const auto weak_d = static_cast<double>(spec_.weak.dimension());
    const auto strong_d = static_cast<double>(spec_.strong.dimension());
    std::vector<TheoryRow> table;
    for (const auto& [estimand, value] : std::initializer_list<std::pair<const char*, double>>{
             {"weak_dimension", weak_d},
             {"strong_dimension", strong_d},
             {"correlation_dimension", student_.correlation_dimension},
             {"correlation_dimension_bias",
              weak_d * strong_d / static_cast<double>(spec_.all_samples())},
             {"weak_noise", weak_labels_.all_noise()},
             {"strong_noise", strong_labels_.all_noise()}})
        table.push_back({"", estimand, {value, TheoryKind::exact}, ""});
    return table;
}

Setting::Coordinates Features::coordinates(const Point&) const {
    Coordinates table{{"index", "spectrum", "truth"}, {{}, {}, {}}};
    const DenseMatrix& truth = strong_labels_.truth;
    for (std::size_t i = 0; i < truth.rows; ++i) {
        double square = 0.0;
        for (std::size_t c = 0; c < truth.cols; ++c) square += truth(i, c) * truth(i, c);
        table.columns[0].push_back(static_cast<double>(i + 1));
        table.columns[1].push_back(spec_.strong.spectrum[i]);
        table.columns[2].push_back(std::sqrt(square / spec_.strong.spectrum[i]));
    }
    return table;
}

std::vector<std::string> Features::remarks() const {
    std::vector<std::string> remarks;
    const auto look = [&](const char* model, const FeatureSpace& space) {
        const double share = mean_share(space);
        if (share < 0.5) return;
        remarks.push_back(fmt::format(
            "features.{}: the samples' mean holds {:.3g} % of the features' squares, beside which "
            "tau = {} and rounding judge all directions: intrinsic dimension {}; subtract the "
            "mean, "
            "and add a column of ones for an intercept",
            model, 100.0 * share, canonical_number(spec_.tau), space.dimension()));
    };
    look("weak", spec_.weak);
    look("strong", spec_.strong);
    return remarks;
}

std::vector<DerivedRow> Features::derived() const {
    std::vector<DerivedRow> rows;
    const auto add = [&](const std::string& estimand, const std::string& suffix) {
        const auto error = [&](double factor, const char* arm) {
            return DerivedRow::Term{factor, arm, estimand};
        };
        rows.push_back({"w2s",
                        "pgr" + suffix,
                        {error(1.0, "weak"), error(-1.0, "w2s")},
                        {error(1.0, "weak"), error(-1.0, "ceiling")}});
        rows.push_back({"w2s", "opr" + suffix, {error(1.0, "baseline")}, {error(1.0, "w2s")}});
    };
    add("test_error", "");
    if (spec_.classifies()) add("misclassification", "_misclassification");
    return rows;
}

}  // namespace cucurbit
