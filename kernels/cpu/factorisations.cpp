// Gram matrices and factorisations of the CPU engine.

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>

#include "kernels/cpu/engine.hpp"
#include "kernels/cpu/interleaved/one_by_one.hpp"
#include "kernels/cpu/lapack.hpp"

namespace cucurbit {

namespace lapack {
void throw_call_failure(const char* call, int info, const char* file, int line) {
    throw std::runtime_error(std::string(file) + ":" + std::to_string(line) + ": " + call +
                             " refused argument " + std::to_string(-info));
}
}  // namespace lapack

namespace {

constexpr double one = 1.0;
constexpr double zero = 0.0;

int as_int(std::size_t value) {
    return static_cast<int>(value);
}

void clear_above_diagonal(double* a, std::size_t n, std::size_t ld) {
    for (std::size_t j = 1; j < n; ++j) std::fill_n(a + j * ld, std::min(j, n), 0.0);
}

/// [A 0; B C]⁻¹ = [A⁻¹ 0; −C⁻¹B A⁻¹ C⁻¹], halving: most of the work becomes matrix products, in
/// which OpenBLAS is several times faster than in dtrtri.
void invert_block(double* l, std::size_t n, std::size_t ld) {
    constexpr std::size_t small = 64;
    const int ldi = as_int(ld);
    if (n <= small) {
        const int size = as_int(n);
        int info = 0;
        CUCURBIT_CHECK_LAPACK(lapack::dtrtri_("L", "N", &size, l, &ldi, &info), info);
        return;
    }
    const std::size_t half = n / 2;
    double* below = l + half;
    double* last = l + half + half * ld;
    invert_block(l, half, ld);
    invert_block(last, n - half, ld);
    const int rows = as_int(n - half), cols = as_int(half);
    constexpr double minus_one = -1.0;
    lapack::dtrmm_("L", "L", "N", "N", &rows, &cols, &minus_one, last, &ldi, below, &ldi);
    lapack::dtrmm_("R", "L", "N", "N", &rows, &cols, &one, l, &ldi, below, &ldi);
}

/// Right-looking Cholesky by narrow panels, about a tenth faster than dpotrf's own recursion.
/// Returns the number of leading rows factored.
std::size_t factorise_by_panels(double* g, std::size_t n, std::size_t ld) {
    constexpr std::size_t panel = 64;
    constexpr double minus_one = -1.0;
    const int ldi = as_int(ld);
    for (std::size_t first = 0; first < n; first += panel) {
        const std::size_t width = std::min(panel, n - first);
        const int w = as_int(width), below = as_int(n - first - width);
        double* corner = g + first * (ld + 1);
        int info = 0;
        CUCURBIT_CHECK_LAPACK(lapack::dpotrf_("L", &w, corner, &ldi, &info), info);
        if (info > 0) return first + static_cast<std::size_t>(info) - 1;
        if (below == 0) break;
        double* rest = corner + width;
        lapack::dtrsm_("R", "L", "T", "N", &below, &w, &one, corner, &ldi, rest, &ldi);
        lapack::dsyrk_("L", "N", &below, &w, &minus_one, rest, &ldi, &one, rest + width * ld, &ldi);
    }
    return n;
}

/// Workspace query of a LAPACK routine, in doubles.
template <class Call>
int optimal_workspace(Call call) {
    double size = 0.0;
    const int query = -1;
    call(&size, &query);
    return static_cast<int>(size);
}

}  // namespace

void CpuEngine::gram(BatchMatrix a, BatchMatrix g) {
    if (g.lanes > 1) return interleaved_.gram(a, g);
    const int n = as_int(a.cols), k = as_int(a.rows), lda = as_int(a.ld), ldg = as_int(g.ld);
    // Below this size a full product is faster than OpenBLAS's dsyrk.
    constexpr int full_product_below = 48;
    for (std::size_t b = 0; b < g.count; ++b) {
        if (n < full_product_below)
            lapack::dgemm_("T", "N", &n, &n, &k, &one, a.item(b), &lda, a.item(b), &lda, &zero,
                           g.item(b), &ldg);
        else
            lapack::dsyrk_("L", "T", &n, &k, &one, a.item(b), &lda, &zero, g.item(b), &ldg);
    }
}

void CpuEngine::add_outer(BatchMatrix a, BatchMatrix g) {
    if (g.lanes > 1) return interleaved_.add_outer(a, g);
    const int n = as_int(a.rows), k = as_int(a.cols), lda = as_int(a.ld), ldg = as_int(g.ld);
    for (std::size_t b = 0; b < g.count; ++b)
        lapack::dsyrk_("L", "N", &n, &k, &one, a.item(b), &lda, &one, g.item(b), &ldg);
}

void CpuEngine::diagonal(BatchMatrix g, BatchMatrix diagonal) {
    if (g.lanes > 1) return interleaved_.diagonal(g, diagonal);
    for (std::size_t b = 0; b < g.count; ++b)
        for (std::size_t i = 0; i < g.rows; ++i) diagonal.item(b)[i] = g.item(b)[i + i * g.ld];
}

void CpuEngine::cholesky(BatchMatrix g, BatchMatrix rows_done) {
    if (g.lanes > 1) return interleaved_.cholesky(g, rows_done);
    for (std::size_t b = 0; b < g.count; ++b)
        std::fill_n(rows_done.item(b), rows_done.rows,
                    static_cast<double>(factorise_by_panels(g.item(b), g.rows, g.ld)));
}

void CpuEngine::invert_lower(BatchMatrix l) {
    if (l.lanes > 1) return interleaved_.invert_lower(l);
    for (std::size_t b = 0; b < l.count; ++b) {
        invert_block(l.item(b), l.rows, l.ld);
        clear_above_diagonal(l.item(b), l.rows, l.ld);
    }
}

void CpuEngine::multiply(BatchMatrix a, bool transpose_a, BatchMatrix b, BatchMatrix out) {
    if (out.lanes > 1) return interleaved_.multiply(a, transpose_a, b, out);
    const int m = as_int(out.rows), n = as_int(out.cols), k = as_int(b.rows);
    const int lda = as_int(a.ld), ldb = as_int(b.ld), ldo = as_int(out.ld);
    for (std::size_t t = 0; t < out.count; ++t)
        lapack::dgemm_(transpose_a ? "T" : "N", "N", &m, &n, &k, &one, a.item(t), &lda, b.item(t),
                       &ldb, &zero, out.item(t), &ldo);
}

void CpuEngine::transpose(BatchMatrix a, BatchMatrix out) {
    if (out.lanes > 1) return interleaved_.transpose(a, out);
    for (std::size_t t = 0; t < out.count; ++t)
        for (std::size_t j = 0; j < out.cols; ++j)
            for (std::size_t i = 0; i < out.rows; ++i)
                out.item(t)[i + j * out.ld] = a.item(t)[j + i * a.ld];
}

void CpuEngine::multiply_by_transposed_lower(BatchMatrix r, BatchMatrix a) {
    if (a.lanes > 1) return interleaved_.multiply_by_transposed_lower(r, a);
    const int m = as_int(a.rows), n = as_int(a.cols), ldr = as_int(r.ld), lda = as_int(a.ld);
    for (std::size_t b = 0; b < a.count; ++b)
        lapack::dtrmm_("R", "L", "T", "N", &m, &n, &one, r.item(b), &ldr, a.item(b), &lda);
}

void CpuEngine::multiply_by_lower(BatchMatrix r, BatchMatrix a) {
    if (a.lanes > 1) return interleaved_.multiply_by_lower(r, a);
    const int m = as_int(a.rows), n = as_int(a.cols), ldr = as_int(r.ld), lda = as_int(a.ld);
    for (std::size_t b = 0; b < a.count; ++b)
        lapack::dtrmm_("L", "L", "N", "N", &m, &n, &one, r.item(b), &ldr, a.item(b), &lda);
}

void CpuEngine::orthogonal_columns(BatchMatrix a, BatchMatrix l) {
    if (a.lanes > 1)
        return one_by_one({a, l},
                          [this](const auto& plain) { orthogonal_columns(plain[0], plain[1]); });
    const int m = as_int(a.rows), n = as_int(a.cols), lda = as_int(a.ld);
    int info = 0;
    const int work_size =
        std::max(optimal_workspace([&](double* work, const int* size) {
                     lapack::dgeqrf_(&m, &n, a.data, &lda, nullptr, work, size, &info);
                 }),
                 optimal_workspace([&](double* work, const int* size) {
                     lapack::dorgqr_(&m, &n, &n, a.data, &lda, nullptr, work, size, &info);
                 }));
    const auto scratch = workspace(a.cols + static_cast<std::size_t>(work_size));
    double* tau = scratch.data();
    double* work = tau + a.cols;
    for (std::size_t b = 0; b < a.count; ++b) {
        double* q = a.item(b);
        double* lower = l.item(b);
        CUCURBIT_CHECK_LAPACK(lapack::dgeqrf_(&m, &n, q, &lda, tau, work, &work_size, &info), info);
        for (std::size_t j = 0; j < a.cols; ++j)
            for (std::size_t i = 0; i < a.cols; ++i)
                lower[i + j * l.ld] = i < j ? 0.0 : q[j + i * a.ld];
        CUCURBIT_CHECK_LAPACK(lapack::dorgqr_(&m, &n, &n, q, &lda, tau, work, &work_size, &info),
                              info);
        for (std::size_t j = 0; j < a.cols; ++j) {
            if (lower[j + j * l.ld] >= 0.0) continue;
            for (std::size_t i = j; i < a.cols; ++i) lower[i + j * l.ld] *= -1.0;
            for (std::size_t i = 0; i < a.rows; ++i) q[i + j * a.ld] *= -1.0;
        }
    }
}

void CpuEngine::lower_factor(BatchMatrix a, BatchMatrix l) {
    if (a.lanes > 1)
        return one_by_one({a, l}, [this](const auto& plain) { lower_factor(plain[0], plain[1]); });
    const int m = as_int(a.rows), n = as_int(a.cols), lda = as_int(a.ld);
    int info = 0;
    const int work_size = optimal_workspace([&](double* work, const int* size) {
        lapack::dgelqf_(&m, &n, a.data, &lda, nullptr, work, size, &info);
    });
    const auto scratch = workspace(a.rows + static_cast<std::size_t>(work_size));
    double* tau = scratch.data();
    double* work = tau + a.rows;
    for (std::size_t b = 0; b < a.count; ++b) {
        CUCURBIT_CHECK_LAPACK(
            lapack::dgelqf_(&m, &n, a.item(b), &lda, tau, work, &work_size, &info), info);
        for (std::size_t j = 0; j < l.cols; ++j) {
            const double* from = a.item(b) + j * a.ld;
            double* to = l.item(b) + j * l.ld;
            const double sign = from[j] < 0.0 ? -1.0 : 1.0;
            for (std::size_t i = 0; i < l.rows; ++i) to[i] = i < j ? 0.0 : sign * from[i];
        }
    }
}

void CpuEngine::truncate(BatchMatrix q, BatchMatrix l, double relative_cut_off, BatchMatrix rank) {
    if (q.lanes > 1)
        return one_by_one({q, l, rank}, [this, relative_cut_off](const auto& plain) {
            truncate(plain[0], plain[1], relative_cut_off, plain[2]);
        });
    const int n = as_int(l.rows), p = as_int(q.rows), ld = as_int(l.ld), ldq = as_int(q.ld);
    const std::size_t size = l.rows;
    int info = 0;
    const int work_size = optimal_workspace([&](double* work, const int* query) {
        lapack::dgesvd_("A", "A", &n, &n, l.data, &ld, nullptr, nullptr, &n, nullptr, &n, work,
                        query, &info);
    });
    const auto scratch =
        workspace(size + 2 * size * size + q.rows * size + static_cast<std::size_t>(work_size));
    double* s = scratch.data();
    double* u = s + size;
    double* vt = u + size * size;
    double* rotated = vt + size * size;
    double* work = rotated + q.rows * size;
    for (std::size_t b = 0; b < l.count; ++b) {
        CUCURBIT_CHECK_LAPACK(lapack::dgesvd_("A", "A", &n, &n, l.item(b), &ld, s, u, &n, vt, &n,
                                              work, &work_size, &info),
                              info);
        const auto kept = static_cast<std::size_t>(std::count_if(
            s, s + size, [&](double value) { return value > relative_cut_off * s[0]; }));
        rank.item(b)[0] = info > 0 ? -1.0 : static_cast<double>(kept);
        if (info > 0) {
            for (std::size_t j = 0; j < size; ++j)
                std::fill_n(q.item(b) + j * q.ld, q.rows, std::numeric_limits<double>::quiet_NaN());
            continue;
        }
        lapack::dgemm_("N", "T", &p, &n, &n, &one, q.item(b), &ldq, vt, &n, &zero, rotated, &p);
        for (std::size_t j = 0; j < size; ++j) {
            const bool zeroed = j >= kept;
            for (std::size_t i = 0; i < q.rows; ++i)
                q.item(b)[i + j * q.ld] = zeroed ? 0.0 : rotated[i + j * q.rows];
            for (std::size_t i = 0; i < size; ++i)
                l.item(b)[j + i * l.ld] = zeroed ? 0.0 : u[i + j * size] / s[j];
        }
    }
}

}  // namespace cucurbit
