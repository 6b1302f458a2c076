// Fits, errors and noise gains along a learning curve on the CPU engine.

#include <algorithm>

#include "kernels/cpu/engine.hpp"
#include "kernels/cpu/lapack.hpp"

namespace cucurbit {
namespace {

constexpr double one = 1.0;
constexpr double zero = 0.0;

int as_int(std::size_t value) { return static_cast<int>(value); }

/// Calls body(first, columns, rows) for runs of columns that are computed together with the rows that the
/// longest of them needs: wide enough for matrix products, narrow enough to skip most zeros.
template <class Body>
void for_column_groups(std::span<const std::uint32_t> rows, Body body) {
    constexpr std::size_t group_width = 16;
    for (std::size_t first = 0; first < rows.size(); first += group_width) {
        const std::size_t width = std::min(group_width, rows.size() - first);
        body(first, as_int(width), as_int(rows[first + width - 1]));
    }
}

}  // namespace

void CpuEngine::project(BatchMatrix a, BatchMatrix b, const IndexList& rows, BatchMatrix c) {
    const int p = as_int(a.rows), lda = as_int(a.ld), ldb = as_int(b.ld), ldc = as_int(c.ld);
    for (std::size_t t = 0; t < c.count; ++t)
        for_column_groups(rows.host(), [&](std::size_t first, int width, int n) {
            lapack::dgemm_("T", "N", &n, &width, &p, &one, a.item(t), &lda,
                           b.item(t) + first * b.ld, &ldb, &zero, c.item(t) + first * c.ld, &ldc);
        });
}

void CpuEngine::solve_lower(BatchMatrix l, const IndexList& rows, BatchMatrix c) {
    const int ldl = as_int(l.ld), ldc = as_int(c.ld);
    for (std::size_t t = 0; t < c.count; ++t)
        for_column_groups(rows.host(), [&](std::size_t first, int width, int n) {
            lapack::dtrsm_("L", "L", "N", "N", &n, &width, &one, l.item(t), &ldl,
                           c.item(t) + first * c.ld, &ldc);
        });
}

void CpuEngine::solve_lower_transposed(BatchMatrix l, const IndexList& rows, BatchMatrix c) {
    const int ldl = as_int(l.ld), ldc = as_int(c.ld);
    for (std::size_t t = 0; t < c.count; ++t)
        for_column_groups(rows.host(), [&](std::size_t first, int width, int n) {
            lapack::dtrsm_("L", "L", "T", "N", &n, &width, &one, l.item(t), &ldl,
                           c.item(t) + first * c.ld, &ldc);
        });
}

void CpuEngine::spread(BatchMatrix c, const IndexList& source, const IndexList& rows,
                       BatchMatrix w) {
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
    const int p = as_int(a.rows), lda = as_int(a.ld), ldw = as_int(w.ld), lde = as_int(e.ld);
    for (std::size_t t = 0; t < e.count; ++t)
        for_column_groups(rows.host(), [&](std::size_t first, int width, int n) {
            lapack::dgemm_("N", "N", &p, &width, &n, &one, a.item(t), &lda,
                           w.item(t) + first * w.ld, &ldw, &zero, e.item(t) + first * e.ld, &lde);
        });
}

void CpuEngine::subtract(const double* reference, const IndexList& subtracted, BatchMatrix e) {
    for (std::size_t t = 0; t < e.count; ++t)
        for (std::size_t j = 0; j < e.cols; ++j) {
            if (subtracted.host()[j] == 0) continue;
            double* column = e.item(t) + j * e.ld;
            for (std::size_t i = 0; i < e.rows; ++i) column[i] -= reference[i];
        }
}

void CpuEngine::products(BatchMatrix e, const double* weights, const IndexList& left,
                         const IndexList& right, BatchMatrix out) {
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
