#pragma once
// The vectorised draws, compiled once for each instruction set. Addresses are in range and not
// checked.

#include <cstddef>
#include <cstdint>

#include "kernels/common/philox.hpp"

namespace cucurbit {

struct BulkDraw {
    const char* name;
    /// out[c + r·ld] = scale[c]·normal(row from.row + r, column c); scale may be null.
    void (*rows)(const PhiloxRow& from, std::size_t rows, std::size_t columns, const double* scale,
                 double* out, std::size_t ld);
    /// out[(c + r·columns)·8 + i] = scale[c]·normal(row from[i].row + r, column c), where
    /// from[0..7] differ in the trial only.
    void (*interleaved)(const PhiloxRow* from, std::size_t rows, std::size_t columns,
                        const double* scale, double* out);
};

extern const BulkDraw bulk_generic;
extern const BulkDraw bulk_avx2;
extern const BulkDraw bulk_avx512;

}  // namespace cucurbit
