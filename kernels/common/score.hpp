#pragma once
// What a model says of a labelled point, on host and device.

#include <cmath>
#include <cstddef>

#include "kernels/common/exponential.hpp"
#include "kernels/contract.hpp"

namespace cucurbit {

CUCURBIT_HOST_DEVICE inline std::size_t confidence_bin(double confidence) {
    const auto bin = static_cast<std::size_t>(confidence * confidence_bins);
    return bin < confidence_bins ? bin : confidence_bins - 1;
}

/// How sure a binary model is whose output, the log odds of one class against the other, is z,
/// finite: 1/(1 + e^−|z|), the probability of the class that it predicts, and log1p(e^−|z|), its
/// −log. Both to a few ulp; the same bits on every machine, which C libraries do not promise.
template <class Lane>
struct Confidence {
    typename Lane::Real value, loss;
};
template <class Lane>
CUCURBIT_HOST_DEVICE CUCURBIT_INLINE Confidence<Lane> confidence_of(typename Lane::Real z) {
    using Real = typename Lane::Real;
    constexpr double ln_2 = 0x1.62e42fefa39efp-1, root_2_minus_1 = 0x1.a827999fcef32p-2;
    const Real zero = Real{}, one = Real{} + 1.0;
    const Real odds = exponential<Lane>(z < zero ? z : zero - z);
    // ln(1 + e) = ln m + k ln 2 with m = (1 + e)/2^k between √½ and √2; ln m = 2 artanh((m − 1)/(m
    // + 1)).
    const Real k = odds > Real{} + root_2_minus_1 ? one : zero;
    const Real ratio = (odds - k) / (odds + (k + 2.0));
    return {one / (one + odds), k * ln_2 - 0.5 * mantissa_term<Lane>(ratio)};
}

/// What one point adds to a model's sums.
struct PointScore {
    bool correct;
    double confidence;
    double loss;  ///< −log of the probability of the point's label
};

/// A model's outputs for one point, its logits, `stride` apart.
struct Logits {
    const double* z;
    std::size_t stride;
    std::size_t classes;

    /// The first of the largest.
    CUCURBIT_HOST_DEVICE std::size_t prediction() const {
        std::size_t best = 0;
        for (std::size_t c = 1; c < classes; ++c)
            if (z[c * stride] > z[best * stride]) best = c;
        return best;
    }
    /// The log odds log(p_y/(1 − p_y)) of a class y.
    CUCURBIT_HOST_DEVICE double margin(std::size_t label) const {
        double largest = -HUGE_VAL, sum = 0.0;
        for (std::size_t c = 0; c < classes; ++c)
            if (c != label && z[c * stride] > largest) largest = z[c * stride];
        for (std::size_t c = 0; c < classes; ++c)
            if (c != label) sum += exp(z[c * stride] - largest);
        return z[label * stride] - largest - log(sum);
    }
    CUCURBIT_HOST_DEVICE PointScore score(std::size_t label) const {
        const std::size_t predicted = prediction();
        const double own = margin(label), sure = predicted == label ? own : margin(predicted);
        return {predicted == label, 1.0 / (1.0 + exp(-sure)),
                own > 0.0 ? log1p(exp(-own)) : log1p(exp(own)) - own};
    }
};

}  // namespace cucurbit
