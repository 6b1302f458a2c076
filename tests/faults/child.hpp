#pragma once
// Work in a process of its own, which may be killed or limited.

#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <functional>
#include <stdexcept>
#include <thread>

#include "cucurbit/store.hpp"

namespace cucurbit {

/// How a child ended by itself: done, by StoreError, or by something else.
enum ChildEnd : int { child_done = 0, child_store_error = 6, child_other_error = 1 };

class Child {
public:
    explicit Child(const std::function<void()>& work) : process_(::fork()) {
        if (process_ < 0) throw std::runtime_error("no process");
        if (process_ > 0) return;
        int end = child_done;
        try {
            work();
        } catch (const StoreError&) {
            end = child_store_error;
        } catch (...) {
            end = child_other_error;
        }
        ::_exit(end);
    }
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    ~Child() {
        if (process_ > 0) kill_after(std::chrono::milliseconds(0));
    }

    /// The exit status; minus the signal when one ended it.
    int wait() {
        int status = 0;
        ::waitpid(process_, &status, 0);
        process_ = 0;
        return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    }
    int kill_after(std::chrono::milliseconds delay) {
        std::this_thread::sleep_for(delay);
        ::kill(process_, SIGKILL);
        return wait();
    }

private:
    pid_t process_;
};

}  // namespace cucurbit
