#include "host/store/folder.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <sstream>
#include <system_error>
#include <vector>

#include "cucurbit/store.hpp"

namespace cucurbit {

namespace {

constexpr std::size_t longest_path = 512;  // of SQLite, for a database and its journal

[[noreturn]] void fail(const std::filesystem::path& path, const std::string& action, int error) {
    throw StoreError(fmt::format("{}: cannot {}: {}", path.string(), action,
                                 std::system_category().message(error)));
}

void write_all(int file, const std::string& contents, const std::filesystem::path& path) {
    std::size_t written = 0;
    while (written < contents.size()) {
        const ssize_t step = ::write(file, contents.data() + written, contents.size() - written);
        if (step < 0 && errno == EINTR) continue;
        if (step < 0) fail(path, "write", errno);
        written += static_cast<std::size_t>(step);
    }
}

std::filesystem::path beside(const std::filesystem::path& file) {
    std::filesystem::path fresh = file;
    fresh += ".new";
    return fresh;
}

std::string holder(int file) {
    std::array<char, 256> text{};
    const ssize_t size = ::pread(file, text.data(), text.size(), 0);
    return size > 0 ? std::string(text.data(), static_cast<std::size_t>(size)) : "unknown process";
}

std::vector<std::string> split(const std::string& text, char separator) {
    std::vector<std::string> parts;
    std::istringstream stream(text);
    for (std::string part; std::getline(stream, part, separator);) parts.push_back(part);
    return parts;
}

}  // namespace

WriterLock::WriterLock(const std::filesystem::path& directory) {
    const std::filesystem::path path = directory / "store.lock";
    file_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (file_ < 0) fail(path, "open for writing", errno);
    if (::flock(file_, LOCK_EX | LOCK_NB) != 0) {
        const int error = errno;
        const std::string other = holder(file_);
        ::close(file_);
        if (error == ENOSYS || error == ENOLCK || error == EOPNOTSUPP)
            throw StoreError(fmt::format(
                "{}: this file system has no locks ({}): run on a local disk, then copy the folder",
                path.string(), std::generic_category().message(error)));
        if (error != EWOULDBLOCK) fail(path, "lock", error);
        throw StoreError(
            fmt::format("{}: another run writes to this folder ({})", directory.string(), other));
    }
    std::array<char, 256> host{};
    ::gethostname(host.data(), host.size() - 1);
    const std::string text = fmt::format("process {} on {}", ::getpid(), host.data());
    try {
        if (::ftruncate(file_, 0) != 0) fail(path, "write", errno);
        write_all(file_, text, path);
    } catch (const StoreError&) {
        ::close(file_);
        throw;
    }
}

WriterLock::~WriterLock() {
    ::close(file_);
}

void create_folder(const std::filesystem::path& directory) {
    std::error_code error;
    const std::filesystem::path place = std::filesystem::weakly_canonical(directory, error);
    if ((place / "store.sqlite-journal").string().size() > longest_path)
        throw StoreError(fmt::format("{}: too long a path: SQLite's files have at most {} bytes",
                                     directory.string(), longest_path));
    std::filesystem::create_directories(directory, error);
    if (error) fail(directory, "create the folder", error.value());
    if (!std::filesystem::is_directory(directory, error))
        throw StoreError(fmt::format("{}: is not a folder", directory.string()));
}

void write_beside(const std::filesystem::path& file, const std::string& contents) {
    const std::filesystem::path fresh = beside(file);
    // A file of its own: what the name may link to stays as it is.
    ::unlink(fresh.c_str());
    const int descriptor =
        ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (descriptor < 0) fail(fresh, "open for writing", errno);
    try {
        write_all(descriptor, contents, fresh);
    } catch (const StoreError&) {
        ::close(descriptor);
        throw;
    }
    if (::close(descriptor) != 0) fail(fresh, "write", errno);
}

void take_place(const std::filesystem::path& file) {
    const std::filesystem::path fresh = beside(file);
    if (::rename(fresh.c_str(), file.c_str()) != 0) fail(file, "replace", errno);
}

std::string first_difference(const std::string& stored, const std::string& given) {
    const bool lines = stored.find('\n') != std::string::npos;
    const std::vector<std::string> there = split(stored, lines ? '\n' : ' ');
    const std::vector<std::string> here = split(given, lines ? '\n' : ' ');
    std::size_t at = 0;
    while (at < there.size() && at < here.size() && there[at] == here[at]) ++at;
    // What one has more than the other is no change of what follows.
    using Parts = std::vector<std::string>;
    const auto comes_later = [at](const Parts& next, const Parts& in) {
        return at < next.size() && at < in.size() &&
               std::find(in.begin() + static_cast<std::ptrdiff_t>(at), in.end(), next[at]) !=
                   in.end();
    };
    const bool more_here = comes_later(there, here), more_there = comes_later(here, there);
    const auto show = [at](const Parts& parts, bool lacks) {
        return at < parts.size() && !lacks ? fmt::format("'{}'", parts[at])
                                           : std::string("nothing");
    };
    return fmt::format("{} in the folder, {} in this study", show(there, more_here && !more_there),
                       show(here, more_there && !more_here));
}

}  // namespace cucurbit
