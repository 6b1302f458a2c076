// What runs ahead, what is done, and what is done again: plan, status and replay.

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "cucurbit/costs.hpp"
#include "cucurbit/engine.hpp"
#include "cucurbit/run.hpp"
#include "host/run/choice.hpp"
#include "host/run/environment.hpp"
#include "host/run/plan.hpp"
#include "tests/unit/run_fake.hpp"

namespace cucurbit {
namespace {

using fake::Log;
using fake::Options;

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
    EXPECT_EQ(trials_per_task(entry, 64, std::uint64_t{16} * 64 * 20), 20u);
    EXPECT_EQ(trials_per_task(entry, 64, 1000), 5u);
    entry.batch = 4096;  // of a card
    EXPECT_EQ(trials_per_task(entry, 1, 1'000'000), 4096u);
    EXPECT_EQ(trials_per_task(entry, 2, 256), 128u) << "the first round is both workers'";
    EXPECT_EQ(trials_per_task(entry, 3, 100), 40u) << "whole groups";
    EXPECT_EQ(trials_per_task(entry, 2, 1), 8u);
}

/// A card that need not be there.
DeviceChoice some_card(std::size_t memory_bytes = std::size_t{1} << 34) {
    Device card;
    card.name = "cuda:0";
    card.memory_bytes = memory_bytes;
    card.workers = 2;
    return {card.name, {card}, {}};
}

TEST(Plan, OfACardTakesBatchesForTheMostTrialsThatAPrecisionMayNeed) {
    const Plan adaptive = make_plan(fake::adaptive_study({}, 0.01, 100'000), some_card(), 0);
    ASSERT_EQ(adaptive.entries.size(), 1u);
    EXPECT_EQ(adaptive.entries[0].trials, 256u) << "the first round";
    EXPECT_EQ(adaptive.entries[0].batch,
              make_plan(fake::study({}, 100'000), some_card(), 0).entries[0].batch);
    EXPECT_EQ(adaptive.entries[0].batch, 16384u);
    EXPECT_EQ(make_plan(fake::adaptive_study({}, 0.01, 700), some_card(), 0).entries[0].batch,
              350u);
    // On a CPU the cache decides, and the first round.
    EXPECT_EQ(make_plan(fake::adaptive_study({}, 0.01, 100), "cpu", 1).entries[0].batch, 64u);
}

TEST(Plan, OfACardIsBoundedByTheHostsMemoryToo) {
    const Study study = fake::study({}, 100'000);
    const Plan ample = make_plan(study, some_card(), 0);
    const std::size_t each = ample.entries[0].host_bytes / ample.entries[0].batch;
    EXPECT_GE(each, 6 * (sizeof(double) + sizeof(Outcome))) << "values of six series";
    EXPECT_EQ(ample.host_peak_bytes, 2 * ample.entries[0].host_bytes);
    const std::size_t batch = 100;
    const Plan tight = make_plan(study, some_card(), 0, {}, 2 * batch * each + 1);
    EXPECT_EQ(tight.entries[0].batch, batch);
    EXPECT_EQ(tight.host_peak_bytes, 2 * batch * each);
    EXPECT_EQ(tight.entries[0].bytes, 1000u + 100 * 1000);
    EXPECT_THROW(make_plan(study, some_card(), 0, {}, each), DeviceError);
    EXPECT_EQ(make_plan(study, "cpu", 1).host_peak_bytes, 0u) << "its engine memory is the host's";
}

TEST(Choice, IsTheCardWhereItsStartPays) {
    const Choice small = choose(1.4, 16, 0.02, "cuda:0");
    EXPECT_FALSE(small.card);
    EXPECT_NE(small.reason.find("the cpu needs about 1.4 s with 16 workers"), std::string::npos)
        << small.reason;
    EXPECT_NE(small.reason.find("cuda:0 at least 1.5 s"), std::string::npos) << small.reason;
    EXPECT_TRUE(choose(3.0, 16, 0.02, "cuda:0").card);
    EXPECT_FALSE(choose(3.0, 16, 1.6, "cuda:0").card) << "a slow card";
    EXPECT_TRUE(choose(100.0, 1, 90.0, "cuda:0").card);
    EXPECT_EQ(small.reason.find('\n'), std::string::npos);
}

TEST(Choice, TakesACardsPublishedFiguresByItsName) {
    Device device;
    device.name = "cuda:3";
    device.memory_bytes = 12345;
    device.description = "NVIDIA H200, compute capability 9.0, 132 multiprocessors";
    EXPECT_EQ(figures_of(device).bytes_per_second, 4.8e12);
    EXPECT_EQ(figures_of(device).name, "cuda:3");
    EXPECT_EQ(figures_of(device).memory_bytes, 12345u);
    device.description = "one that nobody knows";
    for (const Card& card : known_cards())
        EXPECT_LE(figures_of(device).flops_per_second, card.flops_per_second);
}

TEST(Environment, TellsWhatChangesArithmetic) {
    const auto find = [](const std::string& name) {
        for (const ArithmeticVariable& variable : arithmetic_variables())
            if (variable.name == name)
                return variable.value + (variable.changes_precision ? "!" : "");
        return std::string();
    };
    const char* name = "CUBLAS_EMULATE_DOUBLE_PRECISION";
    EXPECT_EQ(find(name), "");
    // No other thread runs here. NOLINTBEGIN(concurrency-mt-unsafe)
    ::setenv(name, "1", 1);
    ::setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", 1);
    EXPECT_EQ(find(name), "1!");
    EXPECT_EQ(find("CUBLAS_WORKSPACE_CONFIG"), ":4096:8");
    EXPECT_NE(text_of(arithmetic_variables()).find("CUBLAS_WORKSPACE_CONFIG=:4096:8"),
              std::string::npos);
    ::setenv(name, "0", 1);
    EXPECT_EQ(find(name), "0");
    ::unsetenv(name);
    ::unsetenv("CUBLAS_WORKSPACE_CONFIG");
    // NOLINTEND(concurrency-mt-unsafe)
    EXPECT_EQ(find("CUBLAS_WORKSPACE_CONFIG"), "");
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

// Which of a folder's trials a card computed is not recorded: it may be any.
TEST(Replay, AllowsADifferenceWhereACardHadAPart) {
    const Folder folder;
    Options options;
    options.zero_risk = 10;
    const Study study = fake::study(options, 10);
    fake::run_into(folder.path(), study);
    Store::open_to_write(folder.path(), study).record({{"device", "cuda:0"}});
    const Store store = Store::open_to_read(folder.path());
    for (const Replayed& one : replay(store, study, {}, {3}, "cpu")) {
        EXPECT_TRUE(one.same);
        if (one.parameters.at(1) == options.zero_risk)
            EXPECT_TRUE(std::isinf(one.allowed));
        else
            EXPECT_EQ(one.allowed, allowed_difference);
    }
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
        EXPECT_EQ(one.allowed, 0.0) << "a CPU gives the same bits";
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

TEST(AllowedDifferences, AreUnlimitedWhereTheRiskIsZero) {
    Options options;
    options.zero_risk = 20;
    const Study study = fake::study(options, 64);
    const AllowedDifference allowed = allowed_differences(study);
    const Design design = study.setting->designs().front();
    for (const Series& series : design.series) {
        const double n = design.points[series.point].parameters[1];
        EXPECT_EQ(allowed(series_key(*study.setting, design, series)),
                  n == 20.0 ? std::numeric_limits<double>::infinity() : allowed_difference)
            << series.arm << " at " << n;
    }
}

}  // namespace
}  // namespace cucurbit
