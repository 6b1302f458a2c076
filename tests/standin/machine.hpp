#pragma once
// What the entry points share: one lock, and the state behind it.

#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "tests/standin/memory.hpp"
#include "tests/standin/standin.hpp"
#include "tests/standin/streams.hpp"

namespace cucurbit::standin {

/// Prints what is wrong and where, and aborts.
[[noreturn]] void violation(const std::string& text);

class Machine {
public:
    /// Lives until the process ends: engines in static storage may outlive everything else.
    static Machine& the();

    std::mutex lock;
    Settings settings;
    Counters counters;
    Memory memory;
    Streams streams;
    std::map<std::string, std::pair<std::size_t, int>> failures;

private:
    Machine();
};

/// The calling thread's current device.
int& current_device();

/// The device work that this thread is executing: a kernel, a copy or a library call; null in host
/// code.
const char*& device_work();

/// Runs an entry point's body under the lock, unless device work calls it or its failure was asked
/// for.
template <class Body>
auto entry(const char* call, Body body) {
    if (device_work() != nullptr) violation(std::string(call) + " is called from device work");
    Machine& machine = Machine::the();
    const std::lock_guard hold(machine.lock);
    const auto failure = machine.failures.find(call);
    if (failure != machine.failures.end() && failure->second.first-- == 0) {
        const auto status = static_cast<decltype(body(machine))>(failure->second.second);
        machine.failures.erase(failure);
        return status;
    }
    return body(machine);
}

}  // namespace cucurbit::standin
