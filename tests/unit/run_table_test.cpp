#include <gtest/gtest.h>

#include "host/run/summary.hpp"
#include "host/run/work.hpp"
#include "tests/unit/run_fake.hpp"

namespace cucurbit {
namespace {

using fake::Options;
using fake::rows_of;

TEST(Table, RowsFollowPointsThenArmsThenTheory) {
    Options options;
    options.samples = {30, 10};
    std::vector<std::string> order;
    for (const Row& row : rows_of(options, 64))
        order.push_back(std::to_string(static_cast<int>(row.parameters[1])) + " " + row.arm + " " +
                        row.estimand);
    const std::vector<std::string> expected{
        "30 standard excess_risk", "30 mask excess_risk", "30  xi",
        "10 standard excess_risk", "10 mask excess_risk", "10  xi"};
    EXPECT_EQ(order, expected);
}

TEST(Table, TheoryAloneHasTheSameRowsWithoutEstimates) {
    const Study study = fake::study({}, 64);
    const Table table = theory_table(study);
    ASSERT_EQ(table.rows.size(), 9u);
    EXPECT_EQ(table.parameters, (std::vector<std::string>{"p", "n"}));
    for (const Row& row : table.rows) {
        EXPECT_TRUE(std::isnan(row.estimate));
        EXPECT_EQ(row.n_trials, 0u);
        EXPECT_EQ(row.flags, "");
    }
    EXPECT_EQ(table.rows[0].theory, 1.0);
    EXPECT_EQ(table.rows[0].theory_kind, TheoryKind::exact);
    EXPECT_EQ(table.rows[2].theory, 0.1);
}

TEST(Table, FailedAndNonFiniteTrialsAreCountedAndNeverAveraged) {
    Options options;
    options.samples = {10};
    options.arms = {"standard"};
    const Row clean = rows_of(options, 200).front();
    options.not_a_number = {70};
    options.outcomes[3] = {Status::not_converged, Rung::truncated, 0};
    const Row row = rows_of(options, 200).front();
    EXPECT_EQ(row.n_trials, 200u);
    EXPECT_EQ(row.n_failed, 2u);
    EXPECT_TRUE(std::isfinite(row.estimate));
    const std::uint64_t design = fake::study(options, 1).setting->designs().front().key;
    const Options values;
    const double dropped = fake::value_of(values, design, 10, "standard", 3) +
                           fake::value_of(values, design, 10, "standard", 70);
    EXPECT_NEAR(row.estimate * 198, clean.estimate * 200 - dropped, 1e-10);
    EXPECT_EQ(row.flags, "escalated=0.005");
}

// Powers of two around which squares, or cubes, of values leave the range of double precision.
TEST(Summary, IsTheSameInAnyUnit) {
    std::vector<double> values;
    for (std::size_t i = 0; i < 300; ++i)
        values.push_back(1.0 + 0.001 * static_cast<double>(i * i % 97));
    const std::vector<Outcome> outcomes(values.size());
    const SeriesSummary plain = summarize_series({{0, values, outcomes}}, 300);
    EXPECT_EQ(plain.unit, 1.0);
    for (const int power : {-1000, -600, -300, -200, 200, 400, 600, 1000}) {
        std::vector<double> scaled;
        for (const double value : values) scaled.push_back(std::ldexp(value, power));
        const SeriesSummary summary = summarize_series({{0, scaled, outcomes}}, 300);
        EXPECT_EQ(summary.mean(), std::ldexp(plain.mean(), power)) << power;
        EXPECT_EQ(summary.standard_error(), std::ldexp(plain.standard_error(), power)) << power;
        EXPECT_EQ(summary.moments.skewness(), plain.moments.skewness()) << power;
        const DerivedRow difference{"a", "b", {{1.0, "x", "y"}}, {}};
        EXPECT_EQ(summarize_derived(difference, {{{0, scaled, outcomes}}}, 300).standard_error(),
                  std::ldexp(plain.standard_error(), power))
            << power;
    }
}

TEST(Table, AllTrialsFailed) {
    Options options;
    for (std::uint64_t t = 0; t < 10; ++t)
        options.outcomes[t] = {Status::not_finite, Rung::none, 0};
    const Row row = rows_of(options, 10).front();
    EXPECT_EQ(row.n_failed, 10u);
    EXPECT_TRUE(std::isnan(row.estimate));
    EXPECT_TRUE(std::isnan(row.z));
    Table table;
    table.rows = {row};
    EXPECT_EQ(failed_share(table), 1.0);
}

TEST(Table, ShareOfFailedTrialsIsTheWorstRow) {
    Table table;
    EXPECT_EQ(failed_share(table), 0.0);
    Row row;
    row.n_trials = 200;
    row.n_failed = 1;
    table.rows = {row, row, Row()};
    table.rows[1].n_failed = 3;
    EXPECT_EQ(failed_share(table), 0.015);
}

TEST(Table, FlagsRankAndEscalation) {
    Options options;
    options.outcomes[5] = {Status::ok, Rung::truncated, 2};
    options.outcomes[6] = {Status::ok, Rung::refined, 0};
    const Row row = rows_of(options, 64).front();
    EXPECT_EQ(row.flags, "rank_deficient escalated=0.0312");
    EXPECT_EQ(row.n_failed, 0u);
}

TEST(Table, NearInterpolationGivesQuantilesInsteadOfIntervals) {
    Options options;
    options.near_interpolation = 20;
    options.arms = {"standard"};
    const std::vector<Row> rows = rows_of(options, 128);
    ASSERT_EQ(rows.size(), 9u);
    const Row& mean = rows[2];
    EXPECT_EQ(mean.estimand, "excess_risk");
    EXPECT_EQ(mean.flags, "near_interpolation");
    EXPECT_TRUE(std::isfinite(mean.estimate));
    EXPECT_TRUE(std::isnan(mean.z));
    EXPECT_TRUE(std::isnan(mean.ci95_low));
    EXPECT_TRUE(std::isnan(mean.ci95_high));
    EXPECT_TRUE(std::isnan(mean.std_err));
    std::vector<double> values;
    const std::uint64_t design = fake::study(options, 1).setting->designs().front().key;
    for (std::uint64_t t = 0; t < 128; ++t)
        values.push_back(fake::value_of(options, design, 20, "standard", t));
    const std::vector<std::pair<std::string, double>> expected{
        {"excess_risk_q05", 0.05}, {"excess_risk_median", 0.5}, {"excess_risk_q95", 0.95}};
    for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_EQ(rows[3 + i].estimand, expected[i].first);
        EXPECT_EQ(rows[3 + i].estimate, quantile(values, expected[i].second));
        EXPECT_EQ(rows[3 + i].flags, "near_interpolation conditional_mean");
        EXPECT_TRUE(std::isnan(rows[3 + i].std_err));
    }
}

TEST(Table, SampledNoiseGivesQuantilesOfTheRisk) {
    Options options;
    options.near_interpolation = 20;
    Study study = fake::study(options, 64);
    study.precision.label_noise = LabelNoise::sample;
    const Folder folder;
    fake::run_into(folder.path(), study);
    for (const Row& row : summarize(Store::open_to_read(folder.path()), study).rows)
        EXPECT_EQ(row.flags.find("conditional_mean"), std::string::npos);
}

TEST(Table, ZeroRiskHasNoZ) {
    Options options;
    options.zero_risk = 20;
    const Row row = rows_of(options, 64)[3];
    EXPECT_EQ(row.parameters[1], 20.0);
    EXPECT_EQ(row.flags, "zero_risk");
    EXPECT_EQ(row.theory, 0.0);
    EXPECT_TRUE(std::isnan(row.z));
}

TEST(Table, ConstantValuesHaveNoZ) {
    Options options;
    options.spread = 1e-13;
    const Row row = rows_of(options, 64).front();
    EXPECT_GT(row.std_err, 0.0);
    EXPECT_TRUE(std::isnan(row.z));
}

TEST(Summary, DoesNotDependOnHowTrialsCame) {
    Options options;
    std::vector<BlockValues> whole(1);
    std::vector<BlockValues> parts;
    std::uint64_t next = 0;
    for (const std::uint64_t size : {1, 63, 64, 40, 24, 100, 8}) {
        parts.push_back({next, {}, {}});
        for (std::uint64_t t = next; t < next + size; ++t) {
            const double value = fake::value_of(options, 1, 10, "standard", t);
            for (BlockValues* block : {&parts.back(), &whole.front()}) {
                block->values.push_back(value);
                block->outcomes.push_back({});
            }
        }
        next += size;
    }
    for (const std::uint64_t limit : {0, 1, 64, 65, 250, 300, 1000}) {
        const SeriesSummary a = summarize_series(whole, limit);
        const SeriesSummary b = summarize_series(parts, limit);
        EXPECT_EQ(a.trials, std::min<std::uint64_t>(limit, 300));
        EXPECT_EQ(a.trials, b.trials);
        EXPECT_EQ(a.values, b.values);
        if (limit < 2) continue;
        EXPECT_EQ(a.moments.mean(), b.moments.mean());
        EXPECT_EQ(a.moments.standard_error(), b.moments.standard_error());
    }
}

// One limit after another, up and down, over trials that failed and values that need another unit.
TEST(Summary, DoesNotDependOnTheLimitsBefore) {
    std::vector<BlockValues> stored;
    for (const std::uint64_t first : {0, 64, 128, 256}) {
        BlockValues& block = stored.emplace_back(BlockValues{first, {}, {}});
        for (std::uint64_t t = first; t < first + 64; ++t) {
            block.values.push_back(t == 140 ? 1e200 : 1.0 / static_cast<double>(t + 1));
            block.outcomes.push_back({t % 9 == 4 ? Status::not_converged : Status::ok});
        }
    }
    FirstTrials first(stored);
    for (const std::uint64_t limit : {0, 1, 64, 100, 30, 130, 140, 141, 200, 300, 400, 100, 320}) {
        const SeriesSummary& next = first.until(limit);
        const SeriesSummary alone = summarize_series(stored, limit);
        EXPECT_EQ(next.trials, alone.trials) << limit;
        EXPECT_EQ(next.failed, alone.failed) << limit;
        EXPECT_EQ(next.unit, alone.unit) << limit;
        EXPECT_EQ(next.values, alone.values) << limit;
        EXPECT_EQ(next.moments.count(), alone.moments.count()) << limit;
        if (limit < 2) continue;
        EXPECT_EQ(next.mean(), alone.mean()) << limit;
        EXPECT_EQ(next.standard_error(), alone.standard_error()) << limit;
    }
}

TEST(Gaps, SplitWhereTheLackingSeriesChange) {
    const Folder folder;
    const Study study = fake::study({}, 0);
    const Setting& setting = *study.setting;
    const Design design = setting.designs().front();
    Store store = Store::open_to_write(folder.path(), study);
    const auto give = [&](std::size_t series, std::uint64_t first, std::size_t count) {
        store.write({{series_key(setting, design, design.series[series]),
                      {first, std::vector<double>(count), std::vector<Outcome>(count)}}});
    };
    for (std::size_t s = 0; s < 6; ++s) give(s, 0, s == 5 ? 30 : 100);
    give(4, 120, 40);
    const auto everywhere = [&](TrialRange range) {
        return std::vector(design.points.size(), std::vector{range});
    };
    const std::vector<Gap> gaps = find_gaps(store, study, design, everywhere({0, 200}));
    const std::vector<std::size_t> all{0, 1, 2, 3, 4, 5};
    const std::vector<std::size_t> without_4{0, 1, 2, 3, 5};
    ASSERT_EQ(gaps.size(), 4u);
    EXPECT_EQ(gaps[0].trials, (TrialRange{30, 70}));
    EXPECT_EQ(gaps[0].series, std::vector<std::size_t>{5});
    EXPECT_EQ(gaps[1].trials, (TrialRange{100, 20}));
    EXPECT_EQ(gaps[1].series, all);
    EXPECT_EQ(gaps[2].trials, (TrialRange{120, 40}));
    EXPECT_EQ(gaps[2].series, without_4);
    EXPECT_EQ(gaps[3].trials, (TrialRange{160, 40}));
    std::vector<Work> work = fill_gaps(design, gaps, 64, 8);
    std::vector<Task> tasks;
    for (Work& part : work)
        for (std::uint64_t left = part.tasks(); left > 0; --left) {
            EXPECT_EQ(part.tasks(), left);
            tasks.push_back(part.take());
        }
    std::vector<TrialRange> cuts;
    cuts.reserve(tasks.size());
    for (const Task& task : tasks) cuts.push_back(task.trials);
    EXPECT_EQ(cuts, (std::vector<TrialRange>{
                        {30, 34}, {64, 36}, {100, 20}, {120, 8}, {128, 32}, {160, 32}, {192, 8}}));
    EXPECT_EQ(tasks[2].design, tasks[5].design);
    EXPECT_TRUE(find_gaps(store, study, design, everywhere({0, 30})).empty());
}

TEST(Work, HoldsAnyNumberOfTrials) {
    Work work(nullptr, 8, {10, 100'000'000'000}, 64);
    EXPECT_EQ(work.tasks(), 1'562'500'001u);
    EXPECT_EQ(work.take().trials, (TrialRange{10, 54}));
    EXPECT_EQ(work.trials(), (TrialRange{64, 99'999'999'946}));
}

TEST(Gaps, RestrictedDesignsKeepTheirKeyAndPoints) {
    const Design design = fake::study({}, 0).setting->designs().front();
    const Design part = restrict_design(design, {1, 4});
    EXPECT_EQ(part.key, design.key);
    ASSERT_EQ(part.points.size(), 2u);
    EXPECT_EQ(part.points[0], design.points[0]);
    EXPECT_EQ(part.points[1], design.points[2]);
    ASSERT_EQ(part.series.size(), 2u);
    EXPECT_EQ(part.series[0].point, 0u);
    EXPECT_EQ(part.series[0].arm, "mask");
    EXPECT_EQ(part.series[1].point, 1u);
    EXPECT_EQ(part.series[1].arm, "standard");
}

}  // namespace
}  // namespace cucurbit
