#include "tests/standin/machine.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <sstream>

#include "kernels/cpu/lapack.hpp"
#include "tests/standin/executor.hpp"

namespace cucurbit::standin {
namespace {

/// The value of one part of CUCURBIT_STANDIN; false where the part is not understood.
bool apply(Settings& settings, const std::string& name, const std::string& value) {
    if (name == "order" && value == "forward")
        settings.order = Order::forward;
    else if (name == "order" && value == "reverse")
        settings.order = Order::reverse;
    else if (name == "order" && value == "shuffled")
        settings.order = Order::shuffled;
    else if (name == "streams" && value == "lazy")
        settings.pace = Pace::lazy;
    else if (name == "streams" && value == "ahead")
        settings.pace = Pace::ahead;
    else if (name == "streams" && value == "eager")
        settings.pace = Pace::eager;
    else if (name == "traffic" && (value == "on" || value == "off"))
        settings.traffic = value == "on";
    else if (name == "seed")
        settings.seed = std::stoull(value);
    else if (name == "devices")
        settings.devices = std::stoi(value);
    else if (name == "memory")
        settings.memory_bytes = std::stoull(value);
    else
        return false;
    return true;
}

Settings settings_from_environment() {
    Settings settings;
    // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing writes the environment
    const char* text = std::getenv("CUCURBIT_STANDIN");
    std::istringstream parts(text == nullptr ? "" : text);
    for (std::string part; parts >> part;) {
        const auto sign = part.find('=');
        if (sign == std::string::npos ||
            !apply(settings, part.substr(0, sign), part.substr(sign + 1)))
            violation("CUCURBIT_STANDIN has no meaning for " + part);
    }
    return settings;
}

}  // namespace

void violation(const std::string& text) {
    const std::string thread = Executor::the().describe_thread();
    std::string where = device_work() == nullptr ? "" : fmt::format("{}", device_work());
    if (!thread.empty()) where += ", " + thread;
    std::fputs(
        fmt::format("CUDA stand-in: {}{}{}\n", where, where.empty() ? "" : ": ", text).c_str(),
        stderr);
    std::abort();
}

Machine::Machine() : settings(settings_from_environment()) {
    lapack::openblas_set_num_threads(1);
}

Machine& Machine::the() {
    static auto* const machine = new Machine;
    return *machine;
}

int& current_device() {
    thread_local int device = 0;
    return device;
}

const char*& device_work() {
    thread_local const char* name = nullptr;
    return name;
}

Settings& settings() {
    return Machine::the().settings;
}

Counters counters() {
    Machine& machine = Machine::the();
    const std::lock_guard hold(machine.lock);
    return machine.counters;
}

void reset_counters() {
    Machine& machine = Machine::the();
    const std::lock_guard hold(machine.lock);
    const std::size_t live = machine.counters.live_bytes;
    machine.counters = {};
    machine.counters.live_bytes = live;
    machine.counters.peak_bytes = live;
}

void fail_call(const std::string& call, std::size_t calls, int status) {
    Machine& machine = Machine::the();
    const std::lock_guard hold(machine.lock);
    machine.failures[call] = {calls, status};
}

}  // namespace cucurbit::standin
