#pragma once
// kind = "two_stage": a surrogate fitted on m samples labels the target's n fresh samples, possibly
// of another covariance (Ildiz et al. 2025, distribution shift).

#include <memory>
#include <string>
#include <vector>

#include "cucurbit/study.hpp"
#include "host/config/population.hpp"
#include "host/config/reader.hpp"

namespace cucurbit {

class TwoStage final : public Setting {
public:
    /// [population] p, spectrum, signal; [surrogate] m, noise_std, spectrum (the population's
    /// unless given); [target] n, noise_std, arms of surrogate, target, standard.
    static std::unique_ptr<const Setting> read(Reader& root, const Precision& precision,
                                               std::uint64_t seed);

    std::string_view kind() const override { return "two_stage"; }
    std::vector<std::string> parameters() const override {
        return {"p", "m", "n", "noise_std", "surrogate_noise_std"};
    }
    std::vector<bool> whole_parameters() const override { return {true, true, true, false, false}; }
    std::string identity() const override;
    std::vector<Design> designs() const override;
    std::unique_ptr<Simulation> simulation(const Design& design, Engine& engine,
                                           std::size_t batch) const override;
    /// All risks on the target's covariance; xi and omega of both stages.
    std::vector<TheoryRow> theory(const Point& point) const override;
    std::vector<ArmRisks> risks_by_coordinate(const Point& point) const override;
    /// index, spectrum, surrogate_spectrum, zeta, surrogate_zeta, truth.
    Coordinates coordinates(const Point& point) const override;

private:
    FitLaw law(const std::string& arm, const Point& point) const;

    class Run;

    PopulationSpec population_;
    Spectrum surrogate_spectrum_;
    Grid<std::uint64_t> surrogate_samples_;
    Grid<double> surrogate_noise_std_;
    Grid<std::uint64_t> samples_;
    Grid<double> noise_std_;
    std::vector<std::string> arms_;
    LabelNoise label_noise_ = LabelNoise::integrate;
    std::uint64_t seed_ = 0;
};

}  // namespace cucurbit
