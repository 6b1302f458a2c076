#pragma once
// Vectors of CUCURBIT_LANE_BYTES bytes with the members of ScalarLane. g++ 12 does not find the
// 32×32→64 multiply, nor clang the shuffle that leaves the multiplier's port free, hence the few
// intrinsics.

#include <cstddef>
#include <cstdint>
#if defined(__SSE2__)
#include <immintrin.h>
#endif

#include "kernels/common/normal.hpp"
#include "kernels/cpu/vectors.hpp"

namespace cucurbit::CUCURBIT_INSTRUCTION_SET {

using Bits = std::uint64_t __attribute__((vector_size(CUCURBIT_LANE_BYTES)));
using SignedBits = std::int64_t __attribute__((vector_size(CUCURBIT_LANE_BYTES)));
using Real = Vector;

inline constexpr std::uint64_t low_word = 0xffffffff;

#if CUCURBIT_LANE_BYTES == 64
inline constexpr Bits first_lanes = {0, 1, 2, 3, 4, 5, 6, 7};
#elif CUCURBIT_LANE_BYTES == 32
inline constexpr Bits first_lanes = {0, 1, 2, 3};
#else
inline constexpr Bits first_lanes = {0, 1};
#endif

CUCURBIT_INLINE Bits broadcast(std::uint64_t value) {
    return Bits{} + value;
}

/// The lower halves of a and b, multiplied.
CUCURBIT_INLINE Bits product(Bits a, std::uint64_t b) {
#if CUCURBIT_LANE_BYTES == 64
    return reinterpret_cast<Bits>(
        _mm512_mul_epu32(reinterpret_cast<__m512i>(a), reinterpret_cast<__m512i>(broadcast(b))));
#elif CUCURBIT_LANE_BYTES == 32
    return reinterpret_cast<Bits>(
        _mm256_mul_epu32(reinterpret_cast<__m256i>(a), reinterpret_cast<__m256i>(broadcast(b))));
#elif defined(__SSE2__)
    return reinterpret_cast<Bits>(
        _mm_mul_epu32(reinterpret_cast<__m128i>(a), reinterpret_cast<__m128i>(broadcast(b))));
#else
    return (a & low_word) * b;
#endif
}

/// The upper half of each number in its lower half; what is above it is undefined.
CUCURBIT_INLINE Bits upper(Bits a) {
#if CUCURBIT_LANE_BYTES == 64
    return reinterpret_cast<Bits>(
        _mm512_shuffle_epi32(reinterpret_cast<__m512i>(a), _MM_PERM_DDBB));
#elif CUCURBIT_LANE_BYTES == 32
    return reinterpret_cast<Bits>(_mm256_shuffle_epi32(reinterpret_cast<__m256i>(a), 0xf5));
#elif defined(__SSE2__)
    return reinterpret_cast<Bits>(_mm_shuffle_epi32(reinterpret_cast<__m128i>(a), 0xf5));
#else
    return a >> 32;
#endif
}

struct VectorLane {
    using Bits = CUCURBIT_INSTRUCTION_SET::Bits;
    using Real = CUCURBIT_INSTRUCTION_SET::Real;

    static CUCURBIT_INLINE Real reinterpret(Bits bits) { return reinterpret_cast<Real>(bits); }
    static CUCURBIT_INLINE Bits reinterpret(Real real) { return reinterpret_cast<Bits>(real); }

    static CUCURBIT_INLINE Real from_unsigned(Bits value) {
#if CUCURBIT_LANE_BYTES == 64
        return __builtin_convertvector(value, Real);
#else
        // Each half in the last bits of a power of two; their sum rounds once.
        const Real high = reinterpret((value >> 32) | 0x4530000000000000u) - 0x1p84;
        const Real low = reinterpret((value & low_word) | 0x4330000000000000u) - 0x1p52;
        return high + low;
#endif
    }

    static CUCURBIT_INLINE Real from_exponent(Bits value) {
#if CUCURBIT_LANE_BYTES == 64
        return __builtin_convertvector(reinterpret_cast<SignedBits>(value), Real);
#else
        const Bits from_zero = (value + (std::uint64_t{64} << 52)) >> 52;
        return reinterpret(from_zero | 0x4670000000000000u) - (0x1p104 + 64 * 0x1p52);
#endif
    }

    static CUCURBIT_INLINE Real root(Real value) {
#if CUCURBIT_LANE_BYTES == 64
        return _mm512_sqrt_pd(value);
#elif CUCURBIT_LANE_BYTES == 32
        return _mm256_sqrt_pd(value);
#elif defined(__SSE2__)
        return _mm_sqrt_pd(value);
#else
        return Real{__builtin_sqrt(value[0]), __builtin_sqrt(value[1])};
#endif
    }

    static CUCURBIT_INLINE Real choose(Bits bits, Real if_set, Real if_clear) {
#if CUCURBIT_LANE_BYTES == 64
        const __mmask8 set = _mm512_test_epi64_mask(reinterpret_cast<__m512i>(bits),
                                                    _mm512_set1_epi64(std::int64_t{1} << 62));
        return _mm512_mask_blend_pd(set, if_clear, if_set);
#elif CUCURBIT_LANE_BYTES == 32
        return _mm256_blendv_pd(if_clear, if_set, reinterpret(bits << 1));
#else
        const Bits set = -(bits >> 62 & 1);
        return reinterpret((reinterpret(if_set) & set) | (reinterpret(if_clear) & ~set));
#endif
    }
};

}  // namespace cucurbit::CUCURBIT_INSTRUCTION_SET
