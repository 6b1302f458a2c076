// What an excess risk is made of, by the law that predicts it.

#include <algorithm>
#include <cmath>

#include "cucurbit/study.hpp"

namespace cucurbit {
namespace {

using Risks = std::vector<Setting::ArmRisks>;

bool is_label_noise(const std::string& parameter) {
    return parameter.starts_with("noise_std") || parameter == "surrogate_noise_std";
}

/// Coordinates first, …, end − 1, counted from 0.
struct Band {
    std::size_t first, end;
};

std::vector<Band> bands_of(std::size_t coordinates, bool decades) {
    if (!decades) return {{0, coordinates}};
    std::vector<Band> bands;
    for (std::size_t first = 0, end = 10; first < coordinates; first = end, end *= 10)
        bands.push_back({first, std::min(end, coordinates)});
    return bands;
}

double sum(const std::vector<double>& values, Band band) {
    double sum = 0.0;
    for (std::size_t i = band.first; i < band.end; ++i) sum += values[i];
    return sum;
}

}  // namespace

std::vector<RiskPart> explain(const Setting& setting, const Point& point, bool decades) {
    const std::vector<std::string> names = setting.parameters();
    std::vector<std::string> noises;
    std::vector<Risks> without;
    Point noiseless = point;
    for (std::size_t k = 0; k < names.size(); ++k) {
        if (!is_label_noise(names[k])) continue;
        Point other = point;
        other.parameters[k] = noiseless.parameters[k] = 0.0;
        noises.push_back(names[k]);
        without.push_back(setting.risks_by_coordinate(other));
    }
    const Risks all = setting.risks_by_coordinate(point);
    const Risks quiet = setting.risks_by_coordinate(noiseless);
    std::vector<RiskPart> parts;
    for (std::size_t a = 0; a < all.size(); ++a) {
        const CoordinateRisks& risks = all[a].risks;
        const auto known = [a](const Risks& of) { return a < of.size(); };
        if (!known(quiet) || !std::all_of(without.begin(), without.end(), known)) continue;
        if (!std::isfinite(sum(risks.risk, {0, risks.risk.size()}))) continue;
        for (const Band band : bands_of(risks.risk.size(), decades)) {
            const auto add = [&](const std::string& cause, double value) {
                parts.push_back({all[a].arm, cause, band.first + 1, band.end, value});
            };
            add("bias", sum(risks.bias, band));
            add("sampling", sum(quiet[a].risks.risk, band) - sum(risks.bias, band));
            for (std::size_t k = 0; k < noises.size(); ++k)
                add(noises[k], sum(risks.risk, band) - sum(without[k][a].risks.risk, band));
        }
    }
    return parts;
}

}  // namespace cucurbit
