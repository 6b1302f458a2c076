#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <nlohmann/json.hpp>

#include "host/table/printable.hpp"
#include "host/table/writers.hpp"

namespace cucurbit {

namespace {

std::size_t rows_of(std::span<const Column> columns) {
    return columns.empty() ? 0 : row_count(columns.front());
}

std::string quoted(const std::string& text) {
    if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
    std::string result = "\"";
    for (const char c : text) result += c == '"' ? std::string("\"\"") : std::string(1, c);
    return result + '"';
}

struct CsvCell {
    std::size_t row;
    std::string operator()(const std::vector<double>& values) const {
        return std::isnan(values[row]) ? std::string() : fmt::format("{}", values[row]);
    }
    std::string operator()(const std::vector<std::int64_t>& values) const {
        return fmt::format("{}", values[row]);
    }
    std::string operator()(const std::vector<std::string>& values) const {
        return quoted(values[row]);
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

void write_csv(std::span<const Column> columns, std::ostream& out) {
    fmt::memory_buffer line;
    const auto end_cell = [&](std::size_t i) {
        line.push_back(i + 1 < columns.size() ? ',' : '\n');
    };
    for (std::size_t i = 0; i < columns.size(); ++i) {
        line.append(quoted(columns[i].name));
        end_cell(i);
    }
    for (std::size_t row = 0; row < rows_of(columns); ++row) {
        for (std::size_t i = 0; i < columns.size(); ++i) {
            line.append(std::visit(CsvCell{row}, columns[i].values));
            end_cell(i);
        }
        out.write(line.data(), static_cast<std::streamsize>(line.size()));
        line.clear();
    }
    out.write(line.data(), static_cast<std::streamsize>(line.size()));
}

void write_json_lines(std::span<const Column> columns, std::ostream& out) {
    for (std::size_t row = 0; row < rows_of(columns); ++row) {
        std::string line;
        for (const Column& column : columns)
            fmt::format_to(std::back_inserter(line), "{}{}:{}", line.empty() ? "{" : ",",
                           json_text(column.name), std::visit(JsonCell{row}, column.values));
        out << line << "}\n";
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
