// Threads of a block: waiting, orders, and what is refused.

#include <numeric>

#include "tests/standin/standin_test.hpp"

namespace cucurbit {
namespace {

class Executor : public Standin {
protected:
    template <class... Parameters, class... Arguments>
    void run(void (*kernel)(Parameters...), dim3 grid, dim3 block, std::size_t shared_bytes,
             Arguments... arguments) {
        EXPECT_EQ(launch("kernel", kernel, grid, block, shared_bytes, stream_, arguments...),
                  cudaSuccess);
        synchronise();
    }
};

__global__ void indices(double* out) {
    const unsigned block = blockIdx.x + gridDim.x * (blockIdx.y + gridDim.y * blockIdx.z);
    const unsigned thread = threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z);
    const unsigned at = block * blockDim.x * blockDim.y * blockDim.z + thread;
    out[at] += at;
}

TEST_F(Executor, EveryThreadRunsOnce) {
    constexpr std::size_t size = 720;
    for (const Order order : {Order::forward, Order::reverse, Order::shuffled}) {
        settings().order = order;
        double* out = upload(std::vector<double>(size, 0.0));
        run(indices, {2, 3, 2}, {5, 4, 3}, 0, out);
        std::vector<double> expected(size);
        std::iota(expected.begin(), expected.end(), 0.0);
        EXPECT_EQ(download(out, size), expected);
    }
}

/// Sums by halving in shared memory; a barrier may be left out.
__global__ void sum(const double* in, double* out, bool wait) {
    double* partial = shared_memory<double>();
    partial[threadIdx.x] = in[threadIdx.x];
    __syncthreads();
    for (unsigned half = blockDim.x / 2; half > 0; half /= 2) {
        if (threadIdx.x < half) partial[threadIdx.x] += partial[threadIdx.x + half];
        if (wait) __syncthreads();
    }
    if (threadIdx.x == 0) *out = partial[0];
}

TEST_F(Executor, BarriersMakeASum) {
    for (const Order order : {Order::forward, Order::reverse, Order::shuffled}) {
        settings().order = order;
        double* out = device_array(1);
        const double* in = upload(std::vector<double>(256, 0.5));
        run(sum, 1, 256, 256 * sizeof(double), in, out, true);
        EXPECT_EQ(download(out, 1)[0], 128.0);
    }
}

#if !defined(CUCURBIT_THREAD_SANITIZER)
TEST_F(Executor, AMissingBarrierGivesAnotherSum) {
    double* out = device_array(1);
    const double* in = upload(std::vector<double>(256, 0.5));
    run(sum, 1, 256, 256 * sizeof(double), in, out, false);
    EXPECT_NE(download(out, 1)[0], 128.0);
}
#else
TEST_F(Executor, AMissingBarrierIsARace) {
    // In this order the sum is right.
    settings().order = Order::reverse;
    double* out = device_array(1);
    const double* in = upload(std::vector<double>(256, 0.5));
    EXPECT_DEATH(run(sum, 1, 256, 256 * sizeof(double), in, out, false), "data race");
}

__global__ void count(double* out, bool atomic) {
    if (atomic)
        atomicAdd(out, 1.0);
    else
        *out += 1.0;
}

TEST_F(Executor, AnAdditionThatIsNotAtomicIsARace) {
    double* out = upload({0.0});
    run(count, 1, 64, 0, out, true);
    EXPECT_EQ(download(out, 1)[0], 64.0);
    EXPECT_DEATH(run(count, 1, 64, 0, out, false), "data race");
}
#endif

__global__ void warp_sums(double* out) {
    double value = threadIdx.x;
    for (unsigned distance = 16; distance > 0; distance /= 2)
        value += __shfl_xor_sync(~0U, value, static_cast<int>(distance));
    if (threadIdx.x % 32 == 5) out[threadIdx.x / 32] = value;
}

TEST_F(Executor, ShufflesExchangeLanes) {
    for (const Order order : {Order::forward, Order::shuffled}) {
        settings().order = order;
        double* out = device_array(3);
        run(warp_sums, 1, 96, 0, out);
        EXPECT_EQ(download(out, 3), (std::vector<double>{496.0, 1520.0, 2544.0}));
    }
}

__global__ void neighbours(double* out) {
    const unsigned lane = threadIdx.x;
    out[lane] = __shfl_up_sync(~0U, lane, 3, 8);
    out[32 + lane] = __shfl_down_sync(~0U, lane, 3, 8);
    out[64 + lane] = __shfl_sync(~0U, lane, 9, 8);
    out[96 + lane] = __ballot_sync(~0U, lane % 5 == 0 ? 1 : 0);
    const unsigned half = lane < 16 ? 0xffffU : 0xffff0000U;
    out[128 + lane] = __ballot_sync(half, 1);
}

// CUDA programming guide, "Warp Shuffle Functions": segments of `width` lanes; a source outside the
// segment is the lane itself (up, down) or taken modulo the width.
TEST_F(Executor, ShufflesKeepToTheirSegments) {
    double* out = device_array(160);
    run(neighbours, 1, 32, 0, out);
    const std::vector<double> values = download(out, 160);
    for (unsigned lane = 0; lane < 32; ++lane) {
        EXPECT_EQ(values[lane], lane % 8 < 3 ? lane : lane - 3);
        EXPECT_EQ(values[32 + lane], lane % 8 > 4 ? lane : lane + 3);
        EXPECT_EQ(values[64 + lane], lane / 8 * 8 + 1);
        EXPECT_EQ(values[96 + lane], 0x42108421U);
        EXPECT_EQ(values[128 + lane], lane < 16 ? 0xffffU : 0xffff0000U);
    }
}

__global__ void shared_contents(double* out) {
    double* values = shared_memory<double>();
    out[blockIdx.x] = values[threadIdx.x];
    values[threadIdx.x] = 1.0;
}

TEST_F(Executor, SharedMemoryIsNaNForEachBlock) {
    double* out = device_array(2);
    run(shared_contents, 2, 1, sizeof(double), out);
    for (const double value : download(out, 2)) EXPECT_TRUE(std::isnan(value));
}

__global__ void shared_write(std::ptrdiff_t at) {
    shared_memory<double>()[at] = 1.0;
}

TEST_F(Executor, SharedMemoryEndsWhereTheLaunchSays) {
    run(shared_write, 1, 1, 3 * sizeof(double), std::ptrdiff_t{2});
    EXPECT_DEATH(run(shared_write, 1, 1, 3 * sizeof(double), std::ptrdiff_t{3}),
                 "writes byte 24 of 24 bytes of shared memory");
}

TEST_F(Executor, MoreSharedMemoryMustBeAskedFor) {
    constexpr std::size_t much = 64 << 10;
    EXPECT_DEATH(run(shared_write, 1, 1, much, std::ptrdiff_t{0}), "65536 bytes of shared memory");
    EXPECT_EQ(cudaFuncSetAttribute(reinterpret_cast<const void*>(shared_write),
                                   cudaFuncAttributeMaxDynamicSharedMemorySize, much),
              cudaSuccess);
    run(shared_write, 1, 1, much, std::ptrdiff_t{0});
    EXPECT_EQ(cudaFuncSetAttribute(reinterpret_cast<const void*>(shared_write),
                                   cudaFuncAttributeMaxDynamicSharedMemorySize, 200 << 10),
              cudaErrorInvalidValue);
}

__global__ void some_leave() {
    if (threadIdx.x > 10) return;
    __syncthreads();
}

__global__ void two_places() {
    if (threadIdx.x > 10) {
        __syncthreads();
        return;
    }
    __syncthreads();
}

__global__ void half_a_warp() {
    if (threadIdx.x < 16)
        __syncwarp();
    else
        __syncthreads();
}

__global__ void wrong_mask(unsigned mask) {
    if (threadIdx.x < 8) __shfl_sync(mask, 1.0, 0);
}

__global__ void absent_source() {
    if (threadIdx.x < 8) __shfl_sync(0xffU, 1.0, 9);
}

__global__ void different_masks() {
    if (threadIdx.x < 8)
        __syncwarp(0xffU);
    else
        __syncwarp(0xffffff80U);
    __syncthreads();
}

TEST_F(Executor, WaitsThatCannotEndAreReported) {
    for (const Order order : {Order::forward, Order::reverse, Order::shuffled}) {
        settings().order = order;
        EXPECT_DEATH(run(some_leave, 1, 64, 0), "kernel, block .0,0,0.*divergent barrier");
        EXPECT_DEATH(run(two_places, 1, 64, 0), "divergent barrier");
        EXPECT_DEATH(run(half_a_warp, 1, 32, 0), "executor_test.cpp");
        EXPECT_DEATH(run(wrong_mask, 1, 32, 0, 0x7fU), "lane 7 is outside its own mask 0x7f");
        EXPECT_DEATH(run(absent_source, 1, 32, 0), "reads lane 9, which takes no part");
        EXPECT_DEATH(run(different_masks, 1, 32, 0), "meets mask|deadlock");
    }
}

TEST_F(Executor, ADeadlockSaysWhoWaitsWhere) {
    EXPECT_DEATH(run(half_a_warp, 1, 32, 0),
                 "deadlock:\n.*from thread 0: waits at .*executor_test.cpp:[0-9]+\n"
                 ".*from thread 16: waits at .*executor_test.cpp:[0-9]+");
}

__global__ void nothing() {}

__global__ void nested(std::uintptr_t stream) {
    static_cast<void>(launch("inner", nothing, 1, 1, 0, reinterpret_cast<cudaStream_t>(stream)));
}

TEST_F(Executor, LaunchesThatNoCardTakesAreRefused) {
    run(nothing, {3, 65535, 1}, 1, 0);
    EXPECT_DEATH(run(nothing, {1, 65536, 1}, 1, 0), "grid of .1,65536,1.");
    EXPECT_DEATH(run(nothing, {1, 1, 65536}, 1, 0), "grid of .1,1,65536.");
    EXPECT_DEATH(run(nothing, {0, 1, 1}, 1, 0), "grid of .0,1,1.");
    EXPECT_DEATH(run(nothing, 1, {32, 33, 1}, 0), "block of .32,33,1. threads");
    EXPECT_DEATH(run(nothing, 1, {1, 1, 65}, 0), "block of .1,1,65. threads");
    EXPECT_DEATH(run(nothing, 1, 0, 0), "block of .0,1,1. threads");
    EXPECT_DEATH(run(nested, 1, 1, 0, reinterpret_cast<std::uintptr_t>(stream_)),
                 "is called from device work");
}

}  // namespace
}  // namespace cucurbit
