// Device memory: poisoned, guarded, out of the host's reach, and counted.

#include "tests/standin/standin_test.hpp"

namespace cucurbit {
namespace {

__global__ void read_at(const double* data, std::ptrdiff_t at, double* out) {
    *out = data[at];
}

__global__ void write_at(double* data, std::ptrdiff_t at, double value) {
    data[at] = value;
}

class Memory : public Standin {
protected:
    void write(double* data, std::ptrdiff_t at, double value = 1.0) {
        EXPECT_EQ(launch("write_at", write_at, 1, 1, 0, stream_, data, at, value), cudaSuccess);
        synchronise();
    }
    double read(const double* data, std::ptrdiff_t at) {
        double* out = device_array(1);
        EXPECT_EQ(launch("read_at", read_at, 1, 1, 0, stream_, data, at, out), cudaSuccess);
        return download(out, 1)[0];
    }
};

TEST_F(Memory, BeginsAsNaN) {
    for (const double value : download(device_array(100), 100)) EXPECT_TRUE(std::isnan(value));
}

TEST_F(Memory, PinnedMemoryBeginsAsNaNAndIsTheHosts) {
    void* data = nullptr;
    ASSERT_EQ(cudaHostAlloc(&data, 2 * sizeof(double), cudaHostAllocDefault), cudaSuccess);
    auto* values = static_cast<double*>(data);
    EXPECT_TRUE(std::isnan(values[1]));
    values[0] = 5.0;
    double* copied = device_array(1);
    ASSERT_EQ(cudaMemcpyAsync(copied, values, 8, cudaMemcpyHostToDevice, stream_), cudaSuccess);
    EXPECT_EQ(download(copied, 1)[0], 5.0);
    EXPECT_DEATH(static_cast<void>(cudaFree(data)), "no matching call");
    EXPECT_DEATH(static_cast<void>(cudaFreeHost(copied)), "no matching call");
    EXPECT_EQ(cudaFreeHost(data), cudaSuccess);
    EXPECT_EQ(cudaFreeHost(nullptr), cudaSuccess);
}

TEST_F(Memory, TheHostCannotReachIt) {
    double* data = upload({1.0, 2.0});
    EXPECT_DEATH(data[1] = 3.0, "writes byte 8 of a live allocation of 16 bytes on cuda:0");
    EXPECT_DEATH(std::printf("%g", data[0]), "reads byte 0 of a live allocation of 16 bytes");
    EXPECT_EQ(download(data, 2), (std::vector<double>{1.0, 2.0}));
}

TEST_F(Memory, OneElementOutsideIsSeen) {
    // 32 doubles end where the guard page begins; 3 leave slack before it.
    for (const std::ptrdiff_t size : {32, 3}) {
        double* data = device_array(static_cast<std::size_t>(size));
        write(data, size - 1);
        EXPECT_EQ(read(data, size - 1), 1.0);
        EXPECT_DEATH(write(data, size),
                     size == 32 ? "write_at, block.*past its end" : "write_at.*wrote past the end");
        EXPECT_DEATH(write(data, -1), "wrote before an allocation");
    }
    EXPECT_DEATH(read(device_array(32), 32), "reads byte 256 of an allocation of 256 bytes, past");
    EXPECT_TRUE(std::isnan(read(upload({1.0, 2.0, 3.0}), 3)));
}

TEST_F(Memory, FreedMemoryIsGone) {
    double* data = upload({1.0, 2.0});
    const auto free_too_early = [&] {
        static_cast<void>(
            launch("write_at", write_at, 1, 1, 0, stream_, data, std::ptrdiff_t{1}, 0.0));
        static_cast<void>(cudaFree(data));
        synchronise();
    };
    EXPECT_DEATH(free_too_early(),
                 "write_at.*writes byte 8 of an allocation of 16 bytes that was freed");
    EXPECT_EQ(cudaFree(nullptr), cudaSuccess);
    ASSERT_EQ(cudaFree(data), cudaSuccess);
    EXPECT_DEATH(static_cast<void>(cudaFree(data)), "that was freed, which no matching call");
    EXPECT_NE(device_array(2), data);
}

struct Matrix {
    double* data;
    std::size_t rows;
};

__global__ void clear(Matrix matrix) {
    matrix.data[0] = 0.0;
}

TEST_F(Memory, KernelsTakeAddressesOfTheDeviceOnly) {
    double ours = 0.0;
    EXPECT_DEATH(write(&ours, 0), "write_at: an argument is at no device memory");
    EXPECT_DEATH(static_cast<void>(launch("clear", clear, 1, 1, 0, stream_, Matrix{&ours, 1})),
                 "clear: an argument is at no device memory");
    EXPECT_DEATH(write(nullptr, 3), "write_at, .*an address that is no device memory");
}

TEST_F(Memory, HasTheSizeThatWasSet) {
    settings().memory_bytes = counters().live_bytes + 1000;
    std::size_t free_bytes = 0, total_bytes = 0;
    double* data = device_array(100);
    ASSERT_EQ(cudaMemGetInfo(&free_bytes, &total_bytes), cudaSuccess);
    EXPECT_EQ(total_bytes, settings().memory_bytes);
    EXPECT_EQ(free_bytes, 200U);
    void* more = nullptr;
    EXPECT_EQ(cudaMalloc(&more, 256), cudaErrorMemoryAllocation);
    ASSERT_EQ(cudaFree(data), cudaSuccess);
    EXPECT_EQ(cudaMalloc(&more, 256), cudaSuccess);
}

TEST_F(Memory, ACallFailsWhenAsked) {
    void* data = nullptr;
    fail_call("cudaMalloc", 1, cudaErrorMemoryAllocation);
    EXPECT_EQ(cudaMalloc(&data, 8), cudaSuccess);
    EXPECT_EQ(cudaMalloc(&data, 8), cudaErrorMemoryAllocation);
    EXPECT_STREQ(cudaGetErrorName(cudaGetLastError()), "cudaErrorMemoryAllocation");
    EXPECT_EQ(cudaMalloc(&data, 8), cudaSuccess);
}

TEST_F(Memory, EverythingIsCounted) {
    double* data = upload({1.0, 2.0, 3.0});
    write(data, 0);
    static_cast<void>(download(data, 3));
    double* more = device_array(10);
    ASSERT_EQ(cudaFree(more), cudaSuccess);
    const Counters seen = counters();
    EXPECT_EQ(seen.launches, 1U);
    EXPECT_EQ(seen.blocks, 1U);
    EXPECT_EQ(seen.threads, 1U);
    EXPECT_EQ(seen.copies, 2U);
    EXPECT_EQ(seen.bytes_up, 24U);
    EXPECT_EQ(seen.bytes_down, 24U);
    EXPECT_EQ(seen.allocations, 2U);
    EXPECT_EQ(seen.stream_synchronisations, 3U);
    EXPECT_EQ(seen.peak_bytes - seen.live_bytes, 80U);
    reset_counters();
    EXPECT_EQ(counters().launches, 0U);
    EXPECT_EQ(counters().live_bytes, seen.live_bytes);
    EXPECT_EQ(counters().peak_bytes, seen.live_bytes);
}

__global__ void add_rows(const double* from, double* to) {
    const unsigned at = blockIdx.x * blockDim.x + threadIdx.x;
    to[at] += from[at];
}

TEST_F(Memory, TrafficIsCountedByPages) {
    constexpr std::size_t size = 16384, bytes = size * sizeof(double);
    double* from = upload(std::vector<double>(size, 1.0));
    double* to = upload(std::vector<double>(size, 2.0));
    settings().traffic = true;
    reset_counters();
    ASSERT_EQ(launch("add_rows", add_rows, size / 256, 256, 0, stream_, from, to), cudaSuccess);
    synchronise();
    EXPECT_EQ(counters().bytes_read, 2 * bytes);
    EXPECT_EQ(counters().bytes_written, bytes);
    EXPECT_EQ(download(to, size), std::vector<double>(size, 3.0));
}

}  // namespace
}  // namespace cucurbit
