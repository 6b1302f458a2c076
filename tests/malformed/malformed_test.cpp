// Every study of this folder is wrong in one way; NAME.expected holds where and what the error must
// say.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "cucurbit/study.hpp"

namespace cucurbit {
namespace {

struct Expected {
    std::size_t line = 0;
    std::size_t column = 0;
    std::string key;                ///< "-" where the text is not TOML
    std::vector<std::string> says;  ///< parts of the message
};

Expected read_expected(const std::filesystem::path& path) {
    Expected expected;
    std::ifstream in(path);
    for (std::string row; std::getline(in, row);) {
        const std::string value = row.substr(row.find(": ") + 2);
        if (row.starts_with("line: ")) expected.line = std::stoul(value);
        if (row.starts_with("column: ")) expected.column = std::stoul(value);
        if (row.starts_with("key: ")) expected.key = value;
        if (row.starts_with("says: ")) expected.says.push_back(value);
    }
    return expected;
}

/// What is not as expected of an error; empty when nothing.
std::string difference(const StudyError& error, const std::string& file, const Expected& expected) {
    const Position& position = error.position();
    if (position.file != file || position.line != expected.line ||
        position.column != expected.column)
        return "another position";
    const std::string what = error.what();
    const std::string before =
        file + ":" + std::to_string(expected.line) + ":" + std::to_string(expected.column) + ": ";
    if (!what.starts_with(before)) return "the message does not begin with the position";
    const std::string message = what.substr(before.size());
    if (expected.key != "-" && !message.starts_with(expected.key + ": ")) return "another key";
    if (expected.says.empty()) return "nothing expected of the message";
    for (const std::string& part : expected.says)
        if (message.find(part) == std::string::npos) return "lacks: " + part;
    return "";
}

std::vector<std::string> malformed() {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(CUCURBIT_TEST_DATA))
        if (entry.path().extension() == ".toml") names.push_back(entry.path().stem().string());
    std::sort(names.begin(), names.end());
    return names;
}

class Malformed : public testing::TestWithParam<std::string> {};

TEST_P(Malformed, IsRefusedAtItsPlace) {
    const std::filesystem::path stem = std::filesystem::path(CUCURBIT_TEST_DATA) / GetParam();
    const std::string file = stem.string() + ".toml";
    try {
        read_study(file);
        FAIL() << "accepted";
    } catch (const StudyError& error) {
        const Expected expected = read_expected(stem.string() + ".expected");
        EXPECT_EQ(difference(error, file, expected), "") << error.what();
    }
}

INSTANTIATE_TEST_SUITE_P(Corpus, Malformed, testing::ValuesIn(malformed()),
                         [](const auto& study) { return study.param; });

TEST(Corpus, IsDistinctAndLargeEnough) {
    std::set<std::string> texts;
    for (const std::string& name : malformed()) {
        std::ifstream in(std::filesystem::path(CUCURBIT_TEST_DATA) / (name + ".toml"));
        texts.insert(std::string(std::istreambuf_iterator<char>(in), {}));
    }
    EXPECT_EQ(texts.size(), malformed().size());
    EXPECT_GE(texts.size(), 60U);
}

TEST(Corpus, TheCheckSeesEveryDifference) {
    const StudyError error({"s.toml", 3, 5}, "target.n: 0 is not allowed");
    const Expected right{3, 5, "target.n", {"0 is not"}};
    EXPECT_EQ(difference(error, "s.toml", right), "");
    EXPECT_NE(difference(error, "t.toml", right), "");
    EXPECT_NE(difference(error, "s.toml", {4, 5, "target.n", {"0 is not"}}), "");
    EXPECT_NE(difference(error, "s.toml", {3, 6, "target.n", {"0 is not"}}), "");
    EXPECT_NE(difference(error, "s.toml", {3, 5, "target", {"0 is not"}}), "");
    EXPECT_NE(difference(error, "s.toml", {3, 5, "target.n", {"0 is not", "1 is"}}), "");
    EXPECT_NE(difference(error, "s.toml", {3, 5, "target.n", {}}), "");
}

/// The reader does accept studies.
TEST(Corpus, ExamplesAreAccepted) {
    std::size_t examples = 0;
    for (const auto& entry :
         std::filesystem::directory_iterator(std::filesystem::path(CUCURBIT_SOURCE) / "examples")) {
        if (entry.path().extension() != ".toml") continue;
        EXPECT_NO_THROW(read_study(entry.path())) << entry.path();
        ++examples;
    }
    EXPECT_GT(examples, 0U);
}

}  // namespace
}  // namespace cucurbit
