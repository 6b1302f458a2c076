#include "host/cli/output.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <set>
#include <system_error>
#include <utility>

#include "cucurbit/store.hpp"
#include "host/cli/exit.hpp"
#include "host/cli/process.hpp"

namespace cucurbit::cli {

namespace {

TableFormat format_named(const std::string& name) {
    if (name == "csv") return TableFormat::csv;
    if (name == "jsonl") return TableFormat::json_lines;
    if (name == "npy") return TableFormat::npy;
    return TableFormat::aligned;
}

[[noreturn]] void cannot_write(const std::string& place) {
    const int error = errno;
    throw StoreError(
        fmt::format("{}: cannot be written{}{}", place, error != 0 ? ": " : "",
                    error != 0 ? std::generic_category().message(error) : std::string()));
}

// Links, devices and pipes are written in place: a new file under their name would cut them off.
bool replaceable(const std::filesystem::path& file) {
    std::error_code error;
    const auto status = std::filesystem::symlink_status(file, error);
    return !std::filesystem::exists(status) || std::filesystem::is_regular_file(status);
}

/// What a run keeps in its folder is never an output.
void spare_run(const std::filesystem::path& file) {
    static const std::set<std::string> own{"store.sqlite",     "store.sqlite-wal",
                                           "store.sqlite-shm", "store.sqlite-journal",
                                           "store.lock",       "study.toml"};
    std::error_code error;
    const std::filesystem::path target = std::filesystem::weakly_canonical(file, error);
    if (!error && own.contains(target.filename().string()) &&
        std::filesystem::exists(target.parent_path() / "store.sqlite", error))
        throw UsageError(fmt::format("-o {} belongs to the run in that folder: name another file",
                                     file.string()));
}

/// Writes a table of some kind.
using Writer = std::function<void(TableFormat, std::ostream&)>;

void write_file(const Writer& write, TableFormat format, const std::string& file) {
    spare_run(file);
    const std::string target =
        replaceable(file) ? fmt::format("{}.part{}", file, ::getpid()) : file;
    errno = 0;
    std::ofstream out(target, std::ios::binary);
    if (!out) cannot_write(file);
    write(format, out);
    out.close();
    if (out && (target == file || std::rename(target.c_str(), file.c_str()) == 0)) return;
    const int error = errno;
    if (target != file) std::remove(target.c_str());
    errno = error;
    cannot_write(file);
}

void print(const Writer& write, const Output& output) {
    const TableFormat format = format_named(output.format);
    if (!output.file.empty() && output.file != "-") return write_file(write, format, output.file);
    if (format == TableFormat::npy && ::isatty(STDOUT_FILENO) == 1)
        throw UsageError("npy is binary and stdout is a terminal: give a file with -o FILE");
    write(format, std::cout);
    finish_stdout();
}

}  // namespace

void add_output_options(CLI::App& command, Output& output, Aligned aligned) {
    std::vector<std::string> formats{"csv", "jsonl", "npy"};
    if (aligned == Aligned::allowed) formats.emplace_back("aligned");
    command.add_option("--format", output.format, "Format of the table")
        ->check(CLI::Validator(
            [](const std::string& format) {
                return format == "parquet" ? std::string(
                                                 "Parquet is written by the Python package: "
                                                 "python3 -m cucurbit parquet DIR")
                                           : std::string();
            },
            ""))
        ->check(CLI::IsMember(formats))
        ->capture_default_str();
    command.add_option("-o,--output", output.file, "File to write instead of stdout")
        ->type_name("FILE");
}

Column number_column(std::string name, std::vector<double> numbers, bool whole) {
    if (!whole) return {std::move(name), std::move(numbers)};
    return {std::move(name), std::vector<std::int64_t>(numbers.begin(), numbers.end())};
}

void finish_stdout() {
    errno = 0;
    std::cout.flush();
    if (std::cout) return;
    const int error = errno;
    end_by_broken_pipe();
    errno = error;
    cannot_write("standard output");
}

void print_columns(const std::vector<Column>& columns, const Output& output) {
    print([&](TableFormat format, std::ostream& out) { write_columns(columns, format, out); },
          output);
}

void spare_inputs(const Output& output, const std::vector<std::filesystem::path>& inputs) {
    std::error_code absent;
    for (const std::filesystem::path& input : inputs)
        if (!output.file.empty() && std::filesystem::equivalent(output.file, input, absent))
            throw UsageError(fmt::format("-o {} is what is read: name another file", output.file));
}

void print_table(const Table& table, const Output& output) {
    print([&](TableFormat format, std::ostream& out) { write_table(table, format, out); }, output);
}

}  // namespace cucurbit::cli
