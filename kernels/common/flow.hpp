#pragma once
// What gradient flow makes of one direction of a sample, on host and device.

#include <cmath>

#include "kernels/common/host_device.hpp"

namespace cucurbit {

/// (1 − e^{−rate·value})/value; its limit, rate, where rounding has left an eigenvalue at most
/// zero; NaN for NaN.
CUCURBIT_HOST_DEVICE inline double flow_factor(double value, double rate) {
    return value <= 0.0 ? rate : -expm1(-rate * value) / value;
}

}  // namespace cucurbit
