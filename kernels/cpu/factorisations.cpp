// Orthogonal factorisations of the CPU engine.

#include <algorithm>
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

using lapack::as_int;
using lapack::one;
constexpr double zero = 0.0;

/// Workspace query of a LAPACK routine, in doubles.
template <class Call>
int optimal_workspace(Call call) {
    double size = 0.0;
    const int query = -1;
    call(&size, &query);
    return static_cast<int>(size);
}

}  // namespace

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
