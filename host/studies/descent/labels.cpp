#include "host/studies/descent/labels.hpp"

#include <algorithm>
#include <cmath>

#include "cucurbit/random.hpp"
#include "kernels/common/exponential.hpp"

namespace cucurbit {
namespace {

double uniform(std::uint32_t high, std::uint32_t low) {
    return static_cast<double>((std::uint64_t{high} << 32 | low) >> 11) * 0x1p-53;
}

/// The class whose share of the probabilities the uniform number falls into.
std::uint32_t pick(const double* logits, std::size_t stride, std::size_t outputs, double u) {
    if (outputs == 1) return u < logistic<ScalarLane>(logits[0]) ? 1 : 0;
    double largest = logits[0];
    for (std::size_t c = 1; c < outputs; ++c) largest = std::max(largest, logits[c * stride]);
    std::vector<double> cumulative(outputs);
    double sum = 0.0;
    for (std::size_t c = 0; c < outputs; ++c)
        cumulative[c] = sum += exponential<ScalarLane>(logits[c * stride] - largest);
    const auto found = std::upper_bound(cumulative.begin(), cumulative.end() - 1, u * sum);
    return static_cast<std::uint32_t>(found - cumulative.begin());
}

}  // namespace

std::vector<double> class_coefficients(const DescentData& data, std::size_t p, std::uint64_t key) {
    const std::vector<double> spectrum = data.spectrum.values(p);
    const std::vector<double> signal = data.signal.values(spectrum);
    std::vector<double> all, normals(p, 1.0);
    for (std::size_t c = 0; c < data.outputs(); ++c) {
        if (data.outputs() > 1) draw_normals({key, 0, Purpose::truth}, 0, c, normals);
        double variance = 0.0;
        for (std::size_t i = 0; i < p; ++i) {
            const double coefficient = signal[i] * normals[i];
            variance += spectrum[i] * coefficient * coefficient;
        }
        const double scale = variance > 0.0 ? data.strength / std::sqrt(variance) : 0.0;
        for (std::size_t i = 0; i < p; ++i) all.push_back(scale * signal[i] * normals[i]);
    }
    return all;
}

std::vector<std::uint32_t> draw_class_labels(std::size_t outputs, const LabelRows& rows,
                                             const double* logits, std::size_t ld) {
    std::vector<std::uint32_t> labels(rows.count);
    const Stream stream{rows.key, rows.stage, Purpose::labels};
    for (std::size_t i = 0; i < rows.count; ++i) {
        const auto words = random_words(stream, rows.trial, rows.first + i, 0);
        labels[i] = pick(logits + i, ld, outputs, uniform(words[0], words[1]));
    }
    return labels;
}

std::vector<std::uint32_t> flip_labels(const std::vector<std::uint32_t>& clean, std::size_t classes,
                                       const std::vector<double>& flips, const LabelRows& rows) {
    std::vector<std::uint32_t> observed(flips.size() * rows.count);
    const Stream stream{rows.key, rows.stage, Purpose::flips};
    for (std::size_t i = 0; i < rows.count && !flips.empty(); ++i) {
        const auto words = random_words(stream, rows.trial, rows.first + i, 0);
        const double u = uniform(words[0], words[1]);
        const std::uint64_t others = classes - 1;
        const auto shift = static_cast<std::uint32_t>(1 + (words[2] * others >> 32));
        const auto other = static_cast<std::uint32_t>((clean[i] + shift) % classes);
        for (std::size_t f = 0; f < flips.size(); ++f)
            observed[f * rows.count + i] = u < flips[f] ? other : clean[i];
    }
    return observed;
}

void write_one_hot(const ClassLabels& labels, std::size_t outputs, double* to) {
    const std::size_t samples = labels.clean.size();
    std::fill_n(to, labels.observed.size() * outputs, 0.0);
    for (std::size_t k = 0; k < labels.observed.size(); ++k) {
        const std::size_t f = k / samples, i = k % samples;
        const std::uint32_t label = labels.observed[k];
        if (outputs > 1)
            to[(f * outputs + label) * samples + i] = 1.0;
        else
            to[f * samples + i] = label;
    }
}

}  // namespace cucurbit
