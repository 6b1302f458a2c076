#pragma once
// Signals that ask a run to end: Ctrl-C, SIGTERM, SIGHUP, and what batch systems send before it.

#include <atomic>

namespace cucurbit::cli {

/// While it lives, the first signal asks to finish the trials in flight (1), the second to stop at
/// once (2), and a third ends the process. One object at a time.
class InterruptGuard {
public:
    InterruptGuard();
    ~InterruptGuard();
    InterruptGuard(const InterruptGuard&) = delete;
    InterruptGuard& operator=(const InterruptGuard&) = delete;

    const std::atomic<int>* stop() const;
};

}  // namespace cucurbit::cli
