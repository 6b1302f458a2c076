// What runs ahead, what is done, and what is done again: plan, status and replay.

#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "cucurbit/engine.hpp"
#include "cucurbit/run.hpp"
#include "host/run/plan.hpp"
#include "tests/unit/run_fake.hpp"

namespace cucurbit {
namespace {

using fake::Log;
using fake::Options;

TEST(Plan, DealsDesignsToShards) {
    Options options;
    options.designs = {100, 101, 102, 103, 104};
    const Study study = fake::study(options, 10);
    const std::vector<Design> designs = study.setting->designs();
    for (const std::size_t count : {1, 2, 3, 7}) {
        std::map<std::uint64_t, std::size_t> dealt;
        for (std::size_t index = 0; index < count; ++index) {
            const Plan plan = make_plan(study, "cpu", 1, {index, count});
            EXPECT_LE(plan.entries.size(), (designs.size() + count - 1) / count);
            EXPECT_EQ(plan.entries.empty(), index >= designs.size());
            for (const Plan::Entry& entry : plan.entries) ++dealt[entry.design.key];
        }
        ASSERT_EQ(dealt.size(), designs.size());
        for (const auto& [key, times] : dealt) EXPECT_EQ(times, 1u);
    }
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
    EXPECT_EQ(trials_per_task(entry, 64, std::uint64_t{16} * 64 * 20), 20u);
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
