#include "kernels/cpu/blas_memory.hpp"

#include <sys/mman.h>
#include <sys/resource.h>

#include <mutex>
#include <string>
#include <vector>

#include "cucurbit/engine.hpp"

// OpenBLAS keeps what it has mapped, so a buffer that was taken once and given back is there for
// the next call. Absent where the BLAS that was linked is not OpenBLAS.
extern "C" {
[[gnu::weak]] void* blas_memory_alloc(int position);
[[gnu::weak]] void blas_memory_free(void* buffer);
}

namespace cucurbit {
namespace {

/// What OpenBLAS 0.3 maps for a thread on x86-64; less elsewhere.
constexpr std::size_t buffer_bytes = (std::size_t{128} << 20) + 4096;

bool fits(std::size_t bytes) {
    void* const probe =
        ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (probe == MAP_FAILED) return false;
    ::munmap(probe, bytes);
    return true;
}

}  // namespace

void reserve_blas_memory(std::size_t threads) {
    static std::mutex mutex;
    static std::size_t reserved = 0;
    const std::lock_guard lock(mutex);
    rlimit limit{};
    const bool limited = ::getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
    if (!limited || threads <= reserved || blas_memory_alloc == nullptr) return;
    if (!fits((threads - reserved) * buffer_bytes))
        throw DeviceError("cpu: OpenBLAS needs 128 MiB of address space for each worker, and " +
                          std::to_string(threads - reserved) +
                          " of them do not fit the limit (ulimit -v): use fewer --threads, or "
                          "allow more");
    std::vector<void*> buffers;
    for (std::size_t i = 0; i < threads; ++i) buffers.push_back(blas_memory_alloc(1));
    for (void* const buffer : buffers) blas_memory_free(buffer);
    reserved = threads;
}

}  // namespace cucurbit
