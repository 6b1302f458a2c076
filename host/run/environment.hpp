#pragma once
// Variables of the environment that change what BLAS, LAPACK and CUDA's libraries compute.

#include <string>
#include <vector>

namespace cucurbit {

struct ArithmeticVariable {
    std::string name;
    std::string value;
    /// Whether products are then no longer in double precision; the others choose among kernels
    /// that differ in the last bits, or concern none of ours.
    bool changes_precision = false;
};

/// Those that are set to anything but the empty text.
std::vector<ArithmeticVariable> arithmetic_variables();

/// "NAME=value NAME=value"
std::string text_of(const std::vector<ArithmeticVariable>& variables);

}  // namespace cucurbit
