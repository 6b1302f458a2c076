#include "host/config/document.hpp"

#include <algorithm>
#include <cctype>
#include <string_view>

#include <fmt/format.h>

#include "host/config/edits.hpp"
#include "host/config/messages.hpp"
#include "host/config/toml_text.hpp"

namespace cucurbit {
namespace {

constexpr std::size_t longest_text = std::size_t{16} << 20;
constexpr std::size_t longest_key = 100;

/// toml++ builds one nested table a dot and frees them recursively: a key of a million dots would
/// exhaust the stack. Comment lines may hold what they like.
void check_key_lengths(std::string_view text, const std::string& file_name) {
    std::size_t line = 1;
    while (!text.empty()) {
        const std::string_view row = text.substr(0, text.find('\n'));
        const std::size_t first = row.find_first_not_of(" \t");
        std::size_t dots = 0;
        if (first != std::string_view::npos && row[first] != '#') {
            for (std::size_t i = first; i < row.size(); ++i) {
                if (std::string_view("=,[]{}").find(row[i]) != std::string_view::npos) dots = 0;
                if (row[i] == '.' && ++dots > longest_key)
                    throw StudyError({file_name, line, i + 1},
                                     fmt::format("a key of more than {} parts", longest_key));
            }
        }
        text.remove_prefix(std::min(text.size(), row.size() + 1));
        ++line;
    }
}

std::string_view line_of(std::string_view text, std::size_t line) {
    for (; line > 1 && text.find('\n') != std::string_view::npos; --line)
        text.remove_prefix(text.find('\n') + 1);
    return text.substr(0, text.find('\n'));
}

bool starts_character(char byte) {
    return (static_cast<unsigned char>(byte) & 0xc0U) != 0x80U;
}

std::size_t characters(std::string_view bytes) {
    return static_cast<std::size_t>(std::count_if(bytes.begin(), bytes.end(), starts_character));
}

/// The byte at which a column, counted in characters of UTF-8, begins.
std::size_t bytes_before(std::string_view row, std::size_t column) {
    std::size_t at = 0;
    for (std::size_t seen = 0; at < row.size(); ++at)
        if (starts_character(row[at]) && ++seen == column) break;
    return at;
}

/// The key that an error about a second definition names, if it is about one.
std::string_view redefined_key(std::string_view description) {
    if (description.find("cannot redefine existing") == std::string_view::npos) return {};
    const std::size_t begin = description.find('\'');
    if (begin == std::string_view::npos) return {};
    return description.substr(begin + 1, description.find('\'', begin + 1) - begin - 1);
}

/// Whether an error is about an inline table of several lines or one that ends in a comma, as TOML
/// 1.1 allows.
bool is_line_break_in_table(std::string_view description) {
    const auto says = [&](std::string_view part) {
        return description.find(part) != std::string_view::npos;
    };
    return says("closing '}'") &&
           (says("dangling comma") || says("\\n") || says("\\r") || says("\n") || says("\r"));
}

/// An error of toml++ in this project's words: a duplicate key at the key itself (toml++ points
/// behind it), a bare word with the advice to quote it.
StudyError syntax_error(const toml::parse_error& error, const std::string& text,
                        const std::string& file_name) {
    const auto begin = error.source().begin;
    Position position{file_name, begin.line, begin.column};
    const std::string_view description = error.description();
    // toml++ stops at the last character before the broken one.
    if (description.find("utf-8") != std::string_view::npos) ++position.column;
    const std::string_view row = line_of(text, position.line);
    if (const std::string_view key = redefined_key(description); !key.empty()) {
        const std::size_t at = row.rfind(key, bytes_before(row, position.column));
        if (at != std::string_view::npos) position.column = characters(row.substr(0, at)) + 1;
        return {position, fmt::format("{}: defined twice; a key or table stands once", key)};
    }
    if (is_line_break_in_table(description))
        return {position,
                fmt::format("not valid TOML: {}; TOML 1.0 has no line breaks or last commas inside "
                            "{{ }}: write one line, or a table under its own header, "
                            "such as [population.spectrum]",
                            description)};
    const std::size_t equals = row.find('=');
    std::string advice;
    if (equals != std::string_view::npos && equals + 1 < row.size()) {
        std::string_view value = row.substr(equals + 1);
        value.remove_prefix(std::min(value.find_first_not_of(" \t"), value.size()));
        const auto first = static_cast<unsigned char>(value.empty() ? '\0' : value[0]);
        if (std::isalpha(first) || first >= 0x80) advice = "; text needs quotes: \"…\"";
    }
    return {position, fmt::format("not valid TOML: {}{}", description, advice)};
}

}  // namespace

Position Reader::Document::position(const toml::source_region& region) const {
    if (region.path && is_edit(*region.path)) return {*region.path, 0, 0};
    if (region.begin.line == 0) return {file_name, 1, 1};
    return {file_name, region.begin.line, region.begin.column};
}

const FileContents& Reader::Document::file(const std::string& path) {
    const auto found = files.find(path);
    return found != files.end() ? found->second : files.emplace(path, source(path)).first->second;
}

toml::table parse_toml(const std::string& text, const std::string& file_name) {
    if (text.size() > longest_text)
        throw StudyError({file_name}, fmt::format("longer than {} bytes", longest_text));
    check_key_lengths(text, file_name);
    const auto parse = [&] {
        return toml::parse(std::string_view(text), std::string_view(file_name));
    };
    try {
        return parse();
    } catch (const toml::parse_error&) {  // NOLINT(bugprone-empty-catch)
    }
    // toml++ reads numbers from streams, which take a lack of memory for a wrong number: only what
    // is wrong twice is so.
    try {
        return parse();
    } catch (const toml::parse_error& error) {
        throw syntax_error(error, text, file_name);
    }
}

std::shared_ptr<Reader::Document> parse_document(const std::string& text,
                                                 const std::string& file_name,
                                                 const FileSource& source,
                                                 std::span<const std::string> edits) {
    auto document = std::make_shared<Reader::Document>();
    document->file_name = file_name;
    document->source = source;
    document->text = text;
    document->root = parse_toml(text, file_name);
    for (const std::string& edit : edits) apply_edit(document->root, edit);
    if (!edits.empty()) document->text = toml_text(document->root);
    return document;
}

Reader read_root(std::shared_ptr<Reader::Document> document) {
    const toml::table* root = &document->root;
    return {std::move(document), root, ""};
}

}  // namespace cucurbit
