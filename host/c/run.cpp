// What the Python package calls to run a study whose labels or measures are functions in Python
// (python/cucurbit/functions.py), which declares the same arguments in the same order. Every other
// study is run by the program.

#include "cucurbit/run.hpp"

#include <atomic>
#include <cstdint>
#include <stdexcept>
#include <string>

#include "host/c/blas_threads.hpp"
#include "host/c/call.hpp"
#include "host/cli/time_limit.hpp"

namespace {

/// As cucurbit::OwnBatch has them; role: as OwnFunction::Role is numbered. Called from several
/// threads. Another value than 0 ends the run.
using Function = int (*)(int role, const char* name, std::uint64_t version, std::size_t trials,
                         std::size_t rows, std::size_t columns, const double* x, double* values);

/// Called now and then from the thread that runs: returns what RunOptions::stop means.
/// seconds_left: NaN where not known.
using Report = int (*)(std::uint64_t done, std::uint64_t total, double seconds_left);

cucurbit::OwnCall call_of(const cucurbit::OwnFunction& function, Function call) {
    return [=, name = function.name](const cucurbit::OwnBatch& batch) {
        const int failed = call(static_cast<int>(function.role), name.c_str(), function.version,
                                batch.trials, batch.rows, batch.columns, batch.x, batch.values);
        if (failed != 0) throw std::runtime_error("the function '" + name + "' raised in Python");
    };
}

}  // namespace

extern "C" {

/// Runs the study of a file into a folder, on the CPU. threads: 0 for all cores. max_time: as the
/// program takes it, empty for none. shard: shard_index from 0 of shard_count. Returns 0, or a
/// Failure whose text is in `message` then: Failure::stopped where the run can be continued.
[[gnu::visibility("default")]] int cucurbit_run(const char* study_file, const char* folder,
                                                std::size_t threads, const char* max_time,
                                                std::size_t shard_index, std::size_t shard_count,
                                                Function call, Report report, char* message,
                                                std::size_t message_size) {
    cucurbit::RunEnd end = cucurbit::RunEnd::stopped;
    const int failure = cucurbit::c::guarded({message, message_size}, [&] {
        const cucurbit::c::BlasThreads kept;
        cucurbit::Study study = cucurbit::read_study(study_file);
        std::vector<cucurbit::OwnCall> calls;
        for (const cucurbit::OwnFunction& function : study.setting->functions())
            calls.push_back(call_of(function, call));
        if (!calls.empty()) study.setting = study.setting->with(calls);
        cucurbit::RunOptions options;
        options.directory = folder;
        options.device = "cpu";
        options.threads = threads;
        options.shard = {shard_index, shard_count, {}};
        options.argv = {"cucurbit.Study.run"};
        if (const std::string time = max_time; !time.empty()) {
            const std::string fault = cucurbit::cli::time_fault(time);
            if (!fault.empty()) throw std::invalid_argument("max_time: " + fault);
            options.max_seconds = cucurbit::cli::seconds_of(time);
        }
        std::atomic<int> stop = 0;
        options.stop = &stop;
        options.report = [&](const cucurbit::Progress& progress) {
            stop = report(progress.trials_done, progress.trials_total, progress.seconds_left);
        };
        end = cucurbit::run(study, options);
    });
    if (failure != 0 || end == cucurbit::RunEnd::complete) return failure;
    return static_cast<int>(cucurbit::c::Failure::stopped);
}
}
