#include "host/studies/weak_to_strong.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "host/studies/points.hpp"
#include "host/studies/weak_to_strong/run.hpp"

namespace cucurbit {

std::unique_ptr<const Setting> WeakToStrong::read(Reader& root, const Precision& precision,
                                                  std::uint64_t seed) {
    auto setting = std::make_unique<WeakToStrong>();
    Reader population = root.table("population");
    Reader weak = root.table("weak");
    Reader strong = root.table("strong");
    setting->subspaces_ = SubspaceSpec::read(population, weak, strong);
    setting->samples_ = weak.counts("n", 1, max_samples);
    setting->noise_std_ = weak.numbers("noise_std", not_negative);
    setting->pseudo_samples_ = strong.counts("n_pseudo", 1, max_samples);
    if (strong.has("per_angle")) setting->per_angle_ = strong.flag("per_angle");
    const SubspaceSpec& spec = setting->subspaces_;
    strong.limit_points("n_pseudo",
                        {spec.weak.values.size(), spec.strong.values.size(), spec.overlaps(),
                         setting->samples_.values.size(), setting->noise_std_.values.size(),
                         setting->pseudo_samples_.values.size()});
    for (Reader* table : {&population, &weak, &strong}) table->finish();
    setting->sampler_ = precision.sampler.value_or(Sampler::sufficient);
    setting->seed_ = seed;
    return setting;
}

std::string WeakToStrong::identity() const {
    return fmt::format("weak_to_strong sampler={} {}",
                       sampler_ == Sampler::direct ? "direct" : "sufficient",
                       subspaces_.canonical());
}

std::vector<Design> WeakToStrong::designs() const {
    std::vector<Design> designs;
    for (const std::uint64_t d_w : subspaces_.weak.values)
        for (const std::uint64_t d_s : subspaces_.strong.values)
            for (std::size_t k = 0; k < subspaces_.overlaps(); ++k) {
                const std::size_t joint = subspaces_.pair(d_w, d_s, k).joint();
                Design design = design_of(seed_,
                                          fmt::format("{} weak_d={} strong_d={} {}", identity(),
                                                      d_w, d_s, subspaces_.canonical_overlap(k)),
                                          joint);
                for (const std::uint64_t rows : samples_.values)
                    for (const std::uint64_t pseudo_rows : pseudo_samples_.values)
                        for (const double noise : noise_std_.values)
                            design.points.push_back(
                                {{static_cast<double>(subspaces_.p), static_cast<double>(d_w),
                                  static_cast<double>(d_s), subspaces_.correlation_dimension(k),
                                  static_cast<double>(rows), static_cast<double>(pseudo_rows),
                                  noise}});
                add_series(design);
                design.points_apart = sampler_ == Sampler::sufficient;
                for (const std::uint64_t rows : samples_.values)
                    design.further_keys.push_back(factor_key(seed_, design, "n", rows));
                for (const std::uint64_t rows : pseudo_samples_.values)
                    design.further_keys.push_back(factor_key(seed_, design, "n_pseudo", rows));
                design.flops_per_trial = flops(joint, d_w, d_s);
                measure_memory<WeakToStrongRun>(recipe(design.points[0]), design);
                designs.push_back(std::move(design));
            }
    return designs;
}

WeakToStrongRecipe WeakToStrong::recipe(const Point& point) const {
    const auto d_w = static_cast<std::size_t>(point.parameters[weak_d]);
    const auto d_s = static_cast<std::size_t>(point.parameters[strong_d]);
    const std::size_t k = subspaces_.overlap_of(point.parameters[overlap]);
    return {seed_, sampler_, subspaces_.pair(d_w, d_s, k),
            subspaces_.truth(subspaces_.cosines(d_w, d_s, k), d_w, d_s)};
}

void WeakToStrong::add_series(Design& design) const {
    for (std::size_t point = 0; point < design.points.size(); ++point) {
        const auto add = [&](const char* arm, const std::string& estimand) {
            design.series.push_back({point, arm, arm, estimand});
        };
        for (const char* arm : {"weak", "w2s", "baseline", "ceiling"}) {
            add(arm, "excess_risk");
            add(arm, "variance");
        }
        for (const char* part :
             {"variance_inherited", "variance_discrepancy", "variance_bias_driven"})
            add("w2s", part);
        add("w2s", "in_sample_risk");
        if (!per_angle_) continue;
        for (std::size_t j = 1;
             j <= static_cast<std::size_t>(design.points[point].parameters[weak_d]); ++j)
            for (const char* part : {"variance_inherited", "variance_discrepancy"})
                add("w2s", fmt::format("{}{}{}", part, direction_suffix, j));
    }
}

double WeakToStrong::flops(std::size_t joint, std::size_t weak_dimension,
                           std::size_t strong_dimension) const {
    const auto all = static_cast<double>(joint), weak = static_cast<double>(weak_dimension),
               strong = static_cast<double>(strong_dimension);
    const auto labelled = static_cast<double>(samples_.values.size()),
               pseudo = static_cast<double>(pseudo_samples_.values.size());
    const double fit_weak = 2.0 * weak * weak * weak;
    const double fit_strong = (all + strong) * strong * strong + strong * strong * strong;
    double flops = labelled * (fit_weak + 2.0 * all * all * strong + fit_strong) +
                   pseudo * 2.0 * strong * strong * strong + labelled * pseudo * fit_strong;
    if (sampler_ == Sampler::direct) {
        const auto largest = [](const Grid<std::uint64_t>& grid) {
            return static_cast<double>(*std::max_element(grid.values.begin(), grid.values.end()));
        };
        flops += all * all * (largest(samples_) + largest(pseudo_samples_));
    }
    return flops;
}

std::unique_ptr<Simulation> WeakToStrong::simulation(const Design& design, Engine& engine,
                                                     std::size_t batch) const {
    return std::make_unique<WeakToStrongRun>(recipe(design.points.front()), design, &engine, batch);
}

std::vector<TheoryRow> WeakToStrong::theory(const Point& point) const {
    const SubspacePair pair = recipe(point).pair;
    const auto rows = static_cast<std::size_t>(point.parameters[n]);
    const auto pseudo_rows = static_cast<std::size_t>(point.parameters[n_pseudo]);
    const double noise = point.parameters[noise_std] * point.parameters[noise_std];
    const WeakToStrongLaw law = weak_to_strong_law(pair, rows, pseudo_rows, noise);
    // A fit whose labels its features explain has a variance whatever n is.
    const auto flag = [](std::size_t samples, std::size_t features, double unexplained) {
        return unexplained > 0.0 ? interpolation_flag(samples, features) : "";
    };
    const std::string weak = flag(rows, pair.weak, noise + pair.weak_unexplained);
    const double strong_noise = noise + pair.strong_unexplained;
    const auto student_flag = [&](double part) {
        return part > 0.0 ? interpolation_flag(pseudo_rows, pair.strong) : "";
    };
    const std::string driven = student_flag(law.bias_driven);
    const std::string discrepancy =
        law.discrepancy > 0.0 && !weak.empty() ? weak : student_flag(law.discrepancy);
    const std::string student = !weak.empty() ? weak : !driven.empty() ? driven : discrepancy;
    const auto tail_of = [](std::size_t samples, std::size_t features, double part) {
        return part > 0.0 ? tail_exponent(samples, features) : light_tail;
    };
    const double weak_tail = tail_of(rows, pair.weak, noise + pair.weak_unexplained);
    const double student_tail =
        tail_of(pseudo_rows, pair.strong, law.discrepancy + law.bias_driven);
    const double scale = pair.squared_truth() + noise;
    std::vector<TheoryRow> table;
    const auto add = [&](const char* arm, const std::string& estimand, double value,
                         const std::string& flags, double tail) {
        // What is zero is zero in every trial.
        table.push_back({arm,
                         estimand,
                         {value, TheoryKind::exact},
                         value == 0.0 ? "" : flags,
                         scale,
                         value == 0.0 ? light_tail : tail});
    };
    const auto add_arm = [&](const char* arm, const RiskLaw& risk, const std::string& flags,
                             double tail) {
        add(arm, "excess_risk", risk.excess_risk(), flags, tail);
        add(arm, "bias", risk.bias, flags, tail);
        add(arm, "variance", risk.variance, flags, tail);
    };
    add_arm("weak", law.weak, weak, weak_tail);
    add_arm("w2s", law.w2s, student, std::min(weak_tail, student_tail));
    add_arm("baseline", law.baseline, flag(rows, pair.strong, strong_noise),
            tail_of(rows, pair.strong, strong_noise));
    add_arm("ceiling", law.ceiling, flag(rows + pseudo_rows, pair.strong, strong_noise),
            tail_of(rows + pseudo_rows, pair.strong, strong_noise));
    add("w2s", "in_sample_risk", law.in_sample, weak, weak_tail);
    add("w2s", "variance_inherited", law.inherited, weak, weak_tail);
    add("w2s", "variance_discrepancy", law.discrepancy, discrepancy,
        std::min(weak_tail, student_tail));
    add("w2s", "variance_bias_driven", law.bias_driven, driven, student_tail);
    if (!per_angle_) return table;
    const Coordinates angles = coordinates(point);
    for (std::size_t j = 0; j < pair.weak; ++j) {
        add("w2s", fmt::format("variance_inherited{}{}", direction_suffix, j + 1),
            angles.columns[2][j], weak, weak_tail);
        add("w2s", fmt::format("variance_discrepancy{}{}", direction_suffix, j + 1),
            angles.columns[3][j], discrepancy, std::min(weak_tail, student_tail));
    }
    return table;
}

Setting::Coordinates WeakToStrong::coordinates(const Point& point) const {
    const SubspacePair pair = recipe(point).pair;
    const WeakToStrongLaw law =
        weak_to_strong_law(pair, static_cast<std::size_t>(point.parameters[n]),
                           static_cast<std::size_t>(point.parameters[n_pseudo]),
                           point.parameters[noise_std] * point.parameters[noise_std]);
    const double kept = law.w2s.mean_factor / law.weak.mean_factor;
    Coordinates table{{"index", "cosine", "inherited", "discrepancy"}, {}};
    table.columns.resize(table.names.size());
    for (std::size_t j = 0; j < pair.weak; ++j) {
        const double shared = pair.cosine(j) * pair.cosine(j);
        const double variance =
            law.weak_variance + law.weak_own * pair.weak_truth[j] * pair.weak_truth[j];
        table.columns[0].push_back(static_cast<double>(j + 1));
        table.columns[1].push_back(pair.cosine(j));
        table.columns[2].push_back(kept * kept * shared == 0.0 ? 0.0
                                                               : variance * kept * kept * shared);
        table.columns[3].push_back(
            law.weak_variance *
            (law.explained_factor * shared + law.unexplained_factor * pair.discrepancy(j)));
    }
    return table;
}

std::vector<DerivedRow> WeakToStrong::derived() const {
    std::vector<DerivedRow> rows;
    for (const char* arm : {"weak", "w2s", "baseline", "ceiling"})
        rows.push_back({arm, "bias", {{1.0, arm, "excess_risk"}, {-1.0, arm, "variance"}}, {}});
    const auto risk = [](double factor, const char* arm) {
        return DerivedRow::Term{factor, arm, "excess_risk"};
    };
    rows.push_back({"w2s",
                    "pgr",
                    {risk(1.0, "weak"), risk(-1.0, "w2s")},
                    {risk(1.0, "weak"), risk(-1.0, "ceiling")}});
    rows.push_back({"w2s", "opr", {risk(1.0, "baseline")}, {risk(1.0, "w2s")}});
    return rows;
}

}  // namespace cucurbit
