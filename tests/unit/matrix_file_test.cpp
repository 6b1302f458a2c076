// Matrices in .npy files: every form that is allowed, blocks, mapped files, and what is refused.

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <limits>

#include "cucurbit/hash.hpp"
#include "host/config/matrix_file.hpp"
#include "tests/support/npy.hpp"

namespace cucurbit {
namespace {

const std::vector<double> six{1.5, 2.0, 3.0, 4.0, 5.0, -6.25};

TEST(MatrixFile, EveryOrderAndPrecisionGivesTheSameBlocks) {
    for (const bool single : {false, true})
        for (const bool fortran : {false, true}) {
            const std::string bytes = npy_file(2, 3, six, single, fortran);
            const MatrixFile file("a.npy", bytes);
            EXPECT_EQ(file.rows(), 2u);
            EXPECT_EQ(file.cols(), 3u);
            EXPECT_EQ(file.hash(), hash_digits(bytes));
            std::vector<double> block(4);
            file.read(0, 2, 1, 2, block.data());
            EXPECT_EQ(block, (std::vector<double>{2.0, 5.0, 3.0, -6.25}));
            std::vector<double> row(3);
            file.read(1, 1, 0, 3, row.data());
            EXPECT_EQ(row, (std::vector<double>{4.0, 5.0, -6.25}));
        }
    const MatrixFile column("a.npy", npy_file(6, 0, six));
    EXPECT_EQ(column.rows(), 6u);
    EXPECT_EQ(column.cols(), 1u);
}

TEST(MatrixFile, HoldsIntegersAsNumPySavesThem) {
    std::string bytes = npy_file(2, 0, {0.0, 0.0});
    bytes.replace(bytes.find("<f8"), 3, "<i4").replace(bytes.find("(2,)"), 4, "(4,)");
    bytes[bytes.size() - 16] = 2;
    bytes[bytes.size() - 4] = 1;
    const MatrixFile file("a.npy", bytes);
    std::vector<double> column(4);
    file.read(0, 4, 0, 1, column.data());
    EXPECT_EQ(column, (std::vector<double>{2.0, 0.0, 0.0, 1.0}));
}

TEST(MatrixFile, HoldsBigEndianNumbers) {
    std::string bytes = npy_file(2, 3, six);
    const std::size_t data = bytes.size() - 6 * sizeof(double);
    bytes.replace(bytes.find("<f8"), 3, ">f8");
    for (auto at = bytes.begin() + static_cast<std::ptrdiff_t>(data); at != bytes.end(); at += 8)
        std::reverse(at, at + 8);
    std::vector<double> block(4);
    MatrixFile("a.npy", bytes).read(0, 2, 1, 2, block.data());
    EXPECT_EQ(block, (std::vector<double>{2.0, 5.0, 3.0, -6.25}));
}

std::string refusal(const std::string& bytes, const std::string& path = "a.npy") {
    try {
        const MatrixFile file(path, bytes);
    } catch (const std::runtime_error& error) {
        return error.what();
    }
    return "accepted";
}

TEST(MatrixFile, SaysWhatIsWrong) {
    std::vector<double> bad = six;
    bad[4] = std::numeric_limits<double>::infinity();
    for (const bool fortran : {false, true})
        EXPECT_EQ(refusal(npy_file(2, 3, bad, false, fortran)),
                  "row 2, column 2 is inf; allowed: finite numbers");
    const std::string good = npy_file(2, 3, six);
    EXPECT_EQ(refusal(good.substr(0, good.size() - 1)),
              "its header announces 2 rows of 3 values of 8 bytes, 47 bytes follow");
    EXPECT_EQ(refusal(good + "x"),
              "its header announces 2 rows of 3 values of 8 bytes, 49 bytes follow");
    EXPECT_EQ(refusal(npy_file(0, 3, {})), "holds no values");
    EXPECT_EQ(refusal(good, "a.csv"), "its ending is not known; allowed: .npy");
    std::string huge = good;
    huge.replace(huge.find("(2, 3)"), 6, "(4294967296, 4294967296)");
    EXPECT_NE(refusal(huge), "accepted");
}

TEST(FileContents, MappedBytesAreTheFilesAndOutliveIt) {
    const std::filesystem::path path =
        std::filesystem::temp_directory_path() / "cucurbit_mapped_matrix.npy";
    const std::string bytes = npy_file(2, 3, six);
    std::ofstream(path, std::ios::binary) << bytes;
    const FileContents mapped = FileContents::map(path);
    std::filesystem::remove(path);
    EXPECT_EQ(mapped.bytes(), bytes);
    EXPECT_EQ(mapped.mapped_from(), path);
    EXPECT_TRUE(FileContents(bytes).mapped_from().empty());
    EXPECT_EQ(mapped, FileContents(bytes));
    EXPECT_EQ(MatrixFile("a.npy", mapped).hash(), hash_digits(bytes));
    EXPECT_THROW(FileContents::map(path), std::runtime_error);
}

TEST(FileContents, APipeIsNotWaitedFor) {
    const std::filesystem::path path =
        std::filesystem::temp_directory_path() / "cucurbit_mapped_pipe.npy";
    std::filesystem::remove(path);
    ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
    try {
        FileContents::map(path);
        ADD_FAILURE() << "mapped";
    } catch (const std::runtime_error& error) {
        EXPECT_STREQ(error.what(), "is not a regular file");
    }
    std::filesystem::remove(path);
}

}  // namespace
}  // namespace cucurbit
