#pragma once
// What a Reader holds, shared by the files that implement it.

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "host/config/document.hpp"

namespace cucurbit {

struct Reader::State {
    std::shared_ptr<Document> document;
    const toml::table* table;
    std::string path;  ///< dotted path of the table; empty for the root
    mutable std::set<std::string, std::less<>> known;
    mutable std::vector<std::string> order;  ///< the known keys as they were asked for

    std::string full(std::string_view key) const;
    [[noreturn]] void refuse(const toml::source_region& where, std::string_view key,
                             const std::string& message) const;
    const toml::node* find(std::string_view key) const;
    /// The key's value; a missing key is an error, at the misspelt one if there is one.
    const toml::node& get(std::string_view key) const;
    const toml::array& array(std::string_view key, const std::string& of) const;

    /// What parse(bytes) makes of the file that a key names; an error is at the key.
    template <class Parse>
    auto parsed(std::string_view key, const std::string& name, Parse parse) const;

    /// `what` precedes the value in the error, e.g. "element 3: ".
    double number(const toml::node& node, std::string_view key, std::string_view what,
                  Bounds bounds) const;
    std::uint64_t count(const toml::node& node, std::string_view key, std::string_view what,
                        std::uint64_t low, std::uint64_t high) const;
};

/// A value as an error calls it: "text 'abc'", "3", "2.5", "a list".
std::string described(const toml::node& node);

}  // namespace cucurbit
