#pragma once
// Time spread over the designs of a study.

#include <cstdint>
#include <functional>
#include <vector>

#include "cucurbit/run.hpp"

namespace cucurbit {

/// How precise what stops together (a design, or a point) is after so many trials, and what a
/// further one takes.
struct Spent {
    std::uint64_t trials = 0;
    double error = 0.0;    ///< the largest relative_error of its means
    double seconds = 0.0;  ///< of a trial
    double least = 0.0;    ///< the error after the round at which that was least
};

/// The relative standard error that about so many seconds bring all to, and what it takes: again
/// and again what has the largest one goes to its next round. So each gets trials in proportion to
/// its relative variance, and the time goes by variance times cost.
struct Forecast {
    double error = 0.0;
    double seconds = 0.0;
    std::uint64_t trials = 0;  ///< the most of one
};
Forecast forecast(std::vector<Spent> all, double seconds, const Precision& precision);

/// The study with another precision.
using ToPrecision = std::function<Study(const Precision& precision)>;

/// What a run of some seconds came to.
struct Budgeted {
    RunEnd end = RunEnd::stopped;
    Study study;         ///< what the folder now holds: another run of it makes the same table
    double error = 0.0;  ///< the largest relative_error that all come below at a round
    double saved = 1.0;  ///< how many times as long equal trials take to it
};

/// Runs for so many seconds to the smallest relative standard error that this time allows for every
/// mean, those near zero by the abs_std_err that the study asks for: first 256 trials of each
/// design, then for parts of the time that is left to what they forecast. `forecasts` is called
/// with each forecast before its run. The folder's study asks for the precision that was reached,
/// so that its table depends on no clock. RunEnd::stopped where the time did not suffice for the
/// first round, or the run was stopped. Throws as run().
Budgeted run_within(double seconds, const Precision& asked, const ToPrecision& to_precision,
                    const RunOptions& options,
                    const std::function<void(const Forecast&)>& forecasts);

}  // namespace cucurbit
