#pragma once
// Runs the threads of a block one at a time.

#include <fmt/format.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "tests/standin/device.hpp"
#include "tests/standin/fiber.hpp"

namespace cucurbit::standin {

constexpr unsigned lanes = 32;

/// Lanes of one warp that wait for each other in one call.
struct Meeting {
    unsigned mask = 0;
    unsigned arrived = 0;
    Place place = {};
    char* order = nullptr;  ///< for the thread sanitizer
    std::array<std::uint64_t, lanes> values = {};
    std::vector<unsigned> waiting;
};

struct Warp {
    std::vector<std::shared_ptr<Meeting>> meetings;
    unsigned gone = 0;  ///< lanes that have left the kernel or never were
};

struct Thread {
    Fiber* fiber = nullptr;  ///< null before it first runs
    Place place = {};        ///< where it waits
    bool waiting = false;
};

class Executor {
public:
    static Executor& the();

    /// `body` is called once for each CUDA thread, on a fiber that it leaves only to wait.
    void run_grid(const LaunchShape& shape, const std::function<void()>& body);
    void barrier(Place place);
    std::shared_ptr<const Meeting> meet(unsigned mask, std::uint64_t value, Place place);
    unsigned lane() const { return current_ % lanes; }
    void* shared() const { return shared_; }
    /// Of the running thread; the caller's own in a block that the thread sanitizer does not watch.
    void* identity() const { return watched_ ? identities_[current_] : home_identity_; }
    void* home_identity() const { return home_identity_; }
    /// "block (0,0,0), thread (3,0,0)", or nothing outside a kernel.
    std::string describe_thread() const;
    /// What is at an address near the block's shared memory, or nothing.
    std::string describe_shared(const void* address) const;

private:
    Executor();
    /// 0 … count − 1 in the order that was set; until the next call.
    const std::vector<unsigned>& ordered(std::size_t count);
    void run_block();
    void make_ready(const std::vector<unsigned>& threads);
    void enter(unsigned thread);
    void fiber_body();
    void run_current();
    void arrive(Place place);
    void leave();
    void end_meetings(Warp& warp);
    /// The running thread's work so far is seen by those that follow the object, or the reverse.
    void publish(char* object) const;
    void follow(char* object) const;
    [[noreturn]] void report_deadlock() const;

    const std::function<void()>* body_ = nullptr;  ///< null outside a grid
    LaunchShape shape_ = {};
    std::vector<Thread> threads_;
    std::vector<uint3> indices_;  ///< of the threads in their block
    std::deque<unsigned> ready_;
    std::vector<Warp> warps_;
    std::vector<std::unique_ptr<Fiber>> fibers_;
    std::vector<Fiber*> idle_;
    std::vector<Fiber*> used_;  ///< idle from the next block on
    Fiber* home_ = nullptr;
    unsigned current_ = 0;
    std::size_t finished_ = 0;
    std::vector<unsigned> at_barrier_;
    // What the thread sanitizer takes for the order between threads. Barriers have two objects by
    // turns: what a thread does on its way to the next one is not seen by those that leave this
    // one.
    void* home_identity_ = nullptr;
    std::vector<void*> identities_;
    bool watched_ = false;  ///< the running block
    std::array<char, 2> barriers_ = {};
    std::size_t barriers_passed_ = 0;
    std::array<char, 256> meeting_orders_ = {};
    std::size_t meetings_held_ = 0;
    char start_ = 0, end_ = 0;
    std::byte* shared_end_;
    std::byte* shared_ = nullptr;
    std::mt19937_64 random_;
    std::vector<unsigned> order_;
    std::uint64_t grids_ = 0;
};

inline bool same(Place a, Place b) {
    return a.line == b.line && (a.file == b.file || std::strcmp(a.file, b.file) == 0);
}

inline std::string text(Place place) {
    return fmt::format("{}:{}", place.file, place.line);
}

}  // namespace cucurbit::standin
