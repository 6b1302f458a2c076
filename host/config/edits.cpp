#include "host/config/edits.hpp"

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
            refuse(edit, fmt::format("{} is not a key", in_quotes(edit.substr(0, equals))));
        }
    }
}

}  // namespace

bool is_edit(std::string_view source) {
    return source.starts_with(edit_prefix);
}

void apply_edit(toml::table& root, const std::string& edit) {
    toml::table parsed = parse_edit(edit);
    toml::table *from = &parsed, *to = &root;
    std::string path;
    while (true) {
        if (from->size() != 1) refuse(edit, "an edit sets one key");
        const auto entry = from->begin();
        const toml::key key = entry->first;
        toml::node& value = entry->second;
        if (!path.empty()) path += '.';
        path += key.str();
        toml::table* inner = value.as_table();
        toml::node* existing = to->get(key.str());
        if (!inner || inner->is_inline() || !existing) {
            value.visit([&](auto& node) { to->insert_or_assign(key, std::move(node)); });
            return;
        }
        if (!existing->is_table())
            refuse(edit, fmt::format("{}: is not a table, so it has no keys", path));
        from = inner;
        to = existing->as_table();
    }
}

}  // namespace cucurbit
