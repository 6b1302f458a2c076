#pragma once
// How sure binary models are, many outputs at a time.

#include <cstddef>

namespace cucurbit {

/// Of outputs z, the log odds of one class against the other, z: [count], finite: confidence[i] =
/// 1/(1 + e^−|z|), the probability of the class that the model predicts, and loss[i] =
/// log1p(e^−|z|), its −log. Both to a few ulp; the same bits on every machine, which the C
/// library's functions do not promise.
void measure_confidence(const double* z, std::size_t count, double* confidence, double* loss);

/// Σ values, in eight sums: consecutive values do not wait for each other.
double sum(const double* values, std::size_t count);

}  // namespace cucurbit
