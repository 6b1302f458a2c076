#pragma once
// Data that a command prints: a table on stdout or in a file, in the format asked for.

#include <CLI/CLI.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "cucurbit/table.hpp"

namespace cucurbit::cli {

/// --format and -o of a command.
struct Output {
    std::string format;
    std::string file;  ///< empty or "-": stdout
};

enum class Aligned { allowed, refused };

/// Adds --format (csv, jsonl, npy, and aligned where allowed) with the default already in `output`,
/// and -o.
void add_output_options(CLI::App& command, Output& output, Aligned aligned);

/// Numbers as they are, or as integers.
Column number_column(std::string name, std::vector<double> numbers, bool whole);

/// Writes the whole table or nothing: a file appears under its name only when it is complete.
/// Throws StoreError where it cannot be written, UsageError for NPY on a terminal and
/// where the file is one of a run's own.
void print_columns(const std::vector<Column>& columns, const Output& output);
void print_table(const Table& table, const Output& output);

/// Throws UsageError where the output is one of the files that the command reads.
void spare_inputs(const Output& output, const std::vector<std::filesystem::path>& inputs);

/// Ends stdout; throws StoreError when anything printed did not arrive.
void finish_stdout();

}  // namespace cucurbit::cli
