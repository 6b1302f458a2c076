#pragma once
// Device and pinned memory: each allocation on pages of its own, with a guard page behind it,
// canaries in the slack around it, and an address that is never used again.

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

namespace cucurbit::standin {

constexpr int host = -1;

struct Allocation {
    std::byte* data = nullptr;
    std::size_t bytes = 0;
    std::byte* pages = nullptr;
    std::size_t page_bytes = 0;
    int device = host;  ///< host: pinned memory
};

class Memory {
public:
    Memory();
    /// Filled with NaN.
    void* allocate(std::size_t bytes, int device);
    void release(const char* call, void* data, bool pinned);
    std::size_t live_bytes(int device) const;
    /// The live allocation that holds the address, or null.
    const Allocation* find(const void* address) const;
    /// A violation unless [data, data + bytes) lies in one allocation on the device (or in pinned
    /// or ordinary memory for `host`).
    void require(const std::string& what, const void* data, std::size_t bytes, int device) const;
    /// What is at an address that device work or host code must not touch.
    std::string describe(const void* address) const;

    /// Lets device work reach device memory; every allocation is closed again at the end.
    class Access {
    public:
        explicit Access(Memory& memory);
        Access(const Access&) = delete;
        Access& operator=(const Access&) = delete;
        ~Access();

    private:
        Memory& memory_;
    };
    /// Opens memory to an operation that begins; where traffic is counted, page by page.
    void begin_operation() const;
    /// A violation where a write missed its allocation.
    void end_operation() const;
    /// Called on a fault: counts the page's traffic and opens it, or returns false.
    bool count_traffic(const void* address, bool write) const;

private:
    void protect(int protection) const;

    std::map<std::uintptr_t, Allocation> live_;  ///< by the end of its pages
    std::map<std::uintptr_t, Allocation> freed_;
};

}  // namespace cucurbit::standin
