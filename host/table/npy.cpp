#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <iterator>

#include "host/table/writers.hpp"

namespace cucurbit {

namespace {

static_assert(std::endian::native == std::endian::little, "NPY columns are written in host order");

// Malformed bytes become U+FFFD, one each, so that a table can always be written.
std::u32string decode_utf8(const std::string& text) {
    std::u32string result;
    for (std::size_t i = 0; i < text.size();) {
        const auto lead = static_cast<unsigned char>(text[i]);
        const int extra = std::clamp(std::countl_one(lead) - 1, -1, 4);
        char32_t value = extra < 0 ? lead : lead & (0x3Fu >> extra);
        bool good = lead < 0x80 || (extra >= 1 && extra <= 3);
        std::size_t next = i + 1;
        for (int k = 0; good && k < extra; ++k, ++next) {
            good = next < text.size() && (static_cast<unsigned char>(text[next]) & 0xC0) == 0x80;
            if (good) value = (value << 6) | (static_cast<unsigned char>(text[next]) & 0x3Fu);
        }
        good = good && value <= 0x10FFFF && (value < 0xD800 || value > 0xDFFF);
        result += good ? value : U'\uFFFD';
        i = good ? next : i + 1;
    }
    return result;
}

// A column as the bytes of its cells, each `width` bytes.
struct Field {
    std::string type;
    std::size_t width = 0;
    std::vector<char> bytes;
};

template <class T>
Field number_field(const char* type, const std::vector<T>& values) {
    Field field{type, sizeof(T), std::vector<char>(values.size() * sizeof(T))};
    if (!values.empty()) std::memcpy(field.bytes.data(), values.data(), field.bytes.size());
    return field;
}

struct MakeField {
    Field operator()(const std::vector<double>& values) const {
        return number_field("<f8", values);
    }
    Field operator()(const std::vector<std::int64_t>& values) const {
        return number_field("<i8", values);
    }
    Field operator()(const std::vector<std::string>& values) const {
        std::vector<std::u32string> texts;
        std::transform(values.begin(), values.end(), std::back_inserter(texts), decode_utf8);
        std::size_t length = 1;
        for (const std::u32string& text : texts) length = std::max(length, text.size());
        Field field{fmt::format("<U{}", length), 4 * length, {}};
        field.bytes.resize(texts.size() * field.width);
        for (std::size_t row = 0; row < texts.size(); ++row)
            if (!texts[row].empty())
                std::memcpy(field.bytes.data() + row * field.width, texts[row].data(),
                            4 * texts[row].size());
        return field;
    }
};

std::string python_literal(const std::string& name) {
    std::string result = "'";
    for (const char c : name) {
        if (c == '\'' || c == '\\') result += '\\';
        result += c;
    }
    return result + "'";
}

// Magic, version, header length, and the header padded so that the data starts at a multiple of 64.
std::string preamble(const std::string& description) {
    const auto padded = [&](std::size_t before) {
        const std::size_t length = before + description.size() + 1;
        return description + std::string((64 - length % 64) % 64, ' ') + '\n';
    };
    const std::string magic = "\x93NUMPY";
    const std::string short_header = padded(10);
    const bool is_short = short_header.size() <= 0xFFFF;
    const std::string header = is_short ? short_header : padded(12);
    std::string result = magic + (is_short ? '\x01' : '\x02') + '\x00';
    for (int byte = 0; byte < (is_short ? 2 : 4); ++byte)
        result += static_cast<char>((header.size() >> (8 * byte)) & 0xFF);
    return result + header;
}

}  // namespace

void write_npy(std::span<const Column> columns, std::ostream& out) {
    std::vector<Field> fields;
    std::string types;
    for (const Column& column : columns) {
        fields.push_back(std::visit(MakeField{}, column.values));
        types += fmt::format("({}, '{}'), ", python_literal(column.name), fields.back().type);
    }
    const std::size_t rows = columns.empty() ? 0 : row_count(columns.front());
    out << preamble(
        fmt::format("{{'descr': [{}], 'fortran_order': False, 'shape': ({},), }}", types, rows));
    for (std::size_t row = 0; row < rows; ++row)
        for (const Field& field : fields)
            out.write(field.bytes.data() + row * field.width,
                      static_cast<std::streamsize>(field.width));
}

}  // namespace cucurbit
