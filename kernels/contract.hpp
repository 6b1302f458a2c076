#pragma once
// The Engine: batches of linear algebra and random numbers that settings (host/studies/) are written
// against. Operations are enqueued in order on the engine's one queue; only `download` waits. On the
// CPU each runs at once. Memory belongs to the engine and is never dereferenced by a setting.
//
// Everything is column-major. A batch is `count` matrices `stride` apart. Samples are stored one per column,
// so a design matrix X (n rows) is held as Xᵀ, p×n, and its first n columns are the nested smaller
// sample.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "cucurbit/random.hpp"
#include "cucurbit/study.hpp"

namespace cucurbit {

/// A batch of column-major matrices in engine memory. Narrow with columns()/top() instead of pointer arithmetic.
struct BatchMatrix {
    double* data = nullptr;
    std::size_t rows = 0;
    std::size_t cols = 0;
    std::size_t ld = 0;      ///< ≥ rows
    std::size_t stride = 0;  ///< from one matrix of the batch to the next; 0: all share one matrix
    std::size_t count = 0;

    BatchMatrix columns(std::size_t first, std::size_t number) const {
        return {data + first * ld, rows, number, ld, stride, count};
    }
    BatchMatrix block(std::size_t row, std::size_t number_rows, std::size_t col,
                      std::size_t number_cols) const {
        return {data + row + col * ld, number_rows, number_cols, ld, stride, count};
    }
    BatchMatrix first(std::size_t number) const { return {data, rows, cols, ld, stride, number}; }
};

/// Engine memory that frees itself.
class EngineBuffer {
public:
    virtual ~EngineBuffer() = default;
    double* data() const { return data_; }

protected:
    double* data_ = nullptr;
};

class Engine {
public:
    virtual ~Engine() = default;

    // Memory and transfers --------------------------------------------------------------------------

    /// Throws std::bad_alloc (CPU) or DeviceError (out of device memory).
    virtual std::unique_ptr<EngineBuffer> allocate(std::size_t doubles) = 0;
    virtual void upload(std::span<const double> from, double* to) = 0;
    /// Waits for all operations before it.
    virtual void download(const double* from, std::span<double> to) = 0;

    // Draws -----------------------------------------------------------------------------------------

    /// out[b](r, c) = scale[r] · normal(stream, trials[b], first_row + c, r): column c holds row first_row + c
    /// of the stream. scale: [out.rows] in engine memory, or null for 1. trials: [out.count], host memory.
    virtual void draw(const Stream& stream, std::span<const std::uint64_t> trials,
                      std::size_t first_row, const double* scale, BatchMatrix out) = 0;

    // Factorisations --------------------------------------------------------------------------------

    /// Lower triangle of g = aᵀ a (`accumulate` false) for a: k×n, g: n×n. The upper triangle is not touched.
    virtual void gram(BatchMatrix a, BatchMatrix g) = 0;
    /// Lower triangle of g += a aᵀ for a: n×k.
    virtual void accumulate_outer(BatchMatrix a, BatchMatrix g) = 0;
    /// g's lower triangle becomes its Cholesky factor L; rows_done[b] = number of leading rows factored
    /// (n when complete; fewer when a pivot is not positive or not finite; the rest is NaN).
    virtual void cholesky(BatchMatrix g, double* rows_done) = 0;
    /// l's lower triangle becomes its inverse R; the strict upper triangle is set to zero. Nested: the
    /// leading block of R is the inverse of the leading block of L.
    virtual void invert_lower(BatchMatrix l) = 0;
    /// xt (p×n) becomes xt Rᵀ: with R = L⁻¹, the orthonormal rows Q = R X as columns.
    virtual void apply_inverse(BatchMatrix r, BatchMatrix xt) = 0;
    /// Householder factorisation of xt (p×n, p ≥ n): xt = Qᵀ Lᵀ. xt becomes Qᵀ (p×n, orthonormal columns),
    /// l (n×n) the lower factor with positive diagonal.
    virtual void orthogonal(BatchMatrix xt, BatchMatrix l) = 0;

  // to be completed
};

}  // namespace cucurbit
