// Fits, errors and noise gains along a learning curve on the CPU engine.

#include <algorithm>

#include "kernels/cpu/engine.hpp"
#include "kernels/cpu/lapack.hpp"

namespace cucurbit {
namespace {

constexpr double one = 1.0;
constexpr double zero = 0.0;

int as_int(std::size_t value) {
    return static_cast<int>(value);
}

constexpr std::size_t block_rows = 64;

/// First of the columns (ascending in rows) that reach beyond `row`.
std::size_t first_beyond(std::span<const std::uint32_t> rows, std::size_t row) {
    return static_cast<std::size_t>(std::upper_bound(rows.begin(), rows.end(), row) - rows.begin());
}

/// Calls body(row, height, first): blocks of rows downwards, each with the columns from `first` on
/// that reach into it, so that wide matrix products skip most of what is not needed.
template <class Body>
void for_row_blocks(std::span<const std::uint32_t> rows, Body body) {
    const std::size_t end = rows.empty() ? 0 : rows.back();
    for (std::size_t row = 0; row < end; row += block_rows)
        body(row, std::min(block_rows, end - row), first_beyond(rows, row));
}

/// c += factor op(a) b for a block of op(a): m×k, b: k×n.
void multiply_add(const char* transpose_a, std::size_t m, std::size_t n, std::size_t k,
                  double factor, const double* a, std::size_t lda, const double* b, std::size_t ldb,
                  double beta, double* c, std::size_t ldc) {
    if (m == 0 || n == 0 || (k == 0 && beta == 1.0)) return;
    const int mi = as_int(m), ni = as_int(n), ki = as_int(k);
    const int la = as_int(lda), lb = as_int(ldb), lc = as_int(ldc);
    lapack::dgemm_(transpose_a, "N", &mi, &ni, &ki, &factor, a, &la, b, &lb, &beta, c, &lc);
}

/// c ← l⁻¹ c or l⁻ᵀ c for one diagonal block.
void solve_block(const char* transpose, std::size_t m, std::size_t n, const double* l,
                 std::size_t ldl, double* c, std::size_t ldc) {
    if (n == 0) return;
    const int mi = as_int(m), ni = as_int(n), ll = as_int(ldl), lc = as_int(ldc);
    lapack::dtrsm_("L", "L", transpose, "N", &mi, &ni, &one, l, &ll, c, &lc);
}

}  // namespace

void CpuEngine::project(BatchMatrix a, BatchMatrix b, const IndexList& rows, BatchMatrix c) {
    if (c.lanes > 1) return interleaved_.project(a, b, rows, c);
    for (std::size_t t = 0; t < c.count; ++t)
        for_row_blocks(rows.host(), [&](std::size_t row, std::size_t height, std::size_t first) {
            multiply_add("T", height, rows.host().size() - first, a.rows, one,
                         a.item(t) + row * a.ld, a.ld, b.item(t) + first * b.ld, b.ld, zero,
                         c.item(t) + row + first * c.ld, c.ld);
        });
}

void CpuEngine::solve_lower(BatchMatrix l, const IndexList& rows, BatchMatrix c) {
    if (c.lanes > 1) return interleaved_.solve_lower(l, rows, c);
    const std::size_t columns = rows.host().size();
    const std::size_t end = rows.host().empty() ? 0 : rows.host().back();
    for (std::size_t t = 0; t < c.count; ++t)
        for_row_blocks(rows.host(), [&](std::size_t row, std::size_t height, std::size_t first) {
            const std::size_t below = row + height;
            const std::size_t later = first_beyond(rows.host(), below);
            solve_block("N", height, columns - first, l.item(t) + row + row * l.ld, l.ld,
                        c.item(t) + row + first * c.ld, c.ld);
            multiply_add("N", end - below, columns - later, height, -one,
                         l.item(t) + below + row * l.ld, l.ld, c.item(t) + row + later * c.ld, c.ld,
                         one, c.item(t) + below + later * c.ld, c.ld);
        });
}

void CpuEngine::solve_lower_transposed(BatchMatrix l, const IndexList& rows, BatchMatrix c) {
    if (c.lanes > 1) return interleaved_.solve_lower_transposed(l, rows, c);
    const std::size_t columns = rows.host().size();
    const std::size_t end = rows.host().empty() ? 0 : rows.host().back();
    for (std::size_t t = 0; t < c.count; ++t)
        for (std::size_t below = end; below > 0;) {
            const std::size_t row = (below - 1) / block_rows * block_rows;
            const std::size_t later = first_beyond(rows.host(), below);
            const std::size_t first = first_beyond(rows.host(), row);
            multiply_add("T", below - row, columns - later, end - below, -one,
                         l.item(t) + below + row * l.ld, l.ld, c.item(t) + below + later * c.ld,
                         c.ld, one, c.item(t) + row + later * c.ld, c.ld);
            solve_block("T", below - row, columns - first, l.item(t) + row + row * l.ld, l.ld,
                        c.item(t) + row + first * c.ld, c.ld);
            below = row;
        }
}

void CpuEngine::spread(BatchMatrix c, const IndexList& source, const IndexList& rows,
                       BatchMatrix w) {
    if (w.lanes > 1) return interleaved_.spread(c, source, rows, w);
    for (std::size_t t = 0; t < w.count; ++t)
        for (std::size_t j = 0; j < w.cols; ++j) {
            const double* from = c.item(t) + source.host()[j] * c.ld;
            double* to = w.item(t) + j * w.ld;
            const std::size_t kept = rows.host()[j];
            std::copy_n(from, kept, to);
            std::fill(to + kept, to + w.rows, 0.0);
        }
}

void CpuEngine::combine(BatchMatrix a, BatchMatrix w, const IndexList& rows, BatchMatrix e) {
    if (e.lanes > 1) return interleaved_.combine(a, w, rows, e);
    for (std::size_t t = 0; t < e.count; ++t)
        for_row_blocks(rows.host(), [&](std::size_t row, std::size_t height, std::size_t first) {
            multiply_add("N", a.rows, rows.host().size() - first, height, one,
                         a.item(t) + row * a.ld, a.ld, w.item(t) + row + first * w.ld, w.ld,
                         row == 0 ? zero : one, e.item(t) + first * e.ld, e.ld);
        });
}

void CpuEngine::subtract(const double* reference, const IndexList& subtracted, BatchMatrix e) {
    if (e.lanes > 1) return interleaved_.subtract(reference, subtracted, e);
    for (std::size_t t = 0; t < e.count; ++t)
        for (std::size_t j = 0; j < e.cols; ++j) {
            if (subtracted.host()[j] == 0) continue;
            double* column = e.item(t) + j * e.ld;
            for (std::size_t i = 0; i < e.rows; ++i) column[i] -= reference[i];
        }
}

void CpuEngine::products(BatchMatrix e, const double* weights, const IndexList& left,
                         const IndexList& right, BatchMatrix out) {
    if (e.lanes > 1) return interleaved_.products(e, weights, left, right, out);
    const auto l = left.host(), r = right.host();
    for (std::size_t t = 0; t < out.count; ++t)
        for (std::size_t j = 0; j < l.size(); ++j) {
            const double* x = e.item(t) + l[j] * e.ld;
            const double* y = e.item(t) + r[j] * e.ld;
            // Eight partial sums in a fixed order: vectorisable without reassociation flags.
            double sums[8] = {};
            std::size_t i = 0;
            for (; i + 8 <= e.rows; i += 8)
                for (std::size_t lane = 0; lane < 8; ++lane)
                    sums[lane] += weights[i + lane] * x[i + lane] * y[i + lane];
            for (; i < e.rows; ++i) sums[0] += weights[i] * x[i] * y[i];
            out.item(t)[j] = ((sums[0] + sums[1]) + (sums[2] + sums[3])) +
                             ((sums[4] + sums[5]) + (sums[6] + sums[7]));
        }
}

void CpuEngine::weighted_norm(BatchMatrix a, const double* weights, BatchMatrix out) {
    if (a.lanes > 1) return interleaved_.weighted_norm(a, weights, out);
    for (std::size_t t = 0; t < out.count; ++t) {
        double sum = 0.0;
        for (std::size_t j = 0; j < a.cols; ++j) {
            const double* x = a.item(t) + j * a.ld;
            double column = 0.0;
            for (std::size_t i = 0; i < a.rows; ++i) column += weights[i] * x[i] * x[i];
            sum += column;
        }
        out.item(t)[0] = sum;
    }
}

void CpuEngine::row_norms(BatchMatrix r, BatchMatrix out) {
    if (r.lanes > 1) return interleaved_.row_norms(r, out);
    for (std::size_t t = 0; t < out.count; ++t) {
        double* sums = out.item(t);
        std::fill_n(sums, r.rows, 0.0);
        for (std::size_t j = 0; j < r.cols; ++j) {
            const double* x = r.item(t) + j * r.ld;
            for (std::size_t i = 0; i < r.rows; ++i) sums[i] += x[i] * x[i];
        }
    }
}

void CpuEngine::gains(BatchMatrix r, bool triangular, BatchMatrix s, BatchMatrix out) {
    if (s.lanes > 1) return interleaved_.gains(r, triangular, s, out);
    constexpr std::size_t panel_width = 64;
    const std::size_t n = s.rows;
    const int ldr = as_int(r.ld), ldp = as_int(n);
    const auto panel = workspace(n * panel_width);
    for (std::size_t t = 0; t < out.count; ++t) {
        double* sums = out.item(t);
        std::fill_n(sums, n, 0.0);
        for (std::size_t first = 0; first < n; first += panel_width) {
            const std::size_t width = std::min(panel_width, n - first);
            const int m = as_int(n - first), w = as_int(width);
            const int k = as_int(triangular ? first + width : r.cols);
            const double* rows = r.item(t) + first;
            lapack::dgemm_("N", "T", &m, &w, &k, &one, rows, &ldr, rows, &ldr, &zero, panel.data(),
                           &ldp);
            for (std::size_t j = 0; j < width; ++j) {
                const double* tj = panel.data() + j * n;
                const double* sj = s.item(t) + first + (first + j) * s.ld;
                double* target = sums + first;
                target[j] += tj[j] * sj[j];
                for (std::size_t i = j + 1; i < n - first; ++i) target[i] += 2.0 * tj[i] * sj[i];
            }
        }
    }
}

void CpuEngine::prefix_sums(BatchMatrix v, int power, const IndexList& ends, BatchMatrix out) {
    if (v.lanes > 1) return interleaved_.prefix_sums(v, power, ends, out);
    for (std::size_t t = 0; t < out.count; ++t) {
        const double* x = v.item(t);
        double sum = 0.0;
        std::size_t i = 0;
        for (std::size_t j = 0; j < ends.host().size(); ++j) {
            for (; i < ends.host()[j]; ++i) sum += power == 2 ? x[i] * x[i] : x[i];
            out.item(t)[j] = sum;
        }
    }
}

}  // namespace cucurbit
