#include "host/run/workers.hpp"

#include <algorithm>
#include <iterator>
#include <numeric>
#include <stdexcept>
#include <utility>

#include "kernels/cpu/blas_memory.hpp"
#include "kernels/cpu/cores.hpp"
#include "kernels/devices.hpp"

namespace cucurbit {

namespace {

/// Rows [series][count] of `from` into rows [series][total] of `to`, from column `at` on.
template <class T>
void copy_columns(const std::vector<T>& from, std::size_t count, std::vector<T>& to,
                  std::size_t total, std::size_t at) {
    for (std::size_t s = 0; s * count < from.size(); ++s)
        std::copy_n(from.begin() + static_cast<std::ptrdiff_t>(s * count), count,
                    to.begin() + static_cast<std::ptrdiff_t>(s * total + at));
}

/// Whether a simulation of one design serves the other: rounds of a run restrict designs anew.
bool same_values(const Design& a, const Design& b) {
    const auto same = [](const Series& s, const Series& t) {
        return s.point == t.point && s.arm_key == t.arm_key && s.estimand == t.estimand;
    };
    return a.key == b.key && a.points == b.points &&
           std::equal(a.series.begin(), a.series.end(), b.series.begin(), b.series.end(), same);
}

/// Keeps the first `count` columns of rows that are `total` long.
template <class T>
void cut_columns(std::vector<T>& rows, std::size_t total, std::size_t count) {
    const std::size_t series = rows.size() / total;
    for (std::size_t s = 0; s < series; ++s)
        std::copy_n(rows.begin() + static_cast<std::ptrdiff_t>(s * total), count,
                    rows.begin() + static_cast<std::ptrdiff_t>(s * count));
    rows.resize(series * count);
}

}  // namespace

std::size_t host_threads(const std::vector<Device>& devices) {
    const bool on_cards = devices.front().cache_bytes == 0;
    const std::size_t cores = usable_cores();
    return on_cards && cores > 1 ? cores - 1 : 0;
}

Workers::Workers(const Setting& setting, std::vector<Device> devices, std::size_t threads)
    : setting_(setting),
      devices_(std::move(devices)),
      most_threads_(threads),
      helpers_(host_threads(devices_)) {}

Workers::~Workers() {
    stop(Stop::at_once);
    for (std::thread& thread : threads_) thread.join();
}

void Workers::add(std::vector<Work> more) {
    const std::lock_guard lock(mutex_);
    std::move(more.begin(), more.end(), std::back_inserter(work_));
    std::uint64_t tasks = 0;
    for (const Work& part : work_) tasks += part.tasks();
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(most_threads_, tasks));
    if (wanted > threads_.size()) reserve_blas_memory(wanted);
    while (threads_.size() < wanted) {
        const Device& device = devices_[threads_.size() % devices_.size()];
        threads_.emplace_back([this, device] { work(device); });
        ++busy_;
    }
    added_.notify_all();
}

void Workers::stop(Stop stop) {
    if (stop > stop_.load()) stop_ = stop;
    const std::lock_guard lock(mutex_);
    added_.notify_all();
    taken_.notify_all();
}

std::vector<Piece> Workers::collect(std::chrono::steady_clock::time_point until) {
    std::unique_lock lock(mutex_);
    arrived_.wait_until(lock, until,
                        [this] { return quiet() || waiting_values_ >= max_waiting_values; });
    waiting_values_ = 0;
    taken_.notify_all();
    return std::exchange(pieces_, {});
}

bool Workers::finished() {
    const std::lock_guard lock(mutex_);
    return quiet() && pieces_.empty();
}

void Workers::rethrow() {
    const std::lock_guard lock(mutex_);
    if (failure_) std::rethrow_exception(failure_);
}

void Workers::work(const Device& device) {
    try {
        const HostThreads::Use use(helpers_);
        const EnginePointer engine = make_engine(device);
        std::shared_ptr<const Design> design;
        std::unique_ptr<Simulation> simulation;
        std::size_t batch = 0;
        while (const std::optional<Task> task = take()) {
            if (!design || !same_values(*task->design, *design)) {
                simulation.reset();  // frees its memory before the next one asks for more
                design = task->design;
                batch = task->batch;
            }
            while (!compute_if_it_fits(*task, batch, *engine, simulation)) batch /= 2;
        }
    } catch (...) {
        const std::lock_guard lock(mutex_);
        if (!failure_) failure_ = std::current_exception();
        if (stop_ == Stop::none) stop_ = Stop::after_batch;
        --busy_;
        added_.notify_all();
        arrived_.notify_all();
        taken_.notify_all();
    }
}

std::optional<Task> Workers::take() {
    std::unique_lock lock(mutex_);
    --busy_;
    if (quiet()) arrived_.notify_all();
    added_.wait(lock, [this] { return stop_ != Stop::none || !work_.empty(); });
    if (stop_ != Stop::none) return {};
    ++busy_;
    Task task = work_.front().take();
    if (work_.front().trials().count == 0) work_.pop_front();
    return task;
}

bool Workers::compute_if_it_fits(const Task& task, std::size_t batch, Engine& engine,
                                 std::unique_ptr<Simulation>& simulation) {
    try {
        if (!simulation) simulation = setting_.simulation(*task.design, engine, batch);
        compute(task, batch, *simulation);
        return true;
    } catch (const DeviceError&) {
        if (batch == 1) throw;
    }
    simulation.reset();
    return false;
}

void Workers::compute(const Task& task, std::size_t batch, Simulation& simulation) {
    const std::size_t total = task.trials.count;
    const std::size_t series = task.design->series.size();
    Piece piece{task.design, task.trials, {}, {}};
    std::vector<std::uint64_t> trials;
    TrialValues values;
    std::size_t done = 0;
    while (done < total && stop_ == Stop::none) {
        trials.resize(std::min(batch, total - done));
        std::iota(trials.begin(), trials.end(), task.trials.first + done);
        simulation.run(trials, values);
        if (values.values.size() != series * trials.size() ||
            values.outcomes.size() != values.values.size())
            throw std::logic_error(
                "a simulation must give one value and outcome a series and trial");
        if (trials.size() == total) {
            piece.values = std::move(values.values);
            piece.outcomes = std::move(values.outcomes);
            done = total;
            break;
        }
        piece.values.resize(series * total);
        piece.outcomes.resize(series * total);
        copy_columns(values.values, trials.size(), piece.values, total, done);
        copy_columns(values.outcomes, trials.size(), piece.outcomes, total, done);
        done += trials.size();
    }
    if (done == 0 || stop_ == Stop::at_once) return;
    if (done < total) {
        cut_columns(piece.values, total, done);
        cut_columns(piece.outcomes, total, done);
        piece.trials.count = done;
    }
    hand_on(std::move(piece));
}

void Workers::hand_on(Piece piece) {
    std::unique_lock lock(mutex_);
    taken_.wait(lock,
                [this] { return waiting_values_ < max_waiting_values || stop_ == Stop::at_once; });
    waiting_values_ += piece.values.size();
    pieces_.push_back(std::move(piece));
    arrived_.notify_all();
}

}  // namespace cucurbit
