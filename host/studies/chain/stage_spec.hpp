#pragma once
// One [[stage]] of a chain as a study writes it, and its matrices.

#include <optional>
#include <string>

#include "cucurbit/chain.hpp"
#include "host/config/population.hpp"
#include "host/config/reader.hpp"
#include "host/studies/covariance.hpp"

namespace cucurbit {

class StageSpec {
public:
    /// n, noise_std, penalty (0 unless given), labels ("previous" unless given), spectrum,
    /// rotation, features. first: there is no previous stage.
    static StageSpec read(Reader& table, const Grid<std::uint64_t>& p, const Spectrum& usual,
                          bool first);

    Grid<std::uint64_t> samples;
    Grid<double> noise_std;
    Grid<double> penalty;
    bool from_truth = false;
    RotatedSpectrum covariance;

    /// All coordinates on a diagonal covariance.
    bool diagonal() const { return features_ == Features::identity && covariance.diagonal(); }
    std::size_t feature_count(std::size_t p) const;
    /// A with rows of full rank and the AᵀA of the features as written, feature_count(p)×p.
    DenseMatrix features(std::size_t p) const;
    /// All but the grids.
    std::string canonical() const;

private:
    enum class Features { identity, mask, subspace, random, file };
    void read_features(Reader& stage, const Grid<std::uint64_t>& p);
    void read_file(Reader& table, const Grid<std::uint64_t>& p);

    Features features_ = Features::identity;
    std::uint64_t count_ = 0;  ///< leading coordinates, dimension, or random features
    std::uint64_t seed_ = 0;
    DenseMatrix file_;  ///< independent rows of a file's AᵀA
    std::string hash_;
};

}  // namespace cucurbit
