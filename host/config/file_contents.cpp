#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <stdexcept>

#include "cucurbit/study.hpp"

namespace cucurbit {
namespace {

/// A file descriptor that closes itself; the mapping outlives it.
class Descriptor {
public:
    explicit Descriptor(const std::filesystem::path& path)
        // A pipe without a writer would not open otherwise.
        : number_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() {
        if (number_ >= 0) ::close(number_);
    }
    int number() const { return number_; }

private:
    int number_;
};

}  // namespace

FileContents::FileContents(std::string bytes) {
    const auto owned = std::make_shared<const std::string>(std::move(bytes));
    bytes_ = *owned;
    owner_ = owned;
}

FileContents FileContents::map(const std::filesystem::path& path) {
    const Descriptor file(path);
    struct stat facts {};
    if (file.number() < 0 || ::fstat(file.number(), &facts) != 0)
        throw std::runtime_error("cannot be read");
    if (!S_ISREG(facts.st_mode)) throw std::runtime_error("is not a regular file");
    FileContents contents;
    contents.mapped_from_ = std::filesystem::absolute(path);
    const auto size = static_cast<std::size_t>(facts.st_size);
    if (size == 0) return contents;
    void* start = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.number(), 0);
    if (start == MAP_FAILED) throw std::runtime_error("cannot be mapped into memory");
    contents.owner_ = std::shared_ptr<const void>(start, [size](void* at) { ::munmap(at, size); });
    contents.bytes_ = {static_cast<const char*>(start), size};
    return contents;
}

}  // namespace cucurbit
