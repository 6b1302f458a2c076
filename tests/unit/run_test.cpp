#include "cucurbit/run.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "cucurbit/engine.hpp"
#include "cucurbit/moments.hpp"
#include "host/run/plan.hpp"
#include "tests/unit/run_fake.hpp"

namespace cucurbit {
namespace {

using fake::Folder;
using fake::Log;
using fake::Options;

const Row& row_of(const Table& table, double samples, const std::string& arm,
                  const std::string& estimand = "excess_risk") {
    for (const Row& row : table.rows)
        if (row.parameters.at(1) == samples && row.arm == arm && row.estimand == estimand)
            return row;
    throw std::out_of_range("no such row");
}

Table table_after(const Study& study) {
    const Folder folder;
    EXPECT_EQ(fake::run_into(folder.path(), study), RunEnd::complete);
    return summarize(Store::open_to_read(folder.path()), study);
}

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

TEST(Adaptive, EndsAtTheFirstPreciseRound) {
    // Standard error of uniform values: spread/√(12 trials), 0.00902 at 1024 and 0.0128 at 512;
    // means are 1 to 3.
    const Study study = fake::adaptive_study({}, 0.01, 100'000);
    const Table table = table_after(study);
    for (const Row& row : table.rows)
        EXPECT_EQ(row.n_trials, row.estimand == "excess_risk" ? 1024u : 0u);
}

TEST(Adaptive, EndsAtMaxTrials) {
    const Table table = table_after(fake::adaptive_study({}, 1e-9, 700));
    EXPECT_EQ(row_of(table, 10, "mask").n_trials, 700u);
    EXPECT_EQ(row_of(table_after(fake::adaptive_study({}, 1e-9, 100)), 10, "mask").n_trials, 100u);
}

TEST(Adaptive, AbsoluteErrorSuffices) {
    Study study = fake::adaptive_study({}, 1e-9, 100'000);
    study.precision.abs_std_err = 0.02;
    EXPECT_EQ(row_of(table_after(study), 10, "mask").n_trials, 256u);
}

TEST(Adaptive, WhatHasNoRelativeErrorDoesNotDecide) {
    Options options;
    options.samples = {10, 20, 30};
    options.zero_risk = 10;
    options.near_interpolation = 20;
    options.spread = 0.1;
    EXPECT_EQ(
        row_of(table_after(fake::adaptive_study(options, 0.01, 100'000)), 30, "mask").n_trials,
        256u);
    options.with_theory = false;  // now the zero risk counts: 0.58/√trials
    EXPECT_EQ(row_of(table_after(fake::adaptive_study(options, 0.01, 2000)), 30, "mask").n_trials,
              2000u);
}

TEST(Adaptive, HistoryDoesNotChangeTheTable) {
    const Study study = fake::adaptive_study({}, 0.01, 100'000);
    const std::string direct = fake::bytes_of(table_after(study));
    const Folder folder;
    fake::run_into(folder.path(), fake::study({}, 300));
    fake::run_into(folder.path(), study, 1);
    EXPECT_EQ(fake::table_of(folder.path(), study), direct);
    fake::run_into(folder.path(), fake::study({}, 3000));
    EXPECT_EQ(fake::table_of(folder.path(), study), direct);
}

TEST(Plan, CountsBlocksBatchesAndBytes) {
    Options options;
    options.bytes_per_trial = devices().front().cache_bytes / 4;
    const Plan plan = make_plan(fake::study(options, 1000), "cpu", 3);
    ASSERT_EQ(plan.entries.size(), 1u);
    EXPECT_EQ(plan.entries[0].trials, 1000u);
    EXPECT_EQ(plan.entries[0].blocks, 16u);
    EXPECT_EQ(plan.entries[0].batch, 4u);
    EXPECT_EQ(plan.entries[0].bytes, 1000 + 4 * options.bytes_per_trial);
    EXPECT_EQ(plan.workers, 3u);
    EXPECT_EQ(plan.peak_bytes, 3 * plan.entries[0].bytes);
    EXPECT_EQ(plan.device, "cpu");
    EXPECT_EQ(plan.flops, 100.0 * 1000);
    options.bytes_per_trial = devices().front().cache_bytes / 30;
    EXPECT_EQ(make_plan(fake::study(options, 1000), "auto", 1).entries[0].batch, 24u);
    options.bytes_per_trial = 1;
    EXPECT_EQ(make_plan(fake::study(options, 1000), "auto", 1).entries[0].batch, 64u);
    EXPECT_EQ(make_plan(fake::study(options, 5), "auto", 1).entries[0].batch, 5u);
}

TEST(Plan, TakesFewerWorkersWhenMemoryIsShort) {
    Options options;
    options.bytes_per_worker = devices().front().memory_bytes / 3;
    EXPECT_LE(make_plan(fake::study(options, 100), "cpu", 8).workers, 3u);
    EXPECT_GE(make_plan(fake::study(options, 100), "cpu", 8).workers, 1u);
}

TEST(Plan, RefusesWhatDoesNotFit) {
    Options options;
    options.bytes_per_worker = std::size_t{1} << 50;
    EXPECT_THROW(make_plan(fake::study(options, 100), "cpu", 1), DeviceError);
    const Folder folder;
    EXPECT_THROW(fake::run_into(folder.path() / "none", fake::study(options, 100)), DeviceError);
    EXPECT_FALSE(std::filesystem::exists(folder.path() / "none"));
    options.bytes_per_worker = 0;
    options.bytes_per_trial = std::size_t{1} << 50;
    EXPECT_THROW(make_plan(fake::study(options, 100), "cpu", 1), DeviceError);
}

TEST(Plan, TasksAreWholeBatchesAndKeepAllWorkersBusy) {
    Plan::Entry entry;
    entry.batch = 5;
    entry.design.trials_per_block = 64;
    EXPECT_EQ(trials_per_task(entry, 2, 1'000'000), 60u);
    EXPECT_EQ(trials_per_task(entry, 64, 16 * 64 * 20), 20u);
    EXPECT_EQ(trials_per_task(entry, 64, 1000), 5u);
    entry.batch = 4096;  // of a card
    EXPECT_EQ(trials_per_task(entry, 1, 1'000'000), 4096u);
}

TEST(Plan, NamesTheDeviceAndSaysWhy) {
    const Plan chosen = make_plan(fake::study({}, 100), "cpu", 1);
    EXPECT_EQ(chosen.device, "cpu");
    EXPECT_EQ(chosen.reason, "");
    ASSERT_EQ(chosen.devices.size(), 1u);
    EXPECT_EQ(chosen.devices[0].name, "cpu");
    EXPECT_NE(make_plan(fake::study({}, 100), "auto", 1).reason, "");
}

TEST(Plan, RefusesUnknownDevices) {
    try {
        make_plan(fake::study({}, 100), "abacus", 1);
        FAIL() << "accepted";
    } catch (const DeviceError& error) {
        EXPECT_NE(std::string(error.what()).find("abacus"), std::string::npos);
        EXPECT_NE(std::string(error.what()).find("cpu"), std::string::npos);
    }
}

TEST(Plan, RefusesCollidingKeys) {
    Options options;
    options.designs = {100, 100};
    EXPECT_THROW(make_plan(fake::study(options, 100), "cpu", 1), StudyError);
}

TEST(Plan, BatchesStayWithinWhatWasAgreed) {
    Options options;
    options.bytes_per_trial = devices().front().cache_bytes / 4;
    const auto log = std::make_shared<Log>();
    const Folder folder;
    fake::run_into(folder.path(), fake::study(options, 100, log));
    EXPECT_EQ(log->largest_batch, 4u);
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

TEST(Status, CountsTrialsAndBlocksThatEverySeriesHas) {
    const Folder folder;
    Options options;
    options.samples = {10};
    fake::run_into(folder.path(), fake::study(options, 100));
    const Store store = Store::open_to_read(folder.path());
    DesignStatus now = status(store, fake::study(options, 300)).front();
    EXPECT_EQ(now.trials_done, 100u);
    EXPECT_EQ(now.trials_wanted, 300u);
    EXPECT_EQ(now.blocks_done, 1u);
    EXPECT_EQ(now.blocks_wanted, 5u);
    now = status(store, fake::study(options, 100)).front();
    EXPECT_EQ(now.blocks_done, 2u);
    EXPECT_EQ(now.blocks_wanted, 2u);
    options.samples = {10, 20};
    now = status(store, fake::study(options, 100)).front();
    EXPECT_EQ(now.trials_done, 0u);
    EXPECT_EQ(now.blocks_done, 0u);
}

TEST(Replay, FindsStoredTrialsToTheBitAndPlantedDifferences) {
    const Folder folder;
    const Study study = fake::study({}, 100);
    fake::run_into(folder.path(), study);
    const Store store = Store::open_to_read(folder.path());
    const std::vector<Replayed> same = replay(store, study, {{"n", 20.0}}, {17, 99, 100}, "cpu");
    ASSERT_EQ(same.size(), 6u);
    for (const Replayed& one : same) {
        EXPECT_EQ(one.parameters, (std::vector<double>{100, 20}));
        EXPECT_EQ(one.same, one.trial < 100) << one.trial;
        EXPECT_EQ(one.stored.has_value(), one.trial < 100);
    }
    Options changed;
    changed.outcomes[17] = {Status::ok, Rung::refined, 0};
    for (const Replayed& one : replay(store, fake::study(changed, 100), {}, {17}, "cpu"))
        EXPECT_FALSE(one.same);
    changed = {};
    changed.spread = std::nextafter(1.0, 2.0);
    std::size_t different = 0;
    for (const Replayed& one : replay(store, fake::study(changed, 100), {}, {17, 18, 19}, "cpu"))
        different += !one.same;
    EXPECT_GT(different, 0u);
    EXPECT_THROW(replay(store, study, {{"m", 1.0}}, {0}, "cpu"), std::invalid_argument);
    EXPECT_THROW(replay(store, study, {{"n", 21.0}}, {0}, "cpu"), std::invalid_argument);
}

}  // namespace
}  // namespace cucurbit
