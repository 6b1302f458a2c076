#pragma once
// Lazy streams and events.

#include <cuda_runtime_api.h>

#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>

namespace cucurbit::standin {

struct Operation {
    std::string name;
    std::function<void()> work;  ///< device work; empty where the operation is a wait
    struct Stream* awaited = nullptr;
    std::size_t awaited_end = 0;
};

struct Stream {
    int device = 0;
    bool destroyed = false;
    std::size_t enqueued = 0;
    std::size_t done = 0;
    std::deque<Operation> pending;
};

struct Event {
    int device = 0;
    bool destroyed = false;
    Stream* stream = nullptr;  ///< null until recorded
    std::size_t end = 0;       ///< the event is over when this many of its stream's operations are
};

class Streams {
public:
    Stream& create_stream(int device);
    Event& create_event(int device);
    /// The stream behind a handle: a violation for a default stream or a destroyed one.
    Stream& any_stream(const char* call, cudaStream_t handle);
    Event& any_event(const char* call, cudaEvent_t handle);
    /// For calls that need it on the current device.
    Stream& stream(const char* call, cudaStream_t handle);
    Event& event(const char* call, cudaEvent_t handle);
    void enqueue(Stream& stream, Operation operation);
    /// Executes the stream's operations up to the given number of them, and what those wait for.
    void run(Stream& stream, std::size_t end);
    void run_all(int device);

private:
    void advance(Stream& stream, std::size_t end);
    void run_awaited(Stream& stream, std::size_t end);

    // Never erased: a handle used after its destruction is recognised.
    std::map<const void*, std::unique_ptr<Stream>> streams_;
    std::map<const void*, std::unique_ptr<Event>> events_;
};

}  // namespace cucurbit::standin
