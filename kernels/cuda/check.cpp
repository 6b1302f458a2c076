#include "kernels/cuda/check.hpp"

#include <stdexcept>
#include <string>
#include <utility>

#include "cucurbit/engine.hpp"

namespace cucurbit::cuda {
namespace {

/// Lack of memory is what a run can go on from, with a smaller batch; nothing else is.
[[noreturn]] void fail(bool lacks_memory, const char* call, const std::string& status,
                       const char* file, int line) {
    static_cast<void>(cudaGetLastError());  // no later call must report this one
    const std::string text =
        std::string(file) + ":" + std::to_string(line) + ": " + call + " gave " + status;
    if (!lacks_memory) throw std::runtime_error(text);
    int device = 0;
    static_cast<void>(cudaGetDevice(&device));
    throw DeviceError("cuda:" + std::to_string(device) + " is out of memory: " + text);
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
    fail(status == cudaErrorMemoryAllocation, call,
         std::string(cudaGetErrorName(status)) + " (" + cudaGetErrorString(status) + ")", file,
         line);
}

void check(cublasStatus_t status, const char* call, const char* file, int line) {
    if (status == CUBLAS_STATUS_SUCCESS) return;
    fail(status == CUBLAS_STATUS_ALLOC_FAILED, call, cublasGetStatusName(status), file, line);
}

void check(cusolverStatus_t status, const char* call, const char* file, int line) {
    if (status == CUSOLVER_STATUS_SUCCESS) return;
    fail(status == CUSOLVER_STATUS_ALLOC_FAILED, call, solver_status_name(status), file, line);
}

}  // namespace cucurbit::cuda
