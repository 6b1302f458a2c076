#pragma once
// Stacks that take turns on one host thread, known to the address sanitizer, and identities for the
// thread sanitizer. CMake defines CUCURBIT_ADDRESS_SANITIZER or CUCURBIT_THREAD_SANITIZER for the
// sources of the executor, which are themselves free of the latter's checks.

#include <csetjmp>
#include <cstddef>
#include <functional>

#include <ucontext.h>

namespace cucurbit::standin {

#if defined(CUCURBIT_THREAD_SANITIZER)
constexpr bool thread_sanitizer = true;
#else
constexpr bool thread_sanitizer = false;
#endif

class Fiber {
public:
    /// The stack that calls.
    Fiber();
    /// A new stack; the body must not return.
    explicit Fiber(std::function<void()> body);
    Fiber(const Fiber&) = delete;
    Fiber& operator=(const Fiber&) = delete;
    ~Fiber();

    /// Leaves this fiber, which runs, and goes on with the next; returns when someone switches
    /// back.
    void switch_to(Fiber& next);

private:
    static void start();
    void arrive();

    std::function<void()> body_;
    void* stack_ = nullptr;
    [[maybe_unused]] std::size_t stack_bytes_ = 0;
    ucontext_t context_ = {};
    std::jmp_buf resume_ = {};
    bool started_ = false;
    [[maybe_unused]] void* fake_stack_ = nullptr;  ///< the address sanitizer's
};

/// Whom the thread sanitizer takes for the running thread: the caller's, a new one, another. An
/// identity sees what another did only where it acquires what that released. Null and no effect in
/// other builds.
void* own_identity();
void* new_identity();
void become(void* identity);
void release(void* at);
void acquire(void* at);
/// Whether the thread sanitizer heeds what the running thread reads; it does until told not to.
void heed_reads(bool heed);

}  // namespace cucurbit::standin
