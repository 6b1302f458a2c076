// The entry points of the CUDA runtime: streams and events.

#include "tests/standin/contexts.hpp"
#include "tests/standin/runtime.hpp"

// The entry points are C, and our parameters have names of ours.
// NOLINTBEGIN(google-build-using-namespace, readability-inconsistent-declaration-parameter-name)
using namespace cucurbit::standin;

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned flags) {
    return runtime_entry(__func__, [&](Machine& machine) {
        if (flags != cudaStreamNonBlocking)
            violation("cudaStreamCreateWithFlags: a stream that waits for the default stream");
        need_context();
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
        need_context();
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

cudaError_t cudaDeviceSynchronize() {
    return runtime_entry(__func__, [](Machine& machine) {
        ++machine.counters.device_synchronisations;
        machine.streams.run_all(current_device());
        return cudaSuccess;
    });
}

// NOLINTEND(google-build-using-namespace, readability-inconsistent-declaration-parameter-name)
