#include "host/config/edits.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "cucurbit/study.hpp"
#include "host/config/messages.hpp"

namespace cucurbit {
namespace {

constexpr std::string_view edit_prefix = "--set ";

[[noreturn]] void refuse(const std::string& edit, const std::string& message) {
    throw StudyError({std::string(edit_prefix) + edit}, message);
}

/// A bare word as users write it behind --set: no TOML syntax of its own.
bool is_bare_word(std::string_view value) {
    return value.find_first_not_of(" \t") != std::string_view::npos &&
           value.find_first_of("[]{}\"'=,#\\\n\r") == std::string_view::npos;
}

toml::table parse_edit(const std::string& edit) {
    const std::size_t equals = edit.find('=');
    if (equals == std::string::npos) refuse(edit, "write table.key=value");
    const std::string source = std::string(edit_prefix) + edit;
    try {
        return parse_toml(edit, source);
    } catch (const StudyError& error) {
        std::string_view value = std::string_view(edit).substr(equals + 1);
        if (!is_bare_word(value))
            refuse(edit, fmt::format("not table.key=value in TOML (text in a list or table needs "
                                     "quotes): {}",
                                     std::string_view(error.what()).substr(source.size() + 1)));
        value.remove_prefix(value.find_first_not_of(" \t"));
        value = value.substr(0, value.find_last_not_of(" \t") + 1);
        try {
            return parse_toml(fmt::format("{}=\"{}\"", edit.substr(0, equals), value), source);
        } catch (const StudyError&) {
            const std::string key = edit.substr(0, equals);
            const bool indexed = key.find('[') != std::string::npos;
            refuse(edit, fmt::format("{} is not a key{}", in_quotes(key),
                                     indexed ? "; a list's first table is list.1" : ""));
        }
    }
}

bool is_list_of_tables(const toml::node& node) {
    const toml::array* list = node.as_array();
    return list && std::any_of(list->begin(), list->end(),
                               [](const toml::node& entry) { return entry.is_table(); });
}

/// The index in a list of the entry that a key names by its number from 1, as in the columns of a
/// run's table (n_1).
std::size_t index_of(const toml::array& list, const toml::key& key, const std::string& path,
                     const std::string& edit) {
    const std::string_view text = key.str();
    const char* end = text.data() + text.size();
    std::size_t number = 0;
    const auto read = std::from_chars(text.data(), end, number);
    if (read.ec != std::errc{} || read.ptr != end || number < 1 || number > list.size())
        refuse(edit, fmt::format("{}: is not in the list; allowed: {}", path,
                                 allowed_counts(1, list.size())));
    return number - 1;
}

/// What stands under a key of a table or of a list of tables; null where a table has no such key.
toml::node* entry_of(toml::node& parent, const toml::key& key, const std::string& path,
                     const std::string& edit) {
    if (toml::table* table = parent.as_table()) return table->get(key.str());
    toml::array& list = *parent.as_array();
    return list.get(index_of(list, key, path, edit));
}

/// Sets what entry_of finds.
void assign(toml::node& parent, const toml::key& key, toml::node& value, const std::string& path,
            const std::string& edit) {
    value.visit([&](auto& node) {
        if (toml::table* table = parent.as_table()) {
            table->insert_or_assign(key, std::move(node));
        } else {
            toml::array& list = *parent.as_array();
            const auto index = static_cast<std::ptrdiff_t>(index_of(list, key, path, edit));
            list.replace(list.cbegin() + index, std::move(node));
        }
    });
}

}  // namespace

bool is_edit(std::string_view source) {
    return source.starts_with(edit_prefix);
}

void apply_edit(toml::table& root, const std::string& edit) {
    toml::table parsed = parse_edit(edit);
    toml::table* from = &parsed;
    toml::node* to = &root;
    std::string path;
    while (true) {
        if (from->size() != 1) refuse(edit, "an edit sets one key");
        const auto entry = from->begin();
        const toml::key key = entry->first;
        toml::node& value = entry->second;
        if (!path.empty()) path += '.';
        path += key.str();
        toml::table* inner = value.as_table();
        toml::node* existing = entry_of(*to, key, path, edit);
        if (!inner || inner->is_inline() || !existing) return assign(*to, key, value, path, edit);
        if (!existing->is_table() && !is_list_of_tables(*existing))
            refuse(edit, fmt::format("{}: is not a table, so it has no keys", path));
        from = inner;
        to = existing;
    }
}

}  // namespace cucurbit
