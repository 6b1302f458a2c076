#pragma once
// Failures of the CUDA runtime and of its libraries: exceptions that name the call.

#include <cublas_v2.h>
#include <cuda_runtime.h>
#include <cusolverDn.h>

namespace cucurbit::cuda {

/// Unless the call succeeded, throws an error with the call's text, the status's name, file and
/// line: DeviceError where the status says that memory is lacking, std::runtime_error otherwise.
void check(cudaError_t status, const char* call, const char* file, int line);
void check(cublasStatus_t status, const char* call, const char* file, int line);
void check(cusolverStatus_t status, const char* call, const char* file, int line);

}  // namespace cucurbit::cuda

#define CUCURBIT_CHECK_CUDA(call) ::cucurbit::cuda::check((call), #call, __FILE__, __LINE__)
#define CUCURBIT_CHECK_CUBLAS(call) ::cucurbit::cuda::check((call), #call, __FILE__, __LINE__)
#define CUCURBIT_CHECK_CUSOLVER(call) ::cucurbit::cuda::check((call), #call, __FILE__, __LINE__)
