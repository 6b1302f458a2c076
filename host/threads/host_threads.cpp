#include "host/threads/host_threads.hpp"

#include <algorithm>
#include <utility>

namespace cucurbit {

namespace {
thread_local HostThreads* used = nullptr;
}

struct HostThreads::Job {
    const std::function<void(std::size_t)>& body;
    std::size_t blocks;
    std::size_t next = 0;
    std::size_t running = 0;
    std::exception_ptr failure;
};

HostThreads::HostThreads(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) threads_.emplace_back([this] { help(); });
}

HostThreads::~HostThreads() {
    {
        const std::lock_guard lock(mutex_);
        ended_ = true;
    }
    arrived_.notify_all();
    for (std::thread& thread : threads_) thread.join();
}

void HostThreads::run(std::size_t blocks, const std::function<void(std::size_t)>& body) {
    if (blocks == 0) return;
    Job job{body, blocks, 0, 0, nullptr};
    std::unique_lock lock(mutex_);
    jobs_.push_back(&job);
    if (blocks > 1) arrived_.notify_all();
    while (job.next < job.blocks) do_block(job, lock);
    done_.wait(lock, [&job] { return job.running == 0; });
    if (job.failure) std::rethrow_exception(job.failure);
}

void HostThreads::help() {
    std::unique_lock lock(mutex_);
    while (true) {
        arrived_.wait(lock, [this] { return ended_ || !jobs_.empty(); });
        if (ended_) return;
        do_block(*jobs_.front(), lock);
    }
}

void HostThreads::do_block(Job& job, std::unique_lock<std::mutex>& lock) {
    const std::size_t block = job.next++;
    if (job.next == job.blocks) close(job);
    ++job.running;
    lock.unlock();
    std::exception_ptr failure;
    try {
        job.body(block);
    } catch (...) {
        failure = std::current_exception();
    }
    lock.lock();
    if (failure && !job.failure) {
        job.failure = failure;
        close(job);
    }
    if (--job.running == 0) done_.notify_all();
}

void HostThreads::close(Job& job) {
    job.next = job.blocks;
    std::erase(jobs_, &job);
}

HostThreads::Use::Use(HostThreads& threads) {
    used = threads.threads_.empty() ? nullptr : &threads;
}

HostThreads::Use::~Use() {
    used = nullptr;
}

void for_blocks(std::size_t count, std::size_t block,
                const std::function<void(std::size_t, std::size_t)>& body) {
    const std::size_t blocks = (count + block - 1) / block;
    const auto one = [&](std::size_t index) {
        body(index * block, std::min(count, (index + 1) * block));
    };
    if (used != nullptr && blocks > 1) {
        used->run(blocks, one);
        return;
    }
    for (std::size_t index = 0; index < blocks; ++index) one(index);
}

}  // namespace cucurbit
