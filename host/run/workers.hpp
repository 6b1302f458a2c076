#pragma once
// Threads that compute tasks.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "cucurbit/engine.hpp"
#include "host/run/work.hpp"
#include "host/threads/host_threads.hpp"

namespace cucurbit {

/// Values that may wait for a slow disk before the workers do: 96 MiB with their outcomes, and as
/// many are meanwhile being stored.
inline constexpr std::size_t max_waiting_values = std::size_t{1} << 23;

/// Computed trials of a task: all of them, or the first ones if the run was stopped.
struct Piece {
    std::shared_ptr<const Design> design;
    TrialRange trials;
    std::vector<double> values;     ///< [series][trial]
    std::vector<Outcome> outcomes;  ///< [series][trial]
};

/// Threads beside the workers that read the results of cards' batches (HostThreads): those that
/// keep every core busy with one worker's batch; 0 where no device is a card.
std::size_t host_threads(const std::vector<Device>& devices);

/// Computes tasks in order on worker threads, each with an engine of its own and the simulation of
/// the design that it last met, kept from one add() to the next. Where a device has too little
/// memory for a batch, the worker goes on with batches of half the size. The destructor drops what
/// is in flight and joins the threads.
class Workers {
public:
    enum class Stop { none = 0, after_batch = 1, at_once = 2 };

    /// At most so many threads; worker i has an engine on devices[i % devices.size()].
    Workers(const Setting& setting, std::vector<Device> devices, std::size_t threads);
    Workers(const Workers&) = delete;
    Workers& operator=(const Workers&) = delete;
    ~Workers();

    /// More tasks, after those added before; starts threads where there are fewer than tasks.
    void add(std::vector<Work> more);
    /// From any thread; after_batch: engine calls in flight are finished and handed on.
    void stop(Stop stop);
    /// The pieces that have arrived by this time, or earlier when all are done or many are waiting.
    std::vector<Piece> collect(std::chrono::steady_clock::time_point until);
    /// All tasks are done, or the workers have stopped, and every piece has been collected.
    bool finished();
    /// Throws what a worker threw, if one did.
    void rethrow();

private:
    void work(const Device& device);
    /// The next task, waited for; none when it is time to end.
    std::optional<Task> take();
    /// No thread computes, and none will without more tasks.
    bool quiet() const { return busy_ == 0 && (work_.empty() || stop_ != Stop::none); }
    /// False, and no simulation, where the device has too little memory for the batch; throws
    /// DeviceError where the batch is a single trial.
    bool compute_if_it_fits(const Task& task, std::size_t batch, Engine& engine,
                            std::unique_ptr<Simulation>& simulation);
    void compute(const Task& task, std::size_t batch, Simulation& simulation);
    void hand_on(Piece piece);

    const Setting& setting_;
    const std::vector<Device> devices_;
    const std::size_t most_threads_;
    HostThreads helpers_;
    std::atomic<Stop> stop_{Stop::none};

    std::mutex mutex_;
    std::condition_variable added_;    ///< tasks, or the end
    std::condition_variable arrived_;  ///< pieces, or nothing more will
    std::condition_variable taken_;    ///< pieces, or the end
    std::deque<Work> work_;            ///< each with a task at least
    std::vector<Piece> pieces_;
    std::size_t waiting_values_ = 0;
    std::size_t busy_ = 0;  ///< threads that make an engine or compute a task
    std::exception_ptr failure_;
    std::vector<std::thread> threads_;
};

}  // namespace cucurbit
