#pragma once
// What a Reader holds, shared by the files that implement it.

#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "host/config/document.hpp"

namespace cucurbit {

/// A key that is not there.
class MissingKey final : public StudyError {
    using StudyError::StudyError;
};
/// A fault that may only be the consequence of another one.
class CrossCheck final : public StudyError {
    using StudyError::StudyError;
};

struct Reader::State {
    std::shared_ptr<Document> document;
    const toml::table* table;
    std::string path;  ///< dotted path of the table; empty for the root
    mutable std::set<std::string, std::less<>> known;
    mutable std::vector<std::string> order;  ///< the known keys as they were asked for
    bool absent = false;                     ///< a missing table, whose keys are not missed again

    std::string full(std::string_view key) const;
    [[noreturn]] void refuse(const toml::source_region& where, std::string_view key,
                             const std::string& message) const;
    /// Gathers a fault, or throws it where faults are not gathered.
    void note(const Position& where, const std::string& message, bool missing) const;
    /// Throws CrossCheck where the faults become too many.
    void gather(const StudyError& error, bool missing) const;
    /// What read() gives; `instead` where it throws and faults are gathered.
    template <class T, class Read>
    T attempt(T instead, Read read) const;
    const toml::node* find(std::string_view key) const;
    /// " (did you mean 'target.n'?)" where a table of this one has the key.
    std::string elsewhere(std::string_view key) const;
    /// The key's value; a missing key is an error, at the misspelt one if there is one.
    const toml::node& get(std::string_view key, const std::string& allowed = {}) const;
    const toml::array& array(std::string_view key, const std::string& of) const;

    /// An element of a list, which must be text.
    Reader::Item word(const toml::node& node, std::string at) const;
    /// An error at a key that is called as files' keys are elsewhere, where the one of this table
    /// is not there.
    void expect_file(std::string_view key) const;
    /// What parse(bytes) makes of the file that a key names; an error is at the key.
    template <class Parse>
    auto parsed(std::string_view key, const std::string& name, Parse parse) const;

    /// `what` precedes the value in the error, e.g. "element 3: ".
    double number(const toml::node& node, std::string_view key, std::string_view what,
                  Bounds bounds) const;
    std::uint64_t count(const toml::node& node, std::string_view key, std::string_view what,
                        std::uint64_t low, std::uint64_t high) const;
};

template <class T, class Read>
T Reader::State::attempt(T instead, Read read) const {
    if (!document->gathers) return read();
    const std::size_t before = document->faults.size();
    const auto failed = [&](const StudyError& error, bool missing) {
        // What was gathered inside is the cause.
        if (document->faults.size() == before) gather(error, missing);
        return std::move(instead);
    };
    try {
        return read();
    } catch (const MissingKey& error) {
        return failed(error, true);
    } catch (const StudyError& error) {
        return failed(error, false);
    }
}

/// A number that is allowed.
double placeholder(Bounds bounds);

/// A value as an error calls it: "text 'abc'", "3", "2.5", "a list".
std::string described(const toml::node& node);

}  // namespace cucurbit
