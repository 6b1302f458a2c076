#pragma once
// What an open store holds.

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "host/store/database.hpp"
#include "host/store/folder.hpp"

namespace cucurbit {

/// A series' row and the trials that the store holds of it.
struct StoredSeries {
    std::int64_t id = 0;
    std::vector<TrialRange> trials;  ///< disjoint, joined where they touch, in order
};

struct Store::State {
    State(const std::filesystem::path& folder, Database::Mode mode);
    ~State();
    /// The series of this key, with a row of its own in the file.
    StoredSeries& entry(const SeriesKey& key);

    std::filesystem::path directory;
    std::unique_ptr<WriterLock> lock;  ///< of the writer; let go after the database is closed
    Database database;
    std::map<SeriesKey, StoredSeries> series;
};

/// Where the store of a folder lies.
std::filesystem::path store_file(const std::filesystem::path& directory);

/// Creates the tables of an empty file. Throws StoreError when a file is none of ours or of a newer
/// version; false when it is empty.
bool check_schema(Database& database);
void create_schema(Database& database);

/// A checked text kept in the store under (kind, name); nothing when absent.
std::optional<std::string> read_document(Database& database, const std::string& kind,
                                         const std::string& name);
/// Replaces the study's text, name, identity and files by these, in the caller's transaction.
void write_study(Database& database, const Study& study);

/// All series and the trials that they have; checks each series' key.
std::map<SeriesKey, StoredSeries> read_series(Database& database);

/// Joins a range to sorted ranges; false when it overlaps one of them.
bool join(std::vector<TrialRange>& ranges, TrialRange added);

}  // namespace cucurbit
