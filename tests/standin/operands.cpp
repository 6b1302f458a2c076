#include "tests/standin/operands.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <utility>

namespace cucurbit::standin {
namespace {

const double* item(const Operand& of, int number) {
    return of.data + of.stride * number;
}

/// Doubles from a matrix's first element to its last.
std::size_t extent(const Operand& of) {
    if (of.rows == 0 || of.cols == 0) return 0;
    return static_cast<std::size_t>(of.cols - 1) * static_cast<std::size_t>(of.ld) +
           static_cast<std::size_t>(of.rows);
}

struct Column {
    const double* begin;
    const double* end;
    const Operand* of;
    bool written;
};

void add_columns(std::vector<Column>& columns, const Operand& of, bool written) {
    // A shared matrix is read by every trial; a written one is written by every trial.
    const int items = !written && of.stride == 0 ? std::min(of.count, 1) : of.count;
    for (int b = 0; b < items; ++b)
        for (int j = 0; j < of.cols && of.rows > 0; ++j) {
            const double* begin = item(of, b) + static_cast<std::size_t>(j) * of.ld;
            columns.push_back({begin, begin + of.rows, &of, written});
        }
}

bool apart(const Operand& a, const Operand& b) {
    const auto end = [](const Operand& of) { return item(of, of.count - 1) + extent(of); };
    return a.count == 0 || b.count == 0 || end(a) <= b.data || end(b) <= a.data;
}

bool obviously_apart(const std::vector<Operand>& written, const std::vector<Operand>& read) {
    return std::all_of(written.begin(), written.end(), [&](const Operand& one) {
        const bool alone = one.count <= 1 || static_cast<std::size_t>(one.stride) >= extent(one);
        return alone &&
               std::all_of(read.begin(), read.end(),
                           [&](const Operand& other) { return apart(one, other); }) &&
               std::all_of(written.begin(), written.end(), [&](const Operand& other) {
                   return &one == &other || apart(one, other);
               });
    });
}

}  // namespace

void check_operand(const std::string& call, const Operand& operand, int device) {
    if (operand.ld < std::max(1, operand.rows))
        violation(fmt::format("{}: {} has {} rows, {} apart", call, operand.name, operand.rows,
                              operand.ld));
    if (operand.count == 0 || extent(operand) == 0) return;
    if (operand.stride < 0)
        violation(fmt::format("{}: {} has a negative stride", call, operand.name));
    const std::size_t doubles =
        static_cast<std::size_t>(operand.stride) * static_cast<std::size_t>(operand.count - 1) +
        extent(operand);
    Machine::the().memory.require(
        fmt::format("{}: {} ({} of {}×{}, ld {}, stride {})", call, operand.name, operand.count,
                    operand.rows, operand.cols, operand.ld, operand.stride),
        operand.data, doubles * sizeof(double), device);
}

void refuse_overlap(const std::string& call, const std::vector<Operand>& written,
                    const std::vector<Operand>& read) {
    if (obviously_apart(written, read)) return;
    std::vector<Column> columns;
    for (const Operand& each : written) add_columns(columns, each, true);
    for (const Operand& each : read) add_columns(columns, each, false);
    std::sort(columns.begin(), columns.end(),
              [](const Column& a, const Column& b) { return a.begin < b.begin; });
    const Column* farthest = nullptr;          // of all columns before
    const Column* farthest_written = nullptr;  // of those that are written
    for (const Column& each : columns) {
        const Column* before = each.written ? farthest : farthest_written;
        if (before != nullptr && each.begin < before->end)
            violation(fmt::format("{}: {} overlaps {}", call, each.of->name, before->of->name));
        if (farthest == nullptr || each.end > farthest->end) farthest = &each;
        if (each.written && (farthest_written == nullptr || each.end > farthest_written->end))
            farthest_written = &each;
    }
}

void check_array(const std::string& call, const char* name, const void* data, int count,
                 std::size_t item_bytes, int device) {
    Machine::the().memory.require(fmt::format("{}: {}", call, name), data,
                                  static_cast<std::size_t>(count) * item_bytes, device);
}

void check_not_negative(const std::string& call, std::initializer_list<long long> sizes) {
    for (const long long size : sizes)
        if (size < 0) violation(fmt::format("{}: a size of {}", call, size));
}

void destroy(void* data, std::size_t bytes) {
    constexpr int not_a_number = 0xff;
    if (bytes > 0) std::memset(data, not_a_number, bytes);
}

Stream& stream_of(Machine& machine, const char* call, const Library* library) {
    if (library == nullptr) violation(fmt::format("{}: no handle", call));
    if (library->device != current_device())
        violation(fmt::format("{}: the handle belongs to cuda:{}, the current device is cuda:{}",
                              call, library->device, current_device()));
    return machine.streams.stream(call, library->stream);
}

void enqueue_call(Machine& machine, const char* call, const Library& library, double flops,
                  std::function<void()> work) {
    ++machine.counters.library_calls;
    machine.counters.flops += flops;
    machine.streams.enqueue(stream_of(machine, call, &library), {call, std::move(work)});
}

}  // namespace cucurbit::standin
