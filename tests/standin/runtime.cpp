// The entry points of the CUDA runtime.

#include <cuda_runtime.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "tests/standin/device.hpp"
#include "tests/standin/executor.hpp"
#include "tests/standin/machine.hpp"

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

cudaError_t& last_error() {
    thread_local cudaError_t last = cudaSuccess;
    return last;
}

template <class Body>
cudaError_t runtime_entry(const char* call, Body body) {
    const cudaError_t status = entry(call, body);
    if (status != cudaSuccess) last_error() = status;
    return status;
}

cudaError_t allocate(Machine& machine, void** data, std::size_t bytes, int device) {
    Counters& counters = machine.counters;
    if (device != host && machine.memory.live_bytes(device) + bytes > machine.settings.memory_bytes)
        return cudaErrorMemoryAllocation;
    *data = bytes == 0 ? nullptr : machine.memory.allocate(bytes, device);
    if (*data == nullptr) return bytes == 0 ? cudaSuccess : cudaErrorMemoryAllocation;
    ++counters.allocations;
    if (device != host) counters.live_bytes += bytes;
    counters.peak_bytes = std::max(counters.peak_bytes, counters.live_bytes);
    return cudaSuccess;
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

struct Copy {
    void* to;
    std::size_t to_pitch;
    const void* from;
    std::size_t from_pitch;
    std::size_t width;
    std::size_t height;
};

/// Calls body(to, from) for each row.
template <class Body>
void for_rows(const Copy& copy, Body body) {
    for (std::size_t row = 0; row < copy.height; ++row)
        body(static_cast<std::byte*>(copy.to) + row * copy.to_pitch,
             static_cast<const std::byte*>(copy.from) + row * copy.from_pitch);
}

cudaError_t enqueue_copy(Machine& machine, const char* call, const Copy& copy, cudaMemcpyKind kind,
                         cudaStream_t handle) {
    constexpr int not_a_number = 0xff;
    Stream& stream = machine.streams.stream(call, handle);
    const bool up = kind == cudaMemcpyHostToDevice, down = kind == cudaMemcpyDeviceToHost;
    if (!up && !down && kind != cudaMemcpyDeviceToDevice)
        violation(fmt::format("{}: the direction of the copy is not stated", call));
    if (copy.width > copy.to_pitch || copy.width > copy.from_pitch)
        violation(fmt::format("{}: rows of {} bytes, {} and {} apart", call, copy.width,
                              copy.to_pitch, copy.from_pitch));
    for_rows(copy, [&](std::byte* to, const std::byte* from) {
        machine.memory.require(fmt::format("{}: the destination", call), to, copy.width,
                               down ? host : stream.device);
        machine.memory.require(fmt::format("{}: the source", call), from, copy.width,
                               up ? host : stream.device);
    });
    const std::size_t bytes = copy.width * copy.height;
    ++machine.counters.copies;
    if (up) machine.counters.bytes_up += bytes;
    if (down) machine.counters.bytes_down += bytes;
    std::vector<std::byte> seen;
    if (up)
        for_rows(copy, [&](std::byte*, const std::byte* from) {
            seen.insert(seen.end(), from, from + copy.width);
        });
    if (down)
        for_rows(copy, [&](std::byte* to, const std::byte*) {
            std::memset(to, not_a_number, copy.width);
        });
    machine.streams.enqueue(
        stream, {call, [copy, seen = std::move(seen)] {
                     std::size_t offset = 0;
                     for_rows(copy, [&](std::byte* to, const std::byte* from) {
                         if (!seen.empty() && std::memcmp(&seen[offset], from, copy.width) != 0)
                             violation("the host changed what is to be copied");
                         std::memmove(to, from, copy.width);
                         offset += copy.width;
                     });
                 }});
    return cudaSuccess;
}

}  // namespace

cudaError_t launch(const char* name, const void* kernel, const LaunchShape& shape,
                   cudaStream_t stream, std::function<void()> thread) {
    return runtime_entry("cudaLaunchKernelExC", [&](Machine& machine) {
        Stream& on = machine.streams.stream(name, stream);
        check_launch(name, kernel, shape);
        const std::size_t blocks = std::size_t{shape.grid.x} * shape.grid.y * shape.grid.z;
        ++machine.counters.launches;
        machine.counters.blocks += blocks;
        machine.counters.threads += blocks * shape.block.x * shape.block.y * shape.block.z;
        machine.streams.enqueue(
            on, {name, [shape, body = std::move(thread)] { execute_grid(shape, body); }});
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

cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int device) {
    return runtime_entry(__func__, [&](Machine& machine) {
        if (device < 0 || device >= machine.settings.devices) return cudaErrorInvalidDevice;
        switch (attribute) {
            case cudaDevAttrMultiProcessorCount:
                *value = multiprocessors;
                break;
            case cudaDevAttrMaxSharedMemoryPerBlockOptin:
                *value = static_cast<int>(shared_at_most);
                break;
            case cudaDevAttrComputeCapabilityMajor:
                *value = 8;
                break;
            case cudaDevAttrComputeCapabilityMinor:
                *value = 0;
                break;
            default:
                violation(fmt::format("no value for device attribute {}", int{attribute}));
        }
        return cudaSuccess;
    });
}

cudaError_t cudaDriverGetVersion(int* version) {
    *version = CUDART_VERSION;
    return cudaSuccess;
}

cudaError_t cudaRuntimeGetVersion(int* version) {
    *version = CUDART_VERSION;
    return cudaSuccess;
}

cudaError_t cudaMalloc(void** data, std::size_t bytes) {
    return runtime_entry(__func__, [&](Machine& machine) {
        return allocate(machine, data, bytes, current_device());
    });
}

cudaError_t cudaFree(void* data) {
    return runtime_entry(__func__, [&](Machine& machine) {
        if (data == nullptr) return cudaSuccess;
        if (const Allocation* in = machine.memory.find(data); in != nullptr && in->device != host)
            machine.counters.live_bytes -= in->bytes;
        machine.memory.release("cudaFree", data, false);
        return cudaSuccess;
    });
}

cudaError_t cudaMallocHost(void** data, std::size_t bytes) {
    return runtime_entry(__func__,
                         [&](Machine& machine) { return allocate(machine, data, bytes, host); });
}

cudaError_t cudaHostAlloc(void** data, std::size_t bytes, unsigned /*flags*/) {
    return runtime_entry(__func__,
                         [&](Machine& machine) { return allocate(machine, data, bytes, host); });
}

cudaError_t cudaFreeHost(void* data) {
    return runtime_entry(__func__, [&](Machine& machine) {
        if (data != nullptr) machine.memory.release("cudaFreeHost", data, true);
        return cudaSuccess;
    });
}

cudaError_t cudaMemGetInfo(std::size_t* free_bytes, std::size_t* total_bytes) {
    return runtime_entry(__func__, [&](Machine& machine) {
        *total_bytes = machine.settings.memory_bytes;
        *free_bytes = *total_bytes - machine.memory.live_bytes(current_device());
        return cudaSuccess;
    });
}

cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream) {
    return runtime_entry(__func__, [&](Machine& machine) {
        return enqueue_copy(machine, "cudaMemcpyAsync", {to, bytes, from, bytes, bytes, 1}, kind,
                            stream);
    });
}

cudaError_t cudaMemcpy2DAsync(void* to, std::size_t to_pitch, const void* from,
                              std::size_t from_pitch, std::size_t width, std::size_t height,
                              cudaMemcpyKind kind, cudaStream_t stream) {
    return runtime_entry(__func__, [&](Machine& machine) {
        return enqueue_copy(machine, "cudaMemcpy2DAsync",
                            {to, to_pitch, from, from_pitch, width, height}, kind, stream);
    });
}

cudaError_t cudaMemsetAsync(void* data, int value, std::size_t bytes, cudaStream_t stream) {
    return runtime_entry(__func__, [&](Machine& machine) {
        Stream& on = machine.streams.stream("cudaMemsetAsync", stream);
        machine.memory.require("cudaMemsetAsync: the destination", data, bytes, on.device);
        machine.streams.enqueue(on, {"cudaMemsetAsync", [=] { std::memset(data, value, bytes); }});
        return cudaSuccess;
    });
}

cudaError_t cudaMemcpy(void* /*to*/, const void* /*from*/, std::size_t /*bytes*/,
                       cudaMemcpyKind /*kind*/) {
    violation("cudaMemcpy uses the default stream");
}

cudaError_t cudaMemset(void* /*data*/, int /*value*/, std::size_t /*bytes*/) {
    violation("cudaMemset uses the default stream");
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned flags) {
    return runtime_entry(__func__, [&](Machine& machine) {
        if (flags != cudaStreamNonBlocking)
            violation("cudaStreamCreateWithFlags: a stream that waits for the default stream");
        *stream = reinterpret_cast<cudaStream_t>(&machine.streams.create_stream(current_device()));
        return cudaSuccess;
    });
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
    return runtime_entry(__func__, [&](Machine& machine) {
        Stream& gone = machine.streams.any_stream("cudaStreamDestroy", stream);
        machine.streams.run(gone, gone.enqueued);
        gone.destroyed = true;
        return cudaSuccess;
    });
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
    return runtime_entry(__func__, [&](Machine& machine) {
        Stream& awaited = machine.streams.any_stream("cudaStreamSynchronize", stream);
        ++machine.counters.stream_synchronisations;
        machine.streams.run(awaited, awaited.enqueued);
        return cudaSuccess;
    });
}

cudaError_t cudaDeviceSynchronize() {
    return runtime_entry(__func__, [](Machine& machine) {
        ++machine.counters.device_synchronisations;
        machine.streams.run_all(current_device());
        return cudaSuccess;
    });
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned /*flags*/) {
    return runtime_entry(__func__, [&](Machine& machine) {
        Stream& waiting = machine.streams.stream("cudaStreamWaitEvent", stream);
        const Event& awaited = machine.streams.any_event("cudaStreamWaitEvent", event);
        ++machine.counters.event_waits;
        if (awaited.stream != nullptr)
            machine.streams.enqueue(waiting,
                                    {"cudaStreamWaitEvent", {}, awaited.stream, awaited.end});
        return cudaSuccess;
    });
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned /*flags*/) {
    return runtime_entry(__func__, [&](Machine& machine) {
        *event = reinterpret_cast<cudaEvent_t>(&machine.streams.create_event(current_device()));
        return cudaSuccess;
    });
}

cudaError_t cudaEventDestroy(cudaEvent_t event) {
    return runtime_entry(__func__, [&](Machine& machine) {
        machine.streams.any_event("cudaEventDestroy", event).destroyed = true;
        return cudaSuccess;
    });
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
    return runtime_entry(__func__, [&](Machine& machine) {
        Event& recorded = machine.streams.event("cudaEventRecord", event);
        recorded.stream = &machine.streams.stream("cudaEventRecord", stream);
        recorded.end = recorded.stream->enqueued;
        return cudaSuccess;
    });
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
    return runtime_entry(__func__, [&](Machine& machine) {
        const Event& awaited = machine.streams.any_event("cudaEventSynchronize", event);
        ++machine.counters.event_synchronisations;
        if (awaited.stream != nullptr) machine.streams.run(*awaited.stream, awaited.end);
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

cudaError_t cudaPeekAtLastError() {
    return last_error();
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
