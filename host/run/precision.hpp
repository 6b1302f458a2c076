#pragma once
// How many trials a study asks for.

#include <cstdint>
#include <vector>

#include "cucurbit/store.hpp"
#include "cucurbit/study.hpp"
#include "host/run/summary.hpp"

namespace cucurbit {

/// More than any store holds.
inline constexpr std::uint64_t countless_trials = std::uint64_t{1} << 50U;

/// Whether the study names its number of trials.
bool is_fixed(const Precision& precision);

/// Trials of the first round: all of them when their number is fixed.
std::uint64_t first_round(const Precision& precision);

/// The most trials that a design may need: all of them when their number is fixed.
std::uint64_t most_trials(const Precision& precision);

/// Whether a series decides when its design is precise: never where by law it has no finite mean
/// and variance, or its risk is zero; and where no law says how heavy its tail is, unless its
/// trials have_heavy_tail() and no standard error means anything.
enum class Decides { never, always, unless_heavy };
std::vector<Decides> deciding_series(const Setting& setting, const Design& design);

/// What a study asks for, but for its relative standard error; where that is larger, abs_std_err
/// grows in proportion, so that means near zero need no more trials than others.
Precision to_relative_error(const Precision& asked, double rel_std_err);
/// The least relative standard error for which to_relative_error finds a mean precise.
double relative_error(const SeriesSummary& summary, const Precision& asked);

/// The last round that some points of a design all have, and the largest relative_error of their
/// series that decide then; least: after the round at which that was least.
struct Reached {
    std::vector<std::size_t> points;
    std::uint64_t trials = 0;
    double error = 0.0, least = 0.0;
};
/// Of all points of the design together, or of each where points are apart.
std::vector<Reached> last_rounds(const Store& store, const Study& study, const Design& design,
                                 const Precision& asked);

/// The flag of rows that all trials left less precise than asked for.
inline constexpr const char* imprecise = "imprecise";
/// The flag of rows whose trials have_heavy_tail(), so that they decided nothing.
inline constexpr const char* heavy_tail = "heavy_tail";

/// Whether a mean is as precise as asked for; always where the number of trials is fixed.
bool is_precise(const SeriesSummary& summary, const Precision& precision);

/// When decisions fall: after 256 trials, then at quarters of each doubling (320, 384, 448, 512,
/// 640, …), and at max_trials; of moments, which are kept of 256·2^k trials, after each doubling.
std::uint64_t next_round(std::uint64_t trials, const Precision& precision);
std::vector<std::uint64_t> rounds(const Precision& precision);

/// Trials that each point of a design needs by what is stored: the first of the rounds after which
/// every deciding series is precise, or one that some series has not reached and that is probably
/// needed. It counts the series of this point, or of all of them where points are not apart. A
/// function of the stored values of these very trials, whatever else is stored.
std::vector<std::uint64_t> wanted_trials(const Store& store, const Study& study,
                                         const Design& design);
/// Trials of each point that a table is of: those that are wanted, and where the first round is not
/// whole, as in a shard of a later one, all that are stored.
std::vector<std::uint64_t> tabled_trials(const Store& store, const Study& study,
                                         const Design& design);
/// wanted_trials() as what find_gaps() takes.
std::vector<std::vector<TrialRange>> wanted_ranges(const Store& store, const Study& study,
                                                   const Design& design);

}  // namespace cucurbit
