// Preloaded into the program by sweeps_test.py and cover_test.py: one chosen call fails, falls short, or is the last before a kill.
//
// FAULT_CALLS    the calls that count: alloc, or of write, sync, truncate, open and rename those it names
// FAULT_FOLDER   of calls on files those whose path holds this text
// FAULT_AT       the number, from 1 on, of the call that is struck; FAULT_LASTING: all later ones too
// FAULT_ACT      the errno that it fails with; "short": it writes half; "full": half, and ENOSPC from then on;
//                "kill": the process is killed before it; "tear": when half is written; "stop": it waits for SIGCONT
// FAULT_CACHE    bytes of the second-level cache, by which the batches of trials go
// FAULT_COUNT    the file that is told, when main ends, how many calls there were
//
// Nothing counts before main: what the loader and the libraries' own beginnings need is not the program's.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char *calls, *folder, *act;
static long at;
static bool lasting, begun;
static atomic_long count;

static const char* setting(const char* name, const char* absent) {
    const char* const value = getenv(name);
    return value != NULL ? value : absent;
}

static bool strikes(const char* call) {
    if (!begun || strstr(calls, call) == NULL) return false;
    const long number = ++count;
    if (number != at && !(lasting && number > at)) return false;
    if (strcmp(act, "stop") != 0) return true;
    raise(SIGSTOP);
    return false;
}

static bool strikes_path(const char* call, const char* path) {
    return begun && strstr(path, folder) != NULL && strikes(call);
}

static bool strikes_file(const char* call, int file) {
    if (!begun) return false;
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    const ssize_t size = readlink(link, path, sizeof path - 1);
    if (size < 0) return false;
    path[size] = '\0';
    return strikes_path(call, path);
}

static void end(void) {
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

/// What a call that is struck returns without having done anything.
static int fail(void) {
    if (strcmp(act, "kill") == 0) end();
    errno = atoi(act);
    return -1;
}

/// By pwrite where from is no less than 0.
static ssize_t put(int file, const void* bytes, size_t size, off_t from) {
    if (strikes_file("write", file)) {
        const bool full = strcmp(act, "full") == 0;
        if (full && count > at) {
            errno = ENOSPC;
            return -1;
        }
        const bool tear = strcmp(act, "tear") == 0;
        if (!full && !tear && strcmp(act, "short") != 0) return fail();
        size = (size + 1) / 2;
        if (tear) {
            syscall(from < 0 ? SYS_write : SYS_pwrite64, file, bytes, size, from);
            end();
        }
    }
    return syscall(from < 0 ? SYS_write : SYS_pwrite64, file, bytes, size, from);
}

long sysconf(int name) {
    const char* const cache = getenv("FAULT_CACHE");
    if (name == _SC_LEVEL2_CACHE_SIZE && cache != NULL) return atol(cache);
    static long (*next)(int);
    if (next == NULL) *(void**)&next = dlsym(RTLD_NEXT, "sysconf");
    return next(name);
}

ssize_t write(int file, const void* bytes, size_t size) {
    return put(file, bytes, size, -1);
}
ssize_t pwrite(int file, const void* bytes, size_t size, off_t from) {
    return put(file, bytes, size, from);
}
ssize_t pwrite64(int file, const void* bytes, size_t size, off64_t from) {
    return put(file, bytes, size, from);
}

int fsync(int file) {
    return strikes_file("sync", file) ? fail() : (int)syscall(SYS_fsync, file);
}
int fdatasync(int file) {
    return strikes_file("sync", file) ? fail() : (int)syscall(SYS_fdatasync, file);
}
int ftruncate(int file, off_t size) {
    return strikes_file("truncate", file) ? fail() : (int)syscall(SYS_ftruncate, file, size);
}
int ftruncate64(int file, off64_t size) {
    return ftruncate(file, size);
}

int rename(const char* old, const char* name) {
    return strikes_path("rename", old) ? fail()
                                       : (int)syscall(SYS_renameat2, AT_FDCWD, old, AT_FDCWD, name, 0);
}

int open(const char* path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    const mode_t mode = va_arg(rest, mode_t);
    va_end(rest);
    return strikes_path("open", path) ? fail() : (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}
extern int open64(const char* path, int flags, ...) __attribute__((alias("open")));

// What the C library's own names stand for.
extern void* __libc_malloc(size_t);
extern void* __libc_calloc(size_t, size_t);
extern void* __libc_realloc(void*, size_t);
extern void* __libc_memalign(size_t, size_t);

static bool no_memory(void) {
    if (!strikes("alloc")) return false;
    errno = ENOMEM;
    return true;
}

void* malloc(size_t size) {
    return no_memory() ? NULL : __libc_malloc(size);
}
void* calloc(size_t number, size_t size) {
    return no_memory() ? NULL : __libc_calloc(number, size);
}
void* realloc(void* old, size_t size) {
    return no_memory() ? NULL : __libc_realloc(old, size);
}
void* memalign(size_t alignment, size_t size) {
    return no_memory() ? NULL : __libc_memalign(alignment, size);
}
void* aligned_alloc(size_t alignment, size_t size) {
    return memalign(alignment, size);
}
int posix_memalign(void** place, size_t alignment, size_t size) {
    void* const memory = memalign(alignment, size);
    if (memory == NULL) return ENOMEM;
    *place = memory;
    return 0;
}

typedef int Main(int, char**, char**);
static Main* program;

static int counted(int argc, char** argv, char** environment) {
    begun = true;
    const int code = program(argc, argv, environment);
    const char* const file = setting("FAULT_COUNT", "");
    begun = false;
    FILE* const out = *file != '\0' ? fopen(file, "w") : NULL;
    if (out != NULL) {
        fprintf(out, "%ld\n", (long)count);
        fclose(out);
    }
    return code;
}

/// The C library's, which calls main.
int __libc_start_main(Main* main, int argc, char** argv, void (*init)(void), void (*fini)(void),
                      void (*unload)(void), void* stack) {
    typedef int Start(Main*, int, char**, void (*)(void), void (*)(void), void (*)(void), void*);
    calls = setting("FAULT_CALLS", "");
    folder = setting("FAULT_FOLDER", "/");
    act = setting("FAULT_ACT", "0");
    at = atol(setting("FAULT_AT", "0"));
    lasting = *setting("FAULT_LASTING", "") != '\0' || strcmp(act, "full") == 0;
    program = main;
    Start* start = NULL;
    *(void**)&start = dlsym(RTLD_NEXT, "__libc_start_main");
    return start(counted, argc, argv, init, fini, unload, stack);
}
