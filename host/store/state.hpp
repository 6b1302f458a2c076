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
    using Rows = std::map<std::uint64_t, std::int64_t>;
    using Row = Rows::iterator;
    std::int64_t id = 0;
    std::vector<TrialRange> trials;  ///< disjoint, joined where they touch, in order
    Rows rows;                       ///< first trial → row of the table `trials`
};

/// How many series and rows of trials the file holds: a damaged page can hide one without a trace.
struct Totals {
    std::uint64_t series = 0;
    std::uint64_t rows = 0;
};

struct Store::State {
    State(const std::filesystem::path& folder, Database::Mode mode);
    ~State();
    /// The series of this key, with a row of its own in the file.
    StoredSeries& entry(const SeriesKey& key);
    void insert(const SeriesKey& key, StoredSeries& to, TrialRange trials,
                std::span<const std::byte> payload);
    StoredSeries::Row remove(StoredSeries& from, StoredSeries::Row row);
    /// A row's values or moments; throws StoreError where its checksum fails.
    template <class Block>
    Block read_row(const SeriesKey& key, StoredSeries::Row row);
    /// All rows of a series.
    template <class Block>
    std::vector<Block> read_rows(const SeriesKey& key);
    /// Ends a transaction of rows.
    void finish(Transaction& transaction);

    std::filesystem::path directory;
    std::unique_ptr<WriterLock> lock;  ///< of the writer; let go after the database is closed
    Database database;
    std::optional<Statement> insert_series, insert_row, select_row;
    std::map<SeriesKey, StoredSeries> series;  ///< their ids are 1, 2, … in the order of insertion
    Totals totals;
    std::int64_t last_row = 0;  ///< of the writer; rows that moments were merged from leave gaps
};

/// Where the store of a folder lies.
std::filesystem::path store_file(const std::filesystem::path& directory);

/// False when the file is empty. Throws StoreError when it is none of ours or of a newer version,
/// or has other tables, views or triggers than ours.
bool check_schema(Database& database);
/// Creates the tables of an empty file.
void create_schema(Database& database);

/// A file that the stored study refers to: what was copied, or, of a file that was too large for
/// that, what lies where it was, unless it has changed. Fails as Database::fail.
FileContents read_file(Database& database, const std::string& path);
/// A checked text kept in the store under (kind, name); nothing when absent.
std::optional<std::string> read_document(Database& database, const std::string& kind,
                                         const std::string& name);
/// Replaces the study's text, name, identity and files by these, in the caller's transaction.
void write_study(Database& database, const Study& study);

/// Throws StudyError, which says what differs, unless the folder's study has this identity.
void require_identity(Database& database, const std::filesystem::path& directory,
                      const std::string& identity);

void write_totals(Database& database, const Totals& totals);
Totals read_totals(Database& database);

/// All series and the trials that they have; throws StoreError where a key is damaged or these are
/// not all.
std::map<SeriesKey, StoredSeries> read_series(Database& database, const Totals& totals);

/// Joins a range to sorted ranges; false when it overlaps one of them.
bool join(std::vector<TrialRange>& ranges, TrialRange added);

}  // namespace cucurbit
