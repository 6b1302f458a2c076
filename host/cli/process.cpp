#include "host/cli/process.hpp"

#include <cxxabi.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <new>
#include <string>
#include <string_view>
#include <system_error>
#include <typeinfo>

#include "host/cli/exit.hpp"

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

/// How the system answers a reading of a mapped file beyond its present end. What a run has
/// committed stays.
void on_bus_error(int signal, siginfo_t* about, void*) {
    if (about->si_code != BUS_ADRERR) {
        std::signal(signal, SIG_DFL);
        std::raise(signal);
        return;
    }
    constexpr std::string_view text =
        "cucurbit: error: a mapped file, such as a study's features, became shorter while it was "
        "read, or its disk cannot be read\n";
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
    ::_exit(static_cast<int>(Exit::store));
}

std::terminate_handler usual_end = nullptr;

/// A lack of memory in code that promises not to throw, such as toml++'s errors.
[[noreturn]] void on_terminate() {
    const std::type_info* const thrown = abi::__cxa_current_exception_type();
    if (thrown == nullptr || *thrown != typeid(std::bad_alloc)) {
        usual_end();
        std::abort();
    }
    ::_exit(static_cast<int>(out_of_memory()));
}

void answer_bus_errors() {
    struct sigaction action {};
    action.sa_sigaction = on_bus_error;
    action.sa_flags = SA_SIGINFO;
    sigemptyset(&action.sa_mask);
    ::sigaction(SIGBUS, &action, nullptr);
}

}  // namespace

void prepare_process() {
    int file = 0;
    do {
        file = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    } while (file >= 0 && file <= STDERR_FILENO);
    if (file > STDERR_FILENO) ::close(file);
    for (const int signal : ignored) std::signal(signal, SIG_IGN);
    answer_bus_errors();
    usual_end = std::set_terminate(on_terminate);
    end_with_parent();
}

Exit out_of_memory() {
    constexpr std::string_view text = "cucurbit: error: out of memory\n";
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
    return Exit::no_device;
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

std::string own_path() {
    std::error_code unknown;
    return std::filesystem::read_symlink("/proc/self/exe", unknown).string();
}

std::string single_quoted(std::string text) {
    for (std::size_t i = 0; (i = text.find('\'', i)) != std::string::npos; i += 4)
        text.replace(i, 1, "'\\''");
    return "'" + text + "'";
}

std::string typed(const std::string& word) {
    const auto is_plain = [](unsigned char c) {
        return std::isalnum(c) != 0 || c >= 0x80 ||
               std::string_view("_-./+,:=@%").find(static_cast<char>(c)) != std::string_view::npos;
    };
    const bool plain = !word.empty() && std::all_of(word.begin(), word.end(), is_plain);
    return plain ? word : single_quoted(word);
}

bool has_screen() {
    const char* const terminal = std::getenv("TERM");
    return ::isatty(STDERR_FILENO) == 1 &&
           !(terminal != nullptr && std::string_view(terminal) == "dumb");
}

// NOLINTEND(concurrency-mt-unsafe)

}  // namespace cucurbit::cli
