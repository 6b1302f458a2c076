#include <algorithm>
#include <cmath>
#include <functional>
#include <stdexcept>
#include <utility>

#include "host/table/writers.hpp"
#include "host/theory/special.hpp"

namespace cucurbit {

namespace {

/// Rows whose columns lie in memory at once, in the formats that need no more.
constexpr std::size_t rows_at_once = 4096;

bool is_whole(double x) {
    return std::isfinite(x) && std::trunc(x) == x;
}

/// Which parameters are integers in the table: whole, and missing in no row.
std::vector<bool> whole_columns(const Table& table) {
    std::vector<bool> whole = table.whole;
    if (whole.size() != table.parameters.size())
        throw std::invalid_argument("table: parameters and whole differ in length");
    for (const Row& row : table.rows) {
        if (row.parameters.size() != whole.size())
            throw std::invalid_argument("table: a row has not one value per parameter");
        for (std::size_t i = 0; i < whole.size(); ++i)
            if (!is_whole(row.parameters[i])) whole[i] = false;
    }
    return whole;
}

template <class T, class Get>
Column column(std::string name, std::span<const Row> rows, Get get) {
    std::vector<T> values;
    values.reserve(rows.size());
    for (const Row& row : rows) values.emplace_back(get(row));
    return {std::move(name), std::move(values)};
}

/// Of some of the table's rows; whole: of all of them.
std::vector<Column> columns_of(const Table& table, const std::vector<bool>& whole,
                               std::span<const Row> rows) {
    std::vector<Column> columns;
    const auto number = [&](const std::string& name, auto get) {
        columns.push_back(column<double>(name, rows, get));
    };
    const auto count = [&](const std::string& name, auto get) {
        columns.push_back(column<std::int64_t>(name, rows, get));
    };
    const auto text = [&](const char* name, auto get) {
        columns.push_back(column<std::string>(name, rows, get));
    };
    for (std::size_t i = 0; i < whole.size(); ++i) {
        const auto parameter = [i](const Row& row) { return row.parameters[i]; };
        if (whole[i])
            count(table.parameters[i], parameter);
        else
            number(table.parameters[i], parameter);
    }
    text("arm", std::mem_fn(&Row::arm));
    text("estimand", std::mem_fn(&Row::estimand));
    number("estimate", std::mem_fn(&Row::estimate));
    number("std_err", std::mem_fn(&Row::std_err));
    number("ci95_low", std::mem_fn(&Row::ci95_low));
    number("ci95_high", std::mem_fn(&Row::ci95_high));
    count("n_trials", std::mem_fn(&Row::n_trials));
    count("n_failed", std::mem_fn(&Row::n_failed));
    number("theory", std::mem_fn(&Row::theory));
    text("theory_kind", [](const Row& row) { return to_string(row.theory_kind); });
    number("z", std::mem_fn(&Row::z));
    text("flags", std::mem_fn(&Row::flags));
    return columns;
}

}  // namespace

Row::Row()
    : estimate(missing),
      std_err(missing),
      ci95_low(missing),
      ci95_high(missing),
      theory(missing),
      z(missing) {}

std::size_t row_count(const Column& column) {
    return std::visit([](const auto& values) { return values.size(); }, column.values);
}

Column parameter_column(const std::string& name, bool whole, std::vector<double> numbers) {
    if (!whole || !std::all_of(numbers.begin(), numbers.end(), is_whole))
        return {name, std::move(numbers)};
    return {name, std::vector<std::int64_t>(numbers.begin(), numbers.end())};
}

std::vector<Column> table_columns(const Table& table) {
    return columns_of(table, whole_columns(table), table.rows);
}

void write_columns(std::span<const Column> columns, TableFormat format, std::ostream& out) {
    for (const Column& column : columns)
        if (row_count(column) != row_count(columns.front()))
            throw std::invalid_argument("table: columns differ in length");
    switch (format) {
        case TableFormat::csv:
            write_csv_header(columns, out);
            return write_csv_rows(columns, out);
        case TableFormat::json_lines:
            return write_json_lines(columns, out);
        case TableFormat::npy:
            return write_npy(columns, out);
        case TableFormat::aligned:
            return write_aligned(columns, out);
    }
}

void write_table(const Table& table, TableFormat format, std::ostream& out) {
    if (format != TableFormat::csv && format != TableFormat::json_lines)
        return write_columns(table_columns(table), format, out);
    const std::vector<bool> whole = whole_columns(table);
    const auto columns_from = [&](std::size_t first) {
        const std::span<const Row> rest = std::span(table.rows).subspan(first);
        return columns_of(table, whole, rest.first(std::min(rest.size(), rows_at_once)));
    };
    if (format == TableFormat::csv) write_csv_header(columns_of(table, whole, {}), out);
    for (std::size_t first = 0; first < table.rows.size(); first += rows_at_once) {
        if (format == TableFormat::csv)
            write_csv_rows(columns_from(first), out);
        else
            write_json_lines(columns_from(first), out);
    }
}

}  // namespace cucurbit
