#pragma once
// The one way to launch a kernel, and what a .cu file needs to compile both as CUDA and, for
// machines without a GPU, as plain C++ against tests/standin/ (CUCURBIT_STANDIN). Sources that must
// run there use no <<<>>>, no __shared__ variable (dynamic shared memory by shared_memory<T>()
// only), no __constant__ and no cudaMemcpyToSymbol.

#include <array>
#include <cstddef>
#include <tuple>
#include <utility>

#include <cuda_runtime.h>

#if !defined(__CUDACC__)
// A host compiler does not know the attributes that the real headers give these names.
// NOLINTBEGIN(bugprone-*, readability-identifier-naming)
#undef __global__
#undef __device__
#undef __host__
#undef __launch_bounds__
#undef __shared__
#undef __constant__
#define __global__
#define __device__
#define __host__
#define __launch_bounds__(...)
#define __shared__ static_assert(false, "shared memory by shared_memory<T>() only");
#define __constant__ static_assert(false, "no constant memory: pass the values as arguments");
// NOLINTEND(bugprone-*, readability-identifier-naming)
#endif

#if defined(CUCURBIT_STANDIN)
#include "tests/standin/device.hpp"
#endif

namespace cucurbit {

/// Enqueues kernel(args...) on the stream; the arguments are converted to the kernel's parameters
/// and copied at the call. name: for messages and profiles.
template <class... Parameters, class... Arguments>
cudaError_t launch(const char* name, void (*kernel)(Parameters...), dim3 grid, dim3 block,
                   std::size_t shared_bytes, cudaStream_t stream, Arguments&&... arguments) {
    std::tuple<Parameters...> values(std::forward<Arguments>(arguments)...);
#if defined(CUCURBIT_STANDIN)
    std::apply([name](const auto&... each) { (standin::check_argument(name, each), ...); }, values);
    return standin::launch(name, reinterpret_cast<const void*>(kernel), {grid, block, shared_bytes},
                           stream, [kernel, values] { std::apply(kernel, values); });
#else
    static_cast<void>(name);
    cudaLaunchConfig_t config = {};
    config.gridDim = grid;
    config.blockDim = block;
    config.dynamicSmemBytes = shared_bytes;
    config.stream = stream;
    return std::apply(
        [&](Parameters&... each) {
            std::array<void*, sizeof...(Parameters)> addresses = {&each...};
            return cudaLaunchKernelExC(&config, reinterpret_cast<const void*>(kernel),
                                       addresses.data());
        },
        values);
#endif
}

#if defined(__CUDACC__)
/// The block's dynamic shared memory, aligned to 8 bytes.
template <class T>
__device__ T* shared_memory() {
    extern __shared__ __align__(8) unsigned char cucurbit_shared_bytes[];
    return reinterpret_cast<T*>(cucurbit_shared_bytes);
}
#elif defined(CUCURBIT_STANDIN)
/// Exactly as large as the launch says, a guard page behind it, and NaN when a block starts.
template <class T>
T* shared_memory() {
    return static_cast<T*>(standin::shared_memory());
}
#endif

}  // namespace cucurbit
