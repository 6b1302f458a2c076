#include "host/store/database.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <cstring>
#include <new>
#include <system_error>

namespace cucurbit {

namespace {

constexpr int busy_milliseconds = 10'000;

/// The path as an SQLite URI: percent-encoded where the grammar of URIs needs it.
std::string uri(const std::filesystem::path& file) {
    std::string text = "file:";
    for (const char c : std::filesystem::absolute(file).string()) {
        if (c == '?' || c == '#' || c == '%')
            text += fmt::format("%{:02X}", static_cast<unsigned char>(c));
        else
            text += c;
    }
    return text + "?immutable=1";
}

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* statement) const {
    sqlite3_finalize(statement);
}
void Database::Close::operator()(sqlite3* handle) const {
    sqlite3_close_v2(handle);
}

Statement::Statement(Database& database, sqlite3_stmt* statement)
    : database_(&database), statement_(statement) {}

void Statement::check(int code) const {
    if (code != SQLITE_OK) database_->fail(code);
}

Statement& Statement::bind(int index, std::int64_t value) {
    check(sqlite3_bind_int64(statement_.get(), index, value));
    return *this;
}

Statement& Statement::bind(int index, std::string_view text) {
    check(sqlite3_bind_text64(statement_.get(), index, text.data(), text.size(), SQLITE_STATIC,
                              SQLITE_UTF8));
    return *this;
}

Statement& Statement::bind(int index, std::span<const std::byte> bytes) {
    // A null pointer would bind NULL instead of an empty blob.
    const void* data = bytes.empty() ? "" : static_cast<const void*>(bytes.data());
    check(sqlite3_bind_blob64(statement_.get(), index, data, bytes.size(), SQLITE_STATIC));
    return *this;
}

bool Statement::row() {
    const int code = sqlite3_step(statement_.get());
    if (code == SQLITE_ROW) return true;
    if (code != SQLITE_DONE) {
        const int extended = sqlite3_extended_errcode(database_->handle());
        try {
            database_->fail(extended);
        } catch (const StoreError&) {
            sqlite3_reset(statement_.get());
            throw;
        }
    }
    reset();
    return false;
}

void Statement::reset() {
    check(sqlite3_reset(statement_.get()));
}

void Statement::run() {
    while (row()) {
    }
}

std::int64_t Statement::integer(int column) const {
    return sqlite3_column_int64(statement_.get(), column);
}

std::string Statement::text(int column) const {
    const std::span<const std::byte> raw = bytes(column);
    return {reinterpret_cast<const char*>(raw.data()), raw.size()};
}

std::span<const std::byte> Statement::bytes(int column) const {
    const void* data = sqlite3_column_blob(statement_.get(), column);
    const int size = sqlite3_column_bytes(statement_.get(), column);
    return {static_cast<const std::byte*>(data), static_cast<std::size_t>(size)};
}

Database::Database(std::filesystem::path file, Mode mode) : file_(std::move(file)) {
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    flags |=
        mode == Mode::create ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY;
    std::string name = std::filesystem::absolute(file_).string();
    if (mode == Mode::read_unchanging) {
        flags |= SQLITE_OPEN_URI;
        name = uri(file_);
    }
    sqlite3* handle = nullptr;
    const int code = sqlite3_open_v2(name.c_str(), &handle, flags, nullptr);
    handle_.reset(handle);
    if (code != SQLITE_OK) fail(code);
    busy_timeout(busy_milliseconds);
}

Statement Database::prepare(std::string_view sql) {
    sqlite3_stmt* statement = nullptr;
    const int code = sqlite3_prepare_v2(handle_.get(), sql.data(), static_cast<int>(sql.size()),
                                        &statement, nullptr);
    if (code != SQLITE_OK) fail(code);
    return {*this, statement};
}

void Database::execute(const std::string& sql) {
    const int code = sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) fail(code);
}

std::int64_t Database::integer(std::string_view sql) {
    Statement statement = prepare(sql);
    if (!statement.row()) fail(fmt::format("no answer to {}", sql));
    return statement.integer(0);
}

void Database::busy_timeout(int milliseconds) {
    sqlite3_busy_timeout(handle_.get(), milliseconds);
}

bool Database::has_moved() const {
    int moved = 0;
    sqlite3_file_control(handle_.get(), "main", SQLITE_FCNTL_HAS_MOVED, &moved);
    return moved != 0;
}

void Database::fail(int code) const {
    const int primary = code & 0xff;
    if (primary == SQLITE_NOMEM) throw std::bad_alloc();  // no fault of the file
    std::string message = handle_ ? sqlite3_errmsg(handle_.get()) : sqlite3_errstr(code);
    const int system = handle_ ? sqlite3_system_errno(handle_.get()) : 0;
    if (system != 0 &&
        (primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN || primary == SQLITE_FULL))
        message += fmt::format(": {}", std::system_category().message(system));
    fail(fmt::format("SQLite says: {} (code {})", message, code));
}

void Database::fail(const std::string& message) const {
    throw StoreError(fmt::format("{}: {}", file_.string(), message));
}

Transaction::Transaction(Database& database) : database_(database) {
    database_.execute("BEGIN IMMEDIATE");
}

Transaction::~Transaction() {
    // Some failures have rolled back already; the file is right either way.
    if (open_) sqlite3_exec(database_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
}

void Transaction::commit() {
    if (database_.has_moved())
        database_.fail(std::string("was moved, removed or replaced while this run wrote to it"));
    database_.execute("COMMIT");
    open_ = false;
}

}  // namespace cucurbit
