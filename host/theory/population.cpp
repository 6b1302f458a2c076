#include "cucurbit/population.hpp"

#include <cmath>

namespace cucurbit {

std::vector<double> power_law_spectrum(std::size_t p, double exponent) {
    std::vector<double> spectrum(p);
    for (std::size_t i = 0; i < p; ++i) {
        spectrum[i] = std::pow(static_cast<double>(i + 1), -exponent);
    }
    return spectrum;
}

std::vector<double> power_law_truth(const std::vector<double>& spectrum, double exponent) {
    std::vector<double> truth(spectrum.size());
    for (std::size_t i = 0; i < truth.size(); ++i) {
        truth[i] = std::sqrt(std::pow(static_cast<double>(i + 1), -exponent) / spectrum[i]);
    }
    return truth;
}

}  // namespace cucurbit
