#pragma once
// Standard normals from Philox words by Box and Muller (1958), on host and device, one at a time or
// as vectors. Only + − × ÷ √ in one fixed order, never contracted (-ffp-contract=off, nvcc
// -fmad=false): every compiler must give the same bits.
//
//     u = (first | 1)·2⁻⁶⁴ rounded to 53 bits, in (0, 1],   φ = 2π(⌊second/2¹⁰⌋/2⁵⁴ − 1/8)
//     cosine = √(−2 ln u) cos φ,   sine = √(−2 ln u) sin φ
//
// The polynomials are minimax in relative error with the leading coefficient fixed: a Remez
// exchange in 60 decimal digits (mpmath) on the quarter turn |f| ≤ 1/2 and on the mantissas √½ ≤ m
// < √2, the coefficients then rounded to double. Errors of the polynomials: logarithm 2⁻⁵²·², sine
// 2⁻⁵⁴·⁵, cosine 2⁻⁵³·⁸; of a normal, rounding included: 0.6 ulp on average, below 4.5 ulp.

#include <cmath>
#include <cstddef>
#include <cstdint>

#include "kernels/common/philox.hpp"

namespace cucurbit {

/// Arithmetic on one number. The vectors of an instruction set offer the same members.
struct ScalarLane {
    using Bits = std::uint64_t;
    using Real = double;
    CUCURBIT_HOST_DEVICE static CUCURBIT_INLINE Real reinterpret(Bits bits) {
        return __builtin_bit_cast(Real, bits);
    }
    CUCURBIT_HOST_DEVICE static CUCURBIT_INLINE Bits reinterpret(Real real) {
        return __builtin_bit_cast(Bits, real);
    }
    /// The nearest double.
    CUCURBIT_HOST_DEVICE static CUCURBIT_INLINE Real from_unsigned(Bits value) {
        return static_cast<Real>(value);
    }
    /// value is a multiple k·2⁵² with −64 ≤ k ≤ 0, in two's complement.
    CUCURBIT_HOST_DEVICE static CUCURBIT_INLINE Real from_exponent(Bits value) {
        return static_cast<Real>(static_cast<std::int64_t>(value));
    }
    CUCURBIT_HOST_DEVICE static CUCURBIT_INLINE Real root(Real value) { return std::sqrt(value); }
    /// By bit 62.
    CUCURBIT_HOST_DEVICE static CUCURBIT_INLINE Real choose(Bits bits, Real if_set, Real if_clear) {
        return (bits >> 62 & 1) != 0 ? if_set : if_clear;
    }
};

/// −2 ln u, half computed: log_term + ratio·P(ratio²).
template <class Lane>
struct Magnitude {
    typename Lane::Real ratio;     ///< (m − 1)/(m + 1) for u = m·2^k, √½ ≤ m < √2
    typename Lane::Real log_term;  ///< −2 k ln 2
};

template <class Lane>
CUCURBIT_HOST_DEVICE CUCURBIT_INLINE Magnitude<Lane> magnitude(typename Lane::Bits first) {
    constexpr std::uint64_t root_half = 0x3fe6a09e667f3bcd;
    constexpr std::uint64_t exponent_mask = 0xfff0000000000000;
    constexpr std::uint64_t exponent_64 = std::uint64_t{64} << 52;
    const auto scaled = Lane::reinterpret(Lane::from_unsigned(first | std::uint64_t{1}));
    const auto exponent = (scaled - (root_half + exponent_64)) & exponent_mask;
    const auto mantissa = Lane::reinterpret(scaled - exponent);  // m·2⁶⁴
    return {(mantissa - 0x1p64) / (mantissa + 0x1p64),
            Lane::from_exponent(exponent) * -0x1.62e42fefa39efp-52};
}

/// −4 artanh(ratio) = −2 ln m for m = (1 + ratio)/(1 − ratio), √½ ≤ m < √2.
template <class Lane>
CUCURBIT_HOST_DEVICE CUCURBIT_INLINE typename Lane::Real mantissa_term(typename Lane::Real ratio) {
    const auto z = ratio * ratio;
    auto p = z * -0x1.587594eee6e24p-2 + -0x1.732c51e714fafp-2;
    p = p * z + -0x1.c72276996ddf9p-2;
    p = p * z + -0x1.2492417a979a6p-1;
    p = p * z + -0x1.999999a28e96bp-1;
    p = p * z + -0x1.555555555397ap+0;
    p = p * z + -4.0;
    return p * ratio;
}

template <class Lane>
CUCURBIT_HOST_DEVICE CUCURBIT_INLINE typename Lane::Real radius(const Magnitude<Lane>& of) {
    return Lane::root(of.log_term + mantissa_term<Lane>(of.ratio));
}

template <class Lane>
struct Pair {
    typename Lane::Real cosine;
    typename Lane::Real sine;
};

/// radius·(cos φ, sin φ): a polynomial on the quarter turn about 0, then rotated by the two top
/// bits.
template <class Lane>
CUCURBIT_HOST_DEVICE CUCURBIT_INLINE Pair<Lane> turn(typename Lane::Bits second,
                                                     typename Lane::Real radius) {
    constexpr std::uint64_t fraction_mask = 0x000fffffffffffff;
    constexpr std::uint64_t half_turn = std::uint64_t{1} << 63;
    constexpr std::uint64_t one = 0x3ff0000000000000;
    const auto f = Lane::reinterpret((second >> 10 & fraction_mask) | one) - 1.5;
    const auto g = f * f;
    auto s = g * 0x1.dfe9d3f3da4cbp-25 + -0x1.e2f45bfc0cd29p-19;
    s = s * g + 0x1.5078224b17049p-13;
    s = s * g + -0x1.32d2ccd4e10aep-8;
    s = s * g + 0x1.466bc6774b657p-4;
    s = s * g + -0x1.4abbce625bdb2p-1;
    s = s * g + 0x1.921fb54442d18p+0;
    s = s * f;
    auto c = g * 0x1.f3dcefc212182p-22 + -0x1.a6c9ca510ad9cp-16;
    c = c * g + 0x1.e1f4fb8446dcbp-11;
    c = c * g + -0x1.55d3c7dc3de0ap-6;
    c = c * g + 0x1.03c1f081b0e28p-2;
    c = c * g + -0x1.3bd3cc9be459dp+0;
    c = c * g + 1.0;
    const auto signed_radius = Lane::reinterpret(Lane::reinterpret(radius) ^ (second & half_turn));
    return {signed_radius * Lane::choose(second, -s, c),
            signed_radius * Lane::choose(second, c, s)};
}

CUCURBIT_HOST_DEVICE CUCURBIT_INLINE Pair<ScalarLane> normal_pair(const PhiloxWords& words) {
    return turn<ScalarLane>(words.second, radius(magnitude<ScalarLane>(words.first)));
}

/// Columns 16k .. 16k+7 are the cosines of Philox indices 8k .. 8k+7, columns 16k+8 .. 16k+15 their
/// sines.
inline constexpr std::uint32_t columns_per_block = 16;
inline constexpr std::uint32_t pairs_per_block = 8;

CUCURBIT_HOST_DEVICE CUCURBIT_INLINE std::uint32_t pair_of_column(std::uint32_t column) {
    return column / columns_per_block * pairs_per_block + column % pairs_per_block;
}

/// The normal at one column of a row.
CUCURBIT_HOST_DEVICE CUCURBIT_INLINE double normal(const PhiloxRow& at, std::uint32_t column) {
    const Pair<ScalarLane> pair = normal_pair(philox(at, pair_of_column(column)));
    return (column & pairs_per_block) == 0 ? pair.cosine : pair.sine;
}

}  // namespace cucurbit
