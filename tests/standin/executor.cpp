#include "tests/standin/executor.hpp"

#include <fmt/format.h>
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <deque>
#include <memory>
#include <numeric>
#include <random>
#include <vector>

#include "tests/standin/fiber.hpp"
#include "tests/standin/indices.hpp"
#include "tests/standin/machine.hpp"

namespace cucurbit::standin {
namespace {

constexpr unsigned lanes = 32;
constexpr std::size_t page = 4096;
constexpr std::size_t shared_alignment = 8;
constexpr std::size_t most_shared = std::size_t{256} << 10;
constexpr int not_a_number = 0xff;  // every byte of a NaN

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

bool same(Place a, Place b) {
    return a.line == b.line && (a.file == b.file || std::strcmp(a.file, b.file) == 0);
}

std::string text(Place place) {
    return fmt::format("{}:{}", place.file, place.line);
}

uint3 index_in(std::size_t number, dim3 extent) {
    const std::size_t row = number / extent.x;
    return {static_cast<unsigned>(number % extent.x), static_cast<unsigned>(row % extent.y),
            static_cast<unsigned>(row / extent.y)};
}

std::size_t volume(dim3 extent) {
    return std::size_t{extent.x} * extent.y * extent.z;
}

class Executor {
public:
    Executor();
    void run_grid(const LaunchShape& shape, const std::function<void()>& body);
    void barrier(Place place);
    std::shared_ptr<const Meeting> meet(unsigned mask, std::uint64_t value, Place place);
    unsigned lane() const { return current_ % lanes; }
    void* shared() const { return shared_; }
    void* identity() const { return identities_[current_]; }
    void* home_identity() const { return home_identity_; }
    std::string describe_thread() const;
    std::string describe_shared(const void* address) const;

private:
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

Executor::Executor() {
    void* pages = mmap(nullptr, most_shared + page, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (pages == MAP_FAILED) throw std::bad_alloc();
    shared_end_ = static_cast<std::byte*>(pages) + most_shared;
    mprotect(shared_end_, page, PROT_NONE);
}

const std::vector<unsigned>& Executor::ordered(std::size_t count) {
    order_.resize(count);
    std::iota(order_.begin(), order_.end(), 0U);
    const Order wanted = Machine::the().settings.order;
    if (wanted == Order::reverse) std::reverse(order_.begin(), order_.end());
    if (wanted == Order::shuffled) std::shuffle(order_.begin(), order_.end(), random_);
    return order_;
}

void Executor::run_grid(const LaunchShape& shape, const std::function<void()>& body) {
    Fiber home;
    home_ = &home;
    home_identity_ = own_identity();
    shape_ = shape;
    shared_ = shared_end_ -
              (shape.shared_bytes + shared_alignment - 1) / shared_alignment * shared_alignment;
    random_.seed(Machine::the().settings.seed + grids_++);
    set_grid(shape.grid, shape.block);
    indices_.resize(volume(shape.block));
    for (std::size_t i = 0; i < indices_.size(); ++i) indices_[i] = index_in(i, shape.block);
    const std::vector<unsigned> blocks = ordered(volume(shape.grid));
    for (const unsigned block : blocks) {
        set_block(index_in(block, shape.grid));
        body_ = &body;
        run_block();
        body_ = nullptr;
    }
}

void Executor::run_block() {
    const std::size_t count = volume(shape_.block);
    std::memset(shared_, not_a_number, static_cast<std::size_t>(shared_end_ - shared_));
    threads_.assign(count, {});
    while (identities_.size() < count) identities_.push_back(new_identity());
    warps_.assign((count + lanes - 1) / lanes, {});
    if (count % lanes != 0) warps_.back().gone = ~0U << count % lanes;
    finished_ = 0;
    release(&start_);
    const auto& order = ordered(count);
    ready_.assign(order.begin(), order.end());
    while (!ready_.empty()) {
        const unsigned next = ready_.front();
        ready_.pop_front();
        enter(next);
        if (threads_[next].fiber == nullptr) {
            if (idle_.empty()) {
                fibers_.push_back(std::make_unique<Fiber>([this] { fiber_body(); }));
                idle_.push_back(fibers_.back().get());
            }
            threads_[next].fiber = idle_.back();
            idle_.pop_back();
        }
        home_->switch_to(*threads_[next].fiber);
    }
    if (finished_ < count) report_deadlock();
    acquire(&end_);
    idle_.insert(idle_.end(), used_.begin(), used_.end());
    used_.clear();
}

void Executor::make_ready(const std::vector<unsigned>& threads) {
    for (const unsigned at : ordered(threads.size())) {
        threads_[threads[at]].waiting = false;
        ready_.push_back(threads[at]);
    }
}

void Executor::enter(unsigned thread) {
    current_ = thread;
    set_thread(indices_[thread]);
}

void Executor::fiber_body() {
    for (;;) {
        Fiber* const own = threads_[current_].fiber;
        run_current();
        // The stack is free again: the next thread can have it without a switch. The thread
        // sanitizer would see two threads write to it.
        while (!thread_sanitizer && !ready_.empty() && threads_[ready_.front()].fiber == nullptr) {
            enter(ready_.front());
            ready_.pop_front();
            threads_[current_].fiber = own;
            run_current();
        }
        (thread_sanitizer ? used_ : idle_).push_back(own);
        own->switch_to(*home_);
    }
}

void Executor::run_current() {
    become(identity());
    acquire(&start_);
    (*body_)();
    release(&end_);
    become(home_identity_);
    if (!at_barrier_.empty())
        violation(fmt::format("divergent barrier: leaves the kernel while thread {} waits at {}",
                              at_barrier_.front(), text(threads_[at_barrier_.front()].place)));
    ++finished_;
    Warp& warp = warps_[current_ / lanes];
    warp.gone |= 1U << lane();
    end_meetings(warp);
}

void Executor::arrive(Place place) {
    threads_[current_].place = place;
    threads_[current_].waiting = true;
}

void Executor::leave() {
    threads_[current_].fiber->switch_to(*home_);
}

void Executor::barrier(Place place) {
    if (finished_ > 0)
        violation(fmt::format("divergent barrier: waits at {}, but {} threads have left the kernel",
                              text(place), finished_));
    if (!at_barrier_.empty() && !same(place, threads_[at_barrier_.front()].place))
        violation(fmt::format("divergent barrier: waits at {}, but thread {} waits at {}",
                              text(place), at_barrier_.front(),
                              text(threads_[at_barrier_.front()].place)));
    char* const order = &barriers_[barriers_passed_ % 2];
    publish(order);
    arrive(place);
    at_barrier_.push_back(current_);
    if (at_barrier_.size() == threads_.size()) {
        ++barriers_passed_;
        make_ready(at_barrier_);
        at_barrier_.clear();
    }
    leave();
    follow(order);
}

std::shared_ptr<const Meeting> Executor::meet(unsigned mask, std::uint64_t value, Place place) {
    const unsigned own = 1U << lane();
    if ((mask & own) == 0)
        violation(
            fmt::format("lane {} is outside its own mask {:#x} at {}", lane(), mask, text(place)));
    Warp& warp = warps_[current_ / lanes];
    auto& all = warp.meetings;
    auto found = std::find_if(all.begin(), all.end(),
                              [&](const auto& each) { return (each->mask & mask) != 0; });
    if (found == all.end()) {
        found = all.insert(all.end(), std::make_shared<Meeting>());
        (*found)->mask = mask;
        (*found)->place = place;
        (*found)->order = &meeting_orders_[meetings_held_++ % meeting_orders_.size()];
    }
    const std::shared_ptr<Meeting> meeting = *found;
    if (meeting->mask != mask || !same(meeting->place, place))
        violation(fmt::format("mask {:#x} at {} meets mask {:#x} at {}", mask, text(place),
                              meeting->mask, text(meeting->place)));
    publish(meeting->order);
    arrive(place);
    meeting->arrived |= own;
    meeting->values[lane()] = value;
    meeting->waiting.push_back(current_);
    end_meetings(warp);
    leave();
    follow(meeting->order);
    return meeting;
}

void Executor::end_meetings(Warp& warp) {
    std::erase_if(warp.meetings, [&](const auto& each) {
        if (((each->arrived | warp.gone) & each->mask) != each->mask) return false;
        make_ready(each->waiting);
        return true;
    });
}

void Executor::publish(char* object) const {
    become(identity());
    release(object);
    become(home_identity_);
}

void Executor::follow(char* object) const {
    become(identity());
    acquire(object);
    become(home_identity_);
}

void Executor::report_deadlock() const {
    std::string list;
    for (std::size_t i = 0; i < threads_.size(); ++i)
        if (threads_[i].waiting &&
            (i == 0 || !threads_[i - 1].waiting || !same(threads_[i].place, threads_[i - 1].place)))
            list += fmt::format("\n  from thread {}: waits at {}", i, text(threads_[i].place));
    violation("deadlock:" + list);
}

std::string Executor::describe_thread() const {
    if (body_ == nullptr) return {};
    return fmt::format("block ({},{},{}), thread ({},{},{})", blockIdx.x, blockIdx.y, blockIdx.z,
                       threadIdx.x, threadIdx.y, threadIdx.z);
}

std::string Executor::describe_shared(const void* address) const {
    const auto* at = static_cast<const std::byte*>(address);
    if (body_ == nullptr || at < shared_end_ || at >= shared_end_ + page) return {};
    return fmt::format("byte {} of {} bytes of shared memory", at - shared_, shape_.shared_bytes);
}

Executor& executor() {
    static auto* const all = new Executor;
    return *all;
}

/// The executor's own work on behalf of a CUDA thread: not that thread's for the thread sanitizer.
class AtHome {
public:
    AtHome() { become(executor().home_identity()); }
    AtHome(const AtHome&) = delete;
    AtHome& operator=(const AtHome&) = delete;
    ~AtHome() { become(executor().identity()); }
};

}  // namespace

void execute_grid(const LaunchShape& shape, const std::function<void()>& thread) {
    executor().run_grid(shape, thread);
}

std::string describe_thread() {
    return executor().describe_thread();
}

std::string describe_shared(const void* address) {
    return executor().describe_shared(address);
}

void* shared_memory() {
    return executor().shared();
}

void block_barrier(Place where) {
    const AtHome home;
    executor().barrier(where);
}

unsigned ballot(unsigned mask, bool predicate, Place where) {
    const AtHome home;
    const auto meeting = executor().meet(mask, predicate ? 1 : 0, where);
    unsigned set = 0;
    for (unsigned lane = 0; lane < lanes; ++lane)
        if ((meeting->arrived >> lane & 1U) != 0 && meeting->values[lane] != 0) set |= 1U << lane;
    return set;
}

std::uint64_t shuffle(Shuffle kind, unsigned mask, std::uint64_t bits, int argument, int width,
                      Place where) {
    const AtHome home;
    if (width < 1 || width > static_cast<int>(lanes) || (width & (width - 1)) != 0)
        violation(fmt::format("shuffle of width {} at {}", width, text(where)));
    const int own = static_cast<int>(executor().lane());
    const int first = own / width * width;
    int source = first + (argument & (width - 1));
    if (kind == Shuffle::up) source = own - argument < first ? own : own - argument;
    if (kind == Shuffle::down) source = own + argument >= first + width ? own : own + argument;
    if (kind == Shuffle::exclusive_or)
        source = (own ^ argument) >= first + width ? own : own ^ argument;
    const auto meeting = executor().meet(mask, bits, where);
    if ((meeting->arrived >> static_cast<unsigned>(source) & 1U) == 0)
        violation(fmt::format("reads lane {}, which takes no part, at {}", source, text(where)));
    return meeting->values[static_cast<std::size_t>(source)];
}

}  // namespace cucurbit::standin
