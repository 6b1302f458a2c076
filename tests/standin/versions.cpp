// The entry points that tell versions.

#include <cublas_v2.h>
#include <cusolverDn.h>

#include "tests/standin/runtime.hpp"

// The entry points are C, and our parameters have names of ours.
// NOLINTBEGIN(google-build-using-namespace, readability-inconsistent-declaration-parameter-name)
using namespace cucurbit::standin;

cudaError_t cudaDriverGetVersion(int* version) {
    return runtime_entry(__func__, [&](Machine&) {
        *version = CUDART_VERSION;
        return cudaSuccess;
    });
}

cudaError_t cudaRuntimeGetVersion(int* version) {
    return runtime_entry(__func__, [&](Machine&) {
        *version = CUDART_VERSION;
        return cudaSuccess;
    });
}

cublasStatus_t cublasGetProperty(libraryPropertyType type, int* value) {
    return entry(__func__, [&](Machine&) {
        *value = type == MAJOR_VERSION   ? CUBLAS_VER_MAJOR
                 : type == MINOR_VERSION ? CUBLAS_VER_MINOR
                                         : CUBLAS_VER_PATCH;
        return CUBLAS_STATUS_SUCCESS;
    });
}

cusolverStatus_t cusolverGetProperty(libraryPropertyType type, int* value) {
    return entry(__func__, [&](Machine&) {
        *value = type == MAJOR_VERSION   ? CUSOLVER_VER_MAJOR
                 : type == MINOR_VERSION ? CUSOLVER_VER_MINOR
                                         : CUSOLVER_VER_PATCH;
        return CUSOLVER_STATUS_SUCCESS;
    });
}

// NOLINTEND(google-build-using-namespace, readability-inconsistent-declaration-parameter-name)
