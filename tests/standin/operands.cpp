#include "tests/standin/operands.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <utility>

#include "tests/standin/contexts.hpp"

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

struct Piece {
    const double* begin;
    const double* end;
    const Operand* of;
    bool written;
};

/// Each matrix of the batch as one piece, gaps between columns included, or each column as one.
void add_pieces(std::vector<Piece>& pieces, const Operand& of, bool written, bool by_column) {
    if (extent(of) == 0) return;
    // A shared matrix is read by every trial; a written one is written by every trial.
    const int items = !written && of.stride == 0 ? std::min(of.count, 1) : of.count;
    for (int b = 0; b < items; ++b) {
        if (!by_column) pieces.push_back({item(of, b), item(of, b) + extent(of), &of, written});
        for (int j = 0; j < of.cols && by_column; ++j) {
            const double* begin = item(of, b) + static_cast<std::size_t>(j) * of.ld;
            pieces.push_back({begin, begin + of.rows, &of, written});
        }
    }
}

/// Two operands of which pieces overlap, one of them written; null where there are none.
std::pair<const Operand*, const Operand*> overlapping(std::vector<Piece> pieces) {
    std::sort(pieces.begin(), pieces.end(),
              [](const Piece& a, const Piece& b) { return a.begin < b.begin; });
    const Piece* farthest = nullptr;          // of all pieces before
    const Piece* farthest_written = nullptr;  // of those that are written
    for (const Piece& each : pieces) {
        const Piece* before = each.written ? farthest : farthest_written;
        if (before != nullptr && each.begin < before->end) return {each.of, before->of};
        if (farthest == nullptr || each.end > farthest->end) farthest = &each;
        if (each.written && (farthest_written == nullptr || each.end > farthest_written->end))
            farthest_written = &each;
    }
    return {};
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
    std::pair<const Operand*, const Operand*> found;
    // Columns are many: they are looked at only where whole matrices are not apart.
    for (const bool by_column : {false, true}) {
        std::vector<Piece> pieces;
        for (const Operand& each : written) add_pieces(pieces, each, true, by_column);
        for (const Operand& each : read) add_pieces(pieces, each, false, by_column);
        found = overlapping(std::move(pieces));
        if (found.first == nullptr) return;
    }
    violation(fmt::format("{}: {} overlaps {}", call, found.first->name, found.second->name));
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

Library* create_library() {
    need_context();
    auto* made = new Library;
    made->device = current_device();
    return made;
}

void destroy_library(const char* call, const Library* library) {
    if (library->device != current_device())
        violation(fmt::format("{}: a handle of cuda:{} is destroyed where cuda:{} is current", call,
                              library->device, current_device()));
    delete library;
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
    ++machine.counters.vendor_calls;
    machine.counters.flops += flops;
    machine.streams.enqueue(stream_of(machine, call, &library), {call, std::move(work)});
}

}  // namespace cucurbit::standin
