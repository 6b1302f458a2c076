#pragma once
// Covariances of rows, and the random matrices that studies name by a seed.

#include <optional>
#include <span>
#include <string>
#include <utility>

#include "cucurbit/chain.hpp"
#include "host/config/population.hpp"
#include "host/config/reader.hpp"

namespace cucurbit {

/// Largest p with a rotation or features other than all coordinates: the law takes p³.
inline constexpr std::uint64_t max_dense_dimension = 4096;
inline constexpr std::uint64_t max_feature_seed = (std::uint64_t{1} << 63) - 1;

/// rows×cols normals of a seed, the same for the same `what`; fewer rows are the first of more.
DenseMatrix seeded_normals(const char* what, std::uint64_t seed, std::size_t rows,
                           std::size_t cols);

/// A covariance Q diag(λ) Qᵀ, Q a random rotation or none.
class RotatedSpectrum {
public:
    RotatedSpectrum() = default;
    explicit RotatedSpectrum(Spectrum spectrum) : spectrum_(std::move(spectrum)) {}
    /// The keys spectrum (by default the given one) and rotation (a seed) of a table.
    static RotatedSpectrum read(Reader& table, const Grid<std::uint64_t>& p, const Spectrum& usual);

    bool diagonal() const { return !rotation_; }
    std::vector<double> spectrum(std::size_t p) const { return spectrum_.values(p); }
    /// Q of one that is not diagonal.
    DenseMatrix rotation(std::size_t p) const;
    /// Q diag(√λ).
    DenseMatrix root(std::size_t p) const;
    DenseMatrix matrix(std::size_t p) const;
    /// bᵀ matrix(p) b, b: [p].
    double square(std::span<const double> b) const;
    /// matrix(p) right, right: p rows.
    DenseMatrix times(const DenseMatrix& right) const;
    std::string canonical() const;

private:
    Spectrum spectrum_;
    std::optional<std::uint64_t> rotation_;
};

/// A random rotation: Gram and Schmidt's basis of normal rows, uniform on the orthogonal group; the
/// same on every machine.
DenseMatrix random_rotation(std::uint64_t seed, std::size_t dimension);

}  // namespace cucurbit
