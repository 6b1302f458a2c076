#include <fmt/compile.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string_view>

#include "host/table/printable.hpp"
#include "host/table/writers.hpp"

namespace cucurbit {

namespace {

std::size_t rows_of(std::span<const Column> columns) {
    return columns.empty() ? 0 : row_count(columns.front());
}

/// Writes what the buffer holds, and empties it.
void write(fmt::memory_buffer& buffer, std::ostream& out) {
    out.write(buffer.data(), static_cast<std::streamsize>(buffer.size()));
    buffer.clear();
}

void append_quoted(std::string_view text, fmt::memory_buffer& line) {
    const bool plain = text.find_first_of(",\"\r\n") == std::string_view::npos;
    if (plain) return line.append(text);
    line.push_back('"');
    for (const char c : text) {
        if (c == '"') line.push_back('"');
        line.push_back(c);
    }
    line.push_back('"');
}

/// Appends a cell to the line.
struct CsvCell {
    std::size_t row;
    fmt::memory_buffer& line;
    void operator()(const std::vector<double>& values) const {
        if (!std::isnan(values[row]))
            fmt::format_to(std::back_inserter(line), FMT_COMPILE("{}"), values[row]);
    }
    void operator()(const std::vector<std::int64_t>& values) const {
        fmt::format_to(std::back_inserter(line), FMT_COMPILE("{}"), values[row]);
    }
    void operator()(const std::vector<std::string>& values) const {
        append_quoted(values[row], line);
    }
};

// Bytes that are no UTF-8 are replaced: a table must be written whatever a file was called.
std::string json_text(const std::string& text) {
    return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

struct JsonCell {
    std::size_t row;
    std::string operator()(const std::vector<double>& values) const {
        const double value = values[row];
        if (std::isnan(value)) return "null";
        if (std::isinf(value)) return value > 0 ? "\"Infinity\"" : "\"-Infinity\"";
        return fmt::format("{}", value);
    }
    std::string operator()(const std::vector<std::int64_t>& values) const {
        return fmt::format("{}", values[row]);
    }
    std::string operator()(const std::vector<std::string>& values) const {
        return json_text(values[row]);
    }
};

struct AlignedCell {
    std::size_t row;
    std::string operator()(const std::vector<double>& values) const {
        return std::isnan(values[row]) ? std::string() : fmt::format("{:.6g}", values[row]);
    }
    std::string operator()(const std::vector<std::int64_t>& values) const {
        return fmt::format("{}", values[row]);
    }
    std::string operator()(const std::vector<std::string>& values) const {
        return printable(values[row]);
    }
};

std::size_t code_points(const std::string& text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    }));
}

struct AlignedColumn {
    std::vector<std::string> cells;  // the header first
    std::size_t width = 0;
    bool left = false;
};

AlignedColumn aligned_column(const Column& column) {
    AlignedColumn result{
        {column.name}, 0, std::holds_alternative<std::vector<std::string>>(column.values)};
    for (std::size_t row = 0; row < row_count(column); ++row)
        result.cells.push_back(std::visit(AlignedCell{row}, column.values));
    for (const std::string& cell : result.cells)
        result.width = std::max(result.width, code_points(cell));
    return result;
}

bool has_value(const AlignedColumn& column) {
    return column.cells.size() == 1 ||
           std::any_of(column.cells.begin() + 1, column.cells.end(),
                       [](const std::string& cell) { return !cell.empty(); });
}

}  // namespace

void write_csv_header(std::span<const Column> columns, std::ostream& out) {
    fmt::memory_buffer line;
    for (const Column& column : columns) {
        if (&column != columns.data()) line.push_back(',');
        append_quoted(column.name, line);
    }
    line.push_back('\n');
    write(line, out);
}

void write_csv_rows(std::span<const Column> columns, std::ostream& out) {
    fmt::memory_buffer line;
    for (std::size_t row = 0; row < rows_of(columns); ++row) {
        for (const Column& column : columns) {
            if (&column != columns.data()) line.push_back(',');
            std::visit(CsvCell{row, line}, column.values);
        }
        line.push_back('\n');
        write(line, out);
    }
}

void write_json_lines(std::span<const Column> columns, std::ostream& out) {
    std::vector<std::string> names;
    for (const Column& column : columns) names.push_back(json_text(column.name));
    fmt::memory_buffer line;
    for (std::size_t row = 0; row < rows_of(columns); ++row) {
        for (std::size_t i = 0; i < columns.size(); ++i)
            fmt::format_to(std::back_inserter(line), "{}{}:{}", i == 0 ? '{' : ',', names[i],
                           std::visit(JsonCell{row}, columns[i].values));
        line.append(std::string_view("}\n"));
        write(line, out);
    }
}

void write_aligned(std::span<const Column> columns, std::ostream& out) {
    std::vector<AlignedColumn> shown;
    for (const Column& column : columns) {
        shown.push_back(aligned_column(column));
        if (!has_value(shown.back())) shown.pop_back();
    }
    const std::size_t lines = shown.empty() ? 0 : shown.front().cells.size();
    for (std::size_t i = 0; i < lines; ++i) {
        std::string line;
        for (const AlignedColumn& column : shown) {
            const std::string& cell = column.cells[i];
            const std::string padding(column.width - code_points(cell), ' ');
            if (&column != &shown.front()) line += "  ";
            line += column.left ? cell + padding : padding + cell;
        }
        line.erase(line.find_last_not_of(' ') + 1);
        out << line << '\n';
    }
}

}  // namespace cucurbit
