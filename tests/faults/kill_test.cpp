// kill -9 at any moment: what was committed is there, nothing is half there, and the run continues.

#include <gtest/gtest.h>

#include <random>

#include "tests/faults/child.hpp"
#include "tests/unit/run_fake.hpp"

namespace cucurbit {
namespace {

using fake::Options;

const SeriesKey first_key{1, "n=10", "standard", "excess_risk"};
const SeriesKey second_key{1, "n=10", "mask", "excess_risk"};

/// Trials of all designs; 0 until there is a store.
std::uint64_t trials_in(const std::filesystem::path& folder, const Study& study) {
    if (!std::filesystem::exists(folder / "study.toml")) return 0;
    std::uint64_t done = 0;
    for (const DesignStatus& one : status(Store::open_to_read(folder), study))
        done += one.trials_done;
    return done;
}

/// Writes blocks of two series, each pair in one transaction, until it is killed.
void write_forever(const std::filesystem::path& folder) {
    Store store = Store::open_to_write(folder, fake::study({}, 64));
    const std::vector<TrialRange> there = store.trials(first_key);
    for (std::uint64_t first = there.empty() ? 0 : there.front().end();; first += 64) {
        const BlockValues block{first, std::vector<double>(64, static_cast<double>(first)),
                                std::vector<Outcome>(64)};
        store.write({{first_key, block}, {second_key, block}});
    }
}

TEST(Kill, TransactionsAreWholeWheneverTheWriterDies) {
    const Folder folder;
    std::mt19937 random(1);
    std::uint64_t last = 0;
    for (int i = 0; i < 12; ++i) {
        Child writer([&folder] { write_forever(folder.path()); });
        EXPECT_EQ(writer.kill_after(std::chrono::milliseconds(random() % 250)), -SIGKILL);
        if (!std::filesystem::exists(folder.path() / "store.sqlite")) continue;
        Store::open_to_write(folder.path(), fake::study({}, 64));
        const Store store = Store::open_to_read(folder.path());
        ASSERT_NO_THROW(store.verify());
        EXPECT_EQ(store.trials(first_key), store.trials(second_key));
        const std::uint64_t end =
            store.trials(first_key).empty() ? 0 : store.trials(first_key).front().end();
        EXPECT_GE(end, last);
        last = end;
    }
    EXPECT_GT(last, 0u);
}

TEST(Kill, ARunContinuesToTheSameTable) {
    Options slow;
    slow.designs = {100, 200};
    slow.pause = std::chrono::microseconds(150);
    Options quick = slow;
    quick.pause = std::chrono::microseconds(0);
    const Folder folder;
    const Study study = fake::study(slow, 30'000);
    for (const int delay : {30, 1100}) {
        Child runner([&] { fake::run_into(folder.path(), study); });
        EXPECT_EQ(runner.kill_after(std::chrono::milliseconds(delay)), -SIGKILL);
    }
    std::uint64_t done = 0;
    Child runner([&] { fake::run_into(folder.path(), study); });
    for (int i = 0; i < 100 && done == 0; ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        done = trials_in(folder.path(), study);
    }
    EXPECT_EQ(runner.kill_after(std::chrono::milliseconds(0)), -SIGKILL);
    EXPECT_GT(done, 0u);
    EXPECT_LT(done, 60'000u);
    EXPECT_EQ(fake::run_into(folder.path(), fake::study(quick, 30'000)), RunEnd::complete);
    const Folder direct;
    fake::run_into(direct.path(), fake::study(quick, 30'000), 1);
    EXPECT_EQ(fake::table_of(folder.path(), study), fake::table_of(direct.path(), study));
}

TEST(Kill, ALostLogCostsTrialsButNoTruth) {
    const Folder folder;
    Child writer([&folder] { write_forever(folder.path()); });
    writer.kill_after(std::chrono::milliseconds(300));
    std::filesystem::remove(folder.path() / "store.sqlite-wal");
    {
        const Store store = Store::open_to_read(folder.path());
        ASSERT_NO_THROW(store.verify());
        EXPECT_EQ(store.trials(first_key), store.trials(second_key));
    }
    EXPECT_NO_THROW(Store::open_to_write(folder.path(), fake::study({}, 64)));
}

TEST(Kill, TableIsReadWhileARunGoesOn) {
    const Folder folder;
    Options options;
    options.pause = std::chrono::microseconds(500);
    const Study study = fake::study(options, 1'000'000);
    Child runner([&] { fake::run_into(folder.path(), study); });
    std::uint64_t done = 0;
    for (int i = 0; i < 100 && done == 0; ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        if (!std::filesystem::exists(folder.path() / "study.toml")) continue;
        const Store store = Store::open_to_read(folder.path());
        done = status(store, study).front().trials_done;
        for (const Row& row : summarize(store, study).rows)
            if (row.estimand == "excess_risk") {
                EXPECT_EQ(row.n_trials >= done, true);
            }
    }
    EXPECT_GT(done, 0u);
    EXPECT_THROW(fake::run_into(folder.path(), study), StoreError);
}

}  // namespace
}  // namespace cucurbit
