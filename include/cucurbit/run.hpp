#pragma once
// From a study to a filled store, and from a store to a table.

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cucurbit/engine.hpp"
#include "cucurbit/store.hpp"
#include "cucurbit/study.hpp"
#include "cucurbit/table.hpp"

namespace cucurbit {

/// One of `count` parts of a study's trials, index from 0 on, for as many machines: every trial
/// belongs to one of them, and together they are the study (to a precision: its first round).
struct Shard {
    std::size_t index = 0;
    std::size_t count = 1;
    std::filesystem::path of;  ///< a folder of the study: what it lacks is divided, not the whole
};

/// About how many bytes a folder takes on disk.
struct StoredBytes {
    double trials = 0.0;   ///< that keeps every trial
    double moments = 0.0;  ///< that keeps moments
};

/// What a run will do on a device, before anything is computed.
struct Plan {
    struct Entry {
        Design design;
        std::size_t index = 0;          ///< of the design in the study
        std::vector<TrialRange> share;  ///< the shard's trials of it
        std::uint64_t trials = 0;       ///< how many these are
        std::uint64_t blocks = 0;
        /// Whether they are all of the first round: further rounds then follow where needed.
        bool whole = false;
        std::size_t batch = 0;       ///< trials per engine call, at most
        std::size_t bytes = 0;       ///< engine memory of one worker
        std::size_t host_bytes = 0;  ///< of one worker's results, where the engine is a card's
    };
    std::vector<Entry> entries;
    std::string device;           ///< "cpu", "cuda:0", "cuda:0,2"
    std::vector<Device> devices;  ///< worker i has an engine on devices[i % devices.size()]
    std::string reason;           ///< why this device, where the name left it open
    std::size_t workers = 1;
    std::size_t peak_bytes = 0;       ///< all workers together
    std::size_t host_peak_bytes = 0;  ///< on the host, for the workers of cards
    double flops = 0.0;
    StoredBytes disk;  ///< of the whole study's most trials
};
/// What a user's name for devices stands for, as cucurbit/engine.hpp's, but "auto" chooses for this
/// study or shard: the cards where their predicted time for the most trials that may be asked for,
/// start included, is below what the CPU needs by a count of flops; else the CPU. No card is
/// touched unless it is chosen.
DeviceChoice choose_devices(const Study& study, const std::string& name, std::size_t threads = 0,
                            const Shard& shard = {});

/// The plan of a whole study or a shard of it, whatever its own folder already holds. device: as
/// for choose_devices of this study; threads: workers on each device, 0 for the device's own
/// number, reduced to what memory allows. Throws StudyError when two designs' keys collide,
/// DeviceError when the device is absent or its memory does not suffice for one worker with a batch
/// of one trial.
Plan make_plan(const Study& study, const std::string& device, std::size_t threads,
               const Shard& shard = {});

struct Progress {
    std::uint64_t trials_done = 0;   ///< including those found in the store
    std::uint64_t trials_total = 0;  ///< so far as is known
    double seconds = 0.0;
    double seconds_left = 0.0;  ///< NaN until it can be estimated
};

struct RunOptions {
    std::filesystem::path directory;
    std::string device = "auto";
    std::size_t threads = 0;            ///< workers on each device; 0: all cores, two on a card
    std::optional<double> max_seconds;  ///< and until some trials are done
    Shard shard;
    std::function<void(const Progress&)> report;  ///< called from one thread, 20 times a second
    /// 1: finish the engine calls in flight and store their trials; 2: drop them. A process may
    /// also end at any moment: what has been committed (about once a second) stays.
    const std::atomic<int>* stop = nullptr;
    std::vector<std::string> argv;  ///< for the manifest
};

enum class RunEnd { complete, stopped };

/// Computes what the folder lacks of the study, or of the shard. Continues an interrupted run; the
/// table is the same bytes whatever the threads and interruptions. Fixed precision stops at exactly
/// `trials`. Adaptive precision stops a design, or each point where points are apart, at the first
/// of 256, 320, 384, 448, 512, 640, … , max_trials trials after which every series has the wanted
/// relative or absolute standard error; series without a finite mean or variance (near
/// interpolation) and zero risks do not count. A shard that has a part of a design's round ends
/// with that part: a folder that all of them were merged into decides whether a further round is
/// needed, of which Shard::of computes a part. Throws StudyError, StoreError, DeviceError, and
/// whatever a simulation throws.
RunEnd run(const Study& study, const RunOptions& options);

/// The table of a folder: Moments of 64 trials each, merged in the order of trials, joined with
/// theory. Only trials that the study asks for count, so the table depends on study and draws
/// alone.
///
/// Rows: points as in the study, then series as the arms are written, then theory without a
/// simulation. n_trials counts all trials, n_failed those that failed or are not finite; only the
/// others are averaged. z = (estimate − theory)/std_err where both are finite and the trials spread
/// beyond rounding. Flags, separated by spaces:
/// - near_interpolation: no variance exists; std_err, z and the interval are empty, and rows
///   ESTIMAND_q05, ESTIMAND_median and ESTIMAND_q95 follow.
/// - heavy_tail: one trial makes most of the spread; the same holds.
/// - few_trials: too few for an interval with such a tail; z and the interval are empty.
/// - conditional_mean: of quantile rows; label noise was integrated out, so these are not quantiles
///   of the risk.
/// - zero_risk: the risk is zero up to rounding; no z.
/// - rank_deficient: a trial's effective rank was below full rank.
/// - escalated=SHARE: share of trials that needed more than the plain Cholesky factorisation.
/// - incomplete: fewer trials than the study asks for.
Table summarize(const Store& store);
/// The same for a study that the caller has parsed (of the store's identity). quantiles: of the
/// trials of every series, as rows ESTIMAND_q05 and so on after it.
Table summarize(const Store& store, const Study& study, const std::vector<double>& quantiles = {});
/// One row for each stored trial of each series that the study asks for, in the table's order:
/// parameters…, arm, estimand, design, trial, value, status, rung, rank_deficit. Designs are
/// numbered from 1, as in plans. Failed trials have no value.
std::vector<Column> trial_columns(const Store& store, const Study& study);
/// The table of the study's theory alone.
Table theory_table(const Study& study);

/// The largest n_failed/n_trials of a table's rows: above max_failed_share the program ends with
/// code 3.
double failed_share(const Table& table);
inline constexpr double max_failed_share = 0.01;

/// How far a folder is with one design.
struct DesignStatus {
    Design design;
    std::uint64_t trials_done = 0;    ///< those that every series has
    std::uint64_t trials_wanted = 0;  ///< so far as is known: up to the present round when adaptive
    std::uint64_t blocks_done = 0;
    std::uint64_t blocks_wanted = 0;
};
std::vector<DesignStatus> status(const Store& store);
/// Of the study, or of a shard's part of it.
std::vector<DesignStatus> status(const Store& store, const Study& study, const Shard& shard = {});

/// One recomputed trial of a series beside what the store holds.
struct Replayed {
    std::vector<double> parameters;  ///< of the point
    std::string arm;
    std::string estimand;
    std::uint64_t trial = 0;
    std::optional<double> stored;  ///< empty when the store lacks the trial
    Outcome stored_outcome;
    double recomputed = 0.0;
    Outcome outcome;
    bool same = false;  ///< stored, and equal to the bit with an equal outcome
    /// Relative to the larger of both, what the values may differ by and yet count as the same: 0
    /// where CPUs computed both, allowed_difference (cucurbit/costs.hpp) where a card may have
    /// computed one; infinite where the risk is zero but for rounding.
    double allowed = 0.0;
};
/// Recomputes these trials at every point whose parameters have the given values (all points when
/// none is given). "auto" chooses as for a study of so many trials. Throws std::invalid_argument on
/// an unknown parameter or when no point matches.
std::vector<Replayed> replay(const Store& store,
                             const std::vector<std::pair<std::string, double>>& point,
                             const std::vector<std::uint64_t>& trials,
                             const std::string& device = "auto");
std::vector<Replayed> replay(const Store& store, const Study& study,
                             const std::vector<std::pair<std::string, double>>& point,
                             const std::vector<std::uint64_t>& trials,
                             const std::string& device = "auto");

/// allowed_difference (cucurbit/costs.hpp) for each series of the study; infinite where the risk is
/// zero but for rounding. Refers to the study.
AllowedDifference allowed_differences(const Study& study);

/// One row's part in the verdict of compare (docs/theory.md, "When is theory confirmed?").
struct Verdict {
    enum class Kind { confirmed, failed, none };
    Kind kind = Kind::none;
    double p_value;       ///< two-sided, Holm-adjusted over the exact rows; NaN otherwise
    double relative_gap;  ///< (estimate − theory)/theory
    double allowed_gap;   ///< of deterministic equivalents; NaN otherwise
    double
        noticeable_gap;  ///< a law off by this share fails nine times in ten; NaN without a spread
    std::string reason;  ///< why there is no verdict, or what a confirmation leaves open
};
/// Every row with a law and an estimate is judged, point quantities and approximations apart, by
/// Student's t corrected for skewness. Exact rows fail below Holm-adjusted p = 1e-3; deterministic
/// equivalents where the estimate is further than 4 standard errors outside of
/// theory·(1 ± relative_error); laws of 0 where the estimate is beyond rounding. One verdict per
/// row.
std::vector<Verdict> compare(const Table& table);

/// What may be looked at while a run goes on, as often as one likes: the normal mixture of Robbins
/// (1970) with estimated variance, an asymptotic confidence sequence (Waudby-Smith, Arbour, Sinha,
/// Kennedy and Ramdas, Annals of Statistics 2024, theorem 2.2). Narrowest near so many trials.
struct AnyTime {
    double trials = 1024.0;
    static AnyTime of(const Precision& precision);
    /// No row is judged before: the sequence's promise is asymptotic.
    static constexpr std::uint64_t first_look = 256;
    /// Standard errors that a mean is ever further from the truth after first_look with about this
    /// probability at most.
    double boundary(double significance, std::uint64_t count) const;
    /// The significance whose boundary is so many standard errors.
    double p_value(double errors, std::uint64_t count) const;
};
/// As compare(), where the probability that a correct exact law fails at any look is about 1e-3 at
/// most over all exact rows together (Bonferroni), and that of P(|normal| > 4) for an equivalent's.
std::vector<Verdict> compare(const Table& table, const AnyTime& any_time);
/// Of a mean, at any time; NaN where it is not judged.
Interval interval(const Row& row, const AnyTime& any_time, double level = 0.95);

}  // namespace cucurbit
