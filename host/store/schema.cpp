#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "cucurbit/hash.hpp"
#include "host/store/encoding.hpp"
#include "host/store/state.hpp"

namespace cucurbit {

namespace {

constexpr std::int64_t application = 0x63756375;  // "cucu"
constexpr std::int64_t schema_version = 1;

constexpr std::array<std::string_view, 5> tables{
    "CREATE TABLE document(kind TEXT NOT NULL, name TEXT NOT NULL, contents BLOB NOT NULL, "
    "checksum INTEGER NOT NULL, PRIMARY KEY(kind, name)) WITHOUT ROWID",
    "CREATE TABLE manifest(id INTEGER PRIMARY KEY, name TEXT NOT NULL, value TEXT NOT NULL, "
    "checksum INTEGER NOT NULL)",
    "CREATE TABLE series(id INTEGER PRIMARY KEY, design INTEGER NOT NULL, point TEXT NOT NULL, "
    "arm TEXT NOT NULL, estimand TEXT NOT NULL, checksum INTEGER NOT NULL)",
    "CREATE TABLE trials(id INTEGER PRIMARY KEY, series INTEGER NOT NULL, first INTEGER NOT NULL, "
    "count INTEGER NOT NULL, checksum INTEGER NOT NULL, payload BLOB NOT NULL)",
    "CREATE TABLE total(id INTEGER PRIMARY KEY CHECK(id = 1), series INTEGER NOT NULL, "
    "rows INTEGER NOT NULL, checksum INTEGER NOT NULL)"};

/// With one space wherever there are several and line breaks: earlier versions broke the lines.
std::string one_line(const std::string& sql) {
    std::string line;
    for (const char c : sql)
        if (c != '\n' && c != ' ')
            line += c;
        else if (!line.empty() && line.back() != ' ')
            line += ' ';
    return line;
}

/// A view in a table's place could run for ever, and a trigger delete what is written.
void check_tables(Database& database) {
    std::vector<std::string> found;
    Statement schema = database.prepare("SELECT sql FROM sqlite_schema");
    while (schema.row()) found.push_back(one_line(schema.text(0)));
    std::vector<std::string> own(tables.begin(), tables.end());
    std::sort(found.begin(), found.end());
    std::sort(own.begin(), own.end());
    if (found != own)
        database.fail(std::string("is damaged or altered: its tables are not those of a store"));
}

std::int64_t document_checksum(const std::string& kind, const std::string& name,
                               const std::string& contents) {
    return Checksum().add(kind).add(name).add(contents).value();
}

void write_document(Database& database, const std::string& kind, const std::string& name,
                    const std::string& contents) {
    database.prepare("INSERT OR REPLACE INTO document VALUES(?, ?, ?, ?)")
        .bind(1, kind)
        .bind(2, name)
        .bind(3, std::as_bytes(std::span(contents)))
        .bind(4, document_checksum(kind, name, contents))
        .run();
}

}  // namespace

std::filesystem::path store_file(const std::filesystem::path& directory) {
    return directory / "store.sqlite";
}

bool check_schema(Database& database) {
    const std::int64_t owner = database.integer("PRAGMA application_id");
    const std::int64_t version = database.integer("PRAGMA user_version");
    if (owner == application && version == schema_version) {
        check_tables(database);
        return true;
    }
    if (owner == application)
        database.fail(fmt::format("has store version {}; this program reads version {}", version,
                                  schema_version));
    if (database.integer("SELECT count(*) FROM sqlite_schema") != 0 || owner != 0)
        database.fail(std::string("is not a cucurbit store"));
    return false;
}

void create_schema(Database& database) {
    for (const std::string_view table : tables) database.execute(std::string(table));
    database.execute(fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {}",
                                 application, schema_version));
    write_totals(database, {});
}

void write_study(Database& database, const Study& study) {
    database.execute("DELETE FROM document");
    write_document(database, "study", "text", study.text);
    write_document(database, "study", "name", study.name);
    write_document(database, "study", "identity", study.identity);
    for (const auto& [path, contents] : study.files)
        if (contents.mapped_from().empty())
            write_document(database, "file", path, std::string(contents.bytes()));
        else
            write_document(database, "mapped", path,
                           hash_digits(contents.bytes()) + " " + contents.mapped_from().string());
}

FileContents read_file(Database& database, const std::string& path) {
    if (std::optional<std::string> contents = read_document(database, "file", path))
        return *std::move(contents);
    const std::optional<std::string> place = read_document(database, "mapped", path);
    if (!place) database.fail(fmt::format("does not hold the study's file '{}'", path));
    constexpr std::size_t digits = 16;
    if (place->size() <= digits + 1)
        database.fail(fmt::format("is damaged: it does not say where the file '{}' lies", path));
    const std::string where = place->substr(digits + 1);
    try {
        FileContents contents = FileContents::map(where);
        if (hash_digits(contents.bytes()) == place->substr(0, digits)) return contents;
    } catch (const std::runtime_error& error) {
        database.fail(
            fmt::format("was made from '{}', too large to be copied: it {}", where, error.what()));
    }
    database.fail(fmt::format("was made from '{}', too large to be copied: it has changed", where));
}

std::optional<std::string> read_document(Database& database, const std::string& kind,
                                         const std::string& name) {
    Statement statement =
        database.prepare("SELECT contents, checksum FROM document WHERE kind = ? AND name = ?");
    statement.bind(1, kind).bind(2, name);
    if (!statement.row()) return {};
    std::string contents = statement.text(0);
    if (statement.integer(1) != document_checksum(kind, name, contents))
        database.fail(fmt::format("{} '{}' is damaged: its checksum does not fit", kind, name));
    return contents;
}

void write_totals(Database& database, const Totals& totals) {
    database.prepare("INSERT OR REPLACE INTO total VALUES(1, ?, ?, ?)")
        .bind(1, static_cast<std::int64_t>(totals.series))
        .bind(2, static_cast<std::int64_t>(totals.rows))
        .bind(3, Checksum().add(totals.series).add(totals.rows).value())
        .run();
}

Totals read_totals(Database& database) {
    Statement statement = database.prepare("SELECT series, rows, checksum FROM total");
    if (!statement.row()) database.fail(std::string("is damaged: its totals are lost"));
    const Totals totals{static_cast<std::uint64_t>(statement.integer(0)),
                        static_cast<std::uint64_t>(statement.integer(1))};
    if (statement.integer(2) != Checksum().add(totals.series).add(totals.rows).value())
        database.fail(std::string("is damaged: the checksum of its totals does not fit"));
    return totals;
}

std::map<SeriesKey, StoredSeries> read_series(Database& database, const Totals& totals) {
    std::map<std::int64_t, StoredSeries> by_id;
    Statement ranges = database.prepare("SELECT id, series, first, count FROM trials ORDER BY id");
    std::uint64_t rows = 0;
    while (ranges.row()) {
        ++rows;
        StoredSeries& series = by_id[ranges.integer(1)];
        const TrialRange range{static_cast<std::uint64_t>(ranges.integer(2)),
                               static_cast<std::uint64_t>(ranges.integer(3))};
        if (range.count == 0)
            database.fail(fmt::format("is damaged: row {} is of no trials", ranges.integer(0)));
        if (!join(series.trials, range) ||
            !series.rows.emplace(range.first, ranges.integer(0)).second)
            database.fail(fmt::format("is damaged: it has trial {} of series {} twice", range.first,
                                      ranges.integer(1)));
    }
    std::map<SeriesKey, StoredSeries> by_key;
    Statement keys =
        database.prepare("SELECT id, design, point, arm, estimand, checksum FROM series");
    while (keys.row()) {
        const SeriesKey key{static_cast<std::uint64_t>(keys.integer(1)), keys.text(2), keys.text(3),
                            keys.text(4)};
        const std::int64_t id = keys.integer(0);
        if (keys.integer(5) != checksum(key).add(static_cast<std::uint64_t>(id)).value())
            database.fail(fmt::format("series {} is damaged: its checksum does not fit", id));
        StoredSeries& series = by_key[key] = std::move(by_id[id]);
        by_id.erase(id);
        series.id = id;
    }
    if (!by_id.empty() || rows != totals.rows || by_key.size() != totals.series)
        database.fail(
            fmt::format("is damaged: it holds {} of {} series and {} of {} rows of trials",
                        by_key.size(), totals.series, rows, totals.rows));
    return by_key;
}

}  // namespace cucurbit
