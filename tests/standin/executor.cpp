#include "tests/standin/executor.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <new>
#include <numeric>

#include "tests/standin/indices.hpp"
#include "tests/standin/machine.hpp"

namespace cucurbit::standin {
namespace {

constexpr std::size_t page = 4096;
constexpr std::size_t shared_alignment = 8;
constexpr std::size_t most_shared = std::size_t{256} << 10;
constexpr int not_a_number = 0xff;  // every byte of a NaN

/// Whether the thread sanitizer tells the threads of this block of a grid apart, which takes a
/// hundred times as long as running them. Blocks run the same code: of thousands a sample is
/// enough.
bool watched(std::size_t position, std::size_t blocks) {
    constexpr std::size_t at_each_end = 8, every = 64;
    return thread_sanitizer &&
           (position < at_each_end || position + at_each_end >= blocks || position % every == 0);
}

uint3 index_in(std::size_t number, dim3 extent) {
    const std::size_t row = number / extent.x;
    return {static_cast<unsigned>(number % extent.x), static_cast<unsigned>(row % extent.y),
            static_cast<unsigned>(row / extent.y)};
}

std::size_t volume(dim3 extent) {
    return std::size_t{extent.x} * extent.y * extent.z;
}

}  // namespace

Executor& Executor::the() {
    static auto* const executor = new Executor;
    return *executor;
}

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
    for (std::size_t i = 0; i < blocks.size(); ++i) {
        set_block(index_in(blocks[i], shape.grid));
        watched_ = watched(i, blocks.size());
        body_ = &body;
        run_block();
        body_ = nullptr;
    }
}

void Executor::run_block() {
    const std::size_t count = volume(shape_.block);
    std::memset(shared_, not_a_number, static_cast<std::size_t>(shared_end_ - shared_));
    threads_.assign(count, {});
    while (watched_ && identities_.size() < count) identities_.push_back(new_identity());
    warps_.assign((count + lanes - 1) / lanes, {});
    if (count % lanes != 0) warps_.back().gone = ~0U << count % lanes;
    finished_ = 0;
    if (watched_) release(&start_);
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
    if (watched_) acquire(&end_);
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
        while (!watched_ && !ready_.empty() && threads_[ready_.front()].fiber == nullptr) {
            enter(ready_.front());
            ready_.pop_front();
            threads_[current_].fiber = own;
            run_current();
        }
        (watched_ ? used_ : idle_).push_back(own);
        own->switch_to(*home_);
    }
}

void Executor::run_current() {
    if (watched_) {
        become(identity());
        acquire(&start_);
        (*body_)();
        release(&end_);
        become(home_identity_);
    } else {
        (*body_)();
    }
    if (!at_barrier_.empty())
        violation(fmt::format("divergent barrier: leaves the kernel while thread {} waits at {}",
                              at_barrier_.front(), text(threads_[at_barrier_.front()].place)));
    ++finished_;
    Warp& warp = warps_[current_ / lanes];
    warp.gone |= 1U << lane();
    end_meetings(warp);
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

}  // namespace cucurbit::standin
