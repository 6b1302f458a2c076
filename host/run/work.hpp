#pragma once
// What is still to be computed.

#include <cstdint>
#include <memory>
#include <vector>

#include "cucurbit/store.hpp"
#include "cucurbit/study.hpp"

namespace cucurbit {

/// Trials of which the store lacks something that it is to keep of a design.
struct Gap {
    TrialRange trials;
    std::vector<std::size_t> series;  ///< that this needs: indices into Design::series, ascending
};

/// Those of the wanted trials (of each point sorted, disjoint ranges) that the store lacks, as
/// disjoint ranges in order; the same is lacking all along one range.
std::vector<Gap> find_gaps(const Store& store, const Study& study, const Design& design,
                           const std::vector<std::vector<TrialRange>>& wanted);

/// The design with only these series and the points that they need.
Design restrict_design(const Design& design, const std::vector<std::size_t>& series);

/// Trials of a design for one worker.
struct Task {
    std::shared_ptr<const Design>
        design;  ///< restricted to what is lacking; shared by tasks that lack the same
    std::size_t batch = 1;
    TrialRange trials;
};

/// Trials of a design that are given to workers a task at a time: a list of all the tasks of 10^11
/// trials would fill a machine's memory.
class Work {
public:
    Work(std::shared_ptr<const Design> design, std::size_t batch, TrialRange trials,
         std::uint64_t trials_per_task);

    const Design& design() const { return *design_; }
    /// Those that no task has taken yet.
    TrialRange trials() const { return trials_; }
    std::uint64_t tasks() const;
    /// The first of the tasks that are left: they are cut at the multiples of `trials_per_task`.
    Task take();

private:
    std::shared_ptr<const Design> design_;
    std::size_t batch_;
    TrialRange trials_;
    std::uint64_t trials_per_task_;
};

/// One Work for each gap; those that lack the same series share a design.
std::vector<Work> fill_gaps(const Design& design, const std::vector<Gap>& gaps,
                            std::uint64_t trials_per_task, std::size_t batch);

}  // namespace cucurbit
