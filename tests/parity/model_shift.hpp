#pragma once
// model_shift studies, and the oracle's value beside each of their trials'.

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "cucurbit/population.hpp"
#include "tests/parity/comparison.hpp"
#include "tests/reference/trial.hpp"
#include "tests/support/engines.hpp"
#include "tests/support/simulate.hpp"

namespace cucurbit {

/// The condition number that a stage's solver meets: of the samples (n < p), or of the whitened
/// samples. Not worth its seconds for large p.
inline reference::Real solver_condition(const reference::StageFit& fit,
                                        const reference::Address& address, std::uint8_t stage) {
    const std::size_t n = fit.samples().rows(), p = fit.samples().cols();
    if (p >= 100) return std::numeric_limits<reference::Real>::quiet_NaN();
    if (n < p) return fit.condition();
    return reference::StageFit(std::vector<double>(p, 1.0), address, stage, n).condition();
}

/// A study on spectra of two kinds, and the same in numbers.
struct ModelShiftScenario {
    Population population;
    std::string spectrum, signal;  // as the study writes them
    std::vector<std::size_t> samples;
    std::vector<double> noise_std{0.0, 0.3};
    LabelNoise label_noise = LabelNoise::integrate;
    bool beyond_double = false;  ///< the oracle decides the rank where n < p
    double signal_norm = 1.0;    ///< of spiked populations

    static ModelShiftScenario power_law(std::size_t p, double exponent, double signal_exponent,
                                        std::vector<std::size_t> samples) {
        ModelShiftScenario scenario;
        const auto lambda = power_law_spectrum(p, exponent);
        scenario.population = {lambda, power_law_truth(lambda, signal_exponent)};
        scenario.spectrum = fmt::format("{{ kind = \"power_law\", exponent = {} }}", exponent);
        scenario.signal = fmt::format("{{ kind = \"power_law\", exponent = {} }}", signal_exponent);
        scenario.samples = std::move(samples);
        return scenario;
    }
    /// `spikes` directions of variance 1, 1/2, 1/3, …, the others of variance `bulk`; equal
    /// coefficients.
    static ModelShiftScenario spiked(std::size_t p, std::size_t spikes, double bulk,
                                     std::vector<std::size_t> samples) {
        ModelShiftScenario scenario;
        std::string list;
        for (std::size_t i = 0; i < spikes; ++i) {
            scenario.population.spectrum.push_back(1.0 / static_cast<double>(i + 1));
            list += fmt::format("{:.17g}, ", scenario.population.spectrum.back());
        }
        scenario.population.spectrum.resize(p, bulk);
        scenario.population.truth.assign(p, 1.0 / std::sqrt(static_cast<double>(p)));
        scenario.spectrum = fmt::format("{{ kind = \"list\", values = [{}", list);
        for (std::size_t i = spikes; i < p; ++i)
            scenario.spectrum += fmt::format("{:.17g}, ", bulk);
        scenario.spectrum += "] }";
        scenario.samples = std::move(samples);
        scenario.beyond_double = true;
        return scenario;
    }

    std::size_t dimension() const { return population.dimension(); }

    /// Coefficients of the arm "mine", unlike the truth in sign and size.
    std::vector<double> mine() const {
        auto b = population.truth;
        for (std::size_t i = 0; i < b.size(); ++i) b[i] *= std::cos(static_cast<double>(3 * i));
        return b;
    }

    std::vector<double> labels(const std::string& arm, std::size_t n) const {
        if (arm == "optimal_surrogate")
            return optimal_surrogate(population.truth, population.spectrum, n);
        if (arm == "mask") return masked_surrogate(population.truth, population.spectrum, n);
        return arm == "mine" ? mine() : population.truth;
    }

    Study study() const {
        std::string file = "b\n";
        for (const double value : mine()) file += fmt::format("{:.17g}\n", value);
        const std::string coefficients =
            signal.empty() ? fmt::format("{{ kind = \"uniform\", norm = {} }}", signal_norm)
                           : signal;
        return study_of(fmt::format(R"(
                schema = 1
                [study]
                name = "parity"
                kind = "model_shift"
                seed = 11
                [population]
                p = {}
                spectrum = {}
                signal = {}
                [target]
                n = {}
                noise_std = {}
                arms = ["standard", "optimal_surrogate", "mask",
                        {{ name = "mine", surrogate_file = "b.csv" }}]
                [precision]
                trials = 64
                label_noise = "{}"
            )",
                                    dimension(), spectrum, coefficients, toml_list(samples),
                                    toml_list(noise_std),
                                    label_noise == LabelNoise::sample ? "sample" : "integrate"),
                        {{"b.csv", file}});
    }

    /// The values of these trials of a design of the study (or a part of it) and the oracle's.
    std::vector<Comparison> beside_oracle(const Study& study, const Design& design,
                                          const std::vector<std::uint64_t>& trials,
                                          const TrialValues& values) const {
        std::vector<Comparison> comparisons;
        for (const std::size_t n : samples)
            for (std::size_t t = 0; t < trials.size(); ++t) {
                const reference::Address address{design.key, trials[t]};
                const bool decide = beyond_double && n < dimension();
                const reference::StageFit fit(
                    population.spectrum, address, 0, n,
                    decide ? reference::Route::truncated : reference::Route::full_rank);
                const auto condition = solver_condition(fit, address, 0);
                for (std::size_t s = 0; s < design.series.size(); ++s) {
                    const Point& point = design.points[design.series[s].point];
                    if (parameter(study, point, "n") != static_cast<double>(n)) continue;
                    const double noise = parameter(study, point, "noise_std");
                    const std::string& arm = design.series[s].arm;
                    const auto b = labels(arm, n);
                    comparisons.push_back(
                        {fmt::format("p={} n={} noise_std={} {} trial {} {}", dimension(), n, noise,
                                     arm, trials[t], spectrum.substr(0, 40)),
                         values.values[s * trials.size() + t],
                         model_shift_risk(fit, b, population.truth, population.spectrum, noise,
                                          label_noise),
                         cancelling(b), condition, values.outcomes[s * trials.size() + t], n,
                         fit.rank()});
                }
            }
        return comparisons;
    }

private:
    reference::Real cancelling(const std::vector<double>& b) const {
        reference::Real sum = 0;
        for (std::size_t i = 0; i < b.size(); ++i) {
            const reference::Real size = std::abs(b[i]) + std::abs(population.truth[i]);
            sum += population.spectrum[i] * size * size;
        }
        return sum;
    }
};

inline constexpr LabelNoise both_modes[] = {LabelNoise::integrate, LabelNoise::sample};

class ModelShiftParity : public OnEngine {
protected:
    std::vector<Comparison> compare(const ModelShiftScenario& scenario,
                                    const std::vector<std::uint64_t>& trials, std::size_t batch) {
        const Study study = scenario.study();
        const Design design = study.setting->designs().at(0);
        return scenario.beside_oracle(study, design, trials,
                                      simulate(study, design, *engine_, trials, batch));
    }
};

}  // namespace cucurbit
