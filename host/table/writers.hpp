#pragma once
// One writer a format; write_columns chooses and checks the lengths before.

#include <cstddef>
#include <ostream>
#include <span>

#include "cucurbit/table.hpp"

namespace cucurbit {

std::size_t row_count(const Column& column);

void write_csv_header(std::span<const Column> columns, std::ostream& out);
void write_csv_rows(std::span<const Column> columns, std::ostream& out);
void write_json_lines(std::span<const Column> columns, std::ostream& out);
void write_aligned(std::span<const Column> columns, std::ostream& out);

/// NumPy's format version 1.0, or 2.0 where the header needs more than 65,535 bytes.
void write_npy(std::span<const Column> columns, std::ostream& out);

}  // namespace cucurbit
