#include "host/cli/interrupt.hpp"

#include <unistd.h>
#include <cerrno>
#include <csignal>
#include <string_view>

namespace cucurbit::cli {

namespace {

constexpr int signals[] = {SIGINT, SIGTERM, SIGHUP};
struct sigaction previous[3];

std::atomic<int> stop_level{0};
static_assert(std::atomic<int>::is_always_lock_free, "a signal handler sets it");

bool on_terminal = false;  // where a progress bar may fill the present line

/// A handler can do nothing about what stderr does not take.
void write_from_handler(std::string_view text) {
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
}

void say_from_handler(std::string_view text) {
    if (on_terminal) write_from_handler("\n");
    write_from_handler(text);
}

void on_signal(int signal) {
    const int error = errno;
    switch (stop_level.fetch_add(1)) {
        case 0:
            say_from_handler(
                "\ncucurbit: stopping after the trials in flight; once more stops at once\n");
            break;
        case 1:
            say_from_handler("\ncucurbit: stopping at once\n");
            break;
        default:
            std::signal(signal, SIG_DFL);
            std::raise(signal);
    }
    errno = error;
}

}  // namespace

InterruptGuard::InterruptGuard() {
    stop_level = 0;
    on_terminal = ::isatty(STDERR_FILENO) == 1;
    struct sigaction action {};
    action.sa_handler = on_signal;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    for (int i = 0; i < 3; ++i) {
        ::sigaction(signals[i], &action, &previous[i]);
        // A signal ignored from outside (nohup, a background job) stays ignored.
        if (previous[i].sa_handler == SIG_IGN) ::sigaction(signals[i], &previous[i], nullptr);
    }
}

InterruptGuard::~InterruptGuard() {
    for (int i = 0; i < 3; ++i) ::sigaction(signals[i], &previous[i], nullptr);
}

const std::atomic<int>* InterruptGuard::stop() const {
    return &stop_level;
}

}  // namespace cucurbit::cli
