#include "host/config/value_files.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <map>
#include <stdexcept>

#include <fmt/format.h>

#include "cucurbit/hash.hpp"
#include "host/config/bytes.hpp"
#include "host/config/messages.hpp"

namespace cucurbit {
namespace {

[[noreturn]] void refuse(const std::string& message) {
    throw std::runtime_error(message);
}

/// The text behind 'name': in the header of a .npy file, a Python dictionary on one line.
std::string_view header_entry(std::string_view header, std::string_view name) {
    const std::size_t at = header.find(fmt::format("'{}':", name));
    if (at == std::string_view::npos) refuse(fmt::format("its .npy header has no '{}'", name));
    header.remove_prefix(at + name.size() + 3);
    header.remove_prefix(std::min(header.find_first_not_of(' '), header.size()));
    return header;
}

/// The header's text; bytes loses it and what precedes it.
std::string_view take_header(std::string_view& bytes) {
    constexpr std::string_view magic = "\x93NUMPY";
    if (!bytes.starts_with(magic)) refuse("not a .npy file");
    if (bytes.size() < 12) refuse("truncated within its .npy header");
    const auto version = static_cast<unsigned char>(bytes[6]);
    if (version < 1 || version > 3)
        refuse(fmt::format("format version {} is not known; allowed: 1 to 3", version));
    const std::size_t before = version == 1 ? 10 : 12;
    const std::uint64_t length = little_endian(bytes.substr(8, before - 8));
    if (length > bytes.size() - before) refuse("truncated within its .npy header");
    const std::string_view header = bytes.substr(before, length);
    bytes.remove_prefix(before + length);
    return header;
}

// Values are read as they lie in the file, those of big-endian files with their bytes reversed.
static_assert(std::endian::native == std::endian::little);

template <class Stored>
double read_little(const char* at) {
    Stored value{};
    std::memcpy(&value, at, sizeof value);
    return static_cast<double>(value);
}

template <class Stored>
double read_big(const char* at) {
    std::array<char, sizeof(Stored)> reversed{};
    std::reverse_copy(at, at + sizeof(Stored), reversed.begin());
    return read_little<Stored>(reversed.data());
}

template <class Stored>
NpyElement element(bool big) {
    return {sizeof(Stored), big ? read_big<Stored> : read_little<Stored>};
}

/// The element of a dtype: '<', '>', '=' (this machine's order, little-endian) or '|' (one byte),
/// then a letter and the size.
NpyElement element_of(std::string_view header) {
    const std::string_view entry = header_entry(header, "descr");
    std::string_view type = entry.substr(0, entry.find_first_of(",}", 1));
    if (type.size() > 1 && type.front() == '\'' && type.back() == '\'')
        type = type.substr(1, type.size() - 2);
    const bool big = type.starts_with('>');
    const std::map<std::string_view, NpyElement> known{
        {"f8", element<double>(big)},         {"f4", element<float>(big)},
        {"i8", element<std::int64_t>(big)},   {"u8", element<std::uint64_t>(big)},
        {"i4", element<std::int32_t>(big)},   {"u4", element<std::uint32_t>(big)},
        {"i2", element<std::int16_t>(big)},   {"u2", element<std::uint16_t>(big)},
        {"i1", element<std::int8_t>(false)},  {"u1", element<std::uint8_t>(false)},
        {"b1", element<std::uint8_t>(false)},
    };
    if (!type.empty() && std::string_view("<>=|").find(type.front()) != std::string_view::npos) {
        const auto found = known.find(type.substr(1));
        const bool one_byte = found != known.end() && found->second.size == 1;
        if (found != known.end() && (one_byte || type.front() != '|')) return found->second;
    }
    refuse(
        fmt::format("its values have dtype {}; allowed: '<f8', '<f4' (float64, float32), integers "
                    "such as '<i8', these with '>' (big-endian), or '|b1'",
                    in_quotes(type)));
}

std::string_view shape_text(std::string_view header) {
    const std::string_view entry = header_entry(header, "shape");
    return entry.substr(0, entry.find(')') + 1);
}

/// Of a shape with more than two axes, or that is none, no axes.
NpyShape shape_of(std::string_view header) {
    NpyShape parsed{element_of(header), {}, false};
    parsed.fortran_order = header_entry(header, "fortran_order").starts_with("True");
    std::string_view rest = shape_text(header);
    if (rest.starts_with('(')) rest.remove_prefix(1);
    std::uint64_t length = 0;
    while (true) {
        const auto read = std::from_chars(rest.data(), rest.data() + rest.size(), length);
        if (read.ec != std::errc{}) break;
        parsed.axes.push_back(length);
        rest.remove_prefix(static_cast<std::size_t>(read.ptr - rest.data()));
        if (rest.starts_with(',')) rest.remove_prefix(1);
        if (rest.starts_with(' ')) rest.remove_prefix(1);
    }
    if (rest != ")" || parsed.axes.size() > 2) parsed.axes.clear();
    return parsed;
}

/// The length of the only axis, a row or a column.
std::uint64_t only_axis(std::string_view header) {
    const std::vector<std::uint64_t> axes = shape_of(header).axes;
    if (axes.size() == 1 || (axes.size() == 2 && axes[1] == 1)) return axes[0];
    if (axes.size() == 2 && axes[0] == 1) return axes[1];
    refuse(fmt::format("its shape is {}; allowed: (p,), (p, 1) or (1, p)",
                       in_quotes(shape_text(header))));
}

/// Rows and columns of a matrix in C order.
std::pair<std::uint64_t, std::uint64_t> two_axes(std::string_view header) {
    const NpyShape shape = shape_of(header);
    if (shape.axes.size() == 2 && !shape.fortran_order) return {shape.axes[0], shape.axes[1]};
    refuse(fmt::format("its shape is {}; allowed: two axes, (rows, columns), in C order",
                       in_quotes(shape_text(header))));
}

/// The values behind a header that announces so many.
std::vector<double> elements(const NpyElement& element, std::string_view bytes,
                             std::uint64_t length) {
    if (bytes.size() / element.size != length || bytes.size() % element.size != 0)
        refuse(fmt::format("its header announces {} values of {} bytes, {} bytes follow", length,
                           element.size, bytes.size()));
    std::vector<double> values(length);
    for (std::size_t i = 0; i < length; ++i)
        values[i] = element.read(bytes.data() + i * element.size);
    return values;
}

void require_finite(std::vector<double>& values) {
    if (values.empty()) refuse("holds no values");
    for (std::size_t i = 0; i < values.size(); ++i)
        if (!std::isfinite(values[i]))
            refuse(fmt::format("value {} is {}; allowed: finite numbers", i + 1,
                               canonical_number(values[i])));
    for (double& value : values) value += 0.0;
}

std::string_view trimmed(std::string_view line) {
    const std::size_t first = line.find_first_not_of(" \t\r");
    if (first == std::string_view::npos) return {};
    return line.substr(first, line.find_last_not_of(" \t\r") - first + 1);
}

/// Whether the whole cell is a number; overflow is an infinite number.
bool read_number(std::string_view cell, double& value) {
    if (cell.starts_with('+') && !cell.starts_with("+-")) cell.remove_prefix(1);
    const char* end = cell.data() + cell.size();
    const auto read = std::from_chars(cell.data(), end, value);
    if (read.ec == std::errc::result_out_of_range && read.ptr == end) {
        value = std::strtod(std::string(cell).c_str(), nullptr);
        return true;
    }
    return read.ec == std::errc{} && read.ptr == end;
}

/// How other programs mark a value that is not there.
bool is_missing(std::string_view cell) {
    static constexpr std::array<std::string_view, 8> marks{"NA",   "N/A",  "#N/A", "<NA>",
                                                           "NULL", "null", "None", "-"};
    return std::find(marks.begin(), marks.end(), cell) != marks.end();
}

/// Two groups of digits around one comma, such as "1,5".
bool may_be_decimal_comma(std::string_view cell) {
    const std::size_t comma = cell.find(',');
    if (comma == std::string_view::npos) return false;
    const std::string_view behind = cell.substr(comma + 1);
    double whole = 0.0;
    return read_number(cell.substr(0, comma), whole) && !behind.empty() && behind[0] >= '0' &&
           behind[0] <= '9' && read_number(behind, whole);
}

/// The number in a cell; throws where there is more than one, or none that is allowed. False for
/// other text.
bool read_cell(std::string_view cell, std::size_t line, double& value) {
    if (may_be_decimal_comma(cell))
        refuse(
            fmt::format("line {}: {} has a decimal comma or a second column; allowed: one "
                        "number a line, with a decimal point",
                        line, in_quotes(cell)));
    if (cell.find_first_of(",;\t") != std::string_view::npos)
        refuse(fmt::format("line {} has more than one column; allowed: one", line));
    if (is_missing(cell))
        refuse(fmt::format("line {}: {} marks a missing value; allowed: finite numbers", line,
                           in_quotes(cell)));
    return read_number(cell, value);
}

}  // namespace

NpyShape parse_npy_shape(std::string_view& bytes) {
    const std::string_view header = take_header(bytes);
    NpyShape shape = shape_of(header);
    if (shape.axes.empty())
        refuse(fmt::format("its shape is {}; allowed: one or two axes",
                           in_quotes(shape_text(header))));
    return shape;
}

std::vector<double> parse_npy(std::string_view bytes) {
    const std::string_view header = take_header(bytes);
    return elements(element_of(header), bytes, only_axis(header));
}

std::vector<double> parse_csv(std::string_view bytes) {
    if (bytes.starts_with("\xef\xbb\xbf")) bytes.remove_prefix(3);
    if (bytes.find('\0') != std::string_view::npos)
        refuse("holds zero bytes, as text in UTF-16 does; allowed: text in UTF-8");
    std::vector<double> values;
    std::size_t line = 0, blank = 0;
    while (!bytes.empty()) {
        const std::string_view row = bytes.substr(0, bytes.find('\n'));
        bytes.remove_prefix(std::min(bytes.size(), row.size() + 1));
        const std::string_view cell = trimmed(row);
        ++line;
        if (cell.empty()) {
            if (blank == 0) blank = line;
            continue;
        }
        if (blank != 0) refuse(fmt::format("line {} is empty", blank));
        double value = 0.0;
        if (read_cell(cell, line, value))
            values.push_back(value);
        else if (line > 1)
            refuse(fmt::format("line {}: {} is not a number", line, in_quotes(cell)));
    }
    return values;
}

std::vector<double> parse_value_file(const std::string& path, std::string_view bytes) {
    std::vector<double> values;
    if (path.ends_with(".npy"))
        values = parse_npy(bytes);
    else if (path.ends_with(".csv"))
        values = parse_csv(bytes);
    else
        refuse("its ending is not known; allowed: .npy or .csv");
    require_finite(values);
    return values;
}

ValueTable parse_value_table(const std::string& path, std::string_view bytes) {
    if (!path.ends_with(".npy")) refuse("its ending is not known; allowed: .npy");
    const std::string_view header = take_header(bytes);
    const NpyElement element = element_of(header);
    const auto [rows, cols] = two_axes(header);
    if (cols != 0 && rows > bytes.size() / cols)
        refuse(fmt::format("its header announces {} rows of {} values, {} bytes follow", rows, cols,
                           bytes.size()));
    ValueTable table{rows, cols, elements(element, bytes, rows * cols)};
    require_finite(table.values);
    return table;
}

}  // namespace cucurbit
