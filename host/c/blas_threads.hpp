#pragma once
// OpenBLAS in a process that may use it too.

#include <mutex>

extern "C" {
int openblas_get_num_threads();
void openblas_set_num_threads(int threads);
}

namespace cucurbit::c {

/// Engines keep OpenBLAS to one thread. The NumPy of a distribution may use the very same library:
/// when the last of several calls ends, its threads are as many as before the first.
class BlasThreads {
public:
    BlasThreads() {
        const std::lock_guard lock(mutex_);
        if (calls_++ == 0) before_ = openblas_get_num_threads();
    }
    BlasThreads(const BlasThreads&) = delete;
    BlasThreads& operator=(const BlasThreads&) = delete;
    ~BlasThreads() {
        const std::lock_guard lock(mutex_);
        if (--calls_ == 0) openblas_set_num_threads(before_);
    }

private:
    inline static std::mutex mutex_;
    inline static int calls_ = 0;
    inline static int before_ = 1;
};

}  // namespace cucurbit::c
