#pragma once
// Owners of what the CUDA runtime and its libraries hand out.

#include <cstddef>
#include <memory>

#include "kernels/cuda/check.hpp"

namespace cucurbit::cuda {

template <auto release>
struct Release {
    template <class T>
    void operator()(T* handle) const {
        static_cast<void>(release(handle));
    }
};

using StreamOwner = std::unique_ptr<CUstream_st, Release<cudaStreamDestroy>>;
using EventOwner = std::unique_ptr<CUevent_st, Release<cudaEventDestroy>>;
using BlasOwner = std::unique_ptr<cublasContext, Release<cublasDestroy>>;
using SolverOwner = std::unique_ptr<cusolverDnContext, Release<cusolverDnDestroy>>;

using SolverParametersOwner = std::unique_ptr<cusolverDnParams, Release<cusolverDnDestroyParams>>;

/// A stream that never waits for the default stream.
StreamOwner make_stream();
/// An event without a clock; whoever waits for it sleeps.
EventOwner make_event();
BlasOwner make_blas(cudaStream_t stream);
SolverOwner make_solver(cudaStream_t stream);
SolverParametersOwner make_solver_parameters();

/// Uninitialised memory of the current device. Throws DeviceError when there is not enough.
void* allocate_on_device(std::size_t bytes);
/// Page-locked host memory. Throws DeviceError when there is not enough.
void* allocate_pinned(std::size_t bytes);

/// Memory that one stream uses: it grows to the largest request and then stays.
template <class T, auto allocate, auto release>
class GrowingArray {
public:
    /// At least `size` elements, and an address also where size is 0. Where the array must grow it
    /// waits for the stream first, and what it held is lost.
    T* at_least(std::size_t size, cudaStream_t stream) {
        if (size > size_ || !data_) {
            if (data_) CUCURBIT_CHECK_CUDA(cudaStreamSynchronize(stream));
            data_.reset();
            size_ = 0;
            data_.reset(static_cast<T*>(allocate(size * sizeof(T))));
            size_ = size;
        }
        return data_.get();
    }
    T* data() const { return data_.get(); }
    std::size_t size() const { return size_; }

private:
    std::unique_ptr<T, Release<release>> data_;
    std::size_t size_ = 0;
};

template <class T>
using DeviceArray = GrowingArray<T, allocate_on_device, cudaFree>;
template <class T>
using PinnedArray = GrowingArray<T, allocate_pinned, cudaFreeHost>;

}  // namespace cucurbit::cuda
