// The entry points of the CUDA runtime: devices, errors and launches.

#include "tests/standin/runtime.hpp"

#include <fmt/format.h>

#include <cstring>
#include <map>
#include <utility>

#include "tests/standin/contexts.hpp"
#include "tests/standin/device.hpp"
#include "tests/standin/executor.hpp"

namespace cucurbit::standin {
namespace {

// Of an A100 (CUDA programming guide, table of compute capability 8.0).
constexpr int multiprocessors = 108;
constexpr std::size_t shared_without_asking = std::size_t{48} << 10;
constexpr std::size_t shared_at_most = std::size_t{163} << 10;

std::map<const void*, std::size_t>& shared_asked_for() {
    static auto* const all = new std::map<const void*, std::size_t>;
    return *all;
}

void check_launch(const char* name, const void* kernel, const LaunchShape& shape) {
    constexpr unsigned most_rows = 65535, most_columns = 2147483647, most_threads = 1024;
    const dim3 grid = shape.grid, block = shape.block;
    const auto outside = [](unsigned value, unsigned most) { return value < 1 || value > most; };
    if (outside(grid.x, most_columns) || outside(grid.y, most_rows) || outside(grid.z, most_rows))
        violation(fmt::format("{}: a grid of ({},{},{}) blocks", name, grid.x, grid.y, grid.z));
    if (outside(block.x, most_threads) || outside(block.y, most_threads) || outside(block.z, 64) ||
        std::size_t{block.x} * block.y * block.z > most_threads)
        violation(
            fmt::format("{}: a block of ({},{},{}) threads", name, block.x, block.y, block.z));
    const auto asked = shared_asked_for().find(kernel);
    const std::size_t most =
        asked == shared_asked_for().end() ? shared_without_asking : asked->second;
    if (shape.shared_bytes > most)
        violation(fmt::format("{}: {} bytes of shared memory, {} are allowed", name,
                              shape.shared_bytes, most));
}

}  // namespace

cudaError_t& last_error() {
    thread_local cudaError_t last = cudaSuccess;
    return last;
}

void check_address(const char* name, const void* address) {
    if (address == nullptr) return;
    entry("check_address", [&](const Machine& machine) {
        machine.memory.require(fmt::format("{}: an argument", name), address, 1, current_device());
        return cudaSuccess;
    });
}

cudaError_t launch(const char* name, const void* kernel, const LaunchShape& shape,
                   cudaStream_t stream, std::function<void()> thread) {
    return runtime_entry("cudaLaunchKernelExC", [&](Machine& machine) {
        Stream& on = machine.streams.stream(name, stream);
        check_launch(name, kernel, shape);
        const std::size_t blocks = std::size_t{shape.grid.x} * shape.grid.y * shape.grid.z;
        ++machine.counters.launches;
        machine.counters.blocks += blocks;
        machine.counters.threads += blocks * shape.block.x * shape.block.y * shape.block.z;
        machine.streams.enqueue(on, {name, [shape, body = std::move(thread)] {
                                         Executor::the().run_grid(shape, body);
                                     }});
        return cudaSuccess;
    });
}

}  // namespace cucurbit::standin

// The entry points are C, and our parameters have names of ours.
// NOLINTBEGIN(google-build-using-namespace, readability-inconsistent-declaration-parameter-name)
using namespace cucurbit::standin;

cudaError_t cudaGetDeviceCount(int* count) {
    return runtime_entry(__func__, [&](Machine& machine) {
        *count = machine.settings.devices;
        return *count > 0 ? cudaSuccess : cudaErrorNoDevice;
    });
}

cudaError_t cudaSetDevice(int device) {
    return runtime_entry(__func__, [&](Machine& machine) {
        if (device < 0 || device >= machine.settings.devices) return cudaErrorInvalidDevice;
        current_device() = device;
        need_context();  // since CUDA 12
        return cudaSuccess;
    });
}

cudaError_t cudaGetDevice(int* device) {
    return runtime_entry(__func__, [&](Machine&) {
        *device = current_device();
        return cudaSuccess;
    });
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device) {
    return runtime_entry(__func__, [&](Machine& machine) {
        if (device < 0 || device >= machine.settings.devices) return cudaErrorInvalidDevice;
        *properties = {};
        std::strcpy(properties->name, "CUDA stand-in");
        properties->totalGlobalMem = machine.settings.memory_bytes;
        properties->major = 8;
        properties->multiProcessorCount = multiprocessors;
        properties->warpSize = 32;
        properties->maxThreadsPerBlock = 1024;
        properties->sharedMemPerBlock = shared_without_asking;
        properties->sharedMemPerBlockOptin = shared_at_most;
        return cudaSuccess;
    });
}

cudaError_t cudaFuncSetAttribute(const void* kernel, cudaFuncAttribute attribute, int value) {
    return runtime_entry(__func__, [&](Machine&) {
        if (attribute != cudaFuncAttributeMaxDynamicSharedMemorySize || value < 0 ||
            static_cast<std::size_t>(value) > shared_at_most)
            return cudaErrorInvalidValue;
        shared_asked_for()[kernel] = static_cast<std::size_t>(value);
        return cudaSuccess;
    });
}

cudaError_t cudaGetLastError() {
    return std::exchange(last_error(), cudaSuccess);
}

const char* cudaGetErrorName(cudaError_t error) {
    switch (error) {
        case cudaSuccess:
            return "cudaSuccess";
        case cudaErrorInvalidValue:
            return "cudaErrorInvalidValue";
        case cudaErrorMemoryAllocation:
            return "cudaErrorMemoryAllocation";
        case cudaErrorInvalidDevice:
            return "cudaErrorInvalidDevice";
        case cudaErrorNoDevice:
            return "cudaErrorNoDevice";
        default:
            return "cudaErrorUnknown";
    }
}

const char* cudaGetErrorString(cudaError_t error) {
    return cudaGetErrorName(error);
}

// NOLINTEND(google-build-using-namespace, readability-inconsistent-declaration-parameter-name)
