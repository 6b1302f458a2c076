#pragma once
// Threads for the host's part of a batch on a card: there one worker's results keep many cores busy
// while the card computes the next worker's batch.

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace cucurbit {

/// Threads that help whoever calls run(). Any number of threads may call it at once; calls that
/// came first are helped first.
class HostThreads {
public:
    /// count: threads beside the callers.
    explicit HostThreads(std::size_t count);
    HostThreads(const HostThreads&) = delete;
    HostThreads& operator=(const HostThreads&) = delete;
    ~HostThreads();

    /// Calls body(block) for every block below `blocks`, on the calling thread and on those that
    /// are free, and returns when all are done. After a call that throws no further blocks are
    /// begun, and its exception is thrown here.
    void run(std::size_t blocks, const std::function<void(std::size_t)>& body);

    /// While it lives, for_blocks of the thread that made it uses these threads.
    class Use {
    public:
        explicit Use(HostThreads& threads);
        Use(const Use&) = delete;
        Use& operator=(const Use&) = delete;
        ~Use();
    };

private:
    struct Job;
    void help();
    /// Does a job's next block; the lock is open meanwhile.
    void do_block(Job& job, std::unique_lock<std::mutex>& lock);
    /// Leaves out the blocks that have not been begun.
    void close(Job& job);

    std::mutex mutex_;
    std::condition_variable arrived_, done_;
    std::deque<Job*> jobs_;  ///< those with blocks to begin
    bool ended_ = false;
    std::vector<std::thread> threads_;
};

/// Calls body(first, end) for consecutive blocks of the numbers below `count`, all `block` long but
/// the last: one after another, or on the HostThreads that the calling thread uses. The calls must
/// not depend on each other.
void for_blocks(std::size_t count, std::size_t block,
                const std::function<void(std::size_t, std::size_t)>& body);

}  // namespace cucurbit
