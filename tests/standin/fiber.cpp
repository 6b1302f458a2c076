#include "tests/standin/fiber.hpp"

#include <sys/mman.h>

#include <new>
#include <utility>

#if defined(CUCURBIT_ADDRESS_SANITIZER)
#include <sanitizer/common_interface_defs.h>
#endif
#if defined(CUCURBIT_THREAD_SANITIZER)
#include <sanitizer/tsan_interface.h>
extern "C" {
void AnnotateIgnoreReadsBegin(const char* file, int line);
void AnnotateIgnoreReadsEnd(const char* file, int line);
}
#endif

namespace cucurbit::standin {
namespace {

constexpr std::size_t page = 4096;
constexpr std::size_t stack_size = std::size_t{256} << 10;

// Of the switch in progress; the machine's lock is held.
[[maybe_unused]] Fiber* leaving = nullptr;
Fiber* entering = nullptr;

}  // namespace

Fiber::Fiber() : started_(true) {}

Fiber::Fiber(std::function<void()> body) : body_(std::move(body)), stack_bytes_(stack_size) {
    void* pages = mmap(nullptr, stack_size + page, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (pages == MAP_FAILED) throw std::bad_alloc();
    mprotect(pages, page, PROT_NONE);
    stack_ = static_cast<std::byte*>(pages) + page;
    getcontext(&context_);
    context_.uc_stack.ss_sp = stack_;
    context_.uc_stack.ss_size = stack_size;
    context_.uc_link = nullptr;
    makecontext(&context_, start, 0);
}

Fiber::~Fiber() {
    if (body_) munmap(static_cast<std::byte*>(stack_) - page, stack_size + page);
}

void Fiber::start() {
    entering->arrive();
    entering->body_();
}

void Fiber::arrive() {
#if defined(CUCURBIT_ADDRESS_SANITIZER)
    const void* left = nullptr;
    __sanitizer_finish_switch_fiber(fake_stack_, &left, &leaving->stack_bytes_);
    leaving->stack_ = const_cast<void*>(left);
#endif
}

void Fiber::switch_to(Fiber& next) {
    leaving = this;
    entering = &next;
#if defined(CUCURBIT_ADDRESS_SANITIZER)
    __sanitizer_start_switch_fiber(&fake_stack_, next.stack_, next.stack_bytes_);
#endif
#if defined(CUCURBIT_ADDRESS_SANITIZER) || defined(CUCURBIT_THREAD_SANITIZER)
    swapcontext(&context_, &next.context_);  // the sanitizers know no jump to another stack
#else
    if (_setjmp(resume_) == 0) {  // not swapcontext: that calls the kernel twice
        if (next.started_) _longjmp(next.resume_, 1);
        next.started_ = true;
        setcontext(&next.context_);
    }
#endif
    arrive();
}

#if defined(CUCURBIT_THREAD_SANITIZER)
void* own_identity() {
    return __tsan_get_current_fiber();
}
void* new_identity() {
    return __tsan_create_fiber(0);
}
void become(void* identity) {
    __tsan_switch_to_fiber(identity, __tsan_switch_to_fiber_no_sync);
}
void release(void* at) {
    __tsan_release(at);
}
void acquire(void* at) {
    __tsan_acquire(at);
}
void heed_reads(bool heed) {
    (heed ? AnnotateIgnoreReadsEnd : AnnotateIgnoreReadsBegin)(__FILE__, __LINE__);
}
#else
void* own_identity() {
    return nullptr;
}
void* new_identity() {
    return nullptr;
}
void become(void* /*identity*/) {}
void release(void* /*at*/) {}
void acquire(void* /*at*/) {}
void heed_reads(bool /*heed*/) {}
#endif

}  // namespace cucurbit::standin
