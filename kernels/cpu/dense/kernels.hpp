#pragma once
// The matrix product on which Gram matrices, factorisations and learning curves of one trial are
// built, and the triangular blocks between the products, compiled once for each instruction set.

#include <cstddef>
#include <cstdint>
#include <vector>

namespace cucurbit {

/// A factor op(data), column-major with leading dimension ld.
struct Factor {
    const double* data;
    std::size_t ld;
    bool transposed = false;
};

struct Product {
    Factor left;   ///< rows×depth
    Factor right;  ///< depth×cols
    std::size_t rows, cols, depth;
    /// rows×cols, column-major; overlaps neither factor, but is the left one where it has to be and
    /// depth ≤ largest_depth_in_place.
    double* out;
    std::size_t ld;
    double scale = 1.0;
    bool add = false;    ///< out += scale·left·right instead of out = scale·left·right
    bool lower = false;  ///< only the lower triangle is computed and touched
    /// [cols] ascending, or null: only so many leading rows of each column are wanted; what the
    /// others hold afterwards is undefined.
    const std::uint32_t* row_ends = nullptr;
    /// [cols] ascending, or null: where each column of the right factor ends, zeros after it.
    const std::uint32_t* depth_ends = nullptr;
    std::size_t ends_from = 0;  ///< the row or depth that these ends count as their zero
    /// [cols] ascending, or null: where each column of the right factor begins, zeros before it.
    const std::uint32_t* depth_begins = nullptr;
    /// Another product of the same left factor, or null; its columns are computed with these, while
    /// the factor is at hand.
    const Product* also = nullptr;
};

inline constexpr std::size_t largest_depth_in_place = 512;

/// Order of the triangular blocks.
inline constexpr std::size_t triangle_order = 64;

struct DenseKernels {
    const char* name;
    std::size_t packed_doubles;  ///< scratch that a call needs, on a cache line's boundary
    void (*multiply)(const Product& product, double* packed);
    /// The lower triangle of block (triangle_order² doubles, column-major) becomes its Cholesky
    /// factor; returns the leading rows that were factored. The strict upper triangle is scratch.
    std::size_t (*factor_triangle)(double* block);
    /// inverse = (the lower triangle of block)⁻¹ by rows, zero above its diagonal.
    void (*invert_triangle)(const double* block, double* inverse);
};

extern const DenseKernels dense_generic;
extern const DenseKernels dense_avx2;
extern const DenseKernels dense_avx512;

/// Every set that this processor runs, the best last. They differ in the last bits: the better ones
/// fuse multiplications and additions.
std::vector<const DenseKernels*> supported_dense_kernels();

/// The set that draws the normals (random_instruction_set), or the best below it that can be had.
const DenseKernels& chosen_dense_kernels();

}  // namespace cucurbit
