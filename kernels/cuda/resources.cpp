#include "kernels/cuda/resources.hpp"

#include <algorithm>
#include <string>

#include "cucurbit/engine.hpp"

namespace cucurbit::cuda {
namespace {

/// Allocations of zero bytes would give no address.
constexpr std::size_t least_bytes = 16;

[[noreturn]] void throw_out_of_memory(const char* kind, std::size_t bytes) {
    static_cast<void>(cudaGetLastError());  // the next launch must not report this one
    int device = 0;
    static_cast<void>(cudaGetDevice(&device));
    throw DeviceError("cuda:" + std::to_string(device) + ": out of " + kind +
                      " memory allocating " + std::to_string(bytes) + " bytes");
}

}  // namespace

StreamOwner make_stream() {
    cudaStream_t stream = nullptr;
    CUCURBIT_CHECK_CUDA(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
    return StreamOwner(stream);
}

EventOwner make_event() {
    cudaEvent_t event = nullptr;
    CUCURBIT_CHECK_CUDA(
        cudaEventCreateWithFlags(&event, cudaEventDisableTiming | cudaEventBlockingSync));
    return EventOwner(event);
}

BlasOwner make_blas(cudaStream_t stream) {
    cublasHandle_t handle = nullptr;
    CUCURBIT_CHECK_CUBLAS(cublasCreate(&handle));
    BlasOwner owner(handle);
    CUCURBIT_CHECK_CUBLAS(cublasSetStream(handle, stream));
    return owner;
}

SolverOwner make_solver(cudaStream_t stream) {
    cusolverDnHandle_t handle = nullptr;
    CUCURBIT_CHECK_CUSOLVER(cusolverDnCreate(&handle));
    SolverOwner owner(handle);
    CUCURBIT_CHECK_CUSOLVER(cusolverDnSetStream(handle, stream));
    return owner;
}

SolverParametersOwner make_solver_parameters() {
    cusolverDnParams_t parameters = nullptr;
    CUCURBIT_CHECK_CUSOLVER(cusolverDnCreateParams(&parameters));
    return SolverParametersOwner(parameters);
}

void* allocate_on_device(std::size_t bytes) {
    void* memory = nullptr;
    const cudaError_t status = cudaMalloc(&memory, std::max(bytes, least_bytes));
    if (status == cudaErrorMemoryAllocation) throw_out_of_memory("device", bytes);
    CUCURBIT_CHECK_CUDA(status);
    return memory;
}

void* allocate_pinned(std::size_t bytes) {
    void* memory = nullptr;
    const cudaError_t status =
        cudaHostAlloc(&memory, std::max(bytes, least_bytes), cudaHostAllocDefault);
    if (status == cudaErrorMemoryAllocation) throw_out_of_memory("page-locked", bytes);
    CUCURBIT_CHECK_CUDA(status);
    return memory;
}

}  // namespace cucurbit::cuda
