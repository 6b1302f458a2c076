#pragma once
// [population]: dimensions, covariance spectrum and truth as a study writes them.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cucurbit/population.hpp"
#include "host/config/reader.hpp"

namespace cucurbit {

inline constexpr std::uint64_t max_dimension = 1'000'000;

/// A covariance spectrum for any dimension, or for the one of its list or file.
class Spectrum {
public:
    /// Reads the table under key: { kind = "power_law", exponent } | { kind = "isotropic", value }
    /// | { kind = "spiked", spikes, bulk } | { kind = "list", values } | { kind = "file", path }.
    /// Throws StudyError unless every value is > 0 and the spectrum exists at every dimension of p.
    static Spectrum read(Reader& parent, std::string_view key, const Grid<std::uint64_t>& p);

    /// [p] eigenvalues. Throws std::invalid_argument where a list or file has another length.
    std::vector<double> values(std::size_t p) const;
    /// Text that is equal for equal spectra as written; a file is named by the hash of its
    /// contents.
    const std::string& canonical() const { return canonical_; }

private:
    enum class Kind { power_law, spiked, given };
    Kind kind_ = Kind::power_law;
    double exponent_ = 0.0;
    double bulk_ = 1.0;
    std::vector<double> leading_;  ///< spikes, or all values
    std::string canonical_;
};

/// The truth β*, given the spectrum that it lives on.
class Signal {
public:
    /// Reads the table under key: { kind = "power_law", exponent } (λ_i β*_i² = i^-exponent) |
    /// { kind = "uniform", norm } (equal β*_i, ‖β*‖ = norm) | list | file as in Spectrum.
    static Signal read(Reader& parent, std::string_view key, const Grid<std::uint64_t>& p);

    /// [p] coefficients. Throws std::invalid_argument where a list or file has another length.
    std::vector<double> values(const std::vector<double>& spectrum) const;
    const std::string& canonical() const { return canonical_; }

private:
    enum class Kind { power_law, uniform, given };
    Kind kind_ = Kind::power_law;
    double parameter_ = 0.0;  ///< exponent or norm
    std::vector<double> given_;
    std::string canonical_;
};

struct PopulationSpec {
    Grid<std::uint64_t> p;
    Spectrum spectrum;
    Signal signal;

    /// Reads and finishes [population] of the root.
    static PopulationSpec read(Reader& root);
    Population at(std::size_t dimension) const;
    /// Spectrum and signal, without p.
    std::string canonical() const;
};

}  // namespace cucurbit
