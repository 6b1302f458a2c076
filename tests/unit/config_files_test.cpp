#include <algorithm>
#include <cstring>
#include <limits>

#include <fmt/format.h>

#include "cucurbit/hash.hpp"
#include "host/config/value_files.hpp"
#include "tests/unit/config_support.hpp"

namespace cucurbit::config_test {
namespace {

std::string npy(const std::string& header, const std::string& data, char version = 1) {
    std::string bytes = std::string("\x93NUMPY") + version + '\0';
    bytes += static_cast<char>(header.size());
    bytes += static_cast<char>(header.size() >> 8);
    if (version > 1) bytes += std::string(2, '\0');
    return bytes + header + data;
}

template <class T>
std::string raw(const std::vector<T>& values) {
    std::string bytes(values.size() * sizeof(T), '\0');
    std::memcpy(bytes.data(), values.data(), bytes.size());
    return bytes;
}

std::string header(const std::string& type, const std::string& shape,
                   const std::string& order = "False") {
    return "{'descr': '" + type + "', 'fortran_order': " + order + ", 'shape': " + shape + ", }\n";
}

const std::vector<double> three = {1.0, 0.5, 0.1};
const std::string good = npy(header("<f8", "(3,)"), raw(three));

/// The error of a file under the key b, without the position and the file's name.
std::string refused(const std::string& bytes, const std::string& name = "b.npy") {
    const std::string message = error_of([&] {
        open("b = '" + name + "'", {{name, bytes}}).file("b");
    });
    const std::string before = "s.toml:1:5: b: file '" + name + "': ";
    EXPECT_EQ(message.substr(0, before.size()), before);
    return message.substr(before.size());
}

TEST(Files, NpyOfEveryAllowedForm) {
    EXPECT_EQ(parse_npy(good), three);
    EXPECT_EQ(parse_npy(npy(header("<f8", "(3,)", "True"), raw(three))), three);
    EXPECT_EQ(parse_npy(npy(header("<f8", "(3,)"), raw(three), 2)), three);
    EXPECT_EQ(parse_npy(npy(header("<f8", "(3,)"), raw(three), 3)), three);
    const std::vector<float> single = {1.0F, 0.5F, 0.1F};
    EXPECT_EQ(parse_npy(npy(header("<f4", "(3,)"), raw(single))),
              (std::vector<double>{1.0, 0.5, double{0.1F}}));
}

template <class Stored>
void expect_read(const std::string& type, const std::vector<Stored>& stored) {
    EXPECT_EQ(parse_npy(npy(header(type, "(3,)"), raw(stored))),
              std::vector<double>(stored.begin(), stored.end()))
        << type;
}

TEST(Files, NpyOfIntegers) {
    expect_read<std::int64_t>("<i8", {-1, 0, 1LL << 40});
    expect_read<std::uint64_t>("<u8", {0, 1, 1ULL << 63});
    expect_read<std::int32_t>("<i4", {-1, 0, 70'000});
    expect_read<std::uint32_t>("<u4", {0, 1, 4'000'000'000});
    expect_read<std::int16_t>("<i2", {-1, 0, 300});
    expect_read<std::uint16_t>("<u2", {0, 1, 60'000});
    expect_read<std::int8_t>("|i1", {-1, 0, 100});
    expect_read<std::uint8_t>("|u1", {0, 1, 200});
    expect_read<std::uint8_t>("|b1", {0, 1, 1});
}

template <class Stored>
void expect_read_reversed(const std::string& type, const std::vector<Stored>& stored) {
    std::string data = raw(stored);
    for (std::size_t i = 0; i < data.size(); i += sizeof(Stored))
        std::reverse(data.begin() + static_cast<std::ptrdiff_t>(i),
                     data.begin() + static_cast<std::ptrdiff_t>(i + sizeof(Stored)));
    EXPECT_EQ(parse_npy(npy(header(type, "(3,)"), data)),
              std::vector<double>(stored.begin(), stored.end()))
        << type;
}

TEST(Files, NpyOfBigEndianMachines) {
    expect_read_reversed<double>(">f8", three);
    expect_read_reversed<float>(">f4", {1.0F, 0.5F, 0.1F});
    expect_read_reversed<std::int64_t>(">i8", {-1, 0, 1LL << 40});
    expect_read_reversed<std::uint64_t>(">u8", {0, 1, 1ULL << 63});
    expect_read_reversed<std::int32_t>(">i4", {-1, 0, 70'000});
    expect_read_reversed<std::uint32_t>(">u4", {0, 1, 4'000'000'000});
    expect_read_reversed<std::int16_t>(">i2", {-1, 0, 300});
    expect_read_reversed<std::uint16_t>(">u2", {0, 1, 60'000});
}

TEST(Files, NpyOfThisMachinesOrder) {
    expect_read<double>("=f8", three);
    expect_read<std::int32_t>("=i4", {-1, 0, 70'000});
}

TEST(Files, NpyOfOneRowOrColumn) {
    for (const char* shape : {"(3, 1)", "(1, 3)"})
        for (const char* order : {"False", "True"})
            EXPECT_EQ(parse_npy(npy(header("<f8", shape, order), raw(three))), three);
    EXPECT_EQ(parse_npy(npy(header("<f8", "(1, 1)"), raw(std::vector<double>{2.0}))),
              (std::vector<double>{2.0}));
}

TEST(Files, TablesOfTwoAxes) {
    const std::vector<double> six = {1, 2, 3, 4, 5, 6};
    const auto table = [](const std::string& bytes, const std::string& name = "b.npy") {
        return open("b = '" + name + "'", {{name, bytes}}).table_file("b");
    };
    const std::string bytes = npy(header("<f8", "(2, 3)"), raw(six));
    const auto read = table(bytes);
    EXPECT_EQ(read.rows, 2U);
    EXPECT_EQ(read.cols, 3U);
    EXPECT_EQ(read.values, six);
    EXPECT_EQ(read.hash, hash_digits(bytes));
    const auto refusal = [&](const std::string& wrong, const std::string& name = "b.npy") {
        return error_of([&] { table(wrong, name); });
    };
    const auto says = [](const std::string& message, const std::string& part) {
        return message.find(part) != std::string::npos;
    };
    for (const char* shape : {"(6,)", "(1, 2, 3)", "(2,3", "2, 3", "()", "(a, b)"})
        EXPECT_TRUE(says(refusal(npy(header("<f8", shape), raw(six))), "allowed: two axes"))
            << shape;
    EXPECT_TRUE(says(refusal(npy(header("<f8", "(2, 3)", "True"), raw(six))), "in C order"));
    EXPECT_TRUE(
        says(refusal(npy(header("<f8", "(4294967296, 4294967296)"), raw(six))), "48 bytes follow"));
    EXPECT_TRUE(says(refusal(npy(header("<f8", "(2, 4)"), raw(six))), "announces"));
    EXPECT_TRUE(says(refusal(npy(header("<f8", "(0, 3)"), "")), "holds no values"));
    EXPECT_TRUE(says(refusal(bytes, "b.csv"), "allowed: .npy"));
}

TEST(Files, BadNpy) {
    EXPECT_EQ(refused("text"), "not a .npy file");
    EXPECT_EQ(refused(""), "not a .npy file");
    EXPECT_EQ(refused(good.substr(0, 9)), "truncated within its .npy header");
    EXPECT_EQ(refused(good.substr(0, 40)), "truncated within its .npy header");
    EXPECT_EQ(refused(good.substr(0, good.size() - 1)),
              "its header announces 3 values of 8 bytes, 23 bytes follow");
    EXPECT_EQ(refused(good + "x"), "its header announces 3 values of 8 bytes, 25 bytes follow");
    EXPECT_EQ(refused(npy(header("<f8", "(3,)"), raw(three), 4)),
              "format version 4 is not known; allowed: 1 to 3");
    for (const char* type : {"<f16", ">f2", "|f8", "f8", "<", "", ">c16"})
        EXPECT_EQ(refused(npy(header(type, "(3,)"), raw(three))),
                  fmt::format("its values have dtype '{}'; allowed: '<f8', '<f4' (float64, "
                              "float32), integers such as '<i8', these with '>' (big-endian), or "
                              "'|b1'",
                              type));
    EXPECT_EQ(refused(npy(header("<U3", "(3,)"), raw(three))).substr(0, 27),
              "its values have dtype '<U3'");
    EXPECT_EQ(refused(npy("{'descr': [('a', '<f8')], 'shape': (3,)}", raw(three))).substr(0, 24),
              "its values have dtype '[");
    for (const char* shape : {"(2, 3)", "(1, 3, 1)"})
        EXPECT_EQ(refused(npy(header("<f8", shape), raw(three))),
                  fmt::format("its shape is '{}'; allowed: (p,), (p, 1) or (1, p)", shape));
    EXPECT_EQ(refused(npy(header("<f8", "()"), raw(three))).substr(0, 17), "its shape is '()'");
    EXPECT_EQ(refused(npy("{}", raw(three))), "its .npy header has no 'descr'");
    EXPECT_EQ(refused(npy(header("<f8", "(0,)"), "")), "holds no values");
    EXPECT_EQ(refused(npy(header("<f8", "(99999999999999999999,)"), "")).substr(0, 12),
              "its shape is");
    EXPECT_EQ(refused(npy(header("<f8", "(2305843009213693952,)"), "")).substr(0, 22),
              "its header announces 2");
}

TEST(Files, ValuesAreFinite) {
    const double infinite = std::numeric_limits<double>::infinity();
    EXPECT_EQ(refused(npy(header("<f8", "(2,)"), raw(std::vector<double>{1.0, infinite}))),
              "value 2 is inf; allowed: finite numbers");
    EXPECT_EQ(refused("1\nnan\n", "b.csv"), "value 2 is nan; allowed: finite numbers");
    EXPECT_EQ(refused("1e999\n", "b.csv"), "value 1 is inf; allowed: finite numbers");
}

TEST(Files, CsvOfEveryAllowedForm) {
    EXPECT_EQ(parse_csv("1\n0.5\n0.1\n"), three);
    EXPECT_EQ(parse_csv("beta\r\n1\r\n+0.5\r\n1e-1"), three);
    EXPECT_EQ(parse_csv("\xef\xbb\xbf\"beta\"\n 1\n\t0.5 \n0.1\n\n\n"), three);
    EXPECT_EQ(parse_csv("1e-400\n"), (std::vector<double>{0.0}));
}

TEST(Files, BadCsv) {
    EXPECT_EQ(refused("", "b.csv"), "holds no values");
    EXPECT_EQ(refused("beta\n", "b.csv"), "holds no values");
    EXPECT_EQ(refused("1\n2,3,4\n", "b.csv"), "line 2 has more than one column; allowed: one");
    EXPECT_EQ(refused("1\n2,x\n", "b.csv"), "line 2 has more than one column; allowed: one");
    EXPECT_EQ(refused("1;2\n", "b.csv"), "line 1 has more than one column; allowed: one");
    EXPECT_EQ(refused("1\nx\n", "b.csv"), "line 2: 'x' is not a number");
    EXPECT_EQ(refused("1\n1.5.2\n", "b.csv"), "line 2: '1.5.2' is not a number");
    EXPECT_EQ(refused("1\n\n3\n", "b.csv"), "line 2 is empty");
    EXPECT_EQ(refused("1\n+-3\n", "b.csv"), "line 2: '+-3' is not a number");
}

TEST(Files, CsvAsOtherProgramsWriteIt) {
    for (const char* cell : {"1,5", "-1,5", "0,25e-3"})
        EXPECT_EQ(refused("beta\n" + std::string(cell) + "\n", "b.csv"),
                  fmt::format("line 2: '{}' has a decimal comma or a second column; allowed: one "
                              "number a line, with a decimal point",
                              cell));
    for (const char* cell : {"NA", "N/A", "#N/A", "<NA>", "NULL", "null", "None", "-"})
        for (const std::string before : {"", "1\n"})
            EXPECT_EQ(refused(before + cell + "\n2\n", "b.csv"),
                      fmt::format("line {}: '{}' marks a missing value; allowed: finite numbers",
                                  before.empty() ? 1 : 2, cell));
    const std::string one{"1\0\n\0", 4};
    for (const std::string& bytes : {one, "\xff\xfe" + one})
        EXPECT_EQ(refused(bytes, "b.csv"),
                  "holds zero bytes, as text in UTF-16 does; allowed: text in UTF-8");
}

TEST(Files, MissingAndUnknown) {
    EXPECT_EQ(error_of([] { open("b = 'x.npy'").file("b"); }),
              "s.toml:1:5: b: file 'x.npy': there is no such file");
    EXPECT_EQ(refused("1", "b.txt"), "its ending is not known; allowed: .npy or .csv");
}

TEST(Files, HashIsOfTheContentsAndTheFileIsReadOnce) {
    int reads = 0;
    const FileSource source = [&](const std::string&) {
        ++reads;
        return good;
    };
    const auto document = parse_document("a = 'one.npy'\nb = 'two.npy'\n", "s.toml", source, {});
    Reader root = read_root(document);
    EXPECT_EQ(root.file("a").hash, hash_digits(good));
    EXPECT_EQ(root.file("a").values, three);
    EXPECT_EQ(root.file("b").hash, root.file("a").hash);
    EXPECT_EQ(reads, 2);
    EXPECT_EQ(document->files.at("two.npy"), good);
}

}  // namespace
}  // namespace cucurbit::config_test
