// The entry points of the CUDA runtime: memory and copies.

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "tests/standin/contexts.hpp"
#include "tests/standin/runtime.hpp"

namespace cucurbit::standin {
namespace {

cudaError_t allocate(Machine& machine, void** data, std::size_t bytes, int device) {
    Counters& counters = machine.counters;
    need_context();
    if (device != host && machine.memory.live_bytes(device) + bytes > machine.settings.memory_bytes)
        return cudaErrorMemoryAllocation;
    *data = bytes == 0 ? nullptr : machine.memory.allocate(bytes, device);
    if (*data == nullptr) return bytes == 0 ? cudaSuccess : cudaErrorMemoryAllocation;
    ++counters.allocations;
    if (device != host) counters.live_bytes += bytes;
    counters.peak_bytes = std::max(counters.peak_bytes, counters.live_bytes);
    return cudaSuccess;
}

cudaError_t enqueue_copy(Machine& machine, std::byte* to, const std::byte* from, std::size_t bytes,
                         cudaMemcpyKind kind, cudaStream_t handle) {
    constexpr const char* call = "cudaMemcpyAsync";
    constexpr int not_a_number = 0xff;
    Stream& stream = machine.streams.stream(call, handle);
    const bool up = kind == cudaMemcpyHostToDevice, down = kind == cudaMemcpyDeviceToHost;
    if (!up && !down && kind != cudaMemcpyDeviceToDevice)
        violation(fmt::format("{}: the direction of the copy is not stated", call));
    machine.memory.require(fmt::format("{}: the destination", call), to, bytes,
                           down ? host : stream.device);
    machine.memory.require(fmt::format("{}: the source", call), from, bytes,
                           up ? host : stream.device);
    ++machine.counters.copies;
    if (up) machine.counters.bytes_up += bytes;
    if (down) machine.counters.bytes_down += bytes;
    if (down) std::memset(to, not_a_number, bytes);
    const std::vector<std::byte> seen(from, up ? from + bytes : from);
    machine.streams.enqueue(stream, {call, [=] {
                                         if (!std::equal(seen.begin(), seen.end(), from))
                                             violation("the host changed what is to be copied");
                                         std::memmove(to, from, bytes);
                                     }});
    return cudaSuccess;
}

}  // namespace
}  // namespace cucurbit::standin

// The entry points are C, and our parameters have names of ours.
// NOLINTBEGIN(google-build-using-namespace, readability-inconsistent-declaration-parameter-name)
using namespace cucurbit::standin;

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
        need_context();
        *total_bytes = machine.settings.memory_bytes;
        *free_bytes = *total_bytes - machine.memory.live_bytes(current_device());
        return cudaSuccess;
    });
}

cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream) {
    return runtime_entry(__func__, [&](Machine& machine) {
        return enqueue_copy(machine, static_cast<std::byte*>(to),
                            static_cast<const std::byte*>(from), bytes, kind, stream);
    });
}

// NOLINTEND(google-build-using-namespace, readability-inconsistent-declaration-parameter-name)
