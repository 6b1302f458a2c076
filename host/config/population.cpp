#include "host/config/population.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include <fmt/format.h>

#include "cucurbit/hash.hpp"
#include "host/config/messages.hpp"

namespace cucurbit {
namespace {

std::string canonical_list(const std::vector<double>& values) {
    std::vector<std::string> numbers;
    numbers.reserve(values.size());
    for (const double value : values) numbers.push_back(canonical_number(value));
    return fmt::format("[{}]", fmt::join(numbers, ","));
}

/// A list or a file of p values, and its canonical text.
struct Given {
    std::vector<double> values;
    std::string canonical;
};

/// An eigenvalue's reciprocal and its ratio to others are needed as well.
constexpr double least_eigenvalue = 1e-150;
void require_room(const Reader& table, std::string_view key, const std::vector<double>& values) {
    for (const double value : values)
        if (!has_room(value, least_eigenvalue))
            table.fail(key, fmt::format("the eigenvalue {} is not allowed; allowed: {}",
                                        canonical_number(value), allowed_sizes(least_eigenvalue)));
}

Given read_given(Reader& table, const std::string& kind, Bounds bounds,
                 const Grid<std::uint64_t>& p) {
    const bool list = kind == "list";
    const std::string key = list ? "values" : "path";
    Given given;
    if (list) {
        given.values = table.list(key, bounds);
        given.canonical = "list" + canonical_list(given.values);
    } else {
        Reader::File file = table.file(key);
        for (std::size_t i = 0; i < file.values.size(); ++i)
            if (bounds.low_excluded && !(file.values[i] > bounds.low))
                table.fail(key, fmt::format("value {} of the file is {}; allowed: a number > {}",
                                            i + 1, canonical_number(file.values[i]),
                                            canonical_number(bounds.low)));
            else if (!has_room(file.values[i]))
                table.fail(key, fmt::format("value {} of the file is {}; allowed: {}", i + 1,
                                            canonical_number(file.values[i]), allowed_sizes()));
        given.values = std::move(file.values);
        given.canonical = "file:" + file.hash;
    }
    for (const std::uint64_t dimension : p.values)
        if (dimension != given.values.size())
            table.fail(key,
                       fmt::format("{} values, but p = {}; allowed: one value for each of the p "
                                   "coordinates",
                                   given.values.size(), dimension));
    return given;
}

std::uint64_t largest(const Grid<std::uint64_t>& p) {
    return *std::max_element(p.values.begin(), p.values.end());
}

std::uint64_t smallest(const Grid<std::uint64_t>& p) {
    return *std::min_element(p.values.begin(), p.values.end());
}

/// λ_p = p^-exponent must stay a normal number: its reciprocal is needed.
double read_exponent(Reader& table, std::uint64_t p) {
    const double exponent = table.number("exponent", not_negative);
    const double limit =
        -std::log(std::numeric_limits<double>::min()) / std::log(static_cast<double>(p));
    if (exponent > limit)
        table.fail("exponent",
                   fmt::format("{} makes the smallest eigenvalue zero at p = {}; allowed: "
                               "a number from 0 to {:.4g}",
                               canonical_number(exponent), p, std::floor(limit)));
    return exponent;
}

void check_length(std::size_t length, std::size_t p) {
    if (length != p)
        throw std::invalid_argument(fmt::format("{} given values for dimension {}", length, p));
}

}  // namespace

Spectrum Spectrum::read(Reader& parent, std::string_view key, const Grid<std::uint64_t>& p) {
    Reader table = parent.table(key);
    Spectrum spectrum;
    const std::string kind =
        table.choice("kind", {"power_law", "isotropic", "spiked", "list", "file"});
    if (kind == "power_law") {
        spectrum.exponent_ = read_exponent(table, largest(p));
        spectrum.canonical_ = "power_law:" + canonical_number(spectrum.exponent_);
    } else if (kind == "isotropic") {
        spectrum.kind_ = Kind::spiked;
        if (table.has("value")) spectrum.bulk_ = table.number("value", positive);
        require_room(table, "value", {spectrum.bulk_});
        spectrum.canonical_ = "isotropic:" + canonical_number(spectrum.bulk_);
    } else if (kind == "spiked") {
        spectrum.kind_ = Kind::spiked;
        spectrum.leading_ = table.list("spikes", positive);
        spectrum.bulk_ = table.number("bulk", positive);
        require_room(table, "spikes", spectrum.leading_);
        require_room(table, "bulk", {spectrum.bulk_});
        if (spectrum.leading_.size() > smallest(p))
            table.fail("spikes", fmt::format("{} spikes, but p = {}; allowed: at most p",
                                             spectrum.leading_.size(), smallest(p)));
        spectrum.canonical_ = fmt::format("spiked:{}:{}", canonical_list(spectrum.leading_),
                                          canonical_number(spectrum.bulk_));
    } else {
        spectrum.kind_ = Kind::given;
        Given given = read_given(table, kind, positive, p);
        require_room(table, kind == "list" ? "values" : "path", given.values);
        spectrum.leading_ = std::move(given.values);
        spectrum.canonical_ = std::move(given.canonical);
    }
    table.finish();
    return spectrum;
}

std::vector<double> Spectrum::values(std::size_t p) const {
    if (kind_ == Kind::power_law) return power_law_spectrum(p, exponent_);
    if (kind_ == Kind::given) check_length(leading_.size(), p);
    std::vector<double> values(leading_);
    values.resize(p, bulk_);
    return values;
}

Signal Signal::read(Reader& parent, std::string_view key, const Grid<std::uint64_t>& p) {
    Reader table = parent.table(key);
    Signal signal;
    const std::string kind = table.choice("kind", {"power_law", "uniform", "list", "file"});
    if (kind == "power_law") {
        signal.parameter_ = read_exponent(table, largest(p));
        signal.canonical_ = "power_law:" + canonical_number(signal.parameter_);
    } else if (kind == "uniform") {
        signal.kind_ = Kind::uniform;
        signal.parameter_ = table.has("norm") ? table.number("norm", not_negative) : 1.0;
        signal.canonical_ = "uniform:" + canonical_number(signal.parameter_);
    } else {
        signal.kind_ = Kind::given;
        Given given = read_given(table, kind, Bounds{}, p);
        signal.given_ = std::move(given.values);
        signal.canonical_ = std::move(given.canonical);
    }
    table.finish();
    return signal;
}

std::vector<double> Signal::values(const std::vector<double>& spectrum) const {
    const std::size_t p = spectrum.size();
    if (kind_ == Kind::power_law) return power_law_truth(spectrum, parameter_);
    if (kind_ == Kind::given) {
        check_length(given_.size(), p);
        return given_;
    }
    std::vector<double> values(p, parameter_ / std::sqrt(static_cast<double>(p)));
    return values;
}

PopulationSpec PopulationSpec::read(Reader& root) {
    Reader table = root.table("population");
    PopulationSpec spec;
    spec.p = table.counts("p", 2, max_dimension);
    spec.spectrum = Spectrum::read(table, "spectrum", spec.p);
    spec.signal = Signal::read(table, "signal", spec.p);
    table.finish();
    return spec;
}

Population PopulationSpec::at(std::size_t dimension) const {
    Population population;
    population.spectrum = spectrum.values(dimension);
    population.truth = signal.values(population.spectrum);
    return population;
}

std::string PopulationSpec::canonical() const {
    return fmt::format("spectrum={} signal={}", spectrum.canonical(), signal.canonical());
}

}  // namespace cucurbit
