#pragma once
// kind = "model_shift": ridgeless regression on labels from a given surrogate (Ildiz et al. 2025,
// section 3 and Figure 1).

#include <memory>
#include <string>
#include <vector>

#include "cucurbit/study.hpp"
#include "host/config/population.hpp"
#include "host/config/reader.hpp"

namespace cucurbit {

class ModelShift final : public Setting {
public:
    /// [population] p, spectrum, signal; [target] n, noise_std, arms.
    static std::unique_ptr<const Setting> read(Reader& root, const Precision& precision,
                                               std::uint64_t seed);

    std::string_view kind() const override { return "model_shift"; }
    std::vector<std::string> parameters() const override { return {"p", "n", "noise_std"}; }
    std::vector<bool> whole_parameters() const override { return {true, true, false}; }
    std::string identity() const override;
    std::vector<Design> designs() const override;
    std::unique_ptr<Simulation> simulation(const Design& design, Engine& engine,
                                           std::size_t batch) const override;
    std::vector<TheoryRow> theory(const Point& point) const override;
    std::vector<ArmRisks> risks_by_coordinate(const Point& point) const override;
    /// Figure 1a: index, spectrum, zeta, truth, optimal_surrogate, mask.
    Coordinates coordinates(const Point& point) const override;

private:
    enum class Labels { truth, optimal_surrogate, mask, file };
    struct Arm {
        std::string name;
        std::string key;  ///< name, and the hash of the file's contents
        Labels labels = Labels::truth;
        std::vector<double> surrogate;  ///< of Labels::file
    };
    class Run;

    static Arm read_arm(Reader::Item& item, const Grid<std::uint64_t>& dimensions);
    const Arm& arm(const std::string& key) const;
    /// The label vector of an arm at n samples.
    std::vector<double> surrogate(const Arm& arm, const Population& population,
                                  std::size_t samples) const;

    PopulationSpec population_;
    Grid<std::uint64_t> samples_;
    Grid<double> noise_std_;
    std::vector<Arm> arms_;
    LabelNoise label_noise_ = LabelNoise::integrate;
    std::uint64_t seed_ = 0;
};

}  // namespace cucurbit
