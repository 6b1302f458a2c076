// Trials timed on the devices of a plan.

#include <algorithm>
#include <atomic>
#include <barrier>
#include <chrono>
#include <cmath>
#include <exception>
#include <limits>
#include <numeric>
#include <thread>

#include "cucurbit/costs.hpp"
#include "host/run/functions.hpp"
#include "host/run/precision.hpp"
#include "host/run/summary.hpp"
#include "host/run/workers.hpp"
#include "kernels/devices.hpp"

namespace cucurbit {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t compared_trials = 64;

bool has_succeeded(const TrialValues& values, std::size_t index) {
    return values.outcomes[index].status == Status::ok && std::isfinite(values.values[index]);
}

/// One worker's engine and what it did.
class Timed {
public:
    Timed(const Study& study, const Plan::Entry& entry, const Device& device)
        : engine_(make_engine(device)),
          simulation_(study.setting->simulation(entry.design, *engine_, entry.batch)),
          trials_(entry.batch),
          moments_(entry.design.series.size()) {}

    /// A batch that does not count, and as many of its values as are compared.
    TrialValues first_batch() {
        std::iota(trials_.begin(), trials_.end(), std::uint64_t{0});
        TrialValues compared;
        simulation_->run(std::span(trials_).first(std::min(trials_.size(), compared_trials)),
                         compared);
        simulation_->run(trials_, values_);
        return compared;
    }

    /// Batches from the common counter on until their time is over.
    void run(std::atomic<std::uint64_t>& next, double seconds) {
        do {
            std::iota(trials_.begin(), trials_.end(), next.fetch_add(trials_.size()));
            const auto start = Clock::now();
            simulation_->run(trials_, values_);
            seconds_ += std::chrono::duration<double>(Clock::now() - start).count();
            done_ += trials_.size();
            collect();
        } while (seconds_ < seconds);
    }

    void add_to(Throughput& all) const {
        all.trials += done_;
        all.trials_per_second += static_cast<double>(done_) / seconds_;
        all.moments.resize(moments_.size());
        for (std::size_t s = 0; s < moments_.size(); ++s) all.moments[s].merge(moments_[s]);
    }

private:
    void collect() {
        for (std::size_t s = 0; s < moments_.size(); ++s)
            for (std::size_t t = 0; t < trials_.size(); ++t) {
                const std::size_t index = s * trials_.size() + t;
                if (has_succeeded(values_, index)) moments_[s].add(values_.values[index]);
            }
    }

    EnginePointer engine_;
    std::unique_ptr<Simulation> simulation_;
    std::vector<std::uint64_t> trials_;
    TrialValues values_;
    std::vector<Moments> moments_;
    std::size_t done_ = 0;
    double seconds_ = 0.0;
};

struct Worker {
    std::unique_ptr<Timed> timed;
    TrialValues first;
    std::exception_ptr error;
};

}  // namespace

Throughput measure(const Study& study, const Plan& plan, std::size_t entry, double seconds) {
    require_functions(study);
    const std::size_t count = std::max<std::size_t>(plan.workers, 1);
    HostThreads helpers(host_threads(plan.devices));
    std::vector<Worker> workers(count);
    std::vector<std::thread> threads;
    std::atomic<std::uint64_t> next{plan.entries[entry].batch};
    std::barrier ready(static_cast<std::ptrdiff_t>(count));
    for (std::size_t i = 0; i < count; ++i)
        threads.emplace_back([&, i] {
            const HostThreads::Use use(helpers);
            Worker& worker = workers[i];
            try {
                worker.timed = std::make_unique<Timed>(study, plan.entries[entry],
                                                       plan.devices[i % plan.devices.size()]);
                worker.first = worker.timed->first_batch();
                ready.arrive_and_wait();
            } catch (...) {
                worker.error = std::current_exception();
                ready.arrive_and_drop();
                return;
            }
            try {
                worker.timed->run(next, seconds);
            } catch (...) {
                worker.error = std::current_exception();
            }
        });
    for (std::thread& thread : threads) thread.join();
    Throughput all;
    for (const Worker& worker : workers) {
        if (worker.error) std::rethrow_exception(worker.error);
        worker.timed->add_to(all);
    }
    all.first = workers.front().first;
    return all;
}

double trials_for(double relative_error, const Study& study, const Design& design,
                  const std::vector<Moments>& moments) {
    const std::vector<Decides> deciding = deciding_series(*study.setting, design);
    double most = std::numeric_limits<double>::quiet_NaN();
    for (std::size_t s = 0; s < moments.size(); ++s) {
        if (deciding[s] == Decides::never) continue;
        const double relative = std::sqrt(moments[s].variance()) / std::abs(moments[s].mean());
        const double trials = std::pow(relative / relative_error, 2.0);
        most = trials <= most ? most : trials;
    }
    return most;
}

double largest_difference(const Study& study, const Design& design, const TrialValues& a,
                          const TrialValues& b) {
    const std::size_t trials = std::min(a.trials, b.trials);
    double largest = 0.0;
    for (std::size_t s = 0; s < design.series.size(); ++s) {
        const Series& series = design.series[s];
        const auto theory = study.setting->theory(design.points[series.point]);
        if (is_zero_risk(find_theory(theory, series.arm, series.estimand))) continue;
        for (std::size_t t = 0; t < trials; ++t) {
            const std::size_t i = s * a.trials + t, j = s * b.trials + t;
            if (has_succeeded(a, i) != has_succeeded(b, j))
                return std::numeric_limits<double>::infinity();
            if (!has_succeeded(a, i) || a.values[i] == b.values[j]) continue;
            largest = std::max(largest, std::abs(a.values[i] - b.values[j]) /
                                            std::max(std::abs(a.values[i]), std::abs(b.values[j])));
        }
    }
    return largest;
}

}  // namespace cucurbit
