#include "host/cli/interrupt.hpp"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <string_view>

#include "host/cli/process.hpp"

namespace cucurbit::cli {

namespace {

struct Asked {
    int signal;
    std::string_view why;
};
// Batch systems send USR1 or USR2 some time before they end a job; the kernel sends XCPU, once a
// second, when a job has used up its CPU time.
constexpr std::array asked{Asked{SIGINT, "interrupted"},
                           Asked{SIGTERM, "asked to end (SIGTERM)"},
                           Asked{SIGHUP, "the terminal has gone (SIGHUP)"},
                           Asked{SIGUSR1, "SIGUSR1, a batch system's warning"},
                           Asked{SIGUSR2, "SIGUSR2, a batch system's warning"},
                           Asked{SIGXCPU, "the limit on CPU time (ulimit -t) is reached"}};
struct sigaction previous[asked.size()];

std::atomic<int> stop_level{0};
static_assert(std::atomic<int>::is_always_lock_free, "a signal handler sets it");

bool on_screen = false;  // where a progress bar may fill the present line

/// A handler can do nothing about what stderr does not take.
void write_from_handler(std::string_view text) {
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
}

void say_from_handler(std::string_view why, std::string_view what) {
    write_from_handler(on_screen ? "\n\ncucurbit: " : "\ncucurbit: ");
    write_from_handler(why);
    write_from_handler(what);
}

std::string_view reason(int signal) {
    for (const Asked& one : asked)
        if (one.signal == signal) return one.why;
    return "signal";
}

void on_signal(int signal) {
    const int error = errno;
    switch (stop_level.fetch_add(1)) {
        case 0:
            say_from_handler(reason(signal),
                             ": stopping after the trials in flight; once more stops at once\n");
            break;
        case 1:
            say_from_handler(reason(signal), " again: stopping at once\n");
            break;
        default:
            if (signal == SIGXCPU)
                break;  // the kernel sends it every second, whatever the user wants
            std::signal(signal, SIG_DFL);
            std::raise(signal);
    }
    errno = error;
}

}  // namespace

InterruptGuard::InterruptGuard() {
    stop_level = 0;
    on_screen = has_screen();
    struct sigaction action {};
    action.sa_handler = on_signal;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    for (std::size_t i = 0; i < asked.size(); ++i) {
        ::sigaction(asked[i].signal, &action, &previous[i]);
        // A signal ignored from outside (nohup, a background job) stays ignored.
        if (previous[i].sa_handler == SIG_IGN) ::sigaction(asked[i].signal, &previous[i], nullptr);
    }
}

InterruptGuard::~InterruptGuard() {
    for (std::size_t i = 0; i < asked.size(); ++i)
        ::sigaction(asked[i].signal, &previous[i], nullptr);
}

const std::atomic<int>* InterruptGuard::stop() const {
    return &stop_level;
}

}  // namespace cucurbit::cli
