#pragma once
// The CUDA stand-in: the CUDA runtime, cuBLAS and cuSOLVER on the CPU, so that the CUDA engine's
// own sources, compiled by the host compiler against the toolkit's headers, run where there is no
// GPU. Whatever a real device would answer with garbage, a crash or nothing at all is a violation
// here: one line on stderr that begins "CUDA stand-in:", and abort().
//
// Device memory is poisoned with NaN, has a guard page behind it and cannot be reached by host
// code; kernels take no address of the host's. Streams are lazy: work runs when a synchronisation
// asks for it, with what its events wait for and nothing else, so that a missing synchronisation
// gives NaN every time. Threads of a block run one at a time in a chosen order. One lock is held by
// every call: host threads may share a device, their work does not overlap.
//
// It cannot see: races between blocks (the thread sanitizer sees those within a block), races
// between streams in other orders than those of Pace, host code that reads device memory while
// another thread's device work runs, coalescing, bank conflicts, occupancy, registers, the
// libraries' real rounding, workspaces and status codes, or time. Where a library's behaviour is
// not documented (what potrf leaves behind a pivot that fails, say) it shows one possibility.

#include <cstddef>
#include <cstdint>
#include <string>

namespace cucurbit::standin {

enum class Order { forward, reverse, shuffled };

/// When enqueued work runs, all of it legal orders on a card.
enum class Pace {
    lazy,   ///< when it is waited for; what a stream waits for in its turn, not before
    ahead,  ///< when it is waited for; what a stream waits for before that stream's earlier work
    eager,  ///< when it is enqueued
};

struct Settings {
    Order order = Order::forward;  ///< of the threads in a block and the blocks in a grid
    std::uint64_t seed = 1;        ///< of the shuffled order
    Pace pace = Pace::lazy;
    bool traffic = false;  ///< counts the pages that device work touches
    int devices = 1;
    std::size_t memory_bytes = std::size_t{256} << 20;  ///< of each device
};

/// At first from the environment: CUCURBIT_STANDIN="order=shuffled seed=3 streams=ahead devices=2
/// memory=1000000 traffic=on", each part optional. May be changed while no work is pending.
Settings& settings();

/// Since the process or `reset_counters` began, over all devices.
struct Counters {
    std::size_t launches = 0;
    std::size_t blocks = 0;
    std::size_t threads = 0;
    std::size_t vendor_calls = 0;
    double flops = 0.0;  ///< of library calls, by formula
    std::size_t copies = 0;
    std::size_t bytes_up = 0;
    std::size_t bytes_down = 0;
    std::size_t bytes_read = 0;     ///< device memory, whole pages once per operation (traffic)
    std::size_t bytes_written = 0;  ///< likewise
    std::size_t allocations = 0;    ///< device and pinned
    std::size_t live_bytes = 0;     ///< of device memory
    std::size_t peak_bytes = 0;
    std::size_t stream_synchronisations = 0;
    std::size_t event_synchronisations = 0;  ///< the host waits for an event
    std::size_t device_synchronisations = 0;
    std::size_t event_waits = 0;  ///< a stream waits for an event
};

Counters counters();
/// All zero but the live bytes, where the peak begins again.
void reset_counters();

/// The entry point `call` (cudaMalloc, cublasDgemm_v2 …) answers `status` once, after `calls` more
/// calls that succeed, and does nothing.
void fail_call(const std::string& call, std::size_t calls, int status);

}  // namespace cucurbit::standin
