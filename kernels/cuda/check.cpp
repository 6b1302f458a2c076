#include "kernels/cuda/check.hpp"

#include <stdexcept>
#include <string>
#include <utility>

namespace cucurbit::cuda {
namespace {

[[noreturn]] void fail(const char* call, const std::string& status, const char* file, int line) {
    throw std::runtime_error(std::string(file) + ":" + std::to_string(line) + ": " + call +
                             " gave " + status);
}

/// cuSOLVER has no function that names its statuses.
std::string solver_status_name(cusolverStatus_t status) {
    constexpr std::pair<cusolverStatus_t, const char*> names[] = {
        {CUSOLVER_STATUS_NOT_INITIALIZED, "NOT_INITIALIZED"},
        {CUSOLVER_STATUS_ALLOC_FAILED, "ALLOC_FAILED"},
        {CUSOLVER_STATUS_INVALID_VALUE, "INVALID_VALUE"},
        {CUSOLVER_STATUS_ARCH_MISMATCH, "ARCH_MISMATCH"},
        {CUSOLVER_STATUS_EXECUTION_FAILED, "EXECUTION_FAILED"},
        {CUSOLVER_STATUS_INTERNAL_ERROR, "INTERNAL_ERROR"},
        {CUSOLVER_STATUS_MATRIX_TYPE_NOT_SUPPORTED, "MATRIX_TYPE_NOT_SUPPORTED"},
        {CUSOLVER_STATUS_NOT_SUPPORTED, "NOT_SUPPORTED"}};
    std::string name = std::to_string(static_cast<int>(status));
    for (const auto& [known, text] : names)
        if (known == status) name = text;
    return "CUSOLVER_STATUS_" + name;
}

}  // namespace

void check(cudaError_t status, const char* call, const char* file, int line) {
    if (status == cudaSuccess) return;
    fail(call, std::string(cudaGetErrorName(status)) + " (" + cudaGetErrorString(status) + ")",
         file, line);
}

void check(cublasStatus_t status, const char* call, const char* file, int line) {
    if (status != CUBLAS_STATUS_SUCCESS) fail(call, cublasGetStatusName(status), file, line);
}

void check(cusolverStatus_t status, const char* call, const char* file, int line) {
    if (status != CUSOLVER_STATUS_SUCCESS) fail(call, solver_status_name(status), file, line);
}

}  // namespace cucurbit::cuda
