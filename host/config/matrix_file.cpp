#include "host/config/matrix_file.hpp"

#include <cmath>
#include <cstdint>
#include <stdexcept>

#include <fmt/format.h>

#include "cucurbit/hash.hpp"

namespace cucurbit {

MatrixFile::MatrixFile(const std::string& path, FileContents contents)
    : contents_(std::move(contents)) {
    if (!path.ends_with(".npy")) throw std::runtime_error("its ending is not known; allowed: .npy");
    std::string_view bytes = contents_.bytes();
    const NpyShape shape = parse_npy_shape(bytes);
    const std::uint64_t rows = shape.axes.at(0), cols = shape.axes.size() > 1 ? shape.axes[1] : 1;
    const std::uint64_t held = bytes.size() / shape.element.size;
    const bool fits = cols == 0 || rows <= held / cols;
    if (!fits || bytes.size() != rows * cols * shape.element.size)
        throw std::runtime_error(
            fmt::format("its header announces {} rows of {} values of {} bytes, {} bytes follow",
                        rows, cols, shape.element.size, bytes.size()));
    if (bytes.empty()) throw std::runtime_error("holds no values");
    rows_ = rows;
    cols_ = cols;
    values_ = bytes.data();
    element_ = shape.element;
    fortran_order_ = shape.fortran_order;
    require_finite();
    hash_ = hash_digits(contents_.bytes());
}

double MatrixFile::value(std::size_t index) const {
    return element_.read(values_ + index * element_.size);
}

void MatrixFile::require_finite() const {
    for (std::size_t i = 0; i < rows_ * cols_; ++i) {
        if (std::isfinite(value(i))) continue;
        const std::size_t row = fortran_order_ ? i % rows_ : i / cols_;
        const std::size_t col = fortran_order_ ? i / rows_ : i % cols_;
        throw std::runtime_error(fmt::format("row {}, column {} is {}; allowed: finite numbers",
                                             row + 1, col + 1, canonical_number(value(i))));
    }
}

void MatrixFile::read(std::size_t row, std::size_t row_count, std::size_t col,
                      std::size_t col_count, double* to) const {
    const std::size_t along_row = fortran_order_ ? rows_ : 1;
    const std::size_t along_col = fortran_order_ ? 1 : cols_;
    for (std::size_t i = 0; i < row_count; ++i)
        for (std::size_t j = 0; j < col_count; ++j)
            to[i + j * row_count] = value((row + i) * along_col + (col + j) * along_row);
}

}  // namespace cucurbit
