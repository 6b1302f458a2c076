#pragma once
// Operands of the Engine's operations, the same numbers on every engine, and what the operations
// leave in them.

#include <cmath>
#include <limits>
#include <memory>
#include <span>
#include <vector>

#include "kernels/contract.hpp"

namespace cucurbit::cli {

/// Column-major matrices of a batch: [trial][column][row].
using Values = std::vector<double>;

/// Trials in every batch.
inline constexpr std::size_t batch_trials = 3;

/// Standard normals, different for every seed.
Values normal_values(std::size_t rows, std::size_t cols, std::uint64_t seed);
/// Well-conditioned lower triangular matrices.
Values lower_values(std::size_t n, std::uint64_t seed);
/// a b for every trial, a: rows×inner, b: inner×cols; transpose_b: b is cols×inner.
Values product_values(const Values& a, const Values& b, std::size_t rows, std::size_t inner,
                      std::size_t cols, bool transpose_b);
/// ‖L‖‖L⁻¹‖/n in Frobenius norms, the largest over trials: 1 for orthogonal matrices.
double condition_of_lower(const Values& lower, std::size_t n);
/// What rounding may do to a result of so many terms: 8 · eps · terms · condition.
inline double rounding(std::size_t terms, double condition = 1.0) {
    return 8.0 * std::numeric_limits<double>::epsilon() * static_cast<double>(terms) * condition;
}

/// Numbers that an operation gave; `allowed`: how far another engine's may be from them, relative
/// to the largest; 0: the same bits.
struct Taken {
    Values values;
    double allowed = 0.0;
};

class Worktable {
public:
    explicit Worktable(Engine& on) : engine(on) {}

    /// Zeros.
    BatchMatrix matrix(std::size_t rows, std::size_t cols);
    BatchMatrix put(const Values& values, std::size_t rows, std::size_t cols);
    const double* vector(const Values& values);
    const IndexList& list(std::vector<std::uint32_t> values);

    void take(BatchMatrix m, double allowed);
    void take_lower(BatchMatrix m, double allowed);
    /// The first rows[j] entries of column j.
    void take_columns(BatchMatrix m, const IndexList& rows, double allowed);
    /// a b, a: rows×inner.
    void take_product(BatchMatrix a, BatchMatrix b, double allowed);
    /// a aᵀ.
    void take_square(BatchMatrix a, double allowed);
    const std::vector<Taken>& taken() const { return taken_; }

    Engine& engine;

private:
    template <class Keep>
    void take_where(BatchMatrix m, double allowed, Keep keep);

    std::vector<std::unique_ptr<EngineBuffer>> buffers_;
    std::vector<std::unique_ptr<IndexList>> lists_;
    std::vector<Taken> taken_;
};

}  // namespace cucurbit::cli
