#pragma once
// Files of numbers that a study refers to.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cucurbit {

/// The values of a .npy or .csv file, by the ending of its path. Throws std::runtime_error with
/// what is wrong and what is allowed: other endings, no values, values that are not finite.
std::vector<double> parse_value_file(const std::string& path, std::string_view bytes);

/// A matrix of finite values, [row][column].
struct ValueTable {
    std::size_t rows = 0;
    std::size_t cols = 0;
    std::vector<double> values;
};
/// The matrix of a .npy file with two axes in C order, not empty. Throws as parse_value_file does.
ValueTable parse_value_table(const std::string& path, std::string_view bytes);

/// How a .npy file stores a value: float64, float32 or an integer in either byte order, or a truth
/// value.
struct NpyElement {
    std::size_t size = 0;                   ///< in bytes
    double (*read)(const char*) = nullptr;  ///< the value at an address; integers round as in C
};

/// What the header of a .npy file says.
struct NpyShape {
    NpyElement element;
    std::vector<std::uint64_t> axes;  ///< one or two
    bool fortran_order = false;
};
/// Takes the header off the bytes, so that the values are left. Throws as parse_value_file does.
NpyShape parse_npy_shape(std::string_view& bytes);

/// One axis of values, or a matrix of one row or column, in format versions 1 to 3 (NumPy
/// Enhancement Proposal 1).
std::vector<double> parse_npy(std::string_view bytes);

/// One column of numbers, one a line, an optional header line first, in UTF-8.
std::vector<double> parse_csv(std::string_view bytes);

}  // namespace cucurbit
