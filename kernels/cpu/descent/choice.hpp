#pragma once
// The descent's kernels that this processor runs best.

#include <vector>

#include "kernels/cpu/descent/links.hpp"
#include "kernels/cpu/descent/steps.hpp"

namespace cucurbit {

struct DescentKernels {
    const char* name;
    const LinkKernel* link;
    const StepKernels* steps;
};

/// Every set that this processor runs, the best last.
std::vector<const DescentKernels*> supported_descent_kernels();

/// The set that draws the normals (random_instruction_set), or the best below it that can be had.
const DescentKernels& chosen_descent_kernels();

}  // namespace cucurbit
