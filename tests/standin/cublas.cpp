// The entry points of cuBLAS.

#include <cublas_v2.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "kernels/cpu/lapack.hpp"
#include "tests/standin/operands.hpp"

namespace cucurbit::standin {
namespace {

Library* blas(cublasHandle_t handle) {
    return reinterpret_cast<Library*>(handle);
}

const char* letter(cublasOperation_t operation) {
    return operation == CUBLAS_OP_N ? "N" : "T";
}

void enqueue_blas(Machine& machine, const char* call, const Library& handle, double flops,
                  std::function<void()> work) {
    enqueue_call(machine, call, handle, flops, [handle, work = std::move(work)] {
        // Its first page stands for the whole: who keeps anything there will notice.
        constexpr std::size_t page = 4096;
        destroy(handle.workspace, std::min(handle.workspace_bytes, page));
        work();
    });
}

struct Product {
    cublasOperation_t op_a, op_b;
    int m, n, k;
    Operand a, b, c;
};

cublasStatus_t multiply(Machine& machine, const char* call, cublasHandle_t handle,
                        const double* alpha, const Product& product, const double* beta) {
    const Stream& on = stream_of(machine, call, blas(handle));
    const auto& [op_a, op_b, m, n, k, a, b, c] = product;
    check_not_negative(call, {m, n, k, c.count});
    for (const Operand* each : {&a, &b, &c}) check_operand(call, *each, on.device);
    refuse_overlap(call, {c}, {a, b});
    // Read at the call: device work may run long after it.
    const double factor = *alpha, kept_factor = *beta;
    enqueue_blas(machine, call, *blas(handle), 2.0 * m * n * k * c.count, [=] {
        for (int t = 0; t < product.c.count; ++t)
            lapack::dgemm_(letter(product.op_a), letter(product.op_b), &product.m, &product.n,
                           &product.k, &factor, product.a.data + product.a.stride * t,
                           &product.a.ld, product.b.data + product.b.stride * t, &product.b.ld,
                           &kept_factor, const_cast<double*>(product.c.data) + product.c.stride * t,
                           &product.c.ld);
    });
    return CUBLAS_STATUS_SUCCESS;
}

/// The stored shape of op(x), which is rows×cols.
Operand factor_operand(const char* name, const double* data, cublasOperation_t op, int rows,
                       int cols, int ld, long long stride, int count) {
    if (op != CUBLAS_OP_N) std::swap(rows, cols);
    return {name, data, rows, cols, ld, stride, count};
}

}  // namespace
}  // namespace cucurbit::standin

// The entry points are C, what they write they write later, and the parameters have names of ours.
// NOLINTBEGIN(google-build-using-namespace, readability-inconsistent-declaration-parameter-name)
// NOLINTBEGIN(readability-non-const-parameter)
using namespace cucurbit::standin;

cublasStatus_t cublasCreate(cublasHandle_t* handle) {
    return entry(__func__, [&](Machine&) {
        *handle = reinterpret_cast<cublasHandle_t>(create_library());
        return CUBLAS_STATUS_SUCCESS;
    });
}

cublasStatus_t cublasDestroy(cublasHandle_t handle) {
    return entry(__func__, [&](Machine&) {
        destroy_library("cublasDestroy", blas(handle));
        return CUBLAS_STATUS_SUCCESS;
    });
}

cublasStatus_t cublasSetStream(cublasHandle_t handle, cudaStream_t stream) {
    return entry(__func__, [&](Machine& machine) {
        machine.streams.stream("cublasSetStream", stream);
        blas(handle)->stream = stream;
        blas(handle)->workspace = nullptr;  // as documented: back to the library's own
        blas(handle)->workspace_bytes = 0;
        return CUBLAS_STATUS_SUCCESS;
    });
}

cublasStatus_t cublasSetWorkspace(cublasHandle_t handle, void* workspace, std::size_t bytes) {
    return entry(__func__, [&](Machine& machine) {
        constexpr std::uintptr_t alignment = 256;
        machine.memory.require("cublasSetWorkspace", workspace, bytes, blas(handle)->device);
        if (reinterpret_cast<std::uintptr_t>(workspace) % alignment != 0)
            violation("cublasSetWorkspace: not a multiple of 256 bytes");
        blas(handle)->workspace = workspace;
        blas(handle)->workspace_bytes = bytes;
        return CUBLAS_STATUS_SUCCESS;
    });
}

const char* cublasGetStatusName(cublasStatus_t status) {
    switch (status) {
        case CUBLAS_STATUS_SUCCESS:
            return "CUBLAS_STATUS_SUCCESS";
        case CUBLAS_STATUS_ALLOC_FAILED:
            return "CUBLAS_STATUS_ALLOC_FAILED";
        case CUBLAS_STATUS_EXECUTION_FAILED:
            return "CUBLAS_STATUS_EXECUTION_FAILED";
        default:
            return "a CUBLAS_STATUS that the stand-in never gives";
    }
}

cublasStatus_t cublasDgemmStridedBatched(cublasHandle_t handle, cublasOperation_t op_a,
                                         cublasOperation_t op_b, int m, int n, int k,
                                         const double* alpha, const double* a, int lda,
                                         long long stride_a, const double* b, int ldb,
                                         long long stride_b, const double* beta, double* c, int ldc,
                                         long long stride_c, int count) {
    return entry(__func__, [&](Machine& machine) {
        return multiply(machine, "cublasDgemmStridedBatched", handle, alpha,
                        {op_a,
                         op_b,
                         m,
                         n,
                         k,
                         factor_operand("A", a, op_a, m, k, lda, stride_a, count),
                         factor_operand("B", b, op_b, k, n, ldb, stride_b, count),
                         {"C", c, m, n, ldc, stride_c, count}},
                        beta);
    });
}
// NOLINTEND(readability-non-const-parameter)
// NOLINTEND(google-build-using-namespace, readability-inconsistent-declaration-parameter-name)
