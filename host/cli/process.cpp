#include "host/cli/process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <string>
#include <string_view>

namespace cucurbit::cli {

namespace {

constexpr int ignored[] = {SIGPIPE, SIGXFSZ};

// NOLINTBEGIN(concurrency-mt-unsafe): no other thread runs yet

/// A script in between is a parent of its own, and the kernel's signal would be about that one.
void end_with_parent() {
    const char* const parent = std::getenv("CUCURBIT_PARENT");
    if (parent == nullptr) return;
    const pid_t present = ::getppid();
    if (std::to_string(present) == parent) {
        ::prctl(PR_SET_PDEATHSIG, SIGTERM);
        if (::getppid() != present) std::raise(SIGTERM);  // it ended before the kernel knew
    }
    ::unsetenv("CUCURBIT_PARENT");
}

}  // namespace

void prepare_process() {
    int file = 0;
    do {
        file = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    } while (file >= 0 && file <= STDERR_FILENO);
    if (file > STDERR_FILENO) ::close(file);
    for (const int signal : ignored) std::signal(signal, SIG_IGN);
    end_with_parent();
}

void end_by_broken_pipe() {
    pollfd stdout_state{STDOUT_FILENO, POLLOUT, 0};
    if (::poll(&stdout_state, 1, 0) != 1 || (stdout_state.revents & POLLERR) == 0) return;
    std::signal(SIGPIPE, SIG_DFL);
    std::raise(SIGPIPE);
}

void restore_signals() {
    for (const int signal : ignored) std::signal(signal, SIG_DFL);
}

bool has_screen() {
    const char* const terminal = std::getenv("TERM");
    return ::isatty(STDERR_FILENO) == 1 &&
           !(terminal != nullptr && std::string_view(terminal) == "dumb");
}

// NOLINTEND(concurrency-mt-unsafe)

}  // namespace cucurbit::cli
