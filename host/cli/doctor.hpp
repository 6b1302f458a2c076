#pragma once
// Whether this machine computes what it should.

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

namespace cucurbit::cli {

enum class Health { good, doubtful, bad };

struct Finding {
    std::string subject;
    Health health = Health::good;
    std::string text;
    /// The largest relative error and what rounding may do; NaN where nothing was compared.
    double error = std::numeric_limits<double>::quiet_NaN();
    double allowed = std::numeric_limits<double>::quiet_NaN();
};

/// A normal of one fixed stream and the bits that it has on every machine.
struct PinnedNormal {
    std::uint64_t trial, row, column;
    std::uint64_t bits;
};
std::span<const PinnedNormal> pinned_normals();

/// Philox's published words and these normals, each drawn alone and as part of its row.
Finding examine_random_numbers(std::span<const PinnedNormal> expected);

/// An engine's risks against those of plain loops, one by one; a risk that is not a number is bad.
Finding compare_risks(std::span<const double> risks, std::span<const double> slow);

/// Compiler and BLAS, random numbers against pinned values, and each device's trial risks against
/// plain loops.
std::vector<Finding> examine_machine();

}  // namespace cucurbit::cli
