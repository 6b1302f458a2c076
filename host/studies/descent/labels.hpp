#pragma once
// Labels of classes: drawn from a logistic or softmax model, some of them flipped.

#include <cstdint>
#include <vector>

#include "host/studies/descent/spec.hpp"

namespace cucurbit {

/// Coefficients of the classes' logits, [outputs][p]: the signal for logistic labels, and for each
/// class of softmax labels the signal times standard normals of its own; scaled so that each logit
/// of x ~ N(0, diag(spectrum)) has the standard deviation data.strength.
std::vector<double> class_coefficients(const DescentData& data, std::size_t p, std::uint64_t key);

/// Labels of consecutive samples of one trial.
struct ClassLabels {
    std::vector<std::uint32_t> clean;     ///< [sample]
    std::vector<std::uint32_t> observed;  ///< [disturbance][sample]
};

/// Rows of one trial's stage.
struct LabelRows {
    std::uint64_t key = 0;
    std::uint8_t stage = 0;
    std::uint64_t trial = 0;
    std::uint64_t first = 0;
    std::size_t count = 0;
};

/// Clean labels with the logits [outputs][row], those of an output every `ld` numbers.
std::vector<std::uint32_t> draw_class_labels(std::size_t outputs, const LabelRows& rows,
                                             const double* logits, std::size_t ld);

/// Flips labels to one of the other classes, each equally likely, with each probability of `flips`;
/// the flips of a lower one are among those of a higher one. [flip][row].
std::vector<std::uint32_t> flip_labels(const std::vector<std::uint32_t>& clean, std::size_t classes,
                                       const std::vector<double>& flips, const LabelRows& rows);

/// One-hot rows of every disturbance, [disturbance][output][sample]; the indicator of class 1 where
/// a model has one output.
void write_one_hot(const ClassLabels& labels, std::size_t outputs, double* to);

}  // namespace cucurbit
