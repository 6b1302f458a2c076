#pragma once
// The long-form table that every command prints: one row per point × arm × estimand.

#include <cstdint>
#include <iosfwd>
#include <string>
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
    Row();  ///< all numbers missing
};

struct Table {
    std::vector<std::string> parameters;  ///< leading columns
    std::vector<bool> whole;              ///< which of them are whole numbers
    std::vector<Row> rows;
};

enum class TableFormat { csv, json_lines, npy };

/// Writes the table with full precision (shortest text that reads back to the same double).
void write_table(const Table& table, TableFormat format, std::ostream& out);

}  // namespace cucurbit
