#include "tests/unit/config_support.hpp"

namespace cucurbit::config_test {
namespace {

using CountValues = std::vector<std::uint64_t>;
using NumberValues = std::vector<double>;

CountValues counts(const std::string& value) {
    return open("n = " + value).counts("n", 1, 1'000'000'000).values;
}
NumberValues numbers(const std::string& value) {
    return open("x = " + value).numbers("x", {}).values;
}

TEST(Grid, ScalarsAndLists) {
    EXPECT_EQ(counts("7"), (CountValues{7}));
    EXPECT_EQ(counts("[40, 20, 60]"), (CountValues{40, 20, 60}));
    EXPECT_EQ(numbers("[0.5, 2]"), (NumberValues{0.5, 2.0}));
    EXPECT_EQ(open("\nn = [3]").counts("n", 1, 9).position.line, 2U);
}

TEST(Grid, RangesHoldBothEnds) {
    EXPECT_EQ(counts("{ range = [20, 100, 40] }"), (CountValues{20, 60, 100}));
    EXPECT_EQ(counts("{ range = [1, 2, 1] }"), (CountValues{1, 2}));
    EXPECT_EQ(counts("{ range = [20, 480, 20] }").size(), 24U);
}

TEST(Grid, RangesOfDecimalsAreTheDecimalsAsWritten) {
    EXPECT_EQ(numbers("{ range = [0, 1, 0.1] }"),
              (NumberValues{0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0}));
    EXPECT_EQ(numbers("{ range = [-0.3, 0.3, 0.1] }"),
              (NumberValues{-0.3, -0.2, -0.1, 0.0, 0.1, 0.2, 0.3}));
    EXPECT_EQ(numbers("{ range = [1e-5, 3e-5, 1e-5] }"), (NumberValues{1e-5, 2e-5, 3e-5}));
}

TEST(Grid, LogspaceOfNumbers) {
    EXPECT_EQ(numbers("{ logspace = [0.001, 10], count = 5 }"),
              (NumberValues{0.001, 0.01, 0.1, 1.0, 10.0}));
}

TEST(Grid, LogspaceOfCountsIsDistinctAndRounded) {
    EXPECT_EQ(counts("{ logspace = [10, 1000], count = 5 }"),
              (CountValues{10, 32, 100, 316, 1000}));
    EXPECT_EQ(counts("{ logspace = [1, 10], count = 20 }"),
              (CountValues{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}));
}

TEST(Grid, LinspaceHasEqualGaps) {
    EXPECT_EQ(numbers("{ linspace = [0, 1], count = 5 }"),
              (NumberValues{0.0, 0.25, 0.5, 0.75, 1.0}));
    EXPECT_EQ(numbers("{ linspace = [-0.3, 0.6], count = 4 }"),
              (NumberValues{-0.3, 0.0, 0.3, 0.6}));
    EXPECT_EQ(numbers("{ linspace = [0, 1], count = 4 }"),
              (NumberValues{0.0, 0.333333333333333, 0.666666666666667, 1.0}));
    EXPECT_EQ(counts("{ linspace = [10, 13], count = 10 }"), (CountValues{10, 11, 12, 13}));
    EXPECT_EQ(counts_error("{ linspace = [10, 100] }"),
              "s.toml:1:5: n.count: missing; linspace needs it");
    EXPECT_EQ(counts_error("{ range = [1, 3, 1], linspace = [1, 3], count = 3 }").substr(0, 54),
              "s.toml:1:37: n.linspace: contradicts range; a grid is ");
    EXPECT_EQ(counts_error("{ linspace = [10, 10], count = 3 }").substr(0, 30),
              "s.toml:1:23: n: last value 10 ");
}

TEST(Grid, BadRanges) {
    EXPECT_EQ(counts_error("{ range = [20, 480, 0] }"),
              "s.toml:1:25: n: step 0 is not allowed; allowed: a whole number from 1 to "
              "4611686018427387904");
    EXPECT_EQ(counts_error("{ range = [20, 480, 30] }"),
              "s.toml:1:25: n: step 30 does not lead from 20 to 480; last - first must be a whole "
              "number of steps");
    EXPECT_EQ(counts_error("{ range = [20, 10, 5] }"),
              "s.toml:1:20: n: last value 10 is not above the first, 20");
    EXPECT_EQ(counts_error("{ range = [20, 480] }").substr(0, 23), "s.toml:1:15: n: a list ");
    EXPECT_EQ(counts_error("{ range = [1, 1000000, 1] }"),
              "s.toml:1:15: n: a grid of 1000000 values; allowed: at most 100000");
    EXPECT_EQ(numbers_error("{ range = [0, 1, -0.1] }").substr(0, 38),
              "s.toml:1:22: x: step -0.1 is not allow");
    EXPECT_EQ(numbers_error("{ range = [0, 1, 2] }").substr(0, 38),
              "s.toml:1:22: x: step 2 does not lead f");
    EXPECT_EQ(numbers_error("{ range = [0, 1e100, 1e-300] }").substr(0, 37),
              "s.toml:1:15: x: a grid of inf values;");
    EXPECT_THROW(numbers("{ range = [-1.7e308, 1.7e308, 1] }"), StudyError);
}

TEST(Grid, BadLogspaces) {
    EXPECT_EQ(counts_error("{ logspace = [10, 100] }"),
              "s.toml:1:5: n.count: missing; logspace needs it");
    EXPECT_EQ(counts_error("{ logspace = [10, 100], count = 1 }").substr(0, 26),
              "s.toml:1:37: n.count: 1 is");
    EXPECT_EQ(counts_error("{ logspace = [10, 100], count = 1000000 }").substr(0, 26),
              "s.toml:1:37: n.count: 1000");
    EXPECT_EQ(numbers_error("{ logspace = [0, 100], count = 3 }"),
              "s.toml:1:19: x: first value 0 of a logspace; allowed: a number > 0");
    EXPECT_EQ(counts_error("{ logspace = [10, 10], count = 3 }").substr(0, 30),
              "s.toml:1:23: n: last value 10 ");
}

TEST(Grid, BadTables) {
    EXPECT_EQ(counts_error("{ rnage = [1, 2, 1] }"),
              "s.toml:1:7: n.rnage: unknown key (did you mean 'range'?); allowed here: range, "
              "linspace, logspace, count");
    EXPECT_EQ(counts_error("{ range = [1, 2, 1], logspace = [1, 2], count = 2 }").substr(0, 40),
              "s.toml:1:37: n.logspace: contradicts ran");
    EXPECT_EQ(counts_error("{}").substr(0, 38), "s.toml:1:5: n: allowed: { range = [fir");
    EXPECT_EQ(counts_error("{ range = [1, 2, 1], count = 2 }").substr(0, 32),
              "s.toml:1:26: n.count: unknown ke");
}

TEST(Grid, BadLists) {
    EXPECT_EQ(counts_error("[]"),
              "s.toml:1:5: n: empty grid; allowed: a whole number from 1 to 1000000000");
    EXPECT_EQ(counts_error("[20, 40, 20]"),
              "s.toml:1:14: n: element 3 repeats element 1; a grid's values are distinct");
    EXPECT_EQ(counts_error("[9, 5, 7, 7, 5]").substr(0, 43),
              "s.toml:1:15: n: element 4 repeats element 3");
    EXPECT_EQ(numbers_error("[0, -0.0]").substr(0, 43),
              "s.toml:1:9: x: element 2 repeats element 1;");
    EXPECT_EQ(counts_error("[1, [2]]").substr(0, 41), "s.toml:1:9: n: element 2: a list is not a");
    EXPECT_EQ(numbers_error("[1, nan]").substr(0, 38), "s.toml:1:9: x: element 2: nan is not a");
}

TEST(Grid, LongListsAreRefused) {
    std::string list = "[1";
    for (int i = 2; i <= 100'001; ++i) list.append(",").append(std::to_string(i));
    EXPECT_EQ(counts_error(list + "]"),
              "s.toml:1:5: n: a grid of 100001 values; allowed: at most 100000");
}

}  // namespace
}  // namespace cucurbit::config_test
