#pragma once
// The Engine's operations on interleaved trials, compiled once for each instruction set. Each call
// works on `lanes` of the eight trials that lie side by side; element (i, j) of the first of them
// is data[(i + j·ld)·8]. Shapes, triangles and what is undefined: as kernels/contract.hpp says.

#include <cstddef>
#include <cstdint>
#include <vector>

namespace cucurbit {

inline constexpr std::size_t interleaved_lanes = 8;

struct InterleavedKernels {
    /// Some lanes of a group of trials.
    struct Panel {
        double* data;
        std::size_t rows, cols, ld;
    };
    struct List {
        const std::uint32_t* values;
        std::size_t size;
    };

    const char* name;
    std::size_t lanes;
    void (*scale_rows)(Panel from, const double* scale, Panel to);
    void (*gram)(Panel a, Panel g);
    void (*add_outer)(Panel a, Panel g);
    /// Where a pivot is not positive the lane goes on as if its row and column were those of the
    /// identity: its rows_done stays, and what it computes from then on stays finite.
    void (*cholesky)(Panel g, double* rows_done);
    void (*invert_lower)(Panel l);
    void (*multiply)(Panel a, bool transpose_a, Panel b, Panel out);
    void (*multiply_by_transposed_lower)(Panel r, Panel a);
    void (*multiply_by_lower)(Panel r, Panel a);
    /// shared: b is a plain matrix, b(i, j) = data[i + j·ld].
    void (*project)(Panel a, Panel b, bool shared, List rows, Panel c);
    void (*solve_lower)(Panel l, List rows, Panel c);
    void (*solve_lower_transposed)(Panel l, List rows, Panel c);
    void (*combine)(Panel a, Panel w, List rows, Panel e);
    void (*subtract)(const double* reference, List subtracted, Panel e);
    void (*products)(Panel e, const double* weights, List left, List right, Panel out);
    void (*weighted_norm)(Panel a, const double* weights, double* out);
    void (*row_norms)(Panel r, Panel out);
    void (*gains)(Panel r, bool triangular, Panel s, Panel out);
    void (*prefix_sums)(Panel v, int power, List ends, Panel out);
};

extern const InterleavedKernels interleaved_generic;
extern const InterleavedKernels interleaved_avx2;
extern const InterleavedKernels interleaved_avx512;

/// Every set that this processor runs, the best last. They differ in the last bits: the better ones
/// fuse multiplications and additions.
std::vector<const InterleavedKernels*> supported_interleaved_kernels();

/// The set that draws the normals (random_instruction_set), or the best below it that can be had.
const InterleavedKernels& chosen_interleaved_kernels();

}  // namespace cucurbit
