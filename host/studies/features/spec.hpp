#pragma once
// What a study of kind = "features" says: files, splits and heads.

#include <cstdint>
#include <string>
#include <vector>

#include "host/config/reader.hpp"
#include "host/theory/feature_law.hpp"

namespace cucurbit {

struct FeaturesSpec {
    FeatureSpace weak, strong;
    DenseMatrix labels;                  ///< samples×outputs: targets, or one-hot classes
    std::vector<std::uint32_t> classes;  ///< [sample]; empty for regression
    std::string files;                   ///< hashes of the three files
    double tau = 0.01;                   ///< share of ‖Φ‖_F² that truncation may lose
    std::size_t test = 0;                ///< test samples of a trial
    Grid<std::uint64_t> samples, pseudo_samples;
    Grid<double> penalty;
    std::vector<std::string> surrogates;  ///< arms of Ildiz et al. 2025: optimal_surrogate, mask

    /// [features] weak, strong, labels, task, test, tau; [weak] n; [strong] n_pseudo, surrogates;
    /// [heads] penalty. Throws StudyError.
    static FeaturesSpec read(Reader& root);

    std::size_t all_samples() const { return labels.rows; }
    std::size_t outputs() const { return labels.cols; }
    bool classifies() const { return !classes.empty(); }
    /// Everything that a trial's values depend on but grids.
    std::string canonical() const;
};

}  // namespace cucurbit
