#pragma once
// The two products of a descent's step on a block of samples, compiled once for each instruction
// set. They differ in the last bits: the better ones fuse multiplications and additions.

#include <cstddef>

namespace cucurbit {

/// Samples of a block: with their weights they fit the second-level cache, and a tile of the
/// gradient is loaded once for so many.
inline constexpr std::size_t block_samples = 32;

/// A column-major matrix of one trial.
struct Panel {
    double* data;
    std::size_t ld;
};

struct StepKernels {
    /// outputs = samplesᵀ weights; samples: dimension×rows, weights: dimension×cols.
    void (*outputs)(Panel samples, std::size_t dimension, std::size_t rows, Panel weights,
                    std::size_t cols, Panel outputs);
    /// to −= samples residuals, to: dimension×cols.
    void (*descend)(Panel samples, std::size_t dimension, std::size_t rows, Panel residuals,
                    std::size_t cols, Panel to);
};

extern const StepKernels steps_generic;
extern const StepKernels steps_avx2;
extern const StepKernels steps_avx512;

}  // namespace cucurbit
