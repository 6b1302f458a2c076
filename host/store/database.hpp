#pragma once
// SQLite with errors as StoreError.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "cucurbit/store.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace cucurbit {

/// A prepared statement; valid as long as its database.
class Statement {
public:
    Statement(Statement&&) noexcept = default;

    /// Parameters count from 1. Text and bytes are not copied: they must outlive the next run() or
    /// the last row().
    Statement& bind(int index, std::int64_t value);
    Statement& bind(int index, std::string_view text);
    Statement& bind(int index, std::span<const std::byte> bytes);

    /// Advances; false after the last row, when the statement is ready to be bound again.
    bool row();
    /// Ends before the last row, ready to be bound again.
    void reset();
    /// Runs a statement that gives no rows.
    void run();

    /// Columns of the present row count from 0; text and bytes are valid until the next row().
    std::int64_t integer(int column) const;
    std::string text(int column) const;
    std::span<const std::byte> bytes(int column) const;

private:
    friend class Database;
    struct Finalize {
        void operator()(sqlite3_stmt* statement) const;
    };
    Statement(class Database& database, sqlite3_stmt* statement);
    void check(int code) const;

    class Database* database_;
    std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

/// One connection to one file. Not for several threads. Every failure is a StoreError with the path
/// and SQLite's own words.
class Database {
public:
    enum class Mode { create, read, read_unchanging };
    /// read_unchanging: without locks, for files on read-only media that nobody can change.
    Database(std::filesystem::path file, Mode mode);
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;

    Statement prepare(std::string_view sql);
    void execute(const std::string& sql);
    std::int64_t integer(std::string_view sql);
    void busy_timeout(int milliseconds);
    /// Whether the file is no longer the one of its name.
    bool has_moved() const;
    /// Throws StoreError with the text of this SQLite result code; std::bad_alloc for want of
    /// memory.
    [[noreturn]] void fail(int code) const;
    /// Throws StoreError: "FILE: message".
    [[noreturn]] void fail(const std::string& message) const;
    sqlite3* handle() const { return handle_.get(); }

private:
    struct Close {
        void operator()(sqlite3* handle) const;
    };
    std::filesystem::path file_;
    std::unique_ptr<sqlite3, Close> handle_;
};

/// BEGIN IMMEDIATE; rolled back unless committed.
class Transaction {
public:
    explicit Transaction(Database& database);
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;
    ~Transaction();
    void commit();

private:
    Database& database_;
    bool open_ = true;
};

}  // namespace cucurbit
