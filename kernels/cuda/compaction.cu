// Index lists of trials. The one file with Thrust in it, which takes long to compile.

#include "kernels/cuda/grid.hpp"

#include <new>
#include <string>

#include "cucurbit/engine.hpp"
#include "kernels/common/host_device.hpp"

#if defined(CUCURBIT_STANDIN)
#define THRUST_DEVICE_SYSTEM THRUST_DEVICE_SYSTEM_CPP
#endif
#include <thrust/copy.h>
#include <thrust/execution_policy.h>
#include <thrust/iterator/counting_iterator.h>

namespace cucurbit::cuda {
namespace {

struct IsZero {
    CUCURBIT_HOST_DEVICE bool operator()(int value) const { return value == 0; }
};

template <class Policy>
std::size_t select(const Policy& policy, const int* values, std::size_t count,
                   std::uint32_t* indices) {
    // Of 64 bits: with 32, Thrust's own kernel spills registers on sm_100.
    const thrust::counting_iterator<std::uint64_t> first(0);
    const auto last = first + static_cast<std::ptrdiff_t>(count);
    return static_cast<std::size_t>(
        thrust::copy_if(policy, first, last, values, indices, IsZero()) - indices);
}

}  // namespace

std::size_t select_zeros(cudaStream_t stream, const int* values, std::size_t count,
                         std::uint32_t* indices) {
#if defined(CUCURBIT_STANDIN)
    std::size_t found = 0;
    CUCURBIT_CHECK_CUDA(standin::launch("select_zeros", nullptr, {1, 1, 0}, stream, [&] {
        found = select(thrust::cpp::par, values, count, indices);
    }));
    CUCURBIT_CHECK_CUDA(cudaStreamSynchronize(stream));
    return found;
#else
    try {
        return select(thrust::cuda::par.on(stream), values, count, indices);
    } catch (const std::bad_alloc& error) {
        throw DeviceError(std::string("out of device memory: ") + error.what());
    }
#endif
}

}  // namespace cucurbit::cuda
