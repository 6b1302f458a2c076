#pragma once
// Laws of those fits of a graph that are as if alone, on fresh rows, as in a chain.

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "host/studies/graph/spec.hpp"

namespace cucurbit {

/// What laws of features and rotations need and take p³ for, kept from point to point.
class DenseMaps {
public:
    /// None as of GraphSpec::feature_map.
    std::shared_ptr<const FeatureMap> map(const GraphSpec& spec, std::size_t fit, std::size_t p,
                                          std::size_t count);
    std::shared_ptr<const DenseMatrix> test_root(const GraphSpec& spec, std::size_t p);
    /// β*ᵀ Σ β* of the test.
    double truth_square(const GraphSpec& spec, std::size_t p);

private:
    std::mutex mutex_;
    std::map<std::string, std::shared_ptr<const FeatureMap>> maps_;
    std::map<std::size_t, std::shared_ptr<const DenseMatrix>> test_roots_;
    std::map<std::size_t, double> truth_squares_;
};

/// Of one point.
class FreshLaws {
public:
    FreshLaws(const GraphSpec& spec, const std::vector<GraphRows>& rows,
              const std::vector<GraphFit>& fits, std::size_t p, DenseMaps& maps);

    /// Whether a fit has a law.
    bool has(std::size_t fit) const;
    /// Of one that has: E (b − β*)ᵀ Σ (b − β*), Σ and β* those of the test.
    Prediction excess_risk(std::size_t fit) const { return risk(fit, truth_); }
    /// E bᵀ Σ b.
    Prediction output_variance(std::size_t fit) const {
        return risk(fit, std::vector<double>(truth_.size(), 0.0));
    }
    /// By coordinates of the root of Σ.
    CoordinateRisks by_coordinate(std::size_t fit) const;

private:
    Prediction risk(std::size_t fit, const std::vector<double>& truth) const;

    std::vector<double> truth_;
    std::vector<double> spectrum_;                 ///< of a test that is not rotated
    std::shared_ptr<const DenseMatrix> root_;      ///< of one with dense laws
    std::vector<std::optional<FitLaw>> diagonal_;  ///< without features and rotations
    std::vector<std::optional<DenseLaw>> dense_;   ///< with them
};

}  // namespace cucurbit
