#pragma once
// A run's folder: an SQLite file with the values of every trial, or moments of many, and the study
// itself.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "cucurbit/moments.hpp"
#include "cucurbit/study.hpp"

namespace cucurbit {

/// The store cannot be read, written or locked; what() names the path. The program ends with
/// code 6.
class StoreError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// Trials first .. first + count - 1 of a design.
struct TrialRange {
    std::uint64_t first = 0;
    std::uint64_t count = 0;
    std::uint64_t end() const { return first + count; }
    bool operator==(const TrialRange&) const = default;
};

/// The parts of `within` that sorted, disjoint ranges leave out, in order.
std::vector<TrialRange> left_out(const std::vector<TrialRange>& ranges, TrialRange within);

/// Values of one series over consecutive trials: a block, several, or part of one.
struct BlockValues {
    std::uint64_t first_trial = 0;
    std::vector<double> values;
    std::vector<Outcome> outcomes;  ///< as many as values
};

/// Moments of one series, or of the sums of a derived row, over consecutive trials, kept instead of
/// their values. A store merges neighbours as far as they make 64·2^k trials, of which the first is
/// a multiple of that number: what is merged with what depends on the trials alone, never on the
/// order in which they came. Trials 0 .. 256·2^k - 1 stay apart from those that follow: a run to a
/// precision looks at the means after so many.
struct MomentsBlock {
    TrialRange trials;
    std::uint64_t failed = 0;  ///< status not ok, or value not finite
    std::uint64_t rank_deficient = 0;
    std::uint64_t escalated = 0;  ///< beyond the ladder's first rung
    PairMoments moments;          ///< of the others

    /// Adds the trials that follow.
    void merge(const MomentsBlock& next);
};

/// Keys of a series in the store; point is canonical text such as "n=200 noise_std=0.2".
struct SeriesKey {
    std::uint64_t design = 0;
    std::string point;
    std::string arm;
    std::string estimand;
    auto operator<=>(const SeriesKey&) const = default;
};
SeriesKey series_key(const Setting& setting, const Design& design, const Series& series);

/// What a merge did, in values: one for every series and trial.
struct Merged {
    std::uint64_t copied = 0;
    std::uint64_t held = 0;          ///< that were there already, and stay
    std::uint64_t contradicted = 0;  ///< of those that were there, the other store's differ
    std::string contradiction;       ///< the first of them, with both values
};

/// By how much two computers' values of a trial may differ, relative to the larger of both.
using AllowedDifference = std::function<double(const SeriesKey&)>;

class Store {
public:
    /// Creates the folder or opens it to continue. An existing folder must hold a study of the same
    /// identity: anything else throws StudyError, which says what differs. The study text and its
    /// files are (re)written: grids, arms and precision may have grown. Throws StoreError at once
    /// when another process writes to the folder. After a StoreError the store may only be
    /// destroyed.
    static Store open_to_write(const std::filesystem::path& directory, const Study& study);
    /// Whether the folder holds a store; one of which nothing but the file was made is none.
    static bool exists(const std::filesystem::path& directory);
    /// Opens for reading; never changes the folder, and works while another process writes to it.
    /// What is read is the state at this moment, however long the store is open.
    static Store open_to_read(const std::filesystem::path& directory);
    Store(Store&&) noexcept;
    Store& operator=(Store&&) noexcept;
    ~Store();

    const std::filesystem::path& directory() const;

    /// The study that the folder holds, with its referenced files' contents.
    Study study() const;
    /// Facts about every invocation that wrote: argv, version, compiler, BLAS, device, times…
    std::vector<std::pair<std::string, std::string>> manifest() const;
    void record(const std::vector<std::pair<std::string, std::string>>& facts);

    /// The keys of all series that the store holds, in order.
    std::vector<SeriesKey> series() const;
    /// Trials that the store holds of this series: disjoint, joined where they touch, in order.
    const std::vector<TrialRange>& trials(const SeriesKey& key) const;
    /// Adds values of many series in one transaction; durable when the call returns. Throws
    /// StoreError when the store already holds one of the trials: stored values are never replaced.
    void write(const std::vector<std::pair<SeriesKey, BlockValues>>& blocks);
    /// The same of blocks that are made one after another: null behind the last one.
    using NextBlock = std::function<const std::pair<SeriesKey, BlockValues>*()>;
    void write(const NextBlock& next);
    /// All values of a series in the order of trials; throws StoreError where a checksum fails.
    std::vector<BlockValues> read(const SeriesKey& key) const;
    /// The same for moments of 64·2^k trials each, of which the first is a multiple of that number.
    void write(const std::vector<std::pair<SeriesKey, MomentsBlock>>& blocks);
    /// All moments of a series in the order of trials, likewise.
    std::vector<MomentsBlock> read_moments(const SeriesKey& key) const;
    /// Drops rows of trials that are damaged, so that a run computes them anew; tells how many.
    /// What is damaged otherwise throws StoreError.
    std::size_t repair();
    /// Whether what it holds are moments; false where it holds nothing yet.
    bool keeps_moments() const;
    /// Throws StudyError, which says what differs, unless the store's study has this identity.
    void require_identity(const std::string& identity) const;
    /// Copies what this store lacks of another store of the same study, and the facts about the
    /// runs that wrote it. Values come in transactions of their own: a merge that was interrupted
    /// can be repeated. Where trials that both hold differ by more than is allowed, one of the
    /// stores is wrong: nothing is copied. Of moments, those of more trials take the place of those
    /// of some of them, after a look at whether the ones can be part of the others. Throws
    /// StudyError when the studies' identities differ.
    Merged merge(const Store& from, const AllowedDifference& allowed);
    /// Checks the file's structure and every checksum; throws StoreError at the first fault.
    void verify() const;

private:
    struct State;
    using MomentsBlocks = std::vector<std::pair<SeriesKey, MomentsBlock>>;
    Merged merge_values(const Store& from, const AllowedDifference& allowed);
    Merged merge_moments(const Store& from, const AllowedDifference& allowed);
    void record_source(const Store& from);
    void write(const MomentsBlocks& blocks, bool replacing);
    explicit Store(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace cucurbit
