#pragma once
// Features φ(Wx) that fits of a graph see instead of the coordinates x of a row.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cucurbit/chain.hpp"
#include "host/config/reader.hpp"
#include "host/studies/covariance.hpp"
#include "kernels/contract.hpp"

namespace cucurbit {

/// W is read from a file, or drawn once by a seed, the same in every trial: normal and scaled so
/// that wᵀx has variance one, on average over W, for rows of the population, or the basis of a
/// random subspace. Fewer features are the first of more.
class RowFeatures {
public:
    /// `kind`, `activation`, `seed` and `file` of a table; p: all dimensions of the study.
    static RowFeatures read(Reader& table, const Grid<std::uint64_t>& p);
    /// x in a random subspace: the first rows of a rotation's transpose.
    static RowFeatures subspace(std::uint64_t seed);
    /// Linear ones of a file with this hash; columns: Wᵀ, independent.
    static RowFeatures given(DenseMatrix columns, std::string hash);
    /// min(count, p) features that fits cannot tell from `count` random linear ones of variances
    /// ‖x‖²/p; not the first of more.
    static RowFeatures compacted(std::uint64_t seed, std::uint64_t count);
    /// How many a fit may see: as many as the file has, at most 4096, and of linear ones at most p.
    std::size_t most(std::size_t least_p) const;

    bool linear() const { return activation_ == Activation::linear; }
    bool same_activation(const RowFeatures& other) const {
        return activation_ == other.activation_;
    }
    /// φ; none: linear.
    std::optional<Entrywise> function() const;
    /// Wᵀ, p×count; spectrum: the population's.
    DenseMatrix projection(std::size_t count, std::span<const double> spectrum) const;
    std::string canonical() const;
    bool operator==(const RowFeatures& other) const { return canonical() == other.canonical(); }

private:
    friend class RowMoments;
    /// erf: √3 erf(u/√2).
    enum class Activation { linear, relu, erf, sign };
    enum class Weights { random, subspace, compacted, file };
    Activation activation_ = Activation::linear;
    Weights weights_ = Weights::random;
    std::uint64_t seed_ = 0;
    std::uint64_t drawn_ = 0;                   ///< of compacted ones, before
    std::string hash_;                          ///< of the file
    std::shared_ptr<const DenseMatrix> given_;  ///< Wᵀ of the file
};

/// S Vᵀ of a = U S Vᵀ: the same aᵀa, which is all that fits of features ax depend on, with fewest
/// rows.
DenseMatrix compact(const DenseMatrix& a);

/// A row of coordinates x ~ N(0, covariance) and all features of it, one block after another.
class RowMoments {
public:
    /// counts: of each block of features; population: its spectrum.
    RowMoments(const std::vector<RowFeatures>& features, const std::vector<std::size_t>& counts,
               const RotatedSpectrum& covariance, std::span<const double> population);

    /// E r rᵀ of rows r = (x, φ(Wx), …), D×D.
    const DenseMatrix& second() const { return second_; }
    /// D×D with rootᵀ root = second(): its first p rows are what is linear in x.
    DenseMatrix root() const;

private:
    std::size_t p_;
    RotatedSpectrum covariance_;
    DenseMatrix second_;
};

}  // namespace cucurbit
