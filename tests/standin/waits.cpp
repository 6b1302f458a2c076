// Where device code waits: for its block, or for lanes of its warp.

#include <algorithm>

#include "tests/standin/executor.hpp"
#include "tests/standin/machine.hpp"

namespace cucurbit::standin {
namespace {

/// The executor's own work on behalf of a CUDA thread: not that thread's for the thread sanitizer.
class AtHome {
public:
    AtHome() { become(Executor::the().home_identity()); }
    AtHome(const AtHome&) = delete;
    AtHome& operator=(const AtHome&) = delete;
    ~AtHome() { become(Executor::the().identity()); }
};

}  // namespace

void Executor::arrive(Place place) {
    threads_[current_].place = place;
    threads_[current_].waiting = true;
}

void Executor::leave() {
    threads_[current_].fiber->switch_to(*home_);
}

void Executor::barrier(Place place) {
    if (finished_ > 0)
        violation(fmt::format("divergent barrier: waits at {}, but {} threads have left the kernel",
                              text(place), finished_));
    if (!at_barrier_.empty() && !same(place, threads_[at_barrier_.front()].place))
        violation(fmt::format("divergent barrier: waits at {}, but thread {} waits at {}",
                              text(place), at_barrier_.front(),
                              text(threads_[at_barrier_.front()].place)));
    char* const order = &barriers_[barriers_passed_ % 2];
    publish(order);
    arrive(place);
    at_barrier_.push_back(current_);
    if (at_barrier_.size() == threads_.size()) {
        ++barriers_passed_;
        make_ready(at_barrier_);
        at_barrier_.clear();
    }
    leave();
    follow(order);
}

std::shared_ptr<const Meeting> Executor::meet(unsigned mask, std::uint64_t value, Place place) {
    const unsigned own = 1U << lane();
    if ((mask & own) == 0)
        violation(
            fmt::format("lane {} is outside its own mask {:#x} at {}", lane(), mask, text(place)));
    Warp& warp = warps_[current_ / lanes];
    auto& all = warp.meetings;
    auto found = std::find_if(all.begin(), all.end(),
                              [&](const auto& each) { return (each->mask & mask) != 0; });
    if (found == all.end()) {
        found = all.insert(all.end(), std::make_shared<Meeting>());
        (*found)->mask = mask;
        (*found)->place = place;
        (*found)->order = &meeting_orders_[meetings_held_++ % meeting_orders_.size()];
    }
    const std::shared_ptr<Meeting> meeting = *found;
    if (meeting->mask != mask || !same(meeting->place, place))
        violation(fmt::format("mask {:#x} at {} meets mask {:#x} at {}", mask, text(place),
                              meeting->mask, text(meeting->place)));
    publish(meeting->order);
    arrive(place);
    meeting->arrived |= own;
    meeting->values[lane()] = value;
    meeting->waiting.push_back(current_);
    end_meetings(warp);
    leave();
    follow(meeting->order);
    return meeting;
}

void Executor::end_meetings(Warp& warp) {
    std::erase_if(warp.meetings, [&](const auto& each) {
        if (((each->arrived | warp.gone) & each->mask) != each->mask) return false;
        make_ready(each->waiting);
        return true;
    });
}

void Executor::publish(char* object) const {
    if (!watched_) return;
    become(identity());
    release(object);
    become(home_identity_);
}

void Executor::follow(char* object) const {
    if (!watched_) return;
    become(identity());
    acquire(object);
    become(home_identity_);
}

void Executor::report_deadlock() const {
    std::string list;
    for (std::size_t i = 0; i < threads_.size(); ++i)
        if (threads_[i].waiting &&
            (i == 0 || !threads_[i - 1].waiting || !same(threads_[i].place, threads_[i - 1].place)))
            list += fmt::format("\n  from thread {}: waits at {}", i, text(threads_[i].place));
    violation("deadlock:" + list);
}

void* shared_memory() {
    return Executor::the().shared();
}

void block_barrier(Place where) {
    const AtHome home;
    Executor::the().barrier(where);
}

unsigned ballot(unsigned mask, bool predicate, Place where) {
    const AtHome home;
    const auto meeting = Executor::the().meet(mask, predicate ? 1 : 0, where);
    unsigned set = 0;
    for (unsigned lane = 0; lane < lanes; ++lane)
        if ((meeting->arrived >> lane & 1U) != 0 && meeting->values[lane] != 0) set |= 1U << lane;
    return set;
}

std::uint64_t shuffle(Shuffle kind, unsigned mask, std::uint64_t bits, int argument, int width,
                      Place where) {
    const AtHome home;
    if (width < 1 || width > static_cast<int>(lanes) || (width & (width - 1)) != 0)
        violation(fmt::format("shuffle of width {} at {}", width, text(where)));
    const int own = static_cast<int>(Executor::the().lane());
    const int first = own / width * width;
    int source = first + (argument & (width - 1));
    if (kind == Shuffle::up) source = own - argument < first ? own : own - argument;
    if (kind == Shuffle::down) source = own + argument >= first + width ? own : own + argument;
    if (kind == Shuffle::exclusive_or)
        source = (own ^ argument) >= first + width ? own : own ^ argument;
    const auto meeting = Executor::the().meet(mask, bits, where);
    if ((meeting->arrived >> static_cast<unsigned>(source) & 1U) == 0)
        violation(fmt::format("reads lane {}, which takes no part, at {}", source, text(where)));
    return meeting->values[static_cast<std::size_t>(source)];
}

}  // namespace cucurbit::standin
