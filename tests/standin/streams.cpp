#include "tests/standin/streams.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "tests/standin/machine.hpp"

namespace cucurbit::standin {
namespace {

template <class Object, class Handle>
Object& object_of(const char* call, const char* what, Handle handle,
                  const std::map<const void*, std::unique_ptr<Object>>& all) {
    const auto found = all.find(handle);
    if (found == all.end()) violation(fmt::format("{}: no such {}", call, what));
    Object& object = *found->second;
    if (object.destroyed) violation(fmt::format("{}: the {} was destroyed", call, what));
    return object;
}

template <class Object>
Object& on_current_device(const char* call, const char* what, Object& object) {
    if (object.device != current_device())
        violation(fmt::format("{}: the {} belongs to cuda:{}, the current device is cuda:{}", call,
                              what, object.device, current_device()));
    return object;
}

}  // namespace

Stream& Streams::create_stream(int device) {
    auto made = std::make_unique<Stream>();
    made->device = device;
    Stream& stream = *made;
    streams_[&stream] = std::move(made);
    return stream;
}

Event& Streams::create_event(int device) {
    auto made = std::make_unique<Event>();
    made->device = device;
    Event& event = *made;
    events_[&event] = std::move(made);
    return event;
}

Stream& Streams::any_stream(const char* call, cudaStream_t handle) {
    if (handle == nullptr || handle == cudaStreamLegacy || handle == cudaStreamPerThread)
        violation(fmt::format("{}: uses a default stream", call));
    return object_of(call, "stream", handle, streams_);
}

Event& Streams::any_event(const char* call, cudaEvent_t handle) {
    return object_of(call, "event", handle, events_);
}

Stream& Streams::stream(const char* call, cudaStream_t handle) {
    return on_current_device(call, "stream", any_stream(call, handle));
}

Event& Streams::event(const char* call, cudaEvent_t handle) {
    return on_current_device(call, "event", any_event(call, handle));
}

void Streams::enqueue(Stream& stream, Operation operation) {
    stream.pending.push_back(std::move(operation));
    ++stream.enqueued;
    if (Machine::the().settings.pace == Pace::eager) run(stream, stream.enqueued);
}

void Streams::run(Stream& stream, std::size_t end) {
    if (stream.done >= end) return;
    const Memory::Access access(Machine::the().memory);
    advance(stream, end);
}

void Streams::run_all(int device) {
    for (const auto& [handle, each] : streams_)
        if (each->device == device) run(*each, each->enqueued);
}

void Streams::run_awaited(Stream& stream, std::size_t end) {
    // What runs here may run some of this stream's operations too: those before the wait.
    for (std::size_t next = stream.done; next < end; next = std::max(next + 1, stream.done)) {
        const Operation& operation = stream.pending[next - stream.done];
        if (operation.awaited != nullptr) advance(*operation.awaited, operation.awaited_end);
    }
}

void Streams::advance(Stream& stream, std::size_t end) {
    if (Machine::the().settings.pace == Pace::ahead) run_awaited(stream, end);
    const Memory& memory = Machine::the().memory;
    while (stream.done < end) {
        const Operation operation = std::move(stream.pending.front());
        stream.pending.pop_front();
        ++stream.done;
        if (operation.awaited != nullptr) {
            advance(*operation.awaited, operation.awaited_end);
            continue;
        }
        memory.begin_operation();
        device_work() = operation.name.c_str();
        operation.work();
        memory.end_operation();
        device_work() = nullptr;
    }
}

}  // namespace cucurbit::standin
