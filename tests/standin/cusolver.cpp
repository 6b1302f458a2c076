// The entry points of cuSOLVER's dense library.

#include <cusolverDn.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "kernels/cpu/lapack.hpp"
#include "tests/standin/operands.hpp"

namespace cucurbit::standin {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

Library* solver(cusolverDnHandle_t handle) {
    return reinterpret_cast<Library*>(handle);
}

/// Some size that no formula of a caller would give by chance.
int workspace_doubles(int rows, int cols) {
    constexpr int block = 32, extra = 7;
    return rows * block + cols + extra;
}

template <class Status>
Status tell_workspace(const char* call, int rows, int cols, int* doubles) {
    check_not_negative(call, {rows, cols});
    *doubles = workspace_doubles(rows, cols);
    return CUSOLVER_STATUS_SUCCESS;
}

struct Workspace {
    double* data;
    int given;
    int needed;
};

/// Enqueues a factorisation of one matrix: the operands, the workspace and info are checked, the
/// workspace does not survive.
template <class Work>
cusolverStatus_t factorise(const char* call, cusolverDnHandle_t handle, double flops,
                           const std::vector<Operand>& written, const std::vector<Operand>& read,
                           const Workspace& workspace, int* info, Work work) {
    return entry(call, [&](Machine& machine) {
        const Stream& on = stream_of(machine, call, solver(handle));
        if (workspace.given < workspace.needed)
            violation(fmt::format("{}: a workspace of {} doubles, {} are needed", call,
                                  workspace.given, workspace.needed));
        check_array(call, "info", info, 1, sizeof(int), on.device);
        std::vector<Operand> all = written;
        all.push_back({"the workspace", workspace.data, workspace.given, 1, workspace.given});
        for (const Operand& each : all) check_operand(call, each, on.device);
        for (const Operand& each : read) check_operand(call, each, on.device);
        refuse_overlap(call, all, read);
        enqueue_call(machine, call, *solver(handle), flops, [=] {
            destroy(workspace.data, static_cast<std::size_t>(workspace.given) * sizeof(double));
            *info = work();
        });
        return CUSOLVER_STATUS_SUCCESS;
    });
}

/// A LAPACK routine with the workspace it asks for.
template <class Call>
void with_workspace(Call call) {
    double wanted = 0.0;
    int size = -1;
    call(&wanted, &size);
    size = static_cast<int>(wanted);
    std::vector<double> work(static_cast<std::size_t>(size));
    call(work.data(), &size);
}

double cubed(int n) {
    return 1.0 * n * n * n;
}

constexpr int64_t most_batched_matrices = 16384;

/// For matrices of order 5 and 6 more than the engine lays aside for one or for several, as another
/// version of the library might ask for.
std::size_t eigen_workspace_bytes(int64_t n, int64_t count) {
    constexpr int64_t extra = 72;
    const int64_t greed = n == 5 ? 80'000 : n == 6 ? 800'000 : 0;
    return static_cast<std::size_t>((n * 16 + extra + greed) * count);
}

/// What an eigendecomposition leaves; vectors only where they are asked for. A NaN in the input is
/// not reported.
int eigen(bool vectors, bool lower, int n, double* a, int ld, double* values) {
    bool poisoned = false;
    for (int j = 0; j < n; ++j)
        for (int i = 0; i < n; ++i)
            if (lower ? i >= j : i <= j)
                poisoned = poisoned || std::isnan(a[i + static_cast<std::size_t>(j) * ld]);
    int info = 0;
    if (!poisoned) {
        double wanted = 0.0;
        int size = -1, index_size = -1, wanted_indices = 0;
        const auto call = [&](double* work, int* indices) {
            lapack::dsyevd_(vectors ? "V" : "N", lower ? "L" : "U", &n, a, &ld, values, work, &size,
                            indices, &index_size, &info);
        };
        call(&wanted, &wanted_indices);
        size = static_cast<int>(wanted);
        index_size = wanted_indices;
        std::vector<double> work(static_cast<std::size_t>(size));
        std::vector<int> indices(static_cast<std::size_t>(index_size));
        call(work.data(), indices.data());
    }
    const bool failed = poisoned || info > 0;
    if (failed) std::fill_n(values, n, nan);
    for (int j = 0; j < n && (failed || !vectors); ++j)
        std::fill_n(a + static_cast<std::size_t>(j) * ld, n, nan);
    return info;
}

}  // namespace
}  // namespace cucurbit::standin

// The entry points are C, and our parameters have names of ours.
// NOLINTBEGIN(google-build-using-namespace, readability-inconsistent-declaration-parameter-name)
using namespace cucurbit::standin;
namespace lapack = cucurbit::lapack;

cusolverStatus_t cusolverDnCreate(cusolverDnHandle_t* handle) {
    return entry(__func__, [&](Machine&) {
        *handle = reinterpret_cast<cusolverDnHandle_t>(create_library());
        return CUSOLVER_STATUS_SUCCESS;
    });
}

cusolverStatus_t cusolverDnDestroy(cusolverDnHandle_t handle) {
    return entry(__func__, [&](Machine&) {
        destroy_library("cusolverDnDestroy", solver(handle));
        return CUSOLVER_STATUS_SUCCESS;
    });
}

cusolverStatus_t cusolverDnSetStream(cusolverDnHandle_t handle, cudaStream_t stream) {
    return entry(__func__, [&](Machine& machine) {
        machine.streams.stream("cusolverDnSetStream", stream);
        solver(handle)->stream = stream;
        return CUSOLVER_STATUS_SUCCESS;
    });
}

cusolverStatus_t cusolverDnCreateParams(cusolverDnParams_t* parameters) {
    *parameters = reinterpret_cast<cusolverDnParams_t>(new char);
    return CUSOLVER_STATUS_SUCCESS;
}

cusolverStatus_t cusolverDnDestroyParams(cusolverDnParams_t parameters) {
    delete reinterpret_cast<char*>(parameters);
    return CUSOLVER_STATUS_SUCCESS;
}

cusolverStatus_t cusolverDnDgeqrf_bufferSize(cusolverDnHandle_t /*handle*/, int m, int n,
                                             double* /*a*/, int /*lda*/, int* doubles) {
    return tell_workspace<cusolverStatus_t>(__func__, m, n, doubles);
}

cusolverStatus_t cusolverDnDgeqrf(cusolverDnHandle_t handle, int m, int n, double* a, int lda,
                                  double* tau, double* workspace, int doubles, int* info) {
    const int k = std::min(m, n);
    const double flops = 2.0 * m * n * k - (m + n) * 1.0 * k * k + 2.0 / 3.0 * cubed(k);
    return factorise(__func__, handle, flops,
                     {{"A", a, m, n, lda}, {"tau", tau, k, 1, std::max(k, 1)}}, {},
                     {workspace, doubles, workspace_doubles(m, n)}, info, [=] {
                         int status = 0;
                         with_workspace([&](double* work, const int* size) {
                             lapack::dgeqrf_(&m, &n, a, &lda, tau, work, size, &status);
                         });
                         return status;
                     });
}

cusolverStatus_t cusolverDnDorgqr_bufferSize(cusolverDnHandle_t /*handle*/, int m, int n, int /*k*/,
                                             const double* /*a*/, int /*lda*/,
                                             const double* /*tau*/, int* doubles) {
    return tell_workspace<cusolverStatus_t>(__func__, m, n, doubles);
}

cusolverStatus_t cusolverDnDorgqr(cusolverDnHandle_t handle, int m, int n, int k, double* a,
                                  int lda, const double* tau, double* workspace, int doubles,
                                  int* info) {
    if (m < n || n < k) violation(fmt::format("cusolverDnDorgqr: m = {}, n = {}, k = {}", m, n, k));
    const double flops = 4.0 * m * n * k - 2.0 * (m + n) * k * k + 4.0 / 3.0 * cubed(k);
    return factorise(__func__, handle, flops, {{"A", a, m, n, lda}},
                     {{"tau", tau, k, 1, std::max(k, 1)}},
                     {workspace, doubles, workspace_doubles(m, n)}, info, [=] {
                         int status = 0;
                         with_workspace([&](double* work, const int* size) {
                             lapack::dorgqr_(&m, &n, &k, a, &lda, tau, work, size, &status);
                         });
                         return status;
                     });
}

cusolverStatus_t cusolverDnDgesvd_bufferSize(cusolverDnHandle_t /*handle*/, int m, int n,
                                             int* doubles) {
    return tell_workspace<cusolverStatus_t>(__func__, m, n, doubles);
}

cusolverStatus_t cusolverDnDgesvd(cusolverDnHandle_t handle, signed char job_u, signed char job_vt,
                                  int m, int n, double* a, int lda, double* s, double* u, int ldu,
                                  double* vt, int ldvt, double* workspace, int doubles,
                                  double* /*off_diagonal*/, int* info) {
    if (m < n) violation(fmt::format("cusolverDnDgesvd: m = {} is less than n = {}", m, n));
    std::vector<Operand> written = {{"A", a, m, n, lda}, {"S", s, n, 1, std::max(n, 1)}};
    if (job_u == 'A' || job_u == 'S') written.push_back({"U", u, m, job_u == 'A' ? m : n, ldu});
    if (job_vt == 'A' || job_vt == 'S') written.push_back({"VT", vt, n, n, ldvt});
    // Golub and Van Loan, "Matrix Computations", 4th edition, figure 8.6.1: s, all of u and v.
    const double flops = 4.0 * m * m * n + 8.0 * m * n * n + 9.0 * cubed(n);
    return factorise(__func__, handle, flops, written, {},
                     {workspace, doubles, workspace_doubles(m, n)}, info, [=] {
                         int status = 0;
                         const char of_u = static_cast<char>(job_u),
                                    of_vt = static_cast<char>(job_vt);
                         with_workspace([&](double* work, const int* size) {
                             lapack::dgesvd_(&of_u, &of_vt, &m, &n, a, &lda, s, u, &ldu, vt, &ldvt,
                                             work, size, &status);
                         });
                         destroy(a, sizeof(double));
                         return status;
                     });
}

cusolverStatus_t cusolverDnXsyevBatched_bufferSize(
    cusolverDnHandle_t /*handle*/, cusolverDnParams_t /*parameters*/, cusolverEigMode_t /*job*/,
    cublasFillMode_t /*fill*/, int64_t n, cudaDataType /*type_a*/, const void* /*a*/,
    int64_t /*lda*/, cudaDataType /*type_w*/, const void* /*w*/, cudaDataType /*computed*/,
    std::size_t* on_device, std::size_t* on_host, int64_t count) {
    check_not_negative(__func__, {n, count});
    *on_device = eigen_workspace_bytes(n, count);
    *on_host = eigen_workspace_bytes(n, 1);
    return CUSOLVER_STATUS_SUCCESS;
}

cusolverStatus_t cusolverDnXsyevBatched(cusolverDnHandle_t handle, cusolverDnParams_t parameters,
                                        cusolverEigMode_t job, cublasFillMode_t fill, int64_t n,
                                        cudaDataType type_a, void* a, int64_t lda,
                                        cudaDataType type_w, void* w, cudaDataType computed,
                                        void* on_device, std::size_t device_bytes, void* on_host,
                                        std::size_t host_bytes, int* infos, int64_t count) {
    constexpr const char* call = "cusolverDnXsyevBatched";
    return entry(call, [&](Machine& machine) {
        const Stream& on = stream_of(machine, call, solver(handle));
        const int order = static_cast<int>(n), ld = static_cast<int>(lda);
        const int matrices = static_cast<int>(count);
        check_not_negative(call, {n, count});
        // It refuses about twice as many, which is not documented.
        if (count > most_batched_matrices)
            violation(fmt::format("{}: {} matrices in one call", call, count));
        if (parameters == nullptr || type_a != CUDA_R_64F || type_w != CUDA_R_64F ||
            computed != CUDA_R_64F)
            violation(fmt::format("{}: not of double precision, or without parameters", call));
        if (device_bytes < eigen_workspace_bytes(n, count) ||
            host_bytes < eigen_workspace_bytes(n, 1))
            violation(fmt::format("{}: a workspace of {} and {} bytes is too small", call,
                                  device_bytes, host_bytes));
        check_array(call, "the workspace", on_device, static_cast<int>(device_bytes), 1, on.device);
        check_array(call, "the array of infos", infos, matrices, sizeof(int), on.device);
        auto* values = static_cast<double*>(w);
        auto* data = static_cast<double*>(a);
        const Operand of_a{"A", data, order, order, ld, lda * n, matrices};
        const Operand of_w{"W", values, order, 1, std::max(order, 1), n, matrices};
        for (const Operand* each : {&of_a, &of_w}) check_operand(call, *each, on.device);
        refuse_overlap(call, {of_a, of_w}, {});
        std::memset(on_host, -1, host_bytes);
        const bool vectors = job == CUSOLVER_EIG_MODE_VECTOR;
        // Golub and Van Loan, "Matrix Computations", 4th edition, section 8.3: with and without
        // vectors.
        const double flops = vectors ? 9.0 * cubed(order) : 4.0 / 3.0 * cubed(order);
        enqueue_call(machine, call, *solver(handle), flops * matrices, [=] {
            destroy(on_device, device_bytes);
            for (int t = 0; t < matrices; ++t)
                infos[t] = eigen(vectors, fill == CUBLAS_FILL_MODE_LOWER, order,
                                 data + of_a.stride * t, ld, values + n * t);
        });
        return CUSOLVER_STATUS_SUCCESS;
    });
}
// NOLINTEND(google-build-using-namespace, readability-inconsistent-declaration-parameter-name)
