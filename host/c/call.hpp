#pragma once
// How the functions of the shared library report what went wrong.

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <exception>
#include <new>
#include <stdexcept>

#include "cucurbit/engine.hpp"
#include "cucurbit/store.hpp"

namespace cucurbit::c {

/// By the value that a function returns; python/cucurbit/library.py makes exceptions of them.
enum class Failure : int {
    none = 0,
    other = 1,
    memory = 2,
    argument = 3,
    study = 4,
    device = 5,
    store = 6,
    stopped = 75
};

/// Where the text of a failure goes, ended by a zero.
struct Message {
    char* text;
    std::size_t size;

    int operator()(Failure failure, const char* what) const {
        if (size > 0) {
            const std::size_t length = std::min(std::strlen(what), size - 1);
            std::copy_n(what, length, text);
            text[length] = '\0';
        }
        return static_cast<int>(failure);
    }
};

/// Calls body(); no exception leaves.
template <class Body>
int guarded(const Message& message, Body body) {
    try {
        body();
        return message(Failure::none, "");
    } catch (const StudyError& error) {
        return message(Failure::study, error.what());
    } catch (const StoreError& error) {
        return message(Failure::store, error.what());
    } catch (const DeviceError& error) {
        return message(Failure::device, error.what());
    } catch (const std::bad_alloc&) {
        return message(Failure::memory, "out of memory");
    } catch (const std::invalid_argument& error) {
        return message(Failure::argument, error.what());
    } catch (const std::exception& error) {
        return message(Failure::other, error.what());
    }
}

}  // namespace cucurbit::c
