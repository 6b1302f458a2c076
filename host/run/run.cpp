#include "cucurbit/run.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>

#include "host/run/commit.hpp"
#include "host/run/functions.hpp"
#include "host/run/kept.hpp"
#include "host/run/manifest.hpp"
#include "host/run/pace.hpp"
#include "host/run/plan.hpp"
#include "host/run/precision.hpp"
#include "host/run/shares.hpp"
#include "host/run/work.hpp"
#include "host/run/workers.hpp"
#include "host/store/units.hpp"

namespace cucurbit {

namespace {

using Clock = std::chrono::steady_clock;

constexpr auto report_interval = std::chrono::milliseconds(50);
constexpr auto commit_interval = std::chrono::seconds(1);

/// One run of a study into a folder.
class Driver {
public:
    Driver(const Study& study, const RunOptions& options)
        : study_(study),
          options_(options),
          plan_(make_plan(study, options.device, options.threads, options.shard)),
          store_(Store::open_to_write(options.directory, study)),
          commit_(store_, study),
          workers_(*study.setting, plan_.devices, plan_.workers) {}

    RunEnd run() {
        std::vector<Work> work = next_work();
        if (!work.empty()) store_.record(starting_facts(plan_, options_));
        try {
            while (!work.empty() && stop_asked() == 0) {
                compute(std::move(work));
                work = next_work();
            }
        } catch (const StoreError&) {
            throw;
        } catch (const std::exception& error) {
            store_.record(ending_facts(std::string("failed: ") + error.what(), pace_.computed()));
            throw;
        }
        const bool complete = work.empty();
        if (pace_.computed() > 0)
            store_.record(ending_facts(complete ? "complete" : "stopped", pace_.computed()));
        report();
        return complete ? RunEnd::complete : RunEnd::stopped;
    }

private:
    /// What is lacking up to the end of each design's present round.
    std::vector<Work> next_work() {
        std::vector<Work> work;
        std::uint64_t found = 0;
        for (const Plan::Entry& entry : plan_.entries) {
            const auto wanted = entry.whole ? wanted_ranges(store_, study_, entry.design)
                                            : std::vector(entry.design.points.size(), entry.share);
            const std::vector<Gap> gaps = find_gaps(store_, study_, entry.design, wanted);
            std::uint64_t most = 0;
            for (const std::vector<TrialRange>& ranges : wanted)
                most = std::max(most, count_trials(ranges));
            found += most;
            std::uint64_t lacking = 0;
            for (const Gap& gap : gaps) lacking += gap.trials.count;
            found -= lacking;
            std::uint64_t each = trials_per_task(entry, plan_.workers, lacking);
            if (study_.precision.keep == Keep::moments)
                each = (each + unit_trials - 1) / unit_trials * unit_trials;
            std::vector<Work> more = fill_gaps(entry.design, gaps, each, entry.batch);
            std::move(more.begin(), more.end(), std::back_inserter(work));
        }
        if (pace_.computed() == 0) pace_.found(found);
        return work;
    }

    void compute(std::vector<Work> work) {
        pace_.planned(work);
        workers_.add(std::move(work));
        Clock::time_point last_commit = Clock::now();
        for (bool finished = false; !finished;) {
            collect();
            if (const int asked = stop_asked(); asked > 0)
                workers_.stop(asked > 1 ? Workers::Stop::at_once : Workers::Stop::after_batch);
            finished = workers_.finished();
            if (finished || Clock::now() - last_commit >= commit_interval) {
                commit_.write();
                last_commit = Clock::now();
            }
            report();
        }
        workers_.rethrow();
    }

    void collect() {
        const auto now = Clock::now();
        auto until = now + report_interval;
        // Beyond the deadline it waits for the first batch alone.
        if (options_.max_seconds)
            until = std::min(until, std::max(deadline(), now + std::chrono::milliseconds(1)));
        std::vector<Piece> pieces = workers_.collect(until);
        for (const Piece& piece : pieces) pace_.done(*piece.design, piece.trials.count);
        commit_.add(std::move(pieces));
    }

    Clock::time_point deadline() const {
        constexpr double century = 3.2e9;  // what the clock counts ends after three
        return start_ + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(
                            std::min(*options_.max_seconds, century)));
    }

    int stop_asked() const {
        const int asked = options_.stop ? options_.stop->load() : 0;
        // Some progress at least: a job that starts again and again would never end otherwise.
        const bool late = options_.max_seconds && Clock::now() >= deadline();
        return asked == 0 && late && pace_.computed() > 0 ? 1 : asked;
    }

    void report() const {
        if (options_.report) options_.report(pace_.progress());
    }

    const Study& study_;
    const RunOptions& options_;
    const Clock::time_point start_ = Clock::now();
    Plan plan_;
    Store store_;
    Commit commit_;
    Pace pace_;
    Workers workers_;
};

}  // namespace

RunEnd run(const Study& study, const RunOptions& options) {
    require_functions(study);
    require_cut(options.directory, study);
    return Driver(study, options).run();
}

}  // namespace cucurbit
