#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

#include "host/table/writers.hpp"
#include "host/theory/special.hpp"

namespace cucurbit {

namespace {

template <class T, class Get>
Column column(const char* name, const Table& table, Get get) {
    std::vector<T> values;
    values.reserve(table.rows.size());
    for (const Row& row : table.rows) values.emplace_back(get(row));
    return {name, std::move(values)};
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
    const auto is_whole = [](double x) { return std::isfinite(x) && std::trunc(x) == x; };
    if (!whole || !std::all_of(numbers.begin(), numbers.end(), is_whole))
        return {name, std::move(numbers)};
    return {name, std::vector<std::int64_t>(numbers.begin(), numbers.end())};
}

std::vector<Column> table_columns(const Table& table) {
    if (table.whole.size() != table.parameters.size())
        throw std::invalid_argument("table: parameters and whole differ in length");
    for (const Row& row : table.rows)
        if (row.parameters.size() != table.parameters.size())
            throw std::invalid_argument("table: a row has not one value per parameter");
    std::vector<Column> columns;
    for (std::size_t i = 0; i < table.parameters.size(); ++i) {
        std::vector<double> numbers;
        numbers.reserve(table.rows.size());
        for (const Row& row : table.rows) numbers.push_back(row.parameters[i]);
        columns.push_back(
            parameter_column(table.parameters[i], table.whole[i], std::move(numbers)));
    }
    const auto number = [&](const char* name, double Row::*field) {
        columns.push_back(column<double>(name, table, [=](const Row& row) { return row.*field; }));
    };
    const auto text = [&](const char* name, std::string Row::*field) {
        columns.push_back(
            column<std::string>(name, table, [=](const Row& row) { return row.*field; }));
    };
    const auto count = [&](const char* name, std::uint64_t Row::*field) {
        columns.push_back(
            column<std::int64_t>(name, table, [=](const Row& row) { return row.*field; }));
    };
    text("arm", &Row::arm);
    text("estimand", &Row::estimand);
    number("estimate", &Row::estimate);
    number("std_err", &Row::std_err);
    number("ci95_low", &Row::ci95_low);
    number("ci95_high", &Row::ci95_high);
    count("n_trials", &Row::n_trials);
    count("n_failed", &Row::n_failed);
    number("theory", &Row::theory);
    columns.push_back(column<std::string>(
        "theory_kind", table, [](const Row& row) { return to_string(row.theory_kind); }));
    number("z", &Row::z);
    text("flags", &Row::flags);
    return columns;
}

void write_columns(std::span<const Column> columns, TableFormat format, std::ostream& out) {
    for (const Column& column : columns)
        if (row_count(column) != row_count(columns.front()))
            throw std::invalid_argument("table: columns differ in length");
    switch (format) {
        case TableFormat::csv:
            return write_csv(columns, out);
        case TableFormat::json_lines:
            return write_json_lines(columns, out);
        case TableFormat::npy:
            return write_npy(columns, out);
        case TableFormat::aligned:
            return write_aligned(columns, out);
    }
}

void write_table(const Table& table, TableFormat format, std::ostream& out) {
    write_columns(table_columns(table), format, out);
}

}  // namespace cucurbit
