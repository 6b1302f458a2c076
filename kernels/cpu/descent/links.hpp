#pragma once
// Predictions and residuals of the descent, compiled once for each instruction set; all give the
// same bits.

#include <cstddef>

#include "kernels/contract.hpp"

namespace cucurbit {

/// Columns of one trial's outputs.
struct LinkTask {
    const double* outputs;
    std::size_t ld;
    const double* targets;  ///< or null for zeros
    std::size_t targets_ld;
    double* to;
    std::size_t to_ld;
    std::size_t rows;
    std::size_t cols;  ///< whole models
    double factor;
    double* scratch;  ///< [classes · link_lanes]
};
inline constexpr std::size_t link_lanes = 8;

struct LinkKernel {
    /// to += factor · (prediction(outputs) − targets).
    void (*add_residual)(const DescentLink& link, const LinkTask& task);
    /// Of `count` outputs of binary models (kernels/common/score.hpp).
    void (*measure_confidence)(const double* z, std::size_t count, double* confidence,
                               double* loss);
};

extern const LinkKernel link_generic;
extern const LinkKernel link_avx2;
extern const LinkKernel link_avx512;

}  // namespace cucurbit
