#include "host/config/toml_text.hpp"

#include <algorithm>
#include <sstream>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "cucurbit/hash.hpp"
#include "host/config/edits.hpp"

namespace cucurbit {
namespace {

using Entry = std::pair<const toml::key*, const toml::node*>;

std::vector<Entry> in_order(const toml::table& table) {
    std::vector<Entry> entries;
    for (const auto& [key, node] : table) entries.emplace_back(&key, &node);
    const auto place = [](const Entry& entry) {
        const toml::source_region& source = entry.first->source();
        return std::tuple(source.path && is_edit(*source.path), source.begin.line,
                          source.begin.column);
    };
    std::stable_sort(entries.begin(), entries.end(),
                     [&](const Entry& a, const Entry& b) { return place(a) < place(b); });
    return entries;
}

std::string text_of(std::string_view text) {
    std::string out = "\"";
    for (const char letter : text) {
        const auto byte = static_cast<unsigned char>(letter);
        if (letter == '"' || letter == '\\')
            out.append(1, '\\').append(1, letter);
        else if (byte < 0x20 || byte == 0x7f)
            out += fmt::format("\\u{:04x}", byte);
        else
            out += letter;
    }
    return out + "\"";
}

std::string key_of(const toml::key& key) {
    constexpr std::string_view bare =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    const std::string_view text = key.str();
    const bool plain = !text.empty() && text.find_first_not_of(bare) == std::string_view::npos;
    return plain ? std::string(text) : text_of(text);
}

std::string number_of(double value) {
    std::string digits = canonical_number(value);
    if (digits.find_first_of(".en") == std::string::npos) digits += ".0";
    return digits;
}

std::string value_of(const toml::node& node) {
    std::vector<std::string> parts;
    if (const toml::array* array = node.as_array()) {
        for (const toml::node& element : *array) parts.push_back(value_of(element));
        return fmt::format("[{}]", fmt::join(parts, ", "));
    }
    if (const toml::table* table = node.as_table()) {
        for (const auto& [key, value] : in_order(*table))
            parts.push_back(fmt::format("{} = {}", key_of(*key), value_of(*value)));
        return parts.empty() ? "{}" : fmt::format("{{ {} }}", fmt::join(parts, ", "));
    }
    if (const auto* text = node.as_string()) return text_of(text->get());
    if (const auto* whole = node.as_integer()) return fmt::format("{}", whole->get());
    if (const auto* real = node.as_floating_point()) return number_of(real->get());
    if (const auto* truth = node.as_boolean()) return truth->get() ? "true" : "false";
    std::ostringstream out;
    if (const auto* date = node.as_date()) out << date->get();
    if (const auto* time = node.as_time()) out << time->get();
    if (const auto* both = node.as_date_time()) out << both->get();
    return out.str();
}

}  // namespace

std::string toml_text(const toml::table& root) {
    std::string text;
    for (const auto& [key, node] : in_order(root))
        if (!node->is_table()) text += fmt::format("{} = {}\n", key_of(*key), value_of(*node));
    for (const auto& [key, node] : in_order(root)) {
        const toml::table* table = node->as_table();
        if (!table) continue;
        text += fmt::format("\n[{}]\n", key_of(*key));
        for (const auto& [inner, value] : in_order(*table))
            text += fmt::format("{} = {}\n", key_of(*inner), value_of(*value));
    }
    return text;
}

}  // namespace cucurbit
