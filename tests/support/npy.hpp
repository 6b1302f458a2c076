#pragma once
// The bytes of .npy files.

#include <cstddef>
#include <cstring>
#include <string>
#include <vector>

namespace cucurbit {

/// A matrix of values [row][column], as float64 or float32, in C or Fortran order; cols 0: one axis
/// of `rows` values.
inline std::string npy_file(std::size_t rows, std::size_t cols, const std::vector<double>& values,
                            bool single = false, bool fortran = false) {
    const std::string shape = cols == 0
                                  ? "(" + std::to_string(rows) + ",)"
                                  : "(" + std::to_string(rows) + ", " + std::to_string(cols) + ")";
    const std::string header = std::string("{'descr': '") + (single ? "<f4" : "<f8") +
                               "', 'fortran_order': " + (fortran ? "True" : "False") +
                               ", 'shape': " + shape + ", }\n";
    std::string bytes("\x93NUMPY\x01\x00", 8);
    bytes += static_cast<char>(header.size());
    bytes += '\0';
    bytes += header;
    const std::size_t columns = cols == 0 ? 1 : cols;
    for (std::size_t k = 0; k < rows * columns; ++k) {
        const double value = fortran ? values[k % rows * columns + k / rows] : values[k];
        const auto small = static_cast<float>(value);
        const std::size_t size = single ? sizeof small : sizeof value;
        bytes.resize(bytes.size() + size);
        std::memcpy(bytes.data() + bytes.size() - size,
                    single ? static_cast<const void*>(&small) : &value, size);
    }
    return bytes;
}

}  // namespace cucurbit
