#pragma once
// kind = "features": weak to strong on feature matrices of real models (Dong et al. 2025, section
// 3), and the surrogates of Ildiz et al. 2025 on the strong features.

#include <memory>
#include <string>
#include <vector>

#include "cucurbit/study.hpp"
#include "host/config/reader.hpp"
#include "host/studies/features/spec.hpp"

namespace cucurbit {

class Features final : public Setting {
public:
    /// Positions of a point's parameters.
    enum Parameter : std::size_t { n, n_pseudo, penalty };

    static std::unique_ptr<const Setting> read(Reader& root, const Precision& precision,
                                               std::uint64_t seed);

    std::string_view kind() const override { return "features"; }
    std::vector<std::string> parameters() const override { return {"n", "n_pseudo", "penalty"}; }
    std::vector<bool> whole_parameters() const override { return {true, true, false}; }
    std::string identity() const override { return "features " + spec_.canonical(); }
    std::vector<Design> designs() const override;
    std::unique_ptr<Simulation> simulation(const Design& design, Engine& engine,
                                           std::size_t batch) const override;
    /// Test errors as feature_law.hpp predicts them; of the files: intrinsic dimensions, noise and
    /// the correlation dimension with its bias.
    std::vector<TheoryRow> theory(const Point& point) const override;
    /// Per strong direction: index, spectrum, truth (root of the sum of squares over outputs).
    Coordinates coordinates(const Point& point) const override;
    bool integrates_label_noise() const override { return false; }
    /// PGR and OPR (Dong et al. 2025, performance gap recovery and outperforming ratio) of test
    /// errors and, for classes, of misclassification.
    std::vector<DerivedRow> derived() const override;
    /// Features whose mean hides the directions that matter from tau.
    std::vector<std::string> remarks() const override;

private:
    std::vector<std::string> arms() const;
    std::vector<TheoryRow> file_rows() const;

    FeaturesSpec spec_;
    FeatureLabels weak_labels_, strong_labels_;
    StudentTerms student_;
    std::uint64_t seed_ = 0;
};

}  // namespace cucurbit
