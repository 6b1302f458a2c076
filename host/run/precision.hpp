#pragma once
// How many trials a study asks for.

#include <cstdint>
#include <vector>

#include "cucurbit/store.hpp"
#include "cucurbit/study.hpp"
#include "host/run/summary.hpp"

namespace cucurbit {

/// Whether the study names its number of trials.
bool is_fixed(const Precision& precision);

/// Trials of the first round: all of them when their number is fixed.
std::uint64_t first_round(const Precision& precision);

/// The most trials that a design may need: all of them when their number is fixed.
std::uint64_t most_trials(const Precision& precision);

/// Which of a design's series decide when it is precise: all but those without a finite mean and
/// variance and those whose risk is zero.
std::vector<bool> deciding_series(const Setting& setting, const Design& design);

/// The last of the rounds of 256, 512, 1024, … trials that a design has, and the largest relative
/// standard error of its deciding series after it; one that is below the study's abs_std_err counts
/// as 0.
struct Reached {
    std::uint64_t trials = 0;
    double error = 0.0;
};
Reached last_round(const Store& store, const Study& study, const Design& design);

/// The flag of rows that all trials left less precise than asked for.
inline constexpr const char* imprecise = "imprecise";

/// Whether a mean is as precise as asked for; always where the number of trials is fixed.
bool is_precise(const SeriesSummary& summary, const Precision& precision);

/// Trials that a design needs by what is stored: the first of 256, 512, 1024, … , max_trials after
/// which every deciding series is precise, or which some series has not reached. A function of the
/// stored values of these very trials, whatever else is stored.
std::uint64_t wanted_trials(const Store& store, const Study& study, const Design& design);

}  // namespace cucurbit
