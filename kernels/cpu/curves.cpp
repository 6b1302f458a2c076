// Fits, errors and noise gains along a learning curve on the CPU engine.

#include <algorithm>
#include <cmath>
#include <numbers>

#include "kernels/cpu/engine.hpp"

namespace cucurbit {

void CpuEngine::apply(Entrywise function, BatchMatrix a) {
    // Entries that lie side by side in several lanes are as good as a longer column.
    const auto each = [a](auto of) {
        for (std::size_t t = 0; t < a.count; t += a.lanes)
            for (std::size_t j = 0; j < a.cols; ++j) {
                double* first = a.item(t) + j * a.ld * a.lanes;
                std::transform(first, first + a.rows * a.lanes, first, of);
            }
    };
    using std::numbers::sqrt2, std::numbers::sqrt3;
    switch (function) {
        case Entrywise::rectifier:
            return each([](double x) { return x < 0.0 ? 0.0 : x; });
        case Entrywise::sign:
            return each([](double x) { return x < 0.0 ? -1.0 : x > 0.0 ? 1.0 : x; });
        case Entrywise::uniform:
            return each([](double x) { return sqrt3 * std::erf(x / sqrt2); });
        case Entrywise::laplace:
            return each([](double x) {
                return std::copysign(std::log(std::erfc(std::abs(x) / sqrt2)) / sqrt2, x);
            });
    }
}

void CpuEngine::add_to_columns(BatchMatrix column, double factor, BatchMatrix c) {
    if (c.lanes > 1) return interleaved_.add_to_columns(column, factor, c);
    for (std::size_t t = 0; t < c.count; ++t)
        for (std::size_t j = 0; j < c.cols; ++j) {
            const double* from = column.item(t);
            double* to = c.item(t) + j * c.ld;
            for (std::size_t i = 0; i < c.rows; ++i) to[i] += factor * from[i];
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
        compute({.left = {a.item(t), a.ld},
                 .right = {w.item(t), w.ld},
                 .rows = a.rows,
                 .cols = rows.host().size(),
                 .depth = w.rows,
                 .out = e.item(t),
                 .ld = e.ld,
                 .depth_ends = rows.host().data()});
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
    const auto panel = workspace(n * panel_width);
    for (std::size_t t = 0; t < out.count; ++t) {
        double* sums = out.item(t);
        std::fill_n(sums, n, 0.0);
        for (std::size_t first = 0; first < n; first += panel_width) {
            const std::size_t width = std::min(panel_width, n - first);
            const double* rows = r.item(t) + first;
            compute({.left = {rows, r.ld},
                     .right = {rows, r.ld, true},
                     .rows = n - first,
                     .cols = width,
                     .depth = triangular ? first + width : r.cols,
                     .out = panel.data(),
                     .ld = n});
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
