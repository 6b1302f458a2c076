#include "tests/standin/contexts.hpp"

#include <mutex>

#include "tests/standin/machine.hpp"

namespace cucurbit::standin {
namespace {

struct Contexts {
    std::mutex lock;
    std::set<int> devices;
};

/// Lives until the process ends, as Machine does.
Contexts& all() {
    static auto* const contexts = new Contexts;
    return *contexts;
}

}  // namespace

void need_context() {
    const std::lock_guard hold(all().lock);
    all().devices.insert(current_device());
}

std::set<int> contexts() {
    const std::lock_guard hold(all().lock);
    return all().devices;
}

void forget_contexts() {
    const std::lock_guard hold(all().lock);
    all().devices.clear();
}

}  // namespace cucurbit::standin
