#include <fmt/format.h>

#include <array>
#include <charconv>
#include <exception>

#include "host/store/encoding.hpp"
#include "host/store/state.hpp"

namespace cucurbit {

namespace {

void append_shortest(double value, std::string& text) {
    std::array<char, 32> digits;
    auto* const end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    text.append(digits.data(), end);
}

std::unique_ptr<WriterLock> lock_to_write(const std::filesystem::path& directory) {
    create_folder(directory);
    return std::make_unique<WriterLock>(directory);
}

/// A store on read-only media: SQLite cannot put its shared memory beside it, and no writer can
/// exist.
bool needs_no_locks(const std::filesystem::path& file) {
    std::error_code ignored;
    std::filesystem::path log = file;
    log += "-wal";
    if (std::filesystem::file_size(log, ignored) > 0 && !ignored) return false;
    try {
        Database database(file, Database::Mode::read);
        database.integer("SELECT count(*) FROM sqlite_schema");
        return false;
    } catch (const StoreError&) {
        return true;
    }
}

/// Why a folder is no run's.
const char* why_absent(const std::filesystem::path& directory) {
    std::error_code ignored;
    if (!std::filesystem::exists(directory, ignored)) return "there is no such folder";
    if (!std::filesystem::is_directory(directory, ignored))
        return "is a file, not a run's folder; cucurbit run makes one from a study";
    return "holds no store.sqlite: it is no run's folder";
}

Database::Mode mode_to_read(const std::filesystem::path& file) {
    return needs_no_locks(file) ? Database::Mode::read_unchanging : Database::Mode::read;
}

std::string read_identity(Database& database) {
    std::optional<std::string> document = read_document(database, "study", "identity");
    if (!document) database.fail(std::string("is damaged: it does not say which study it holds"));
    return *std::move(document);
}

}  // namespace

void require_identity(Database& database, const std::filesystem::path& directory,
                      const std::string& identity) {
    const std::string stored = read_identity(database);
    if (stored == identity) return;
    throw StudyError(
        {directory.string(), 0, 0},
        fmt::format("the folder holds another study: {}. Grids, arms and precision may change "
                    "in a folder, anything else needs a new one",
                    first_difference(stored, identity)));
}

SeriesKey series_key(const Setting& setting, const Design& design, const Series& series) {
    const std::vector<std::string> names = setting.parameters();
    const Point& point = design.points.at(series.point);
    std::string text;
    for (std::size_t i = 0; i < names.size(); ++i) {
        text += (i > 0 ? " " : "") + names[i] + "=";
        append_shortest(point.parameters.at(i), text);
    }
    return {design.key, text, series.arm_key, series.estimand};
}

Store::State::State(const std::filesystem::path& folder, Database::Mode mode)
    : directory(folder),
      lock(mode == Database::Mode::create ? lock_to_write(folder) : nullptr),
      database(store_file(folder), mode) {}

Store::State::~State() {
    // Its log would be removed by name, and that name may be another run's now.
    if (!lock || database.has_moved()) return;
    // One plain file is left behind when nobody reads; otherwise the log stays, which is as safe.
    try {
        database.busy_timeout(0);
        database.execute("PRAGMA journal_mode = DELETE");
    } catch (...) {  // the log stays.  NOLINT(bugprone-empty-catch)
    }
}

Store::Store(std::unique_ptr<State> state) : state_(std::move(state)) {}
Store::Store(Store&&) noexcept = default;
Store& Store::operator=(Store&&) noexcept = default;
Store::~Store() = default;

Store Store::open_to_write(const std::filesystem::path& directory, const Study& study) {
    auto state = std::make_unique<State>(directory, Database::Mode::create);
    Database& database = state->database;
    const bool exists = check_schema(database);
    // A block's values fill kilobytes: pages of 16 KiB take a third to a half less processor
    // time than SQLite's own of 4 KiB (docs/benchmarks.md). An existing file keeps its size.
    database.execute(
        "PRAGMA page_size = 16384; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
    Transaction transaction(database);
    if (exists)
        cucurbit::require_identity(database, directory, study.identity);
    else
        create_schema(database);
    write_study(database, study);
    write_beside(directory / "study.toml", study.text);
    transaction.commit();
    // The file alone is a store from here on, even if its log gets lost.
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)");
    state->totals = read_totals(database);
    state->series = read_series(database, state->totals);
    state->last_row = database.integer("SELECT coalesce(max(id), 0) FROM trials");
    take_place(directory / "study.toml");
    return Store(std::move(state));
}

bool Store::exists(const std::filesystem::path& directory) {
    const std::filesystem::path file = store_file(directory);
    std::error_code ignored;
    if (!std::filesystem::exists(file, ignored)) return false;
    Database database(file, mode_to_read(file));
    return check_schema(database);
}

Store Store::open_to_read(const std::filesystem::path& directory) {
    const std::filesystem::path file = store_file(directory);
    std::error_code ignored;
    if (!std::filesystem::exists(file, ignored))
        throw StoreError(directory.string() + ": " + why_absent(directory));
    auto state = std::make_unique<State>(directory, mode_to_read(file));
    state->database.execute("BEGIN");
    if (!check_schema(state->database)) state->database.fail(std::string("is empty"));
    state->totals = read_totals(state->database);
    state->series = read_series(state->database, state->totals);
    return Store(std::move(state));
}

void Store::require_identity(const std::string& identity) const {
    cucurbit::require_identity(state_->database, state_->directory, identity);
}

const std::filesystem::path& Store::directory() const {
    return state_->directory;
}

std::vector<SeriesKey> Store::series() const {
    std::vector<SeriesKey> keys;
    for (const auto& [key, entry] : state_->series) keys.push_back(key);
    return keys;
}

Study Store::study() const {
    Database& database = state_->database;
    const std::optional<std::string> text = read_document(database, "study", "text");
    if (!text) database.fail(std::string("is damaged: it holds no study"));
    // Damage of a stored file is the store's, not a mistake in the study that names it.
    std::exception_ptr damage;
    const FileSource files = [&](const std::string& path) {
        try {
            return read_file(database, path);
        } catch (const StoreError&) {
            damage = std::current_exception();
            throw;
        }
    };
    const auto parsed = [&] {
        try {
            return parse_study(*text, (directory() / "study.toml").string(), files);
        } catch (const StudyError&) {
            if (damage) std::rethrow_exception(damage);
            throw;
        }
    };
    Study study = parsed();
    // A version that draws otherwise would find nothing of its own in here, or take other draws for
    // its own.
    const std::string stored = read_identity(database);
    if (stored != study.identity)
        database.fail(fmt::format(
            "was written by a version of cucurbit that draws otherwise ({}): read it with that "
            "version, or run its study.toml into a new folder",
            first_difference(stored, study.identity)));
    return study;
}

std::vector<std::pair<std::string, std::string>> Store::manifest() const {
    std::vector<std::pair<std::string, std::string>> facts;
    Statement statement =
        state_->database.prepare("SELECT name, value, checksum FROM manifest ORDER BY id");
    while (statement.row()) {
        auto& [name, value] = facts.emplace_back(statement.text(0), statement.text(1));
        if (statement.integer(2) != Checksum().add(name).add(value).value())
            state_->database.fail(
                fmt::format("fact '{}' is damaged: its checksum does not fit", name));
    }
    return facts;
}

void Store::record(const std::vector<std::pair<std::string, std::string>>& facts) {
    Database& database = state_->database;
    Transaction transaction(database);
    Statement insert =
        database.prepare("INSERT INTO manifest(name, value, checksum) VALUES(?, ?, ?)");
    for (const auto& [name, value] : facts)
        insert.bind(1, name).bind(2, value).bind(3, Checksum().add(name).add(value).value()).run();
    transaction.commit();
}

}  // namespace cucurbit
