// Threads that do the host's part of a batch.

#include "host/threads/host_threads.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <set>
#include <stdexcept>

namespace cucurbit {
namespace {

/// How often for_blocks came to each number.
std::vector<int> visits(std::size_t count, std::size_t block) {
    std::vector<int> seen(count, 0);
    for_blocks(count, block, [&](std::size_t first, std::size_t end) {
        EXPECT_EQ(first % block, 0u);
        EXPECT_EQ(end, std::min(count, first + block));
        for (std::size_t i = first; i < end; ++i) ++seen[i];
    });
    return seen;
}

TEST(HostThreads, BlocksCoverEveryNumberOnce) {
    for (const std::size_t threads : {0, 1, 3}) {
        HostThreads helpers(threads);
        const HostThreads::Use use(helpers);
        for (const std::size_t count : {0, 1, 6, 7, 8, 1000})
            EXPECT_EQ(visits(count, 7), std::vector<int>(count, 1)) << threads << " " << count;
    }
    EXPECT_EQ(visits(20, 7), std::vector<int>(20, 1));
}

/// The threads that did some slow blocks.
std::set<std::thread::id> doers() {
    std::mutex mutex;
    std::set<std::thread::id> ids;
    for_blocks(64, 1, [&](std::size_t, std::size_t) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
        const std::lock_guard lock(mutex);
        ids.insert(std::this_thread::get_id());
    });
    return ids;
}

TEST(HostThreads, HelpTheThreadThatUsesThemAndOnlyWhileItDoes) {
    HostThreads helpers(2);
    EXPECT_EQ(doers(), std::set{std::this_thread::get_id()});
    {
        const HostThreads::Use use(helpers);
        EXPECT_EQ(doers().size(), 3u);
        std::thread([] { EXPECT_EQ(doers().size(), 1u); }).join();
    }
    EXPECT_EQ(doers(), std::set{std::this_thread::get_id()});
}

TEST(HostThreads, SeveralThreadsUseThemAtOnce) {
    HostThreads helpers(2);
    std::vector<std::thread> users;
    std::atomic<std::size_t> sum{0};
    for (int user = 0; user < 3; ++user)
        users.emplace_back([&] {
            const HostThreads::Use use(helpers);
            for (int round = 0; round < 200; ++round) {
                std::atomic<std::size_t> own{0};
                for_blocks(100, 3, [&](std::size_t first, std::size_t end) {
                    for (std::size_t i = first; i < end; ++i) own += i;
                });
                EXPECT_EQ(own, 4950u);  // all blocks have been done when the call returns
                sum += own;
            }
        });
    for (std::thread& user : users) user.join();
    EXPECT_EQ(sum, 3u * 200u * 4950u);
}

TEST(HostThreads, ABlocksFailureIsTheCallersAndEndsTheOthers) {
    HostThreads helpers(2);
    const HostThreads::Use use(helpers);
    std::atomic<int> begun{0};
    const auto fail = [&](std::size_t first, std::size_t) {
        ++begun;
        if (first == 5) throw std::runtime_error("planted");
        std::this_thread::sleep_for(std::chrono::microseconds(100));
    };
    EXPECT_THROW(for_blocks(100'000, 1, fail), std::runtime_error);
    EXPECT_LT(begun, 100'000);
    EXPECT_EQ(visits(50, 3), std::vector<int>(50, 1));  // and nothing is left of it
}

TEST(HostThreads, BlocksMayBeCutThemselves) {
    HostThreads helpers(2);
    const HostThreads::Use use(helpers);
    std::atomic<int> calls{0};
    for_blocks(10, 1, [&](std::size_t, std::size_t) {
        for_blocks(10, 1, [&](std::size_t, std::size_t) { ++calls; });
    });
    EXPECT_EQ(calls, 100);
}

}  // namespace
}  // namespace cucurbit
