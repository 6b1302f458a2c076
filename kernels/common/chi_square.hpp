#pragma once
// χ² variables from Philox words by the rejection of Marsaglia and Tsang (2000, "A simple method
// for generating gamma variables"), on host and device: with a = k/2, d = a − 1/3, c = 1/√(9d), x a
// normal and v = (1 + cx)³, 2dv is χ²_k where ln u < x²/2 + d(1 − v + ln v), u uniform. Only
// + − × ÷ √ in one fixed order, as kernels/common/normal.hpp.

#include "kernels/common/normal.hpp"

namespace cucurbit {

/// ln of a positive normal number, error below 2 ulp but near 1, where it is below 2⁻⁵³.
CUCURBIT_HOST_DEVICE CUCURBIT_INLINE double natural_log(double positive) {
    constexpr std::uint64_t root_half = 0x3fe6a09e667f3bcd;
    constexpr std::uint64_t exponent_mask = 0xfff0000000000000;
    const std::uint64_t bits = ScalarLane::reinterpret(positive);
    const std::uint64_t exponent = (bits - root_half) & exponent_mask;  // k·2⁵², positive = m·2^k
    const double mantissa = ScalarLane::reinterpret(bits - exponent);
    const double ratio = (mantissa - 1.0) / (mantissa + 1.0);
    const double log_term = ScalarLane::from_exponent(exponent) * -0x1.62e42fefa39efp-52;
    return -0.5 * (log_term + mantissa_term<ScalarLane>(ratio));
}

/// Proposals before the mean is taken instead: each is refused with a probability below 0.05, so
/// that happens with one below 1e-83.
inline constexpr std::uint32_t chi_square_proposals = 64;

/// χ² with so many degrees of freedom, at least 1, from one row's words: proposal t takes its
/// normal from index 2t and its uniform from index 2t + 1.
CUCURBIT_HOST_DEVICE CUCURBIT_INLINE double chi_square(const PhiloxRow& at, std::uint64_t freedom) {
    if (freedom == 1) {
        const double x = normal_pair(philox(at, 0)).cosine;
        return x * x;
    }
    const double d = static_cast<double>(freedom) * 0.5 - 0x1.5555555555555p-2;
    const double c = 1.0 / ScalarLane::root(9.0 * d);
    for (std::uint32_t t = 0; t < chi_square_proposals; ++t) {
        const double x = normal_pair(philox(at, 2 * t)).cosine;
        const double side = 1.0 + c * x;
        if (!(side > 0.0)) continue;
        const double v = side * side * side;
        const double u = ScalarLane::from_unsigned(philox(at, 2 * t + 1).first | 1) * 0x1p-64;
        const double squared = x * x;
        // Their squeeze accepts nearly all without a logarithm.
        if (u < 1.0 - 0.0331 * (squared * squared) ||
            natural_log(u) < 0.5 * squared + d * (1.0 - v + natural_log(v)))
            return 2.0 * d * v;
    }
    return static_cast<double>(freedom);
}

}  // namespace cucurbit
