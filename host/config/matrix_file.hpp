#pragma once
// A matrix in a .npy file, read in blocks from where it lies.

#include <cstddef>
#include <string>
#include <vector>

#include "cucurbit/study.hpp"
#include "host/config/value_files.hpp"

namespace cucurbit {

/// The finite values of a .npy file with two axes (rows, columns), or one (rows,), which is one
/// column, in C or Fortran order. Blocks are read on demand, so that a mapped file may be larger
/// than memory.
class MatrixFile {
public:
    /// Reads the file once for its hash and to see that every value is finite. Throws
    /// std::runtime_error with what is wrong and what is allowed.
    MatrixFile(const std::string& path, FileContents contents);

    std::size_t rows() const { return rows_; }
    std::size_t cols() const { return cols_; }
    /// hash_digits of the file's bytes.
    const std::string& hash() const { return hash_; }
    /// A block of the matrix as row_count×col_count, column-major, into `to`.
    void read(std::size_t row, std::size_t row_count, std::size_t col, std::size_t col_count,
              double* to) const;

private:
    double value(std::size_t index) const;
    void require_finite() const;

    FileContents contents_;
    std::string hash_;
    std::size_t rows_ = 0, cols_ = 0;
    const char* values_ = nullptr;
    NpyElement element_;
    bool fortran_order_ = false;
};

}  // namespace cucurbit
