#include "cucurbit/table.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <sstream>
#include <stdexcept>

namespace cucurbit {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

Table two_rows() {
    Table table{{"n", "noise_std"}, {true, false}, {}};
    Row measured;
    measured.parameters = {200, 0.1};
    measured.arm = "mine, \"b\"";
    measured.estimand = "excess_risk";
    measured.estimate = 0.1 + 0.2;
    measured.std_err = 1e-300;
    measured.ci95_low = -1.5;
    measured.ci95_high = 2;
    measured.n_trials = 1024;
    measured.n_failed = 3;
    measured.theory = infinity;
    measured.theory_kind = TheoryKind::exact;
    measured.z = -0.0;
    measured.flags = "near_interpolation";
    Row empty;
    empty.parameters = {9007199254740992.0, 1e22};
    empty.estimand = "β";
    table.rows = {measured, empty};
    return table;
}

std::string written(const Table& table, TableFormat format) {
    std::ostringstream out;
    write_table(table, format, out);
    return out.str();
}

TEST(Table, CsvIsShortestRoundTripAndEmptyWhereMissing) {
    EXPECT_EQ(
        written(two_rows(), TableFormat::csv),
        "n,noise_std,arm,estimand,estimate,std_err,ci95_low,ci95_high,n_trials,n_failed,theory,"
        "theory_kind,z,flags\n"
        "200,0.1,\"mine, \"\"b\"\"\",excess_risk,0.30000000000000004,1e-300,-1.5,2,1024,3,inf,"
        "exact,-0,near_interpolation\n"
        "9007199254740992,1e+22,,β,,,,,0,0,,none,,\n");
}

TEST(Table, JsonLinesAreOneObjectALineWithNullWhereMissing) {
    EXPECT_EQ(
        written(two_rows(), TableFormat::json_lines),
        "{\"n\":200,\"noise_std\":0.1,\"arm\":\"mine, \\\"b\\\"\",\"estimand\":\"excess_risk\","
        "\"estimate\":0.30000000000000004,\"std_err\":1e-300,\"ci95_low\":-1.5,\"ci95_high\":2,"
        "\"n_trials\":1024,\"n_failed\":3,\"theory\":\"Infinity\",\"theory_kind\":\"exact\","
        "\"z\":-0,\"flags\":\"near_interpolation\"}\n"
        "{\"n\":9007199254740992,\"noise_std\":1e+22,\"arm\":\"\",\"estimand\":\"β\","
        "\"estimate\":null,\"std_err\":null,\"ci95_low\":null,\"ci95_high\":null,"
        "\"n_trials\":0,\"n_failed\":0,\"theory\":null,\"theory_kind\":\"none\",\"z\":null,"
        "\"flags\":\"\"}\n");
}

TEST(Table, AlignedLeavesOutColumnsWithoutAnyValue) {
    const std::vector<Column> columns{{"n", std::vector<std::int64_t>{5, 200}},
                                      {"arm", std::vector<std::string>{"β", "mask"}},
                                      {"nothing", std::vector<double>{NAN, NAN}},
                                      {"z", std::vector<double>{NAN, 1.0 / 3.0}}};
    std::ostringstream out;
    write_columns(columns, TableFormat::aligned, out);
    EXPECT_EQ(out.str(),
              "  n  arm          z\n"
              "  5  β\n"
              "200  mask  0.333333\n");
}

TEST(Table, NpyHeaderIsAlignedAndRowsArePacked) {
    const std::vector<Column> columns{{"n", std::vector<std::int64_t>{5, 200}},
                                      {"arm", std::vector<std::string>{"β", "ab"}},
                                      {"z", std::vector<double>{NAN, 0.5}}};
    std::ostringstream out;
    write_columns(columns, TableFormat::npy, out);
    const std::string bytes = out.str();
    ASSERT_GT(bytes.size(), 10u);
    EXPECT_EQ(bytes.substr(0, 8), std::string("\x93NUMPY\x01\x00", 8));
    const std::size_t header =
        static_cast<unsigned char>(bytes[8]) + 256u * static_cast<unsigned char>(bytes[9]);
    EXPECT_EQ((10 + header) % 64, 0u);
    EXPECT_EQ(bytes[9 + header], '\n');
    EXPECT_NE(bytes.find("{'descr': [('n', '<i8'), ('arm', '<U2'), ('z', '<f8'), ], "
                         "'fortran_order': False, 'shape': (2,), }"),
              std::string::npos);
    ASSERT_EQ(bytes.size(), 10 + header + std::size_t{2} * (8 + 8 + 8));
    const char* second = bytes.data() + 10 + header + 24;
    std::int64_t n = 0;
    char32_t arm[2] = {};
    double z = 0;
    std::memcpy(&n, second, 8);
    std::memcpy(arm, second + 8, 8);
    std::memcpy(&z, second + 16, 8);
    EXPECT_EQ(n, 200);
    EXPECT_EQ(arm[0], U'a');
    EXPECT_EQ(arm[1], U'b');
    EXPECT_EQ(z, 0.5);
    EXPECT_EQ(std::memcmp(second - 16, U"β\0", 8), 0);
}

TEST(Table, NpyReplacesBytesThatAreNoUtf8) {
    std::ostringstream out;
    write_columns(
        {{Column{"a", std::vector<std::string>{"\xFFz", "\xED\xA0\x80", "\xF7\xBF\xBF\xBF"}}}},
        TableFormat::npy, out);
    const std::string bytes = out.str();
    EXPECT_NE(bytes.find("('a', '<U4')"), std::string::npos);
    const std::string rows = bytes.substr(bytes.size() - 48);
    EXPECT_EQ(std::memcmp(rows.data(), U"\uFFFDz\0\0", 16), 0);
    for (std::size_t row = 1; row < 3; ++row)
        EXPECT_EQ(std::memcmp(rows.data() + 16 * row, U"\uFFFD", 4), 0);
}

TEST(Table, NpyUsesVersionTwoForALongHeader) {
    const std::vector<Column> columns{{std::string(70000, 'c'), std::vector<double>{1.0}}};
    std::ostringstream out;
    write_columns(columns, TableFormat::npy, out);
    const std::string bytes = out.str();
    EXPECT_EQ(bytes.substr(6, 2), std::string("\x02\x00", 2));
    EXPECT_EQ(bytes.size() % 64, 8u);
}

TEST(Table, WholeParameterWithAMissingValueStaysANumberColumn) {
    Table table = two_rows();
    table.rows[1].parameters[0] = NAN;
    EXPECT_TRUE(std::holds_alternative<std::vector<double>>(table_columns(table)[0].values));
    EXPECT_NE(written(table, TableFormat::csv).find("\n200,0.1,"), std::string::npos);
}

TEST(Table, RefusesRaggedInput) {
    Table table = two_rows();
    table.rows[0].parameters.pop_back();
    EXPECT_THROW(written(table, TableFormat::csv), std::invalid_argument);
    std::ostringstream out;
    EXPECT_THROW(
        write_columns({{Column{"a", std::vector<double>{1}}, Column{"b", std::vector<double>{}}}},
                      TableFormat::csv, out),
        std::invalid_argument);
}

TEST(Table, WithoutRowsIsAHeader) {
    const Table table{{"n"}, {true}, {}};
    EXPECT_EQ(written(table, TableFormat::csv).back(), '\n');
    EXPECT_EQ(written(table, TableFormat::csv).find('\n'),
              written(table, TableFormat::csv).size() - 1);
    EXPECT_EQ(written(table, TableFormat::json_lines), "");
}

}  // namespace
}  // namespace cucurbit
