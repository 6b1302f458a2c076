#include <gtest/gtest.h>

#include <limits>

#include "cucurbit/store.hpp"
#include "host/store/state.hpp"
#include "tests/unit/run_fake.hpp"
#include "tests/unit/store_values.hpp"

namespace cucurbit {
namespace {

const SeriesKey kept_key{7, "n=10", "standard", "excess_risk"};
const SeriesKey other_key{8, "n=20", "mask", "excess_risk"};

TEST(Ranges, LeaveOutWhatTheyDoNotCover) {
    const std::vector<TrialRange> ranges{{2, 3}, {7, 1}, {20, 5}};
    using Ranges = std::vector<TrialRange>;
    EXPECT_EQ(left_out(ranges, {0, 30}), (Ranges{{0, 2}, {5, 2}, {8, 12}, {25, 5}}));
    EXPECT_EQ(left_out(ranges, {3, 18}), (Ranges{{5, 2}, {8, 12}}));
    EXPECT_EQ(left_out(ranges, {2, 3}), Ranges{});
    EXPECT_EQ(left_out(ranges, {21, 2}), Ranges{});
    EXPECT_EQ(left_out(ranges, {30, 2}), (Ranges{{30, 2}}));
    EXPECT_EQ(left_out({}, {4, 0}), Ranges{});
}

std::vector<double> values_of(const Store& store) {
    std::vector<double> all;
    for (const BlockValues& block : store.read(kept_key))
        all.insert(all.end(), block.values.begin(), block.values.end());
    return all;
}

TEST(StoreMerge, CopiesWhatLacksAndKeepsWhatIsThere) {
    const Folder first, second;
    Store into = Store::open_to_write(first.path(), fake::study({}, 64));
    BlockValues kept = some_values(20, 10);
    for (double& value : kept.values) value *= 1.0 + 1e-12;
    into.write({{kept_key, kept}});
    {
        Store from = Store::open_to_write(second.path(), fake::study({}, 64));
        from.record({{"host", "far away"}});
        from.write({{kept_key, some_values(0, 64)}, {other_key, some_values(5, 3)}});
    }
    const Store from = Store::open_to_read(second.path());
    const Merged merged = into.merge(from, nine_digits);
    EXPECT_EQ(merged.copied, 57u);
    EXPECT_EQ(merged.held, 10u);
    EXPECT_EQ(into.trials(kept_key), (std::vector<TrialRange>{{0, 64}}));
    EXPECT_EQ(into.trials(other_key), (std::vector<TrialRange>{{5, 3}}));
    std::vector<double> expected = some_values(0, 64).values;
    for (std::size_t k = 0; k < 10; ++k) expected[20 + k] = kept.values[k];
    EXPECT_EQ(values_of(into), expected);
    const auto facts = into.manifest();
    ASSERT_EQ(facts.size(), 2u);
    EXPECT_EQ(facts[0], (std::pair<std::string, std::string>("merged", second.path().string())));
    EXPECT_EQ(facts[1], (std::pair<std::string, std::string>("host", "far away")));

    EXPECT_EQ(into.merge(from, nine_digits).copied, 0u);
    EXPECT_EQ(into.manifest(), facts);
    EXPECT_NO_THROW(into.verify());
}

// Of 40 trials that both hold, 3 differ in a value, one in its status.
TEST(StoreMerge, CopiesNothingFromAStoreThatContradicts) {
    const Folder first, second;
    Store into = Store::open_to_write(first.path(), fake::study({}, 64));
    into.write({{kept_key, some_values(0, 40)}});
    BlockValues other = some_values(0, 64);
    for (const std::size_t trial : {7, 11, 39}) other.values[trial] += 1e-6;
    other.outcomes[20].status = Status::not_finite;
    other.values[63] += 1.0;  // the other's alone
    Store from = Store::open_to_write(second.path(), fake::study({}, 64));
    from.write({{kept_key, other}, {other_key, some_values(5, 3)}});
    const Merged merged = into.merge(from, nine_digits);
    EXPECT_EQ(merged.contradicted, 4u);
    EXPECT_EQ(merged.copied, 0u);
    EXPECT_NE(merged.contradiction.find("standard excess_risk at n=10, trial 7: "),
              std::string::npos)
        << merged.contradiction;
    EXPECT_TRUE(into.trials(other_key).empty());
    const auto anything = [](const SeriesKey&) { return std::numeric_limits<double>::infinity(); };
    EXPECT_EQ(into.merge(from, anything).contradicted, 1u);  // a status is no rounding
}

// More values than one transaction takes, in blocks of many series.
TEST(StoreMerge, TakesMoreThanOneTransaction) {
    const Folder first, second;
    Store from = Store::open_to_write(first.path(), fake::study({}, 64));
    for (std::uint64_t block = 0; block < 9; ++block)
        from.write({{kept_key, some_values(block * 30'000, 30'000)}});
    Store into = Store::open_to_write(second.path(), fake::study({}, 64));
    EXPECT_EQ(into.merge(from, nine_digits).copied, 270'000u);
    EXPECT_EQ(values_of(into), values_of(from));
}

TEST(StoreMerge, RefusesAnotherStudy) {
    const Folder first, second;
    Study study = fake::study({}, 64);
    Store into = Store::open_to_write(first.path(), study);
    study.identity += " and more";
    const Store from = Store::open_to_write(second.path(), study);
    EXPECT_THROW(into.merge(from, nine_digits), StudyError);
}

}  // namespace
}  // namespace cucurbit
