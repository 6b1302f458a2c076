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

struct DescentText {
    std::string name = "test", seed = "1", p = "12", n = "8";
    std::string labels = R"({ kind = "linear", noise_std = 0.5 })", data = "";
    std::string signal = R"({ kind = "power_law", exponent = 1.5 })", features = "";
    std::string spectrum = R"({ kind = "power_law", exponent = 1.0 })";
    std::string teacher = R"(loss = "squared", step_fraction = 0.5)", teacher_steps = "[1, 10]";
    std::string student = "step_fraction = 0.5", student_steps = "[2, 20]", trials = "64";

    Study study() const {
        return study_of(fmt::format(R"(
            schema = 1
            study = {{ name = "{}", kind = "gradient_descent", seed = {} }}
            {}
            data = {{ p = {}, n = {}, spectrum = {}, signal = {}, labels = {} {} }}
            teacher = {{ steps = {}, {} }}
            student = {{ steps = {}, {} }}
            precision = {{ trials = {} }}
        )",
                                    name, seed, features, p, n, spectrum, signal, labels, data,
                                    teacher_steps, teacher, student_steps, student, trials));
    }
    /// The same of classes.
    static DescentText classes() {
        DescentText text;
        text.labels = R"({ kind = "logistic", strength = 3.0, flip = [0.0, 0.3] })";
        text.data = ", test = 50";
        text.teacher = R"(loss = "cross_entropy", step_fraction = 1.0)";
        text.student = "step_fraction = 1.0";
        return text;
    }
};

}  // namespace cucurbit
