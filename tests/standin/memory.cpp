#include "tests/standin/memory.hpp"

#include <fmt/format.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstring>

#include "tests/standin/executor.hpp"
#include "tests/standin/machine.hpp"

namespace cucurbit::standin {
namespace {

constexpr std::size_t page = 4096;
constexpr std::size_t alignment = 256;  // of cudaMalloc

/// A file full of NaN: memory that is mapped from it takes no page until it is touched.
constexpr std::size_t nan_bytes = std::size_t{16} << 20;
int nan_file() {
    static const int file = [] {
        constexpr int not_a_number = 0xff;  // every byte of it
        const int made = memfd_create("nan", 0);
        if (made < 0 || ftruncate(made, nan_bytes) != 0) violation("there is no memory for NaN");
        void* all = mmap(nullptr, nan_bytes, PROT_WRITE, MAP_SHARED, made, 0);
        if (all == MAP_FAILED) violation("there is no memory for NaN");
        std::memset(all, not_a_number, nan_bytes);
        munmap(all, nan_bytes);
        return made;
    }();
    return file;
}

std::size_t round_up(std::size_t value, std::size_t unit) {
    return (value + unit - 1) / unit * unit;
}

/// NaN with a payload, so that a read of the slack gives NaN and a write of one is seen.
const std::array<std::uint64_t, page / sizeof(std::uint64_t)>& canaries() {
    static const auto words = [] {
        std::array<std::uint64_t, page / sizeof(std::uint64_t)> filled{};
        filled.fill(0xfffa'5afe'c0de'cafe);
        return filled;
    }();
    return words;
}

std::uintptr_t number(const void* address) {
    return reinterpret_cast<std::uintptr_t>(address);
}

std::uintptr_t end_of(const Allocation& allocation) {
    return number(allocation.pages) + allocation.page_bytes;
}

const std::byte* canary_at(const std::byte* address) {
    const auto* first = reinterpret_cast<const std::byte*>(canaries().data());
    return first + number(address) % page;
}

/// Calls body(begin, bytes) for the slack before and behind an allocation.
template <class Body>
void for_slack(const Allocation& of, Body body) {
    body(of.pages, static_cast<std::size_t>(of.data - of.pages));
    std::byte* end = of.data + of.bytes;
    body(end, static_cast<std::size_t>(of.pages + of.page_bytes - end));
}

void check_canaries(const Allocation& of) {
    for_slack(of, [&](const std::byte* begin, std::size_t size) {
        if (std::memcmp(begin, canary_at(begin), size) != 0)
            violation(fmt::format("wrote {} an allocation of {} bytes",
                                  begin < of.data ? "before" : "past the end of", of.bytes));
    });
}

void on_fault(int signal, siginfo_t* info, void* context) {
    bool write = false;
#if defined(__x86_64__)
    constexpr greg_t write_bit = 2;
    const auto* registers = static_cast<const ucontext_t*>(context)->uc_mcontext.gregs;
    write = (registers[REG_ERR] & write_bit) != 0;
#endif
    Machine& machine = Machine::the();
    if (device_work() != nullptr && machine.memory.count_traffic(info->si_addr, write)) return;
    const std::string what =
        device_work() != nullptr ? Executor::the().describe_shared(info->si_addr) : "";
    const std::string where = what.empty() ? machine.memory.describe(info->si_addr) : what;
    if (where.empty() && device_work() == nullptr) {
        std::signal(signal, SIG_DFL);  // not ours: the instruction faults again
        return;
    }
    violation(fmt::format("{} {}", write ? "writes" : "reads",
                          where.empty() ? "an address that is no device memory" : where));
}

}  // namespace

Memory::Memory() {
    struct sigaction action = {};
    action.sa_sigaction = on_fault;
    action.sa_flags = SA_SIGINFO | SA_NODEFER;
    sigaction(SIGSEGV, &action, nullptr);
    sigaction(SIGBUS, &action, nullptr);
}

void* Memory::allocate(std::size_t bytes, int device) {
    Allocation made;
    made.bytes = bytes;
    made.device = device;
    made.page_bytes = round_up(std::max(bytes, std::size_t{1}), page);
    void* pages = mmap(nullptr, made.page_bytes + page, PROT_NONE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (pages == MAP_FAILED) return nullptr;
    made.pages = static_cast<std::byte*>(pages);
    for (std::size_t done = 0; done < made.page_bytes; done += nan_bytes)
        if (mmap(made.pages + done, std::min(nan_bytes, made.page_bytes - done),
                 PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE | MAP_FIXED, nan_file(),
                 0) == MAP_FAILED)
            return nullptr;
    made.data = made.pages + made.page_bytes - round_up(bytes, alignment);
    for_slack(made, [](std::byte* begin, std::size_t size) {
        std::memcpy(begin, canary_at(begin), size);
    });
    if (device != host) mprotect(made.pages, made.page_bytes, PROT_NONE);
    live_[end_of(made)] = made;
    return made.data;
}

void Memory::release(const char* call, void* data, bool pinned) {
    const Allocation* found = find(data);
    if (found == nullptr || found->data != data || (found->device == host) != pinned)
        violation(fmt::format("{} of {}, which no matching call allocated", call,
                              found == nullptr ? describe(data) : "an address inside memory"));
    const Allocation gone = *found;
    mprotect(gone.pages, gone.page_bytes, PROT_READ);
    check_canaries(gone);
    // The address stays taken; only its contents go.
    if (mmap(gone.pages, gone.page_bytes, PROT_NONE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) == MAP_FAILED)
        violation("freed memory cannot be closed");
    live_.erase(end_of(gone));
    freed_[end_of(gone)] = gone;
}

std::size_t Memory::live_bytes(int device) const {
    std::size_t sum = 0;
    for (const auto& [end, each] : live_)
        if (each.device == device) sum += each.bytes;
    return sum;
}

const Allocation* Memory::find(const void* address) const {
    const auto next = live_.upper_bound(number(address));
    return next != live_.end() && address >= next->second.pages ? &next->second : nullptr;
}

void Memory::require(const std::string& what, const void* data, std::size_t bytes,
                     int device) const {
    if (bytes == 0) return;
    const auto* begin = static_cast<const std::byte*>(data);
    const Allocation* in = find(data);
    if (in == nullptr && device == host) return;
    if (in == nullptr)
        violation(fmt::format("{} is at {}", what,
                              describe(data).empty() ? "no device memory" : describe(data)));
    if (in->device != device)
        violation(fmt::format("{} is in memory of {}, not of {}", what,
                              in->device == host ? "the host" : fmt::format("cuda:{}", in->device),
                              device == host ? "the host" : fmt::format("cuda:{}", device)));
    if (begin < in->data || begin + bytes > in->data + in->bytes)
        violation(fmt::format("{} needs {} bytes from byte {} on of an allocation of {} bytes",
                              what, bytes, begin - in->data, in->bytes));
}

std::string Memory::describe(const void* address) const {
    const auto* at = static_cast<const std::byte*>(address);
    if (const Allocation* in = find(address); in != nullptr)
        return fmt::format("byte {} of a live allocation of {} bytes on cuda:{}", at - in->data,
                           in->bytes, in->device);
    const auto behind = live_.lower_bound(number(address) - page + 1);
    if (behind != live_.end() && number(address) >= behind->first)
        return fmt::format("byte {} of an allocation of {} bytes, past its end",
                           at - behind->second.data, behind->second.bytes);
    const auto freed = freed_.lower_bound(number(address) - page + 1);
    if (freed != freed_.end() && at >= freed->second.pages)
        return fmt::format("byte {} of an allocation of {} bytes that was freed",
                           at - freed->second.data, freed->second.bytes);
    return {};
}

void Memory::protect(int protection) const {
    for (const auto& [end, each] : live_)
        if (each.device != host) mprotect(each.pages, each.page_bytes, protection);
}

Memory::Access::Access(Memory& memory) : memory_(memory) {
    memory_.protect(PROT_READ | PROT_WRITE);
}

Memory::Access::~Access() {
    memory_.protect(PROT_NONE);
}

void Memory::begin_operation() const {
    if (Machine::the().settings.traffic) protect(PROT_NONE);
}

void Memory::end_operation() const {
    if (Machine::the().settings.traffic) protect(PROT_READ | PROT_WRITE);
    heed_reads(false);
    for (const auto& [end, each] : live_) check_canaries(each);
    heed_reads(true);
}

bool Memory::count_traffic(const void* address, bool write) const {
    Machine& machine = Machine::the();
    const Allocation* in = find(address);
    if (!machine.settings.traffic || in == nullptr || in->device == host) return false;
    (write ? machine.counters.bytes_written : machine.counters.bytes_read) += page;
    const auto offset = number(address) % page;
    auto* begin = const_cast<std::byte*>(static_cast<const std::byte*>(address)) - offset;
    return mprotect(begin, page, write ? PROT_READ | PROT_WRITE : PROT_READ) == 0;
}

}  // namespace cucurbit::standin
