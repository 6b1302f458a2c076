#pragma once
// Interleaved trials unpacked for the plain operations.

#include <array>
#include <vector>

#include "kernels/contract.hpp"

namespace cucurbit {

/// Calls body(plain) for every trial with plain matrices in place of the interleaved ones: the
/// trial is unpacked into scratch, and packed again afterwards. For operations too rare to be worth
/// loops of their own.
template <std::size_t number, class Body>
void one_by_one(const BatchMatrix (&interleaved)[number], Body body) {
    std::array<std::vector<double>, number> scratch;
    std::array<BatchMatrix, number> plain;
    for (std::size_t k = 0; k < number; ++k) {
        const BatchMatrix& m = interleaved[k];
        scratch[k].resize(m.rows * m.cols);
        plain[k] = {scratch[k].data(), m.rows, m.cols, m.rows, m.rows * m.cols, 1, 1};
    }
    const auto for_elements = [&](std::size_t trial, auto visit) {
        for (std::size_t k = 0; k < number; ++k) {
            const BatchMatrix& m = interleaved[k];
            for (std::size_t j = 0; j < m.cols; ++j)
                for (std::size_t i = 0; i < m.rows; ++i)
                    visit(m.data[(trial / m.lanes * m.stride + i + j * m.ld) * m.lanes +
                                 trial % m.lanes],
                          scratch[k][i + j * m.rows]);
        }
    };
    for (std::size_t t = 0; t < interleaved[0].count; ++t) {
        for_elements(t, [](double& mine, double& unpacked) { unpacked = mine; });
        body(plain);
        for_elements(t, [](double& mine, double& unpacked) { mine = unpacked; });
    }
}

}  // namespace cucurbit
