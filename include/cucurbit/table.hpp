#pragma once
// The long-form table that every command prints: one row per point × arm × estimand.

#include <cstdint>
#include <iosfwd>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "cucurbit/theory.hpp"

namespace cucurbit {

/// Missing numbers are NaN: empty in CSV, null in JSON lines, NaN in NPY.
struct Row {
    std::vector<double> parameters;
    std::string arm;
    std::string estimand;
    double estimate, std_err, ci95_low, ci95_high;
    std::uint64_t n_trials = 0;
    std::uint64_t n_failed = 0;
    double theory;
    TheoryKind theory_kind = TheoryKind::none;
    double z;
    std::string flags;
    /// For the verdict, without columns: the law's Prediction::relative_error and
    /// TheoryRow::zero_scale, and the skewness of the trials.
    double relative_error = 0.0;
    double zero_scale = 0.0;
    double skewness = 0.0;
    Row();  ///< all numbers missing
};

struct Table {
    std::vector<std::string> parameters;  ///< leading columns
    std::vector<bool> whole;              ///< which of them are whole numbers
    std::vector<Row> rows;
};

/// A named column of any table; the columns of one table are equally long.
struct Column {
    std::string name;
    std::variant<std::vector<double>, std::vector<std::int64_t>, std::vector<std::string>> values;
};

/// A parameter's column: integers where it is whole, unless one of them is missing.
Column parameter_column(const std::string& name, bool whole, std::vector<double> numbers);

/// The table's columns in the order in which every format prints them: parameters…, arm, estimand,
/// estimate, std_err, ci95_low, ci95_high, n_trials, n_failed, theory, theory_kind, z, flags. Whole
/// parameters are integers, unless one of them is missing. Throws std::invalid_argument when a row
/// has not one value per parameter.
std::vector<Column> table_columns(const Table& table);

enum class TableFormat {
    csv,         ///< header line, quoting of RFC 4180, lines end in \n; infinity is inf
    json_lines,  ///< one object a line; infinity is the string "Infinity" or "-Infinity"
    npy,         ///< one structured array: <f8, <i8, fixed-width <U
    aligned      ///< for reading in a terminal: six digits, columns without any value left out
};

/// Writes columns with full precision (shortest text that reads back to the same double) in all
/// formats but `aligned`. Throws std::invalid_argument when columns differ in length. Errors of the
/// stream stay in its state.
void write_columns(std::span<const Column> columns, TableFormat format, std::ostream& out);

/// write_columns of table_columns.
void write_table(const Table& table, TableFormat format, std::ostream& out);

}  // namespace cucurbit
