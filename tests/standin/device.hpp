#pragma once
// What device code and launches see of the stand-in, in place of what nvcc would provide.

#include <cuda_runtime.h>
#include <device_launch_parameters.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <type_traits>

namespace cucurbit {
namespace standin {

/// Where device code waits.
struct Place {
    const char* file;
    int line;
};

struct LaunchShape {
    dim3 grid;
    dim3 block;
    std::size_t shared_bytes;
};

/// Enqueues a kernel whose arguments are bound: `thread` is called once for each CUDA thread.
cudaError_t launch(const char* name, const void* kernel, const LaunchShape& shape,
                   cudaStream_t stream, std::function<void()> thread);

/// A violation unless the address is null or lies in device memory.
void check_address(const char* name, const void* address);

/// Of a kernel: a pointer, or a struct that holds one by the name of `data`, `values` or `targets`,
/// or `values` that are such structs.
template <class T>
void check_argument(const char* name, const T& argument) {
    if constexpr (std::is_pointer_v<T>)
        check_address(name, argument);
    else if constexpr (requires { argument.data; })
        check_address(name, argument.data);
    else if constexpr (requires { argument.targets; })
        check_argument(name, argument.targets);
    else if constexpr (requires { argument.values[0].targets; })
        for (const auto& value : argument.values) check_argument(name, value);
    else if constexpr (requires { argument.values; })
        check_address(name, argument.values);
}

/// The running block's dynamic shared memory.
void* shared_memory();

enum class Shuffle { index, up, down, exclusive_or };
/// Every lane of the mask gives 64 bits and takes those of another lane.
std::uint64_t shuffle(Shuffle kind, unsigned mask, std::uint64_t bits, int argument, int width,
                      Place where);
/// The lanes of the mask for which `predicate` holds.
unsigned ballot(unsigned mask, bool predicate, Place where);
/// Waits for every thread of the block.
void block_barrier(Place where);

template <class T>
T shuffle_value(Shuffle kind, unsigned mask, T value, int argument, int width, Place where) {
    static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= sizeof(std::uint64_t));
    std::uint64_t bits = 0;
    std::memcpy(&bits, &value, sizeof(T));
    bits = shuffle(kind, mask, bits, argument, width, where);
    std::memcpy(&value, &bits, sizeof(T));
    return value;
}

}  // namespace standin

// NOLINTBEGIN(bugprone-*, readability-identifier-naming): the names are CUDA's.
inline void __syncthreads(standin::Place where = {__builtin_FILE(), __builtin_LINE()}) {
    standin::block_barrier(where);
}
inline void __syncwarp(unsigned mask = ~0U,
                       standin::Place where = {__builtin_FILE(), __builtin_LINE()}) {
    standin::ballot(mask, true, where);
}
inline unsigned __ballot_sync(unsigned mask, int predicate,
                              standin::Place where = {__builtin_FILE(), __builtin_LINE()}) {
    return standin::ballot(mask, predicate != 0, where);
}
inline int __any_sync(unsigned mask, int predicate,
                      standin::Place where = {__builtin_FILE(), __builtin_LINE()}) {
    return __ballot_sync(mask, predicate, where) != 0 ? 1 : 0;
}
inline int __all_sync(unsigned mask, int predicate,
                      standin::Place where = {__builtin_FILE(), __builtin_LINE()}) {
    return __any_sync(mask, predicate == 0 ? 1 : 0, where) == 0 ? 1 : 0;
}
template <class T>
T __shfl_sync(unsigned mask, T value, int lane, int width = 32,
              standin::Place where = {__builtin_FILE(), __builtin_LINE()}) {
    return standin::shuffle_value(standin::Shuffle::index, mask, value, lane, width, where);
}
template <class T>
T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = 32,
                 standin::Place where = {__builtin_FILE(), __builtin_LINE()}) {
    return standin::shuffle_value(standin::Shuffle::up, mask, value, static_cast<int>(delta), width,
                                  where);
}
template <class T>
T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = 32,
                   standin::Place where = {__builtin_FILE(), __builtin_LINE()}) {
    return standin::shuffle_value(standin::Shuffle::down, mask, value, static_cast<int>(delta),
                                  width, where);
}
template <class T>
T __shfl_xor_sync(unsigned mask, T value, int bits, int width = 32,
                  standin::Place where = {__builtin_FILE(), __builtin_LINE()}) {
    return standin::shuffle_value(standin::Shuffle::exclusive_or, mask, value, bits, width, where);
}
template <class T>
T atomicAdd(T* address, T value) {
    if constexpr (std::is_integral_v<T>)
        return __atomic_fetch_add(address, value, __ATOMIC_RELAXED);
    T seen;
    __atomic_load(address, &seen, __ATOMIC_RELAXED);
    T sum = seen + value;
    while (
        !__atomic_compare_exchange(address, &seen, &sum, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        sum = seen + value;
    return seen;
}
template <class T>
T __ldg(const T* address) {
    return *address;
}
inline double rsqrt(double value) {
    return 1.0 / std::sqrt(value);
}
// NOLINTEND(bugprone-*, readability-identifier-naming)

}  // namespace cucurbit
