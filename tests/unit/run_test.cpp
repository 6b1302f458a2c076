#include "cucurbit/run.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "cucurbit/engine.hpp"
#include "cucurbit/moments.hpp"
#include "host/run/plan.hpp"
#include "tests/unit/run_fake.hpp"

namespace cucurbit {
namespace {

using fake::Log;
using fake::Options;
using fake::row_of;
using fake::table_after;

/// Merged by hand from the planted values: 64 trials at a time.
Moments by_hand(const Options& options, const Design& design, double samples,
                const std::string& arm, std::uint64_t trials) {
    Moments all;
    for (std::uint64_t first = 0; first < trials; first += 64) {
        Moments part;
        for (std::uint64_t t = first; t < std::min(first + 64, trials); ++t) {
            const double value = fake::value_of(options, design.key, samples, arm, t);
            if (fake::outcome_of(options, t).status == Status::ok && std::isfinite(value))
                part.add(value);
        }
        all.merge(part);
    }
    return all;
}

TEST(Run, GivesEverySeriesExactlyItsTrials) {
    const Options options;
    const Study study = fake::study(options, 1000);
    const Table table = table_after(study);
    const Design design = study.setting->designs().front();
    for (const double n : options.samples)
        for (const std::string& arm : options.arms) {
            const Row& row = row_of(table, n, arm);
            const Moments expected = by_hand(options, design, n, arm, 1000);
            EXPECT_EQ(row.n_trials, 1000u);
            EXPECT_EQ(row.n_failed, 0u);
            EXPECT_EQ(row.estimate, expected.mean());
            EXPECT_EQ(row.std_err, expected.standard_error());
            EXPECT_EQ(row.theory, fake::mean_of(n));
            EXPECT_EQ(row.z, (row.estimate - row.theory) / row.std_err);
            EXPECT_EQ(row.flags, "");
        }
}

TEST(Run, TableIsTheSameForAnyNumberOfThreadsAndBlockSize) {
    Options options;
    options.designs = {100, 200};
    const std::string one = fake::bytes_of(table_after(fake::study(options, 500)));
    for (const std::size_t threads : {2, 4}) {
        const Folder folder;
        fake::run_into(folder.path(), fake::study(options, 500), threads);
        EXPECT_EQ(fake::table_of(folder.path(), fake::study(options, 500)), one);
    }
    options.trials_per_block = 7;
    EXPECT_EQ(fake::bytes_of(table_after(fake::study(options, 500))), one);
}

TEST(Run, ComputesNothingTwice) {
    const Folder folder;
    const auto log = std::make_shared<Log>();
    fake::run_into(folder.path(), fake::study({}, 100, log));
    EXPECT_EQ(log->trials, 100u);
    fake::run_into(folder.path(), fake::study({}, 100, log));
    EXPECT_EQ(log->trials, 100u);
    fake::run_into(folder.path(), fake::study({}, 300, log));
    EXPECT_EQ(log->trials, 300u);
    EXPECT_EQ(fake::table_of(folder.path(), fake::study({}, 300)),
              fake::bytes_of(table_after(fake::study({}, 300))));
}

TEST(Run, AGrownGridComputesOnlyWhatIsNew) {
    const Folder folder;
    const auto log = std::make_shared<Log>();
    Options options;
    options.samples = {10, 30};
    fake::run_into(folder.path(), fake::study(options, 100, log));
    EXPECT_EQ(log->values, 400u);
    options.samples = {10, 20, 30};
    options.arms = {"standard", "mask", "optimal_surrogate"};
    fake::run_into(folder.path(), fake::study(options, 150, log));
    EXPECT_EQ(log->values, 9 * 150u);
    EXPECT_EQ(fake::table_of(folder.path(), fake::study(options, 150)),
              fake::bytes_of(table_after(fake::study(options, 150))));
}

TEST(Run, FewerTrialsShrinkTheTable) {
    const Folder folder;
    fake::run_into(folder.path(), fake::study({}, 300));
    const Study shorter = fake::study({}, 100);
    EXPECT_EQ(fake::table_of(folder.path(), shorter), fake::bytes_of(table_after(shorter)));
}

TEST(Run, StopsAfterTheTrialsInFlightAndContinues) {
    Options options;
    options.pause = std::chrono::microseconds(200);
    options.bytes_per_trial = 1 << 20;  // small batches
    const Study slow = fake::study(options, 20'000);
    const Study study = fake::study({}, 20'000);
    const Folder folder;
    std::atomic<int> stop{0};
    RunOptions run_options;
    run_options.directory = folder.path();
    run_options.device = "cpu";
    run_options.threads = 2;
    run_options.stop = &stop;
    run_options.report = [&stop](const Progress& progress) {
        if (progress.trials_done < progress.trials_total) stop = 1;
    };
    EXPECT_EQ(run(slow, run_options), RunEnd::stopped);
    const std::uint64_t done =
        status(Store::open_to_read(folder.path()), study).front().trials_done;
    EXPECT_GT(done, 0u);
    EXPECT_LT(done, 20'000u);
    EXPECT_NE(fake::table_of(folder.path(), study).find("incomplete"), std::string::npos);
    stop = 0;
    run_options.report = nullptr;
    EXPECT_EQ(run(study, run_options), RunEnd::complete);
    EXPECT_EQ(fake::table_of(folder.path(), study), fake::bytes_of(table_after(study)));
}

TEST(Run, LosesNoTrialWhenAskedToFinishThoseInFlight) {
    Options options;
    options.pause = std::chrono::microseconds(500);
    options.bytes_per_trial = 1 << 20;
    const auto log = std::make_shared<Log>();
    const Study study = fake::study(options, 5000, log);
    const Folder folder;
    RunOptions run_options;
    run_options.directory = folder.path();
    run_options.device = "cpu";
    run_options.threads = 2;
    run_options.max_seconds = 0.3;
    EXPECT_EQ(run(study, run_options), RunEnd::stopped);
    EXPECT_EQ(status(Store::open_to_read(folder.path()), study).front().trials_done, log->trials);
}

TEST(Run, DropsWhatIsInFlightWhenStoppedAtOnce) {
    Options options;
    options.pause = std::chrono::microseconds(500);
    const Study study = fake::study(options, 5000);
    const Folder folder;
    const std::atomic<int> stop{2};
    RunOptions run_options;
    run_options.directory = folder.path();
    run_options.device = "cpu";
    run_options.stop = &stop;
    EXPECT_EQ(run(study, run_options), RunEnd::stopped);
    EXPECT_EQ(run(fake::study(options, 0), run_options), RunEnd::complete);
}

TEST(Run, AFailureInAWorkerEndsTheRunAndKeepsWhatWasDone) {
    Options options;
    options.throws_at = 640;
    const Folder folder;
    EXPECT_THROW(fake::run_into(folder.path(), fake::study(options, 5000)), std::runtime_error);
    const Study study = fake::study({}, 5000);
    EXPECT_GE(status(Store::open_to_read(folder.path()), study).front().trials_done, 500u);
    const auto facts = Store::open_to_read(folder.path()).manifest();
    EXPECT_NE(std::find(facts.begin(), facts.end(),
                        std::pair<std::string, std::string>{"ended", "failed: planted failure"}),
              facts.end());
    EXPECT_EQ(fake::run_into(folder.path(), study), RunEnd::complete);
    EXPECT_EQ(fake::table_of(folder.path(), study), fake::bytes_of(table_after(study)));
}

TEST(Run, RecordsFactsOfTheInvocation) {
    const Folder folder;
    fake::run_into(folder.path(), fake::study({}, 100));
    std::map<std::string, std::string> facts;
    for (const auto& [name, value] : Store::open_to_read(folder.path()).manifest())
        facts[name] = value;
    EXPECT_EQ(facts.at("argv"), R"(["cucurbit","run"])");
    EXPECT_EQ(facts.at("trials_computed"), "100");
    EXPECT_EQ(facts.at("ended"), "complete");
    for (const char* name : {"start", "end", "version", "revision", "compiler", "device", "host",
                             "device_description", "workers"})
        EXPECT_FALSE(facts.at(name).empty()) << name;
}

TEST(Run, ReportsProgressUpToTheEnd) {
    const Folder folder;
    Progress last;
    RunOptions options;
    options.directory = folder.path();
    options.device = "cpu";
    options.report = [&last](const Progress& progress) {
        EXPECT_GE(progress.trials_done, last.trials_done);
        last = progress;
    };
    run(fake::study({}, 100), options);
    EXPECT_EQ(last.trials_done, 100u);
    run(fake::study({}, 300), options);
    EXPECT_EQ(last.trials_done, 300u);
    EXPECT_EQ(last.trials_total, 300u);
    EXPECT_EQ(last.seconds_left, 0.0);
}

TEST(Memory, ABatchThatDoesNotFitIsHalved) {
    Options options;
    options.bytes_per_trial = 1;
    const Study study = fake::study(options, 300);
    const Folder direct;
    fake::run_into(direct.path(), study);
    for (const bool when_running : {false, true}) {
        options.most_in_memory = 10;
        options.short_when_running = when_running;
        const auto log = std::make_shared<Log>();
        const Folder folder;
        fake::run_into(folder.path(), fake::study(options, 300, log));
        EXPECT_EQ(log->largest_batch, 8u) << "of 64, 32, 16, 8";
        EXPECT_EQ(fake::table_of(folder.path(), study), fake::table_of(direct.path(), study));
    }
    options.most_in_memory = 0;
    const Folder folder;
    EXPECT_THROW(fake::run_into(folder.path(), fake::study(options, 300)), DeviceError);
}

}  // namespace
}  // namespace cucurbit
