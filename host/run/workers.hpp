#pragma once
// Threads that compute tasks.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "cucurbit/engine.hpp"
#include "host/run/work.hpp"

namespace cucurbit {

/// Computed trials of a task: all of them, or the first ones if the run was stopped.
struct Piece {
    std::shared_ptr<const Design> design;
    TrialRange trials;
    std::vector<double> values;     ///< [series][trial]
    std::vector<Outcome> outcomes;  ///< [series][trial]
};

/// Computes tasks in order on worker threads, each with an engine of its own and the simulation of
/// the design that it last met. Where a device has too little memory for a batch, the worker goes
/// on with batches of half the size. Threads start at construction; the destructor drops what is in
/// flight and joins them.
class Workers {
public:
    enum class Stop { none = 0, after_batch = 1, at_once = 2 };

    /// Worker i has an engine on devices[i % devices.size()].
    Workers(const Setting& setting, std::vector<Task> tasks, const std::vector<Device>& devices,
            std::size_t threads);
    Workers(const Workers&) = delete;
    Workers& operator=(const Workers&) = delete;
    ~Workers();

    /// From any thread; after_batch: engine calls in flight are finished and handed on.
    void stop(Stop stop);
    /// The pieces that have arrived by this time, or earlier when all are done or many are waiting.
    std::vector<Piece> collect(std::chrono::steady_clock::time_point until);
    /// All threads have ended and every piece has been collected.
    bool finished();
    /// Throws what a worker threw, if one did.
    void rethrow();

private:
    void work(const Device& device);
    /// False, and no simulation, where the device has too little memory for the batch; throws
    /// DeviceError where the batch is a single trial.
    bool compute_if_it_fits(const Task& task, std::size_t batch, Engine& engine,
                            std::unique_ptr<Simulation>& simulation);
    void compute(const Task& task, std::size_t batch, Simulation& simulation);
    void hand_on(Piece piece);

    const Setting& setting_;
    const std::vector<Task> tasks_;
    std::atomic<std::size_t> next_{0};
    std::atomic<Stop> stop_{Stop::none};

    std::mutex mutex_;
    std::condition_variable arrived_;
    std::condition_variable taken_;
    std::vector<Piece> pieces_;
    std::size_t waiting_values_ = 0;
    std::size_t running_ = 0;
    std::exception_ptr failure_;
    std::vector<std::thread> threads_;
};

}  // namespace cucurbit
