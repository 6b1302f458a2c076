#pragma once
// Labels of classes: drawn from a logistic or softmax model, some of them flipped.

#include <cstdint>
#include <vector>

#include "host/studies/descent_spec.hpp"

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

/// Draws the labels of rows first_row .. first_row + samples − 1 of a trial's stage. logits:
/// [outputs][samples]. A label is flipped to one of the other classes, each equally likely, with
/// probability `flip`; the flips of a lower rate are among those of a higher one.
ClassLabels draw_class_labels(const DescentData& data, const std::vector<double>& flips,
                              std::uint64_t key, std::uint8_t stage, std::uint64_t trial,
                              std::uint64_t first_row, std::size_t samples, const double* logits);

/// One-hot rows of every disturbance, [disturbance][output][sample]; the indicator of class 1 where
/// a model has one output.
void write_one_hot(const ClassLabels& labels, std::size_t outputs, double* to);

}  // namespace cucurbit
