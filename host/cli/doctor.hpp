#pragma once
// Whether this machine computes what it should.

#include <string>
#include <vector>

namespace cucurbit::cli {

enum class Health { good, doubtful, bad };

struct Finding {
    std::string subject;
    Health health = Health::good;
    std::string text;
};

/// Compiler and BLAS, random numbers against pinned values, and each device's trial risks against
/// plain loops.
std::vector<Finding> examine_machine();

}  // namespace cucurbit::cli
