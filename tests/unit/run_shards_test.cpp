// Runs that several machines share.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "host/run/shares.hpp"
#include "tests/unit/run_fake.hpp"

namespace cucurbit {
namespace {

using fake::Options;

/// A study of designs with so many trials each.
Study study_of(std::size_t designs, std::uint64_t trials) {
    Options options;
    options.designs.clear();
    for (std::size_t i = 0; i < designs; ++i)
        options.designs.push_back(100.0 + static_cast<double>(i));
    return fake::study(options, trials);
}

/// What each shard has of each design: [shard][design].
std::vector<std::vector<std::vector<TrialRange>>> deal(const Study& study, std::size_t count,
                                                       const std::filesystem::path& of = {}) {
    const std::vector<Design> designs = study.setting->designs();
    std::vector<std::vector<std::vector<TrialRange>>> dealt;
    for (std::size_t index = 0; index < count; ++index)
        dealt.push_back(shares(study, designs, {index, count, of}));
    return dealt;
}

std::uint64_t trials_of(const std::vector<std::vector<TrialRange>>& share) {
    std::uint64_t trials = 0;
    for (const std::vector<TrialRange>& ranges : share) trials += count_trials(ranges);
    return trials;
}

/// Runs every shard into a folder of its own below `folder`, and merges them there into "joined".
void run_shards(const std::filesystem::path& folder, const Study& study, std::size_t count,
                const std::filesystem::path& of = {}) {
    for (std::size_t index = 0; index < count; ++index) {
        RunOptions options;
        options.directory = folder / std::to_string(index);
        options.device = "cpu";
        options.threads = 1 + index % 2;
        options.shard = {index, count, of};
        EXPECT_EQ(run(study, options), RunEnd::complete);
    }
    Store joined = Store::open_to_write(folder / "joined", study);
    for (std::size_t index = 0; index < count; ++index)
        joined.merge(Store::open_to_read(folder / std::to_string(index)),
                     allowed_differences(study));
}

TEST(Shards, HaveEveryTrialOnce) {
    for (const std::size_t designs : {1, 2, 5, 40})
        for (const std::uint64_t trials : {1, 63, 64, 65, 1000, 100'000})
            for (const std::size_t count : {1, 2, 3, 8, 100}) {
                const auto dealt = deal(study_of(designs, trials), count);
                for (std::size_t design = 0; design < designs; ++design) {
                    std::vector<TrialRange> all;
                    for (const auto& share : dealt)
                        all.insert(all.end(), share[design].begin(), share[design].end());
                    std::sort(all.begin(), all.end(),
                              [](TrialRange a, TrialRange b) { return a.first < b.first; });
                    std::uint64_t next = 0;
                    for (const TrialRange& range : all) {
                        EXPECT_EQ(range.first, next);
                        EXPECT_EQ(range.first % 64, 0u) << "blocks are whole";
                        next = range.end();
                    }
                    EXPECT_EQ(next, trials);
                }
            }
}

TEST(Shards, HaveEqualParts) {
    for (const std::size_t designs : {1, 2, 5, 40})
        for (const std::uint64_t blocks : {1, 2, 16, 1000})
            for (const std::size_t count : {2, 3, 8}) {
                std::uint64_t least = 1'000'000, most = 0;
                for (const auto& share : deal(study_of(designs, 64 * blocks), count)) {
                    least = std::min(least, trials_of(share) / 64);
                    most = std::max(most, trials_of(share) / 64);
                    for (const auto& ranges : share) EXPECT_LE(ranges.size(), 1u) << "side by side";
                }
                EXPECT_EQ(least > 0, designs * blocks >= count);
                EXPECT_LE(most - least, std::max<std::uint64_t>(1, most / 8))
                    << designs << " designs, " << blocks << " blocks, " << count << " shards";
            }
}

TEST(Shards, OfFewDesignsHaveAPartOfEach) {
    for (const auto& share : deal(study_of(2, 6400), 4))
        for (const auto& ranges : share) EXPECT_EQ(count_trials(ranges), 1600u);
}

TEST(Shards, OfManyDesignsKeepTheirTrialsTogether) {
    for (const auto& share : deal(study_of(1000, 1024), 8))
        for (const auto& ranges : share)
            EXPECT_TRUE(ranges.empty() || count_trials(ranges) == 1024u);
}

TEST(Shards, MergedAreTheWholeRun) {
    Options options;
    options.designs = {100, 101};
    const Study study = fake::study(options, 1000);
    const std::string whole = fake::bytes_of(fake::table_after(study));
    for (const std::size_t count : {1, 2, 3, 5, 8}) {
        const Folder folder;
        run_shards(folder.path(), study, count);
        EXPECT_EQ(fake::table_of(folder.path() / "joined", study), whole) << count;
    }
}

TEST(Shards, ComputeTheirPartOfWhatAFolderLacks) {
    const Folder folder;
    const Study few = fake::study({}, 300), more = fake::study({}, 1000);
    fake::run_into(folder.path() / "joined", few);
    const auto log = std::make_shared<fake::Log>();
    run_shards(folder.path(), fake::study({}, 1000, log), 3, folder.path() / "joined");
    EXPECT_EQ(log->trials, 700u);
    EXPECT_EQ(fake::table_of(folder.path() / "joined", more),
              fake::bytes_of(fake::table_after(more)));
    EXPECT_EQ(trials_of(deal(more, 1, folder.path() / "joined")[0]), 0u);
}

TEST(Shards, ShareWhatLiesBetweenStoredTrials) {
    const Folder folder;
    const Study study = fake::study({}, 640);
    RunOptions options;
    options.directory = folder.path() / "joined";
    options.device = "cpu";
    options.shard = {1, 3, {}};
    run(study, options);
    const auto dealt = deal(study, 2, options.directory);
    EXPECT_EQ(dealt[0][0], (std::vector<TrialRange>{{0, 256}}));
    EXPECT_EQ(dealt[1][0], (std::vector<TrialRange>{{448, 192}}));
    run_shards(folder.path(), study, 5, options.directory);
    EXPECT_EQ(fake::table_of(options.directory, study), fake::bytes_of(fake::table_after(study)));
}

TEST(Shards, RefuseAnotherStudysFolder) {
    const Folder folder;
    Study other = fake::study({}, 100);
    other.identity = "fake seed=2";
    fake::run_into(folder.path(), other);
    EXPECT_THROW(make_plan(fake::study({}, 100), "cpu", 1, {0, 2, folder.path()}), StudyError);
}

// 896 trials make the study precise: rounds end after 256, 512, 768 and 896.
TEST(Shards, OfOneDesignShareRoundAfterRound) {
    const Study study = fake::adaptive_study({}, 0.01, 100'000);
    const std::string whole = fake::bytes_of(fake::table_after(study));
    for (const std::size_t count : {2, 3, 8}) {
        const Folder folder;
        const std::filesystem::path joined = folder.path() / "joined";
        run_shards(folder.path(), study, count);
        EXPECT_EQ(status(Store::open_to_read(joined), study)[0].trials_wanted, 512u);
        run_shards(folder.path(), study, count, joined);
        EXPECT_EQ(status(Store::open_to_read(joined), study)[0].trials_wanted, 768u);
        run_shards(folder.path(), study, count, joined);
        EXPECT_EQ(status(Store::open_to_read(joined), study)[0].trials_wanted, 896u);
        run_shards(folder.path(), study, count, joined);
        EXPECT_EQ(fake::table_of(joined, study), whole) << count;
        EXPECT_EQ(trials_of(deal(study, 1, joined)[0]), 0u);
    }
}

// The shard lacks the first rounds, which decide how many trials a table is of.
TEST(Shards, OfALaterRoundHaveATableOfAllTheirTrials) {
    const Study study = fake::adaptive_study({}, 0.01, 100'000);
    const Folder folder;
    run_shards(folder.path(), study, 2);
    run_shards(folder.path(), study, 2, folder.path() / "joined");
    const Row row =
        fake::row_of(summarize(Store::open_to_read(folder.path() / "1"), study), 20, "mask");
    EXPECT_EQ(row.n_trials, 256u);  // 128 of each round
    EXPECT_EQ(row.flags, "incomplete");
    EXPECT_TRUE(std::isfinite(row.z));
    // What a whole round has decided is not decided otherwise by more trials.
    EXPECT_EQ(
        fake::row_of(summarize(Store::open_to_read(folder.path() / "joined"), study), 20, "mask")
            .n_trials,
        512u);
}

TEST(Shards, OfAsManyDesignsDecideByThemselves) {
    Options options;
    options.designs = {100, 101, 102, 103, 104};
    const Study study = fake::adaptive_study(options, 0.01, 100'000);
    const std::string whole = fake::bytes_of(fake::table_after(study));
    for (const std::size_t count : {1, 2, 5}) {
        const Folder folder;
        run_shards(folder.path(), study, count);
        EXPECT_EQ(fake::table_of(folder.path() / "joined", study), whole) << count;
    }
}

TEST(Shards, MergedTooEarlyAreFinishedByARun) {
    const Study study = fake::adaptive_study({}, 0.01, 100'000);
    const Folder folder;
    run_shards(folder.path(), study, 3);
    std::filesystem::remove_all(folder.path() / "joined");
    Store::open_to_write(folder.path() / "joined", study)
        .merge(Store::open_to_read(folder.path() / "1"), allowed_differences(study));
    fake::run_into(folder.path() / "joined", study);
    EXPECT_EQ(fake::table_of(folder.path() / "joined", study),
              fake::bytes_of(fake::table_after(study)));
}

}  // namespace
}  // namespace cucurbit
