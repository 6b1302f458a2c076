#pragma once
// How far a run is and how long it will take.

#include <chrono>
#include <vector>

#include "cucurbit/run.hpp"
#include "host/run/work.hpp"

namespace cucurbit {

/// Counts trials, weighted by their operations where the setting knows them.
class Pace {
public:
    /// trials that the store holds already, over all designs.
    void found(std::uint64_t trials) { found_ = trials; }
    void planned(const std::vector<Work>& more);
    void done(const Design& design, std::uint64_t trials);
    std::uint64_t computed() const { return computed_; }
    double seconds() const;
    Progress progress() const;

private:
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
    std::uint64_t found_ = 0;
    std::uint64_t planned_ = 0;
    std::uint64_t computed_ = 0;
    double work_planned_ = 0.0;
    double work_done_ = 0.0;
};

}  // namespace cucurbit
