#pragma once
// The Engine: batches of random numbers and linear algebra that the settings (host/studies/) are
// written against. Operations are enqueued in order on the engine's one queue; only `download`
// waits. Memory belongs to the engine and is never dereferenced by a setting.
//
// Everything is column-major and of double precision. Samples are stored one per column, so a
// design matrix X (n rows, p columns) is held as Xᵀ, p×n, and its first columns are the nested
// smaller sample.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "cucurbit/engine.hpp"
#include "cucurbit/random.hpp"

namespace cucurbit {

/// A batch of `count` column-major matrices in engine memory, `stride` doubles apart. Stride 0: all
/// trials share one matrix (read only). With lanes > 1 that many trials are interleaved element by
/// element: element (i, j) of trial t is data[(t / lanes · stride + i + j·ld)·lanes + t mod lanes],
/// and the storage holds whole groups of lanes. Shared matrices have one lane.
struct BatchMatrix {
    double* data = nullptr;
    std::size_t rows = 0;
    std::size_t cols = 0;
    std::size_t ld = 0;
    std::size_t stride = 0;
    std::size_t count = 0;
    std::size_t lanes = 1;

    /// Without data where this has none (a workspace that only counts).
    BatchMatrix block(std::size_t row, std::size_t row_count, std::size_t col,
                      std::size_t col_count) const {
        return {data != nullptr ? data + (row + col * ld) * lanes : nullptr,
                row_count,
                col_count,
                ld,
                stride,
                count,
                lanes};
    }
    BatchMatrix leading(std::size_t row_count, std::size_t col_count) const {
        return block(0, row_count, 0, col_count);
    }
    BatchMatrix trials(std::size_t number) const {
        return {data, rows, cols, ld, stride, number, lanes};
    }
    /// First element of a trial's matrix, or of the first trial of several lanes.
    double* item(std::size_t trial) const { return data + trial * stride; }
};

/// Engine memory that frees itself.
class EngineBuffer {
public:
    EngineBuffer() = default;
    EngineBuffer(const EngineBuffer&) = delete;
    EngineBuffer& operator=(const EngineBuffer&) = delete;
    virtual ~EngineBuffer() = default;
    double* data() const { return data_; }

protected:
    double* data_ = nullptr;
};

/// Small index lists that stay in engine memory as long as a simulation lives.
class IndexList {
public:
    explicit IndexList(std::vector<std::uint32_t> values) : values_(std::move(values)) {}
    IndexList(const IndexList&) = delete;
    IndexList& operator=(const IndexList&) = delete;
    virtual ~IndexList() = default;
    std::span<const std::uint32_t> host() const { return values_; }
    virtual const std::uint32_t* data() const { return values_.data(); }

private:
    std::vector<std::uint32_t> values_;
};

/// A function of every entry of a matrix; NaN stays. rectifier: max(x, 0). sign: 1, −1, 0. uniform,
/// laplace: what turns a standard normal into one of that law, of mean 0 and variance 1.
enum class Entrywise : std::uint8_t { rectifier, sign, uniform, laplace };

/// How outputs z of linear models become predictions: z/temperature itself, its logistic function,
/// or the softmax over each model's `classes` consecutive columns.
struct DescentLink {
    enum class Kind { identity, logistic, softmax };
    Kind kind = Kind::identity;
    std::size_t classes = 1;  ///< columns of one model
    double temperature = 1.0;
};

/// What a descent's iterates are: weights, or the coefficients of weights that are combinations of
/// the samples (weights = samples · coefficients, the row space of the design matrix). A descent
/// from zero never leaves that space, and with fewer samples than weights its steps are cheaper.
enum class DescentSpace { weights, row };

/// A loss on the models whose columns of the weights begin at `first`; its gradient in their
/// outputs is factor · (link(outputs) − targets).
struct DescentLoss {
    DescentLink link;
    std::size_t first = 0;
    BatchMatrix targets;  ///< n×columns covered
    double factor = 1.0;
};

/// Bins of equal width of the confidence in a prediction (Guo et al. 2017, section 2).
inline constexpr std::size_t confidence_bins = 15;
/// What is summed up of a model's predictions: Engine::score.
inline constexpr std::size_t score_rows = 2 + confidence_bins;
/// What is said of a student's margins beside its teacher's: Engine::compare_margins.
constexpr std::size_t comparison_rows(std::size_t bins) {
    return 4 + 2 * bins;
}

class Engine {
public:
    Engine() = default;
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;
    virtual ~Engine() = default;

    /// The number of trials to interleave where the largest matrix of each takes this much engine
    /// memory: 1 unless the engine is faster so. Depends on that alone.
    virtual std::size_t preferred_lanes(std::size_t bytes_per_matrix) const {
        static_cast<void>(bytes_per_matrix);
        return 1;
    }
    /// Whether gram_and_project reads less memory where b lies directly before a, and c before g,
    /// as columns of one matrix.
    virtual bool prefers_adjacent_labels() const { return false; }
    /// Uninitialised memory. Throws DeviceError when there is not enough.
    virtual std::unique_ptr<EngineBuffer> allocate(std::size_t doubles) = 0;
    virtual std::unique_ptr<IndexList> indices(std::vector<std::uint32_t> values) = 0;
    virtual void upload(std::span<const double> from, double* to) = 0;
    /// Waits for every operation before it.
    virtual void download(const double* from, std::span<double> to) = 0;
    virtual void fill(BatchMatrix out, double value) = 0;
    /// to = from; shapes equal.
    virtual void copy(BatchMatrix from, BatchMatrix to) = 0;
    /// to(i, j) = scale[i] · from(i, j), scale: [rows] in engine memory; from and to may be the
    /// same.
    virtual void scale_rows(BatchMatrix from, const double* scale, BatchMatrix to) = 0;

    /// out(i, j) of trial b = scale[i] · normal(stream, trials[b], row first_row + j, column i):
    /// each column is one sample. scale: [rows] in engine memory, or null for 1. trials: [count],
    /// host memory.
    virtual void draw(const Stream& stream, std::span<const std::uint64_t> trials,
                      std::size_t first_row, const double* scale, BatchMatrix out) = 0;

    /// Lower triangle of g = aᵀa, a: k×n, g: n×n; the strict upper triangle is then undefined.
    virtual void gram(BatchMatrix a, BatchMatrix g) = 0;
    /// Lower triangle of g += a aᵀ, a: n×k, g: n×n; the strict upper triangle is then undefined.
    virtual void add_outer(BatchMatrix a, BatchMatrix g) = 0;
    /// diagonal(i, 0) = g(i, i).
    virtual void diagonal(BatchMatrix g, BatchMatrix diagonal) = 0;
    /// The lower triangle of g becomes its Cholesky factor. Every rows_done(i, 0) = leading rows
    /// that were factored: fewer than all where a pivot is not positive or overflows, or g is not a
    /// number; the rest of g is then undefined.
    virtual void cholesky(BatchMatrix g, BatchMatrix rows_done) = 0;
    /// The lower triangle of l becomes that of l⁻¹, its strict upper triangle zero. Nested: leading
    /// blocks of the inverse are inverses of leading blocks.
    virtual void invert_lower(BatchMatrix l) = 0;
    /// out = a b, or aᵀ b. Operands may be shared where `out` has one lane.
    virtual void multiply(BatchMatrix a, bool transpose_a, BatchMatrix b, BatchMatrix out) = 0;
    /// out = aᵀ.
    virtual void transpose(BatchMatrix a, BatchMatrix out) = 0;
    /// a ← a rᵀ for lower triangular r, zero above: with r = L⁻¹ and a = Xᵀ the rows of Q = L⁻¹X
    /// as columns.
    virtual void multiply_by_transposed_lower(BatchMatrix r, BatchMatrix a) = 0;
    /// a ← r a for lower triangular r, zero above.
    virtual void multiply_by_lower(BatchMatrix r, BatchMatrix a) = 0;
    /// Householder factorisation of a: p×n, p ≥ n, a = Q Lᵀ: a becomes Q (orthonormal columns), l
    /// (n×n) the lower triangular factor with a positive diagonal, its strict upper triangle zero.
    virtual void orthogonal_columns(BatchMatrix a, BatchMatrix l) = 0;
    /// Householder factorisation of a: q×n, a = L Q: l (q×r, r = min(q, n)) becomes the lower
    /// trapezoidal factor with a positive diagonal; a is destroyed.
    virtual void lower_factor(BatchMatrix a, BatchMatrix l) = 0;
    /// Rank-revealing step after orthogonal_columns: l = U s Vᵀ, singular values ≤
    /// relative_cut_off·max(s) count as zero. q ← q V (columns beyond the rank zero), l ← s⁺Uᵀ
    /// (full matrix, rows beyond the rank zero), rank(0, 0) = effective rank; −1, and q all NaN,
    /// where the iteration did not converge.
    virtual void truncate(BatchMatrix q, BatchMatrix l, double relative_cut_off,
                          BatchMatrix rank) = 0;

    /// c = aᵀ b, a: p×n, b: p×k (stride 0: shared), c: n×k. rows: [k] ascending: only the first
    /// rows[j] entries of column j are needed, the others are undefined.
    virtual void project(BatchMatrix a, BatchMatrix b, const IndexList& rows, BatchMatrix c) = 0;
    /// gram(a, g) and project(a, b, rows, c), for engines that then read a less often.
    virtual void gram_and_project(BatchMatrix a, BatchMatrix g, BatchMatrix b,
                                  const IndexList& rows, BatchMatrix c) {
        gram(a, g);
        project(a, b, rows, c);
    }
    /// c ← l⁻¹ c in the first rows[j] entries of column j.
    virtual void solve_lower(BatchMatrix l, const IndexList& rows, BatchMatrix c) = 0;
    /// c ← l⁻ᵀ c with the leading rows[j] block for column j, whose further entries are zero and
    /// stay so.
    virtual void solve_lower_transposed(BatchMatrix l, const IndexList& rows, BatchMatrix c) = 0;
    /// a(i, j) = function(a(i, j)).
    virtual void apply(Entrywise function, BatchMatrix a) = 0;
    /// c(·, j) += factor·column for every column j; column: n×1.
    virtual void add_to_columns(BatchMatrix column, double factor, BatchMatrix c) = 0;
    /// w(i, j) = i < rows[j] ? c(i, source[j]) : 0.
    virtual void spread(BatchMatrix c, const IndexList& source, const IndexList& rows,
                        BatchMatrix w) = 0;
    /// e = a w, a: p×n, w: n×k zero from rows[j] on, e: p×k.
    virtual void combine(BatchMatrix a, BatchMatrix w, const IndexList& rows, BatchMatrix e) = 0;
    /// e(·, j) −= subtracted[j]·reference, reference: [e.rows] in engine memory, subtracted: 0
    /// or 1.
    virtual void subtract(const double* reference, const IndexList& subtracted, BatchMatrix e) = 0;
    /// out(j, 0) = Σ_i weights[i] e(i, left[j]) e(i, right[j]).
    virtual void products(BatchMatrix e, const double* weights, const IndexList& left,
                          const IndexList& right, BatchMatrix out) = 0;

    /// out(0, 0) = Σ_ij weights[i] a(i, j)².
    virtual void weighted_norm(BatchMatrix a, const double* weights, BatchMatrix out) = 0;
    /// out(i, 0) = Σ_j r(i, j)².
    virtual void row_norms(BatchMatrix r, BatchMatrix out) = 0;
    /// out(i, 0) = Σ_{j<i} 2 T_ij s_ij + T_ii s_ii with T = r rᵀ, r: n×k, s: n×n (lower triangle
    /// read): the sum of the first n' entries is tr(r_n'ᵀ s_n' r_n'). triangular: r is lower
    /// triangular (its upper part zero).
    virtual void gains(BatchMatrix r, bool triangular, BatchMatrix s, BatchMatrix out) = 0;
    /// out(j, 0) = Σ_{i < ends[j]} v(i, 0)^power, power 1 or 2.
    virtual void prefix_sums(BatchMatrix v, int power, const IndexList& ends, BatchMatrix out) = 0;

    /// The first columns of Bartlett's factor of `samples` rows: out (p×k, k ≤ min(samples, p)),
    /// one row of the factor per column, is lower trapezoidal. With a stream of this key and stage,
    /// out(j, j) of trial b = √chi_square(Purpose::chi_square, trials[b], row j, samples − j),
    /// out(i, j) = normal(Purpose::samples, trials[b], row j, column i) for i > j, zero above. The
    /// rows of all k = min(samples, p) columns have the Gram matrix, in law, of `samples` standard
    /// normal rows (Bartlett 1933). trials: [count], host memory.
    virtual void draw_triangular(std::uint64_t key, std::uint8_t stage,
                                 std::span<const std::uint64_t> trials, std::uint64_t samples,
                                 BatchMatrix out) = 0;

    // Gradient descent. Operands of these operations have one lane.

    /// Eigendecomposition of the symmetric g, its lower triangle read: values(i, 0) ascending, the
    /// columns of g become orthonormal eigenvectors in that order, of either sign. All of both are
    /// NaN where the triangle is not finite or the iteration did not converge.
    virtual void eigen(BatchMatrix g, BatchMatrix values) = 0;
    /// c(i, j) *= (1 − e^{−rate·v})/v with v = values(i, 0), and rate where v ≤ 0: gradient flow of
    /// the coefficients c in the eigenvectors of a Gram matrix.
    virtual void flow(BatchMatrix values, double rate, BatchMatrix c) = 0;
    /// to(·, j) = from(·, order(j, 0)), or with rows: to(i, ·) = from(order(i, 0), ·); order holds
    /// whole numbers and has as many rows as `to` has columns (rows); from may be shared.
    virtual void gather(BatchMatrix from, BatchMatrix order, bool rows, BatchMatrix to) = 0;
    /// predictions = link(outputs), both n×k; they may be the same.
    virtual void predict(const DescentLink& link, BatchMatrix outputs, BatchMatrix predictions) = 0;
    /// What models say of labelled points, added to sums (score_rows rows, a column for each
    /// model): correct predictions, Σ −log p of the labels, and for each bin of the confidence in
    /// the prediction (kernels/common/score.hpp) Σ confidence − correct. outputs: n×(models ·
    /// classes), logits; of one class the log odds of label 1 against label 0. labels: whole
    /// numbers, n rows, of model j column of[j]; a point whose label is NaN is not counted. All
    /// sums of a model with an output that is not finite become NaN.
    virtual void score(std::size_t classes, BatchMatrix outputs, BatchMatrix labels,
                       const IndexList& of, BatchMatrix sums) = 0;
    /// margins(i, j) = how sure model j is at point i of the class y that model of[j] predicts
    /// there: the log odds log(p_y/(1 − p_y)). outputs: as in score; a column of margins for each
    /// model.
    virtual void margins(std::size_t classes, BatchMatrix outputs, const IndexList& of,
                         BatchMatrix margins) = 0;
    /// order(·, j) = the rows of values(·, j) from the least value to the largest, equal ones in
    /// their own order; all in their own order where one is NaN.
    virtual void order_rows(BatchMatrix values, BatchMatrix order) = 0;
    /// out(·, s) = the margins of column students[s] beside those of column teachers[s], whose
    /// points are in the order order(·, teachers[s]): slope and intercept of least squares of the
    /// student's on the teacher's; shares of the first quarter of the points where the student's is
    /// below, and of the last quarter where it is above, by more than rounding
    /// (kernels/common/margins.hpp); then, for each bin b of `bins`, the means of the teacher's and
    /// of the student's over the points b·n/bins … (b + 1)·n/bins − 1. NaN where a number that went
    /// into it is. order: as many rows as margins.
    virtual void compare_margins(BatchMatrix margins, BatchMatrix order, const IndexList& students,
                                 const IndexList& teachers, std::size_t bins, BatchMatrix out) = 0;
    /// out(i, j) = a(i, left[j]) b(i, right[j]), with `adds` added to what is there; out lies
    /// apart.
    virtual void multiply_columns(BatchMatrix a, const IndexList& left, BatchMatrix b,
                                  const IndexList& right, bool adds, BatchMatrix out) = 0;
    /// One step of gradient descent with momentum for all models of a trial at once. With Z =
    /// samplesᵀ iterates and R = Σ over losses of rate(0, 0) · factor · (link(Z) − targets) in the
    /// columns that a loss covers, iterates ← iterates + velocity, where
    ///   of weights (samples: p×n, iterates: p×k), velocity ← momentum · velocity − samples R;
    ///   in the row space of a p×n matrix X, samples = XᵀX (n×n, both triangles) and iterates: n×k,
    ///   velocity ← momentum · velocity − R, which is the same step of the weights X · iterates.
    /// All links have the same number of classes, of which each loss's `first` is a multiple.
    /// outputs (n×k) is scratch, and velocity (as iterates) is too where momentum is 0.
    virtual void descend(DescentSpace space, BatchMatrix samples,
                         std::span<const DescentLoss> losses, BatchMatrix rate, double momentum,
                         BatchMatrix outputs, BatchMatrix velocity, BatchMatrix iterates) = 0;
};

}  // namespace cucurbit
