#include "host/run/pace.hpp"

#include <algorithm>
#include <limits>

namespace cucurbit {

namespace {

double work(const Design& design, std::uint64_t trials) {
    return std::max(design.flops_per_trial, 1.0) * static_cast<double>(trials);
}

}  // namespace

void Pace::planned(const std::vector<Work>& more) {
    for (const Work& part : more) {
        planned_ += part.trials().count;
        work_planned_ += work(part.design(), part.trials().count);
    }
}

void Pace::done(const Design& design, std::uint64_t trials) {
    computed_ += trials;
    work_done_ += work(design, trials);
}

double Pace::seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
}

Progress Pace::progress() const {
    Progress progress;
    progress.trials_done = found_ + computed_;
    progress.trials_total = found_ + planned_;
    progress.seconds = seconds();
    progress.seconds_left = work_done_ > 0.0
                                ? progress.seconds * (work_planned_ - work_done_) / work_done_
                                : std::numeric_limits<double>::quiet_NaN();
    return progress;
}

}  // namespace cucurbit
