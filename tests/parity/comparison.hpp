#pragma once
// How far an engine may be from the oracle.

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

#include "cucurbit/study.hpp"
#include "tests/reference/dense.hpp"

namespace cucurbit {

/// One value beside the oracle's, and what judging it takes.
struct Comparison {
    std::string where;
    reference::Real actual, expected;
    reference::Real cancelling;  ///< what the risk is the small difference of, Σ λ (|b| + |β*|)²
    reference::Real condition;   ///< of the matrix that was solved with
    Outcome outcome;
    std::size_t samples;
    std::size_t rank;  ///< the oracle's
};

/// The trial succeeded, and |actual − expected| ≤ c · eps · condition (its square for the Gram
/// matrix's Cholesky factor) times the larger of the risk and of what cancels in it.
inline void expect_parity(const Comparison& c) {
    constexpr reference::Real eps = std::numeric_limits<double>::epsilon();
    EXPECT_EQ(c.outcome.status, Status::ok) << c.where;
    const bool squared = c.outcome.rung == Rung::cholesky;
    const reference::Real amplified = squared ? c.condition * c.condition : c.condition;
    const reference::Real scale = std::max(c.expected, c.cancelling);
    const reference::Real gap = std::abs(c.actual - c.expected);
    EXPECT_LE(gap, 10 * eps * amplified * scale)
        << c.where << ", rung " << static_cast<int>(c.outcome.rung) << ": "
        << static_cast<double>(c.actual) << " against " << static_cast<double>(c.expected)
        << ", condition " << static_cast<double>(c.condition);
}

/// The same, relative to the risk itself.
inline void expect_digits(const Comparison& c, double tolerance) {
    EXPECT_EQ(c.outcome.status, Status::ok) << c.where;
    EXPECT_LE(std::abs(c.actual - c.expected), tolerance * c.expected)
        << c.where << ", rung " << static_cast<int>(c.outcome.rung) << ": "
        << static_cast<double>(c.actual) << " against " << static_cast<double>(c.expected);
}

}  // namespace cucurbit
