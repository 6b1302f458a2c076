#pragma once
// Features that are what their law assumes: Gaussian subspaces of common samples, labels linear in
// them with noise.

#include <fmt/format.h>

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "cucurbit/random.hpp"
#include "tests/support/npy.hpp"
#include "tests/support/simulate.hpp"

namespace cucurbit {

/// Samples z ~ N(0, I). Weak features are coordinates 0 … weak − 1 of z, strong ones the
/// coordinates from weak − shared on, the k-th of either times decay^k. Labels are outputs of
/// coefficients 1 along all coordinates, changing sign with output and coordinate, plus noise.
struct GaussianFeatures {
    std::size_t samples = 400, weak = 6, strong = 5, shared = 2, outputs = 1;
    double noise_std = 0.5, decay = 1.0;
    bool classes = false;  ///< the largest of the outputs instead
    std::size_t rare = 0;  ///< above 0: samples that have the last strong feature, 1; others 0
    std::uint64_t seed = 1;
    std::string n = "[12, 40]", n_pseudo = "[15, 90]", penalty = "0.0", surrogates, tau = "0.0";
    std::size_t test = 100;
    std::uint64_t split_seed = 5;

    std::size_t width() const { return weak + strong - shared; }
    /// [sample][coordinate]
    std::vector<double> coordinates() const {
        std::vector<double> z(samples * width());
        for (std::size_t i = 0; i < samples; ++i)
            draw_normals({seed, 0, Purpose::samples}, 0, i,
                         std::span(z).subspan(i * width(), width()));
        return z;
    }
    std::vector<double> weak_features() const { return part(0, weak); }
    std::vector<double> strong_features() const {
        std::vector<double> values = part(weak - shared, strong);
        for (std::size_t i = 0; i < samples && rare > 0; ++i)
            values[i * strong + strong - 1] = i < rare ? 1.0 : 0.0;
        return values;
    }
    /// [sample][output], or of classes [sample].
    std::vector<double> labels() const {
        const std::vector<double> z = coordinates();
        std::vector<double> labels;
        for (std::size_t i = 0; i < samples; ++i) {
            std::vector<double> values(outputs);
            draw_normals({seed, 1, Purpose::label_noise}, 0, i, values);
            std::size_t largest = 0;
            for (std::size_t c = 0; c < outputs; ++c) {
                values[c] *= noise_std;
                for (std::size_t k = 0; k < width(); ++k)
                    values[c] += (k >> c & 1U ? -1.0 : 1.0) * z[i * width() + k];
                if (values[c] > values[largest]) largest = c;
            }
            if (classes) values = {static_cast<double>(largest)};
            labels.insert(labels.end(), values.begin(), values.end());
        }
        return labels;
    }
    std::map<std::string, std::string> files() const {
        return {{"weak.npy", npy_file(samples, weak, weak_features())},
                {"strong.npy", npy_file(samples, strong, strong_features())},
                {"labels.npy", npy_file(samples, classes ? 0 : outputs, labels())}};
    }
    std::string text() const {
        return fmt::format(R"(
            schema = 1
            [study]
            name = "gaussian"
            kind = "features"
            seed = {}
            [features]
            weak = "weak.npy"
            strong = "strong.npy"
            labels = "labels.npy"
            task = "{}"
            test = {}
            tau = {}
            [weak]
            n = {}
            [strong]
            n_pseudo = {}
            {}
            [heads]
            penalty = {}
            [precision]
            trials = 64
        )",
                           split_seed, classes ? "classification" : "regression", test, tau, n,
                           n_pseudo, surrogates.empty() ? "" : "surrogates = " + surrogates,
                           penalty);
    }
    Study study() const { return study_of(text(), files()); }

private:
    std::vector<double> part(std::size_t first, std::size_t count) const {
        const std::vector<double> z = coordinates();
        std::vector<double> values;
        for (std::size_t i = 0; i < samples; ++i)
            for (std::size_t k = 0; k < count; ++k)
                values.push_back(z[i * width() + first + k] *
                                 std::pow(decay, static_cast<double>(k)));
        return values;
    }
};

}  // namespace cucurbit
