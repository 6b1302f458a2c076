#pragma once
// One [[stage]] of a chain as a study writes it, and its matrices.

#include <optional>
#include <string>

#include "cucurbit/chain.hpp"
#include "host/config/population.hpp"
#include "host/config/reader.hpp"

namespace cucurbit {

/// Largest p of a chain with a rotation or features other than all coordinates: its theory takes
/// p³.
inline constexpr std::uint64_t max_dense_dimension = 4096;
inline constexpr std::uint64_t max_feature_seed = (std::uint64_t{1} << 63) - 1;

/// rows×cols normals of a seed, the same for the same `what`; fewer rows are the first of more.
DenseMatrix seeded_normals(const char* what, std::uint64_t seed, std::size_t rows,
                           std::size_t cols);

/// A covariance Q diag(λ) Qᵀ, Q a random rotation or none.
class RotatedSpectrum {
public:
    /// The keys spectrum (by default the given one) and rotation (a seed) of a table.
    static RotatedSpectrum read(Reader& table, const Grid<std::uint64_t>& p, const Spectrum& usual);

    bool diagonal() const { return !rotation_; }
    std::vector<double> spectrum(std::size_t p) const { return spectrum_.values(p); }
    /// Q diag(√λ).
    DenseMatrix root(std::size_t p) const;
    std::string canonical() const;

private:
    Spectrum spectrum_;
    std::optional<std::uint64_t> rotation_;
};

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

/// A random rotation: Gram and Schmidt's basis of normal rows, uniform on the orthogonal group; the
/// same on every machine.
DenseMatrix random_rotation(std::uint64_t seed, std::size_t dimension);

}  // namespace cucurbit
