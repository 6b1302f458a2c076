#pragma once
// The exponential and logistic functions, on host and device, one at a time or as vectors. Only + −
// × ÷ in one fixed order, never contracted (-ffp-contract=off, nvcc -fmad=false): every compiler
// must give the same bits.
//
// exp x = 2^k (1 + r + r²q(r)), x = k ln 2 + r, |r| ≤ ln 2/2, ln 2 in two parts, the first of 32
// bits. q is a minimax polynomial (a Remez exchange in 60 decimal digits, mpmath) for the relative
// error of the whole, 2⁻⁵⁶·³ with its coefficients rounded to double; of the result, rounding
// included, below 1 ulp.

#include <cstdint>

#include "kernels/common/normal.hpp"

namespace cucurbit {

/// e^x for x ≤ 700; e^−700 below −700; NaN for NaN.
template <class Lane>
CUCURBIT_HOST_DEVICE CUCURBIT_INLINE typename Lane::Real exponential(typename Lane::Real x) {
    using Real = typename Lane::Real;
    constexpr std::uint64_t exponent_bias = 1023;
    constexpr int fraction_bits = 52;
    const Real lowest = Real{} - 700.0, magic = Real{} + 0x1.8p52;
    const Real bounded = x < lowest ? lowest : x;
    // The last bits of `shifted` are those of k.
    const Real shifted = bounded * 0x1.71547652b82fep+0 + magic;
    const Real k = shifted - magic;
    const Real r = bounded - k * 0x1.62e42feep-1 - k * 0x1.a39ef35793c76p-33;
    auto q = r * 0x1.ad7f7af1c755cp-26 + 0x1.28ad68b899115p-22;
    q = q * r + 0x1.71df253a45f42p-19;
    q = q * r + 0x1.a0199a16cbb0ep-16;
    q = q * r + 0x1.a01a012a69a0ep-13;
    q = q * r + 0x1.6c16c18426749p-10;
    q = q * r + 0x1.1111111127b9cp-7;
    q = q * r + 0x1.555555555088cp-5;
    q = q * r + 0x1.55555555554fap-3;
    q = q * r + 0x1.000000000000ap-1;
    const Real power =
        Lane::reinterpret((Lane::reinterpret(shifted) + exponent_bias) << fraction_bits);
    return (r * r * q + r + 1.0) * power;
}

/// 1/(1 + e^−z), to relative accuracy also where it is small.
template <class Lane>
CUCURBIT_HOST_DEVICE CUCURBIT_INLINE typename Lane::Real logistic(typename Lane::Real z) {
    using Real = typename Lane::Real;
    const Real zero = Real{}, one = Real{} + 1.0;
    const Real power = exponential<Lane>(z < zero ? z : zero - z);
    return (z < zero ? power : one) / (one + power);
}

}  // namespace cucurbit
