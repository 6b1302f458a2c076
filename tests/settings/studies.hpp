#pragma once
// Studies of both kinds that differ from one another in named places.

#include <fmt/format.h>

#include <string>

#include "tests/support/simulate.hpp"

namespace cucurbit {

struct ModelShiftText {
    std::string name = "test", seed = "1", p = "6", n = "[3, 9]", noise_std = "[0.0, 0.2]";
    std::string spectrum = R"({ kind = "power_law", exponent = 2.0 })";
    std::string signal = R"({ kind = "power_law", exponent = 1.5 })";
    std::string arms = R"(["standard", "mask"])", trials = "64", label_noise = "integrate";

    Study study() const {
        return study_of(fmt::format(R"(
            schema = 1
            study = {{ name = "{}", kind = "model_shift", seed = {} }}
            population = {{ p = {}, spectrum = {}, signal = {} }}
            target = {{ n = {}, noise_std = {}, arms = {} }}
            precision = {{ trials = {}, label_noise = "{}" }}
        )",
                                    name, seed, p, spectrum, signal, n, noise_std, arms, trials,
                                    label_noise));
    }
};

struct TwoStageText {
    std::string name = "test", seed = "1", p = "6", m = "[4]", n = "[3, 9]";
    std::string noise_std = "[0.0, 0.2]", surrogate_noise_std = "0.1";
    std::string spectrum = R"({ kind = "power_law", exponent = 2.0 })";
    std::string surrogate_spectrum = R"({ kind = "power_law", exponent = 1.0 })";
    std::string signal = R"({ kind = "power_law", exponent = 1.5 })";
    std::string arms = R"(["surrogate", "target", "standard"])", trials = "64";

    Study study() const {
        return study_of(fmt::format(R"(
            schema = 1
            study = {{ name = "{}", kind = "two_stage", seed = {} }}
            population = {{ p = {}, spectrum = {}, signal = {} }}
            surrogate = {{ m = {}, noise_std = {}, spectrum = {} }}
            target = {{ n = {}, noise_std = {}, arms = {} }}
            precision = {{ trials = {} }}
        )",
                                    name, seed, p, spectrum, signal, m, surrogate_noise_std,
                                    surrogate_spectrum, n, noise_std, arms, trials));
    }
};

}  // namespace cucurbit
