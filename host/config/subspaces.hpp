#pragma once
// Weak and strong feature subspaces and a truth between them, as a study writes them.

#include <cstdint>
#include <string>
#include <vector>

#include "cucurbit/subspaces.hpp"
#include "host/config/reader.hpp"

namespace cucurbit {

inline constexpr std::uint64_t max_subspace = 20'000;

/// The truth's coefficients along principal vectors of both subspaces, and its length outside of
/// both.
struct SubspaceTruth {
    std::vector<double> weak;    ///< [weak dimension] along u_j
    std::vector<double> strong;  ///< [strong dimension] along v_j
    double outside = 0.0;
};

class SubspaceSpec {
public:
    /// [population] p, signal; the keys d of [weak] and [strong], and [strong] overlap. Throws
    /// StudyError unless every combination fits into p dimensions.
    static SubspaceSpec read(Reader& population, Reader& weak, Reader& strong);

    std::uint64_t p = 0;
    Grid<std::uint64_t> weak;
    Grid<std::uint64_t> strong;

    std::size_t overlaps() const { return overlap_.values.size(); }
    /// The table's value of an overlap, Σ c_j², and the overlap of a value.
    double correlation_dimension(std::size_t overlap) const { return overlap_.values[overlap]; }
    std::size_t overlap_of(double correlation_dimension) const;
    std::vector<double> cosines(std::size_t weak_dimension, std::size_t strong_dimension,
                                std::size_t overlap) const;
    SubspaceTruth truth(const std::vector<double>& cosines, std::size_t weak_dimension,
                        std::size_t strong_dimension) const;
    SubspacePair pair(std::size_t weak_dimension, std::size_t strong_dimension,
                      std::size_t overlap) const;
    /// p and signal, without the grids d and overlap.
    std::string canonical() const;
    std::string canonical_overlap(std::size_t overlap) const;

private:
    enum class Overlap { shared, cosines, correlation_dimension };
    enum class Place { strong, weak, both };

    void read_overlap(Reader& strong_table);
    void read_signal(Reader& population);
    /// What is wrong with one combination; empty when nothing is.
    std::string fault(std::size_t weak_dimension, std::size_t strong_dimension,
                      std::size_t overlap) const;

    Overlap kind_ = Overlap::shared;
    Grid<double> overlap_;         ///< Σ c_j²: shared, correlation dimension, or one of cosines_
    std::vector<double> cosines_;  ///< as written
    Place place_ = Place::strong;
    double norm_ = 1.0;
    double outside_norm_ = 0.0;
};

}  // namespace cucurbit
