#pragma once
// kind = "chain": ridgeless or ridge fits in order, each on fresh samples that the one before has
// labelled (self-distillation over generations; Ildiz et al. 2025 and Dong et al. 2025 are chains
// of one and two stages).

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "cucurbit/study.hpp"
#include "host/studies/chain/stage_spec.hpp"

namespace cucurbit {

class Chain final : public Setting {
public:
    /// [population] p, spectrum, signal; [[stage]] tables; [test] spectrum, rotation (of the last
    /// stage unless given).
    static std::unique_ptr<const Setting> read(Reader& root, const Precision& precision,
                                               std::uint64_t seed);

    std::string_view kind() const override { return "chain"; }
    /// p, then n_k, noise_std_k and penalty_k of each stage k = 1 …
    std::vector<std::string> parameters() const override;
    std::vector<bool> whole_parameters() const override;
    std::string identity() const override;
    std::vector<Design> designs() const override;
    std::unique_ptr<Simulation> simulation(const Design& design, Engine& engine,
                                           std::size_t batch) const override;
    /// The excess risk after each stage on the test covariance.
    std::vector<TheoryRow> theory(const Point& point) const override;
    std::vector<ArmRisks> risks_by_coordinate(const Point& point) const override;
    Coordinates coordinates(const Point&) const override { return {}; }
    bool integrates_label_noise() const override { return false; }

    std::uint64_t seed() const { return seed_; }
    const std::vector<StageSpec>& stages() const { return stages_; }
    Population population(std::size_t p) const { return population_.at(p); }
    const RotatedSpectrum& test() const { return test_; }

    /// What a stage is fitted with at a point.
    struct StagePoint {
        std::size_t n;
        double noise_std;
        double penalty;
    };
    static StagePoint at(const Point& point, std::size_t stage);

private:
    struct Maps {
        std::vector<FeatureMap> stages;
        DenseMatrix test_root;
    };
    /// Everything commutes: covariances are diagonal and all coordinates are features.
    bool diagonal() const;
    /// After each stage: of chains that are diagonal, and of others.
    std::vector<FitLaw> diagonal_laws(const Point& point) const;
    std::vector<DenseLaw> dense_laws(const Point& point) const;
    std::vector<Prediction> risks(const Point& point) const;
    const Maps& maps(std::size_t p) const;

    PopulationSpec population_;
    std::vector<StageSpec> stages_;
    RotatedSpectrum test_;
    std::uint64_t seed_ = 0;
    mutable std::mutex mutex_;
    mutable std::map<std::size_t, std::unique_ptr<const Maps>> maps_;
};

}  // namespace cucurbit
