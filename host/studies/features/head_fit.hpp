#pragma once
// Linear heads on whitened features: ridgeless and ridge fits as on the features themselves.

#include <map>
#include <vector>

#include "host/studies/fits/feature_fit.hpp"

namespace cucurbit {

/// Fits heads on features φ = Λ^1/2 φ̃, Λ their diagonal spectrum, from whitened ones φ̃, whose fits
/// are better conditioned. Coefficients are of φ̃. The minimum norm, with fewer samples than
/// features or samples of less than full rank, and the penalty are those of coefficients of φ.
class HeadFit {
public:
    struct Sample {
        std::size_t rows = 0;
        double penalty = 0.0;  ///< added to the sum of squares; 0: ridgeless
    };
    /// samples: those that will be solved, in the order of their index; labels: label vectors.
    HeadFit(Workspace& workspace, const std::vector<double>& spectrum, std::size_t labels,
            std::vector<Sample> samples);

    /// rows×labels, to be filled before a sample is solved.
    BatchMatrix labels(std::size_t index) const {
        return sample_.block(0, samples_[index].rows, features_, labels_);
    }
    /// features: d×rows, whitened, a sample in each column; of `count` trials.
    void solve(std::size_t index, BatchMatrix features, std::size_t count, Rung rung);
    /// d×labels, of the last solve.
    BatchMatrix coefficients() const { return fit_.coefficients(); }
    const FeatureFit& fit() const { return fit_; }
    void read(std::size_t count) { fit_.read(count); }

private:
    /// Whether the fit depends on the features' scales and has no penalty that knows them.
    bool needs_scales(const Sample& sample, Rung rung) const {
        return sample.penalty == 0.0 && (sample.rows < features_ || rung == Rung::truncated);
    }
    std::size_t stacked(const Sample& sample) const {
        return sample.rows + (sample.penalty > 0.0 ? features_ : 0);
    }
    std::vector<std::size_t> stacked_rows() const;

    Workspace& workspace_;
    std::size_t features_, labels_;
    std::vector<Sample> samples_;
    FeatureFit fit_;
    BatchMatrix sample_, scaled_, roots_, identity_;
    std::map<double, BatchMatrix> penalty_roots_;
};

}  // namespace cucurbit
