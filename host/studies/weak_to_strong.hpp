#pragma once
// kind = "weak_to_strong": ridgeless regression in subspaces, a strong student on the labels of a
// weak fit, beside a supervised strong baseline and ceiling (Dong et al. 2025, section 3).

#include <memory>
#include <string>
#include <vector>

#include "cucurbit/study.hpp"
#include "host/config/reader.hpp"
#include "host/config/subspaces.hpp"

namespace cucurbit {

struct WeakToStrongRecipe;

class WeakToStrong final : public Setting {
public:
    /// Positions of a point's parameters.
    enum Parameter : std::size_t { p, weak_d, strong_d, overlap, n, n_pseudo, noise_std };

    /// [population] p, signal; [weak] d, n, noise_std; [strong] d, n_pseudo, overlap, per_angle.
    static std::unique_ptr<const Setting> read(Reader& root, const Precision& precision,
                                               std::uint64_t seed);

    std::string_view kind() const override { return "weak_to_strong"; }
    std::vector<std::string> parameters() const override {
        return {"p", "weak_d", "strong_d", "correlation_dimension", "n", "n_pseudo", "noise_std"};
    }
    std::vector<bool> whole_parameters() const override {
        return {true, true, true, false, true, true, false};
    }
    std::string identity() const override;
    std::vector<Design> designs() const override;
    std::unique_ptr<Simulation> simulation(const Design& design, Engine& engine,
                                           std::size_t batch) const override;
    std::vector<TheoryRow> theory(const Point& point) const override;
    /// Per weak principal direction: index, cosine, inherited and discrepancy (variances).
    Coordinates coordinates(const Point& point) const override;
    bool integrates_label_noise() const override { return false; }
    bool has_samplers() const override { return true; }
    /// Bias of every arm, and PGR and OPR (Dong et al. 2025, performance gap recovery and
    /// outperforming ratio).
    std::vector<DerivedRow> derived() const override;

private:
    WeakToStrongRecipe recipe(const Point& point) const;
    void add_series(Design& design) const;
    /// Of one trial of all points, by formula.
    double flops(std::size_t joint, std::size_t weak_dimension, std::size_t strong_dimension) const;

    SubspaceSpec subspaces_;
    Grid<std::uint64_t> samples_;
    Grid<double> noise_std_;
    Grid<std::uint64_t> pseudo_samples_;
    bool per_angle_ = false;
    Sampler sampler_ = Sampler::sufficient;
    std::uint64_t seed_ = 0;
};

}  // namespace cucurbit
