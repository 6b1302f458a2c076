#pragma once
// A run's folder: an SQLite file per writer with the values of every trial, and the study itself.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "cucurbit/study.hpp"

namespace cucurbit {

/// The store cannot be read, written or locked; what() names the path. The program ends with code 6.
class StoreError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// Values of one series over one block's trials.
struct BlockValues {
    std::uint64_t block = 0;
    std::uint64_t first_trial = 0;
    std::vector<double> values;
    std::vector<Outcome> outcomes;
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

class Store {
public:
    /// Creates the folder or opens it to continue. An existing folder must hold a study of the same
    /// identity: anything else throws StudyError. The study text and its files are (re)written: grids, arms
    /// and precision may have grown.
    static Store open_to_write(const std::filesystem::path& directory, const Study& study);
    /// Opens for reading; never changes the folder.
    static Store open_to_read(const std::filesystem::path& directory);
    Store(Store&&) noexcept;
    Store& operator=(Store&&) noexcept;
    ~Store();

    /// The study that the folder holds, with its referenced files' contents.
    Study study() const;
    /// Facts about every invocation that wrote: argv, version, compiler, BLAS, device, times…
    std::vector<std::pair<std::string, std::string>> manifest() const;
    void record(const std::vector<std::pair<std::string, std::string>>& facts);

    /// Blocks of this series that are complete.
    std::vector<std::uint64_t> blocks(const SeriesKey& key) const;
    /// Adds one block of many series in one transaction; durable when the call returns.
    void write(const std::vector<std::pair<SeriesKey, BlockValues>>& blocks);
    /// All blocks of a series in block order; throws StoreError where a checksum fails.
    std::vector<BlockValues> read(const SeriesKey& key) const;

private:
    struct State;
    explicit Store(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace cucurbit
