#pragma once
// What the tests of host/config/ share: readers of short texts and the errors they give.

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "host/config/document.hpp"

namespace cucurbit::config_test {

using Files = std::map<std::string, std::string>;

inline FileSource source_of(const Files& files) {
    return [files](const std::string& path) {
        const auto found = files.find(path);
        if (found == files.end()) throw std::runtime_error("there is no such file");
        return found->second;
    };
}

inline Reader open(const std::string& text, const Files& files = {},
                   const std::vector<std::string>& edits = {}) {
    return read_root(parse_document(text, "s.toml", source_of(files), edits));
}

/// what() of the StudyError that an action throws.
inline std::string error_of(const std::function<void()>& action) {
    try {
        action();
    } catch (const StudyError& error) {
        return error.what();
    }
    ADD_FAILURE() << "no StudyError";
    return {};
}

inline std::string counts_error(const std::string& value) {
    return error_of([&] { open("n = " + value).counts("n", 1, 1'000'000'000); });
}

inline std::string numbers_error(const std::string& value, Bounds bounds = {}) {
    return error_of([&] { open("x = " + value).numbers("x", bounds); });
}

}  // namespace cucurbit::config_test
