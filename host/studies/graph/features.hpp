#pragma once
// Random features φ(Wx) that fits of a graph see instead of the coordinates x of a row.

#include <optional>
#include <string>
#include <vector>

#include "cucurbit/chain.hpp"
#include "host/config/reader.hpp"
#include "kernels/contract.hpp"

namespace cucurbit {

/// W is normal, drawn once by a seed and the same in every trial; its rows are scaled so that wᵀx
/// has variance one, on average over W, for rows of the population. Fewer features are the first of
/// more.
class RandomFeatures {
public:
    /// `kind`, `activation` and `seed` of a table.
    static RandomFeatures read(Reader& table);

    bool linear() const { return activation_ == Activation::linear; }
    bool same_activation(const RandomFeatures& other) const {
        return activation_ == other.activation_;
    }
    /// φ; none: linear.
    std::optional<Entrywise> function() const;
    /// Wᵀ, p×count; spectrum: the population's.
    DenseMatrix projection(std::size_t count, std::span<const double> spectrum) const;
    std::string canonical() const;
    bool operator==(const RandomFeatures&) const = default;

private:
    friend class RowMoments;
    /// erf: √3 erf(u/√2).
    enum class Activation { linear, relu, erf, sign };
    Activation activation_ = Activation::linear;
    std::uint64_t seed_ = 0;
};

/// A row of coordinates x ~ N(0, diag(spectrum)) and all features of it, one block after another.
class RowMoments {
public:
    /// counts: of each block of features.
    RowMoments(const std::vector<RandomFeatures>& features, const std::vector<std::size_t>& counts,
               std::span<const double> spectrum, std::span<const double> population);

    /// E r rᵀ of rows r = (x, φ(Wx), …), D×D.
    const DenseMatrix& second() const { return second_; }
    /// D×D with rootᵀ root = second(): its first p rows are what is linear in x.
    DenseMatrix root() const;

private:
    std::size_t p_;
    DenseMatrix second_;
};

}  // namespace cucurbit
